"""The files beside updates: the same bytes for ever under one address, as long as they may be shown."""

import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from feedsvc.records import stored
from feedsvc.records.stored import Hidden, Shown
from feedsvc.web import ranges
from feedsvc.web.conditional import not_modified
from feedsvc.web.frames import gone
from feedsvc.web.headers import A_YEAR
from feedsvc.web.ranges import Range
from feedsvc.web.state import Request

PART_BYTES: Final = 1_000_000
"""How much of a file is in memory at a time, for each reader."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


async def file(request: Request) -> Response:
    """GET /files/{digest}/{name}."""
    digest, name = request.path_params["digest"], request.path_params["name"]
    if not _DIGEST.fullmatch(digest):
        return gone(request, "unknown")
    found = await request.state["here"].database.read(stored.find, digest, name)
    if isinstance(found, Hidden):
        return gone(request, found.value)
    return _answer(request, digest, name, found)


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
        "Cache-Control": f"public, max-age={A_YEAR}, immutable",
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'; media-src 'self'",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


routes: list[BaseRoute] = [Route("/files/{digest}/{name}", file)]
