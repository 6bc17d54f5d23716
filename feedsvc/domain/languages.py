"""Languages: their codes, their direction, and which of several texts a reader gets."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from babel import Locale, UnknownLocaleError

from feedsvc.errors import Invalid

Direction = Literal["ltr", "rtl"]

_CODE: Final = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_RTL_SCRIPTS: Final = {"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}
# Headers of browsers name a handful of languages; more is somebody's joke.
_HEADER_LIMIT: Final = 1_000


def code(value: str, field: str = "language") -> str:
    """Return a language code as BCP 47 writes it (`ar`, `en-AU`, `zh-Hant`); no variants."""
    parts = _CODE.fullmatch(value.strip())
    if not parts:
        raise Invalid(
            field, f"{value!r} is not a language code.", remedy='Write "en", "ar", "en-AU" …'
        )
    language, script, territory = parts.groups()
    normal = "-".join(
        part
        for part in (language.lower(), (script or "").title(), (territory or "").upper())
        if part
    )
    try:
        locale(normal)
    except (UnknownLocaleError, ValueError) as error:
        raise Invalid(
            field, f"the language {value!r} is not known.", remedy='Write "en", "ar", "en-AU" …'
        ) from error
    return normal


def locale(language: str) -> Locale:
    """Return what babel knows about a language; plain English is British, as our texts are."""
    return Locale.parse("en-GB" if language == "en" else language, sep="-")


def direction(language: str) -> Direction:
    """Return the way a language is written; a script in the code decides, `ar-Latn` is ltr."""
    script = language.split("-")[1:2]
    if script and len(script[0]) == len("Arab"):
        return "rtl" if script[0] in _RTL_SCRIPTS else "ltr"
    return "rtl" if locale(language).text_direction == "rtl" else "ltr"


def pick(available: Sequence[str], wanted: str | None, campaign: str) -> str:
    """Choose one of the languages there are: the reader's, else the campaign's, else the first."""
    for language in (wanted, campaign):
        found = _closest(available, language) if language else None
        if found:
            return found
    return available[0]


def preferred(accept_language: str, offered: Sequence[str]) -> str | None:
    """Return the offered language an Accept-Language header likes best (RFC 9110 12.5.4)."""
    ranges = list(_ranges(accept_language[:_HEADER_LIMIT]))
    refused = {language for language, quality in ranges if quality == 0}
    left = [language for language in offered if language.lower() not in refused]
    for language, quality in sorted(ranges, key=lambda pair: -pair[1]):
        found = left[0] if language == "*" and left else _closest(left, language)
        if quality > 0 and found:
            return found
    return None


def _closest(available: Sequence[str], wanted: str) -> str | None:
    """Look a language up as RFC 4647 3.4 does; failing that, take the same one of elsewhere."""
    by_name = {language.lower(): language for language in reversed(available)}
    parts = wanted.lower().split("-")
    for length in range(len(parts), 0, -1):
        found = by_name.get("-".join(parts[:length]))
        if found:
            return found
    return next((one for one in available if one.lower().split("-")[0] == parts[0]), None)


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for item in header.split(","):
        language, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        if re.fullmatch(r"\*|[a-z]{1,8}(-[a-z0-9]{1,8})*", language) and re.fullmatch(
            r"[01](\.[0-9]{0,3})?", quality
        ):
            yield language, min(float(quality), 1.0)
