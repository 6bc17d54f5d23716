"""Icon, favicon, logo, and the style sheet for people who open a feed: ready in memory."""

from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from feedsvc.web.conditional import not_modified
from feedsvc.web.headers import A_YEAR
from feedsvc.web.state import Request

AN_HOUR: Final = 3_600
FAVICON: Final = "favicon.png"


async def asset(request: Request) -> Response:
    """GET /icon.png, /favicon.png, /favicon.ico, /logo.png and /feed.css."""
    name = request.url.path.removeprefix("/")
    found = request.state["here"].templates.assets.get(name)
    if found is None:  # /favicon.ico is what browsers ask for when nobody told them another
        found = request.state["here"].templates.assets[FAVICON]
    tag, fields = f'"{found.version}"', request.headers
    fixed = request.query_params.get("v") == found.version
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": f"public, max-age={A_YEAR}, immutable" if fixed else CHANGING,
        "Content-Type": found.media_type,
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
    tags = ",".join(fields.getlist("if-none-match")) if "if-none-match" in fields else None
    now = request.state["clock"]()
    if not_modified(tag, None, if_none_match=tags, if_modified_since=None, now=now):
        return Response(None, 304, headers)
    headers["Content-Length"] = str(len(found.content))
    return Response(b"" if request.method == "HEAD" else found.content, 200, headers)


CHANGING: Final = f"public, max-age={AN_HOUR}"
NAMES: Final = ("icon.png", FAVICON, "favicon.ico", "logo.png", "feed.css")

routes: list[BaseRoute] = [Route(f"/{name}", asset) for name in NAMES]
