"""The words of notices in the feeds: what was withdrawn, corrected, or has ended.

A notice is two templates and a name: `templates/feeds/<name>/title.txt` and `body.html`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from feedsvc.domain import languages
from feedsvc.gateways.templates import Templates

STUB: Final = "withdrawn"
"""What stands in the place of a withdrawn update; what announces it is a `withdrawal`."""

NOTICES: Final = (STUB, "withdrawal", "correction", "end")

_SPECIMEN: Final = {
    "campaign": "A & B",
    "title": "C < D",
    "date": "7 December 2017",
    "url": "https://feeds.example/c/one/two",
    "site": "E",
}


class Said(NamedTuple):
    """A plain title, and safe HTML."""

    title: str
    html: str


def said(
    templates: Templates,
    notice: str,
    language: str,
    about: Mapping[str, str],
    notes: Mapping[str, str],
) -> Said:
    """Put a notice into words; of the notes on it, that in its language or the first one."""
    own = language if language in notes else next(iter(notes), language)
    note = {
        "note": notes.get(own, ""),
        "note_language": own,
        "note_direction": languages.direction(own),
    }
    title, html = (
        templates.render(f"feeds/{notice}/{part}", language, **about, **note)
        for part in ("title.txt", "body.html")
    )
    return Said(" ".join(title.split()), html.strip())


def specimen(templates: Templates) -> list[Said]:
    """Say each notice once in each language: a change of words changes what feeds say."""
    return [
        said(templates, notice, language, _SPECIMEN, notes)
        for notice in NOTICES
        for language in templates.languages
        for notes in ({}, {"en": "F & G"})
    ]
