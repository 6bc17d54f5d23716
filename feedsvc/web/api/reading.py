"""What every GET of staff has in common: ETags, and lists that are read by cursor."""

import hashlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from pydantic import BaseModel
from starlette.responses import Response

from feedsvc.errors import Invalid
from feedsvc.web.conditional import etag, not_modified
from feedsvc.web.state import Request

USUAL: Final = 50
MOST: Final = 200
HEADERS: Final = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is asked for: at most `limit` items, those that follow `after`."""

    after: str | None
    limit: int


def window(request: Request) -> Window:
    """Read `?after=` and `?limit=`."""
    asked = request.query_params.get("limit", str(USUAL))
    if not (asked.isascii() and asked.isdecimal() and 1 <= int(asked[:9]) <= MOST):
        problem = f"{asked[:MOST]!r} is not a number of items."
        raise Invalid("limit", problem, remedy=f"Write 1 to {MOST}, or leave it out.")
    return Window(request.query_params.get("after") or None, int(asked))


def stranger(after: str) -> Invalid:
    """Say that a cursor is none of ours."""
    problem = f"{after[:MOST]!r} is no cursor of this list."
    return Invalid("after", problem, remedy="Take the `next` of the part before, or leave it out.")


def answer(request: Request, found: BaseModel) -> Response:
    """Answer with what was found, or 304 when the client has it already."""
    body = found.model_dump_json().encode()
    tag = etag(hashlib.sha256(body).hexdigest()[:32], "identity")
    headers = HEADERS | {"ETag": tag} | _link(request, getattr(found, "next", None))
    unchanged = not_modified(
        tag,
        None,
        if_none_match=request.headers.get("if-none-match"),
        if_modified_since=None,
        now=request.state["clock"](),
    )
    if unchanged:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _link(request: Request, following: str | None) -> dict[str, str]:
    """Point at the next part of the list (RFC 8288)."""
    if following is None:
        return {}
    asked = {"limit": request.query_params.get("limit", str(USUAL)), "after": following}
    return {"Link": f'<{request.url.path}?{urlencode(asked)}>; rel="next"'}
