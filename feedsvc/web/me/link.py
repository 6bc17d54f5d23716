"""The link that shows what is mine: whose it is, that somebody acted by it, and a new one in its place."""

from typing import Final

from starlette.responses import Response

from feedsvc.domain import tokens
from feedsvc.domain.tables.people import Signer
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.records import fresh_links
from feedsvc.web import forms, headers
from feedsvc.web.frames import gone, page
from feedsvc.web.state import Request

AGAIN: Final = "again"
"""What the button of an expired link asks for."""
PRIVATE: Final = {
    "Cache-Control": headers.PRIVATE,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def token(request: Request) -> Token | None:
    """Read the token; None when it is forged or for something else."""
    return tokens.read(request.path_params["token"], request.state["here"].keys, Purpose.FRESH)


def path(request: Request) -> str:
    """Return the address of the page itself."""
    return f"/me/{request.path_params['token']}"


async def signer(request: Request) -> Signer | None:
    """Read whose page this is; nobody's, when the link is too old, forged or for something else."""
    here, now, shown = request.state["here"], request.state["clock"](), token(request)
    if shown is None:
        return None
    found: Signer | None = await here.database.read(
        fresh_links.opened, shown.subject, shown.scope, now
    )
    return found


async def expired(request: Request) -> Response:
    """Offer a new link in the place of one that has expired, and mail it to who presses the button."""
    here, now, shown = request.state["here"], request.state["clock"](), token(request)
    told = await forms.fields_if_any(request) if request.method == "POST" else {}
    if shown is None or told.get("do") != AGAIN:
        return gone(request, "fresh", again=path(request) if shown else "")
    if not await here.database.write(fresh_links.again, shown.subject, shown.scope, now):
        return gone(request, "fresh")
    request.state["nudge"]()
    return page(request, "ask_link", status=202, asked=True, problem="")


async def use(request: Request) -> None:
    """Note that whoever asked for this link reads the mail: it counts against no limit any more."""
    here, now, shown = request.state["here"], request.state["clock"](), token(request)
    if shown is not None:
        await here.database.write(fresh_links.use, shown.subject, shown.scope, now)
