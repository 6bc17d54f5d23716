"""The files beside updates: the same bytes for ever under one address, as long as they may be shown."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from feedsvc.gateways.database import Database
from feedsvc.records import stored
from feedsvc.records.stored import Hidden, Shown
from feedsvc.web import ranges
from feedsvc.web.conditional import not_modified
from feedsvc.web.frames import gone
from feedsvc.web.headers import A_YEAR, MINUTE
from feedsvc.web.ranges import Range
from feedsvc.web.state import Request

PART_BYTES: Final = 1_000_000
"""How much of a file is in memory at a time, for each reader."""

KEPT: Final = 1_000
"""How many findings are kept: strangers may ask for whatever they like."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


async def file(request: Request) -> Response:
    """GET /files/{digest}/{name}."""
    digest, name = request.path_params["digest"], request.path_params["name"]
    if not _DIGEST.fullmatch(digest):
        return gone(request, "unknown")
    found = await _known(request).find(digest, name)
    if isinstance(found, Hidden):
        return gone(request, found.value)
    return _answer(request, digest, name, found)


class Known:
    """What was found of files, by their digest, kept until the feeds of the site move."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = -1
        self._found: dict[str, Mapping[str, Shown | Hidden]] = {}

    async def find(self, digest: str, name: str) -> Shown | Hidden:
        """Find a file, or say why it is not shown."""
        version = await self._database.read(stored.version)
        if version != self._version or len(self._found) >= KEPT:
            self._version, self._found = version, {}
        found = self._found.get(digest)
        if found is None:
            found = await self._database.read(stored.find, digest)
            if version == self._version:  # else it may be from before the move
                self._found[digest] = found
        return found.get(name, Hidden.UNKNOWN)


def _known(request: Request) -> Known:
    """Return what this application knows of files."""
    kept = request.app.state
    if not hasattr(kept, "known_files"):
        kept.known_files = Known(request.state["here"].database)
    known: Known = kept.known_files
    return known


def _answer(request: Request, digest: str, name: str, found: Shown) -> Response:
    tag, fields = f'"{digest}"', request.headers
    headers = _headers(tag, name)
    tags = ",".join(fields.getlist("if-none-match")) if "if-none-match" in fields else None
    now = request.state["clock"]()
    if not_modified(tag, None, if_none_match=tags, if_modified_since=None, now=now):
        return Response(None, 304, headers)
    asked = fields.get("range") if request.method == "GET" else None
    part = ranges.wanted(asked, fields.get("if-range"), tag, found.length)
    if part is None:
        return Response(None, 416, headers | {"Content-Range": f"bytes */{found.length}"})
    return _bytes(request, digest, found, part, headers)


def _bytes(
    request: Request, digest: str, found: Shown, part: Range, headers: dict[str, str]
) -> Response:
    headers["Content-Length"] = str(part.stop - part.start)
    headers["Content-Type"] = _content_type(found.media_type)
    status = 200
    if part != (0, found.length):
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{found.length}"
        status = 206
    if request.method == "HEAD":
        return Response(None, status, headers)
    return StreamingResponse(_parts(request, digest, part), status, headers)


async def _parts(request: Request, digest: str, part: Range) -> AsyncIterator[bytes]:
    database = request.state["here"].database
    for start in range(part.start, part.stop, PART_BYTES):
        length = min(PART_BYTES, part.stop - start)
        yield await database.read(stored.part, digest, start, length)


def _headers(tag: str, name: str) -> dict[str, str]:
    """Return what every answer says; nothing in the file may run, whatever it turns out to be."""
    return {
        "Accept-Ranges": "bytes",
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": f"public, max-age={A_YEAR}, s-maxage={MINUTE}, immutable",
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'; media-src 'self'",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


routes: list[BaseRoute] = [Route("/files/{digest}/{name}", file)]
