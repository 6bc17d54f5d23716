"""The form of our content files: TOML between two lines of `+++`, then text in Markdown."""

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

import tomlkit

from feedsvc.domain import dates, languages, text
from feedsvc.errors import Invalid

FENCE: Final = "+++"
FILE_LIMIT_BYTES: Final = 200_000

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True)
class FrontMatter:
    """What one file says; every error names the file, the line and the key."""

    file: str
    values: Mapping[str, Any]
    body: str
    rows: tuple[str, ...]

    def only(self, known: Collection[str]) -> None:
        """Refuse every key that is not among the known ones."""
        for key in self.values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                raise self.fault(
                    key,
                    "is not a key of this file.",
                    f'Did you mean "{near[0]}"?' if near else f"Known are: {', '.join(known)}.",
                )

    def line(self, key: str, limit: int = 200, default: str | None = None) -> str:
        """Return a one-line string; an absent one is the default, or a fault when there is none."""
        value = self._string(key, default)
        return value if not value and default is not None else text.line(value, self.at(key), limit)

    def prose(self, key: str, limit_bytes: int, default: str) -> str:
        """Return a string that may have several lines."""
        value = self._string(key, default)
        return text.prose(value, self.at(key), limit_bytes) if value else default

    def word(self, key: str, kind: type[_Word], default: _Word | None = None) -> _Word:
        """Return one of the words of an enumeration."""
        value = self._string(key, default)
        try:
            return kind(value)
        except ValueError as error:
            choices = ", ".join(f'"{choice}"' for choice in kind)
            raise self.fault(key, f"cannot be {value!r}.", f"Write one of {choices}.") from error

    def lines(self, key: str) -> tuple[str, ...]:
        """Return a list of one-line strings; none is an empty one."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise self.fault(key, "is not a list of texts.", f'Write {key} = ["…", "…"].')
        return tuple(text.line(value, self.at(key)) for value in values)

    def integer(self, key: str) -> int | None:
        """Return a whole number from 1, or nothing."""
        value = self.values.get(key)
        if value is not None and (type(value) is not int or value < 1):
            raise self.fault(key, "is not a whole number from 1.", f"Write {key} = 3, say.")
        return value

    def language(self, key: str, default: str | None = None) -> str:
        """Return a language code."""
        return languages.code(self._string(key, default), self.at(key))

    def date(self, key: str) -> dates.EventDate | None:
        """Return the date of an event, or nothing."""
        value = self.values.get(key)
        if type(value) in {int, dt.date}:
            value = str(value)
        return (
            None if value is None else dates.EventDate.parse(self._text(key, value), self.at(key))
        )

    def instant(self, key: str) -> dt.datetime | None:
        """Return an instant, or nothing."""
        value = self.values.get(key)
        if isinstance(value, dt.datetime):
            value = value.isoformat()
        return None if value is None else dates.instant(self._text(key, value), self.at(key))

    def tables(self, key: str, example: str) -> list["FrontMatter"]:
        """Return the tables of that name, each to be read like a file; none is an empty list."""
        tables = self.values.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            raise self.fault(
                key, "is not a table.", f"Write [[{key}]] on its own line, then {example}."
            )
        return [FrontMatter(self.file, one, "", self.rows) for one in tables]

    def at(self, key: str) -> str:
        """Name the place of a key: file, line, key."""
        begins = re.compile(rf"""\s*(\[\[)?["']?{re.escape(key)}\b""")
        number = next((n for n, row in enumerate(self.rows, start=2) if begins.match(row)), None)
        return f"{self.file}, line {number}, {key}" if number else f"{self.file}, {key}"

    def fault(self, key: str, problem: str, remedy: str) -> Invalid:
        """Make the error to be raised about a key."""
        return Invalid(self.at(key), problem, remedy=remedy)

    def _string(self, key: str, default: str | None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise self.fault(
                key, "is missing.", f'Add a line {key} = "…" between the {FENCE} lines.'
            )
        return self._text(key, value)

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.fault(key, "is not text.", f'Put it in quotes: {key} = "…".')
        return value


def read(content: str, file: str) -> FrontMatter:
    """Take a file apart; `file` is its name in errors."""
    rows = text.prose(content.removeprefix("\ufeff"), file, FILE_LIMIT_BYTES).split("\n")
    if rows[0].rstrip() != FENCE or FENCE not in (row.rstrip() for row in rows[1:]):
        raise Invalid(
            file,
            f"does not begin with front matter between two lines of {FENCE}.",
            remedy=f'Begin it with {FENCE}, then title = "…", then {FENCE}, then the text.',
        )
    end = next(n for n, row in enumerate(rows[1:], start=1) if row.rstrip() == FENCE)
    values = _toml(rows[1:end], file)
    return FrontMatter(file, values, "\n".join(rows[end + 1 :]).strip("\n"), tuple(rows[1:end]))


def write(values: Mapping[str, object], body: str) -> str:
    """Put a file together; keys without a value are left out."""
    given = {key: value for key, value in values.items() if value is not None and value != ""}
    front = tomlkit.dumps(given).strip("\n")
    return f"{FENCE}\n{front}\n{FENCE}\n" + (f"\n{body}\n" if body else "")


def _toml(rows: list[str], file: str) -> dict[str, Any]:
    try:
        return tomllib.loads("\n".join(rows))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        number = int(place[1]) + 1 if place else len(rows) + 1
        problem = re.sub(r" \(at .*\)$", "", str(error))
        raise Invalid(
            f"{file}, line {number}",
            f"is not TOML: {problem}.",
            remedy='Write one key = "value" a line, with straight quotes.',
        ) from error
