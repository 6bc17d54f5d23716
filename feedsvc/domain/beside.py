"""How front matter names the files beside an update: `[[file]]` with `name` and `text`.

`text` says what the file shows, for those who cannot open it. Where another file of the folder has
the name already, `from` says under which one it lies.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from feedsvc.domain import filetypes
from feedsvc.domain.content import SUMMARY_LIMIT, NamedFile
from feedsvc.domain.frontmatter import FrontMatter
from feedsvc.errors import Invalid

Find = Callable[[str, str], str]
"""Finds a file by its name, and returns its digest; the other argument is the place in errors."""

Lying = Mapping[NamedFile, str]
"""Under which name a file lies that another has taken its own."""

NOWHERE_ELSE: Final[Lying] = {}
_KEYS: Final = ("name", "text", "from")


def nowhere(name: str, place: str) -> str:
    """Find no file, whatever its name."""
    raise Invalid(
        place, f"there is no file {name!r} beside the text.", remedy="Put it there, or remove this."
    )


def named(front: FrontMatter, find: Find) -> tuple[NamedFile, ...]:
    """Read the files that front matter names, each found and checked."""
    tables = front.tables("file", 'name = "resolution.pdf" and text = "what it shows, in words"')
    if len(tables) > filetypes.AT_MOST:
        raise front.fault(
            "file",
            f"stands there {len(tables)} times; a text has at most {filetypes.AT_MOST} files.",
            "Put what is left into another update.",
        )
    files = tuple(_named(table, find) for table in tables)
    if len({file.name for file in files}) < len(files):
        raise front.fault("file", "names one file twice.", "Keep one of the two.")
    return files


def tables(files: Iterable[NamedFile], lying: Lying) -> list[dict[str, str]]:
    """Write the files of a text as front matter names them."""
    return [_table(file, lying.get(file, file.name)) for file in files]


def _named(table: FrontMatter, find: Find) -> NamedFile:
    table.only(_KEYS)
    place = table.at("file")
    name = filetypes.safe_name(table.line("name"), place)
    words = table.line("text", SUMMARY_LIMIT)
    lies = filetypes.safe_name(table.line("from", default=name), place)
    return NamedFile(name=name, text=words, digest=find(lies, place))


def _table(file: NamedFile, lies: str) -> dict[str, str]:
    table = {"name": file.name, "text": file.text}
    return table if lies == file.name else table | {"from": lies}
