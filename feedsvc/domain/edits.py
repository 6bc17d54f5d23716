"""What a file changes in what is stored, and whether it may: the rules of `load` (DESIGN 4).

A file names the revision that it starts from (`based_on`); without, it starts from the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from feedsvc.domain.content import LetterText, Text
from feedsvc.domain.tables.content import EditClass
from feedsvc.errors import Conflict, Invalid

SIGNIFICANT: Final = frozenset({EditClass.AMENDED, EditClass.CORRECTION})
"""The edits after which the feeds' `updated` moves."""

Words = Sequence[Text] | Sequence[LetterText]


@dataclass(frozen=True)
class Difference:
    """The languages in which a file says something else than what is stored, or something new.

    `behind`: the file is as it was, and what is stored has been edited since.
    """

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    behind: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.changed or self.added)


def difference(
    history: Mapping[int, Words], given: Words, based_on: int | None, file: str
) -> Difference:
    """Compare the texts of a file with all that were stored, by revision; refuse a conflict."""
    newest = max(history)
    stored, new = _by_language(history[newest]), _by_language(given)
    if stored == new:
        return Difference()
    base = based_on or min(history)
    if base != newest and base in history and _by_language(history[base]) == new:
        return Difference(behind=True)
    in_turn(based_on, newest, file)
    _refuse_loss(history[newest], given, file)
    return Difference(
        changed=tuple(one for one in stored if stored[one] != new[one]),
        added=tuple(one for one in new if one not in stored),
    )


def in_turn(based_on: int | None, newest: int, file: str) -> None:
    """Refuse a change that starts from another revision than the newest."""
    if (based_on or 1) == newest:
        return
    says = f"starts from revision {based_on}" if based_on else "names no revision to start from"
    raise Conflict(
        f"{file}: {says}, and revision {newest} is stored.",
        remedy="See what `feedsvc dump` writes for it, bring the two together, and then "
        f"write based_on = {newest}.",
    )


def allowed(found: Difference, asked: EditClass, file: str, *, told: bool) -> EditClass:
    """Return the class under which a change is stored; refuse what `load` cannot do.

    `told`: people were mailed the earlier text. A language that is only added is a translation.
    """
    if asked is EditClass.SILENT and found.added and not found.changed:
        return EditClass.TRANSLATION
    problem, remedy = _refusal(found, asked, told=told)
    if problem:
        raise Invalid(f"{file}, edit_class", problem, remedy=remedy)
    return asked


def _refusal(found: Difference, asked: EditClass, *, told: bool) -> tuple[str, str]:
    amend = 'Write edit_class = "amended"'
    if asked is EditClass.TRANSLATION and found.changed:
        return (
            f"a translation only adds languages, and the text in {', '.join(found.changed)} differs.",
            'Load that change first, by itself, as "silent" or "amended".',
        )
    if asked is EditClass.CORRECTION and told:
        return (
            "a correction of what was mailed cannot be loaded: those who have it must be told.",
            f"{amend} if nobody need be told: pages and feeds change, and no mail is sent.",
        )
    if asked is EditClass.WITHDRAWAL:
        return (
            "a withdrawal does not change the text.",
            'Put the text back, leave edit_class out, and write status = "withdrawn".',
        )
    if asked is EditClass.REDACTION:
        return (
            "a redaction cannot be loaded: earlier revisions would keep the words.",
            f"{amend} to take them off pages and feeds; the earlier revisions stay stored.",
        )
    return "", ""


def _by_language(texts: Words) -> dict[str, Text | LetterText]:
    return {text.language: text for text in texts}


def _refuse_loss(stored: Words, given: Words, file: str) -> None:
    if stored[0].language != given[0].language:
        raise Invalid(
            f"{file}, language",
            f"is {given[0].language!r}; what is stored is in {stored[0].language!r}.",
            remedy="Leave it as it is; another language goes into a file of its own.",
        )
    for text in stored:
        if text.language not in _by_language(given):
            name = file.removesuffix(".md")
            raise Invalid(
                f"{name}.{text.language}.md",
                "is missing, and what is stored has that language.",
                remedy="Put the file back: no language is taken away.",
            )
