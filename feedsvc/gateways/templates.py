"""Pages and mails, rendered from the templates and catalogues of one or more folders.

A folder holds `pages/`, `mail/`, `feeds/feed.css`, `images/` (icon.png, favicon.png, logo.png) and
`locale/<language>/LC_MESSAGES/feedsvc.po`. The folders are
read once: a file that changes on disk counts at the next start, so that the fingerprint always
tells what is rendered.
"""

import io
import json
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import css_inline
from babel import Locale, UnknownLocaleError, numbers
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations
from babel.units import format_unit
from jinja2 import DictLoader, Environment, StrictUndefined, TemplateSyntaxError
from markupsafe import Markup

from feedsvc.domain import languages
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.errors import Misconfigured
from feedsvc.gateways import assets

_SOURCE = "en"  # the language the templates are written in
_KINDS = {".html", ".txt", ".css", ".js"}
_STYLE = "pages/style.css"
_SCRIPT = "pages/zone.js"
_CATALOGUES = "locale/*/LC_MESSAGES/feedsvc.po"
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


class Templates:
    """Every template in every language; any thread may render."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read the folders; a file in an earlier one stands in front of its namesake."""
        sources = _sources(folders)
        catalogues = _catalogues(folders)
        self.style = sources.get(_STYLE, "")
        self.script = sources.get(_SCRIPT, "")
        self.assets = assets.read(folders)
        seen = [sources, catalogues, [each.path for each in self.assets.values()]]
        self._fingerprint = sha256(json.dumps(seen).encode()).hexdigest()
        self._frames = {
            language: _frame(language, sources, catalogues.get(language, []))
            for language in sorted({_SOURCE, *catalogues}, key=lambda code: (code != _SOURCE, code))
        }
        self._offer()
        _compile(self._frames[_SOURCE].environment)

    def warm(self) -> None:
        """Compile the templates of every language: what first needs them may hold the writer."""
        for frame in self._frames.values():
            _compile(frame.environment)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that pages and mails can be framed in, English first."""
        return tuple(self._frames)

    def nearest(self, language: str) -> str:
        """The offered language closest to this one: itself, its root (ar for ar-SY), or English."""
        root = language.partition("-")[0]
        return next((code for code in (language, root) if code in self._frames), _SOURCE)

    def render(self, name: str, language: str, /, **values: object) -> str:
        """Fill a template; `language` and `direction` of the frame are among its values.

        Raises jinja2.UndefinedError when the template wants a value that is not given.
        """
        frame = self._frames[self.nearest(language)]
        told = {"language": frame.language, "direction": frame.direction}
        return frame.environment.get_template(name).render(values | told)

    def fingerprint(self) -> str:
        """Name all templates and catalogues by a hash that changes when one of them does."""
        return self._fingerprint

    def _offer(self) -> None:
        """Tell each frame which languages it can link to, each in its own name."""
        offered = [(code, frame.direction, frame.autonym) for code, frame in self._frames.items()]
        told = {
            "offered": offered,
            "style": Markup(self.style),  # noqa: S704 - our own file
            "script": Markup(self.script),  # noqa: S704 - our own file
            "icon": self.assets["favicon.png"].path,
        }
        for frame in self._frames.values():
            frame.environment.globals |= told


def inline(html: str) -> str:
    """Put a mail's style sheet into its elements; what depends on the screen stays in the head."""
    return _INLINER.inline(html)


def date_words(value: object, language: str) -> str:
    """Say an event date, or what is written like one (2017-12), as people of the language do."""
    return in_words(EventDate.parse(str(value)), language)


def size_words(length: int, language: str) -> str:
    """Say how large a file is, in thousands or millions of bytes; with a digit more below ten."""
    unit, amount = "digital-kilobyte", max(length / 1_000, 1)
    if amount > 999:  # noqa: PLR2004  which would be written as 1,000 kB
        unit, amount = "digital-megabyte", length / 1_000_000
    form = "0.#" if amount < 9.95 else "0"  # noqa: PLR2004  which would be written as 10.0
    return format_unit(amount, unit, "short", form, locale=language.replace("-", "_"))


class _Frame(NamedTuple):
    """One language, and the environment that speaks it."""

    language: str
    direction: str
    autonym: str
    environment: Environment


def _sources(folders: Sequence[Path]) -> dict[str, str]:
    """Template texts by name."""
    found: dict[str, str] = {}
    for folder in reversed(folders):
        if not folder.is_dir():
            raise Misconfigured(
                f"There is no folder of templates at {folder}.",
                remedy="Create it or correct the setting.",
            )
        files = (path for path in folder.rglob("*") if path.suffix in _KINDS and path.is_file())
        found |= {path.relative_to(folder).as_posix(): _text(path) for path in files}
    return dict(sorted(found.items()))


def _catalogues(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Catalogue texts by language, the one that is asked first in front."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for path in sorted(folder.glob(_CATALOGUES)):
            found.setdefault(path.parts[-3], []).append(_text(path))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{path} cannot be read: {error}.", remedy="Save it as UTF-8 and make it readable."
        ) from error


def _frame(language: str, sources: dict[str, str], catalogues: Iterable[str]) -> _Frame:
    translations = _translations(language, catalogues)
    locale = Locale.parse(language, sep="-")
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=lambda name: name is not None and name.endswith(".html"),  # noqa: S701 - text is not HTML
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["ext.i18n.trimmed"] = True
    # The extension adds this method to the environment, where mypy does not see it.
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "bdi": _bdi,
        "date_words": partial(date_words, language=language),
        "number": partial(numbers.format_decimal, locale=locale),
        "size": partial(size_words, language=language),
    }
    autonym = locale.get_display_name() or language
    return _Frame(language, languages.direction(language), autonym, environment)


def _translations(language: str, catalogues: Iterable[str]) -> NullTranslations:
    """One chain: the first catalogue that knows a message answers, else it stays English."""
    chain = NullTranslations()
    for text in catalogues:
        compiled = io.BytesIO()
        write_mo(compiled, _catalogue(language, text))
        compiled.seek(0)
        chain.add_fallback(Translations(compiled))
    return chain


def _catalogue(language: str, text: str) -> Catalog:
    try:
        locale = Locale.parse(language, sep="-")
        catalogue = read_po(io.StringIO(text), locale=locale, abort_invalid=True)
        faults = [str(fault) for _, found in catalogue.check() for fault in found]
    except (PoFileError, UnknownLocaleError, ValueError) as error:
        faults = [str(error)]
    if faults:
        raise Misconfigured(
            f"The {language} catalogue cannot be used: {faults[0]}.",
            remedy="Correct that message, or take it out.",
        )
    return catalogue


def _bdi(text: object) -> Markup:
    """Keep a name of any script from turning its neighbours around."""
    return Markup('<bdi dir="auto">{}</bdi>').format(text)


def _compile(environment: Environment) -> None:
    """Find a template with a fault in it now, not when somebody waits for the page."""
    for name in environment.list_templates():
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            raise Misconfigured(
                f"The template {name} has a fault in line {error.lineno}: {error.message}",
                remedy="Correct it, or take the file away to use the one that is shipped.",
            ) from error
