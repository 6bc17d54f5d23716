"""The files that lie beside the updates of a campaign's folder, and those of earlier revisions."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from feedsvc.domain import filetypes
from feedsvc.domain.content import FileContent, Folder, NamedFile, Revision, UpdateFile
from feedsvc.errors import Conflict, Invalid

EARLIER: Final = "history/files"
"""Where a dump puts what only earlier revisions name, each by its digest."""

Fetch = Callable[[str], bytes]
"""Gives the content of a file by its digest."""


class Beside:
    """The files of one campaign's folder; each that a text names is read once, and checked."""

    def __init__(self, root: Path, slug: str) -> None:
        self._folder = root / slug
        self._slug = slug
        self._named: dict[str, str] = {}
        self._contents: dict[str, FileContent] = {}

    @property
    def contents(self) -> tuple[FileContent, ...]:
        """What the files hold that were named so far, each once."""
        return tuple(self._contents.values())

    def find(self, name: str, place: str) -> str:
        """Return the digest of the file of this name; `place` is where it is named."""
        if name not in self._named:
            path = self._folder / name
            if not path.is_file():
                raise Invalid(
                    place,
                    f"there is no file {name!r} beside the text.",
                    remedy=f"Put it into {self._slug}/, or take its [[file]] out.",
                )
            self._named[name] = self._take(path, name, f"{self._slug}/{name}")
        return self._named[name]

    def remember(self, revisions: Iterable[Revision]) -> None:
        """Take up what only earlier revisions name, as far as it lies there."""
        for file in _of_revisions(revisions):
            path = self._folder / EARLIER / file.digest
            if file.digest not in self._contents and path.is_file():
                self._take(path, file.name, f"{self._slug}/{EARLIER}/{file.digest}")

    def refuse_unnamed(self, known: Iterable[str]) -> None:
        """Refuse a file that no text names, unless it is one of the known ones."""
        for path in sorted(self._folder.iterdir()):
            text = path.name.endswith(".md") and path.is_file()
            if not (text or path.name.startswith(".") or path.name in {*known, *self._named}):
                raise Invalid(
                    f"{self._slug}/{path.name}",
                    "is not a file that we know: the front matter of no update names it.",
                    remedy="Name it in a [[file]] of its update, or take it away; "
                    "texts are called <key>.md or <key>.<language>.md.",
                )

    def _take(self, path: Path, name: str, place: str) -> str:
        if path.stat().st_size > filetypes.SIZE_LIMIT:
            raise Invalid(
                place,
                f"has more than {filetypes.SIZE_LIMIT} bytes.",
                remedy="Make it smaller, or put it elsewhere and link to it.",
            )
        content = path.read_bytes()
        kind, digest = filetypes.media_type(name, content, place), sha256(content).hexdigest()
        self._contents[digest] = FileContent(
            digest, kind, len(content), partial(_again, path, digest, place)
        )
        return digest


def lying(one: Folder) -> dict[NamedFile, str]:
    """Choose under which name each file of a dump lies; one content has one name in its folder."""
    taken: dict[str, str] = {}
    places = {}
    for update in one.updates:
        for file in _of_update(update):
            free = (
                name for name in _names(file.name) if taken.get(name, file.digest) == file.digest
            )
            places[file] = next(free)
            taken[places[file]] = file.digest
    return places


def written(one: Folder, fetch: Fetch) -> Iterator[tuple[str, bytes]]:
    """Give the files of a dump with the names they lie under, then those of earlier revisions."""
    places = {name: file.digest for file, name in lying(one).items()}
    records = [update.record for update in one.updates if update.record]
    earlier = {file.digest for one in records for file in _of_revisions(one.revisions)}
    for name, digest in places.items():
        yield name, fetch(digest)
    for digest in sorted(earlier.difference(places.values())):
        yield f"{EARLIER}/{digest}", fetch(digest)


def nothing(digest: str) -> bytes:
    """Have no file at all."""
    raise Conflict(
        f"The file with the digest {digest} is not in the store.",
        remedy="Load it again beside the update that names it.",
    )


def _again(path: Path, digest: str, place: str) -> bytes:
    content = path.read_bytes()
    if sha256(content).hexdigest() != digest:
        raise Conflict(f"{place} changed while it was loaded.", remedy="Load the folder again.")
    return content


def _names(name: str) -> Iterator[str]:
    """Yield map.pdf, map-2.pdf, map-3.pdf and so on."""
    stem, _, ending = name.rpartition(".")
    yield name
    number = 2
    while True:
        yield f"{stem}-{number}.{ending}"
        number += 1


def _of_update(update: UpdateFile) -> Iterator[NamedFile]:
    for text in update.texts:
        yield from text.files


def _of_revisions(revisions: Iterable[Revision]) -> Iterator[NamedFile]:
    for revision in revisions:
        for text in revision.texts:
            yield from text.files
