"""Confirm: GET shows what would count, POST makes it count; a link shows nothing else of its person."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlmodel import Session
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import confirm
from feedsvc.domain import tokens
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.errors import NotFound
from feedsvc.records import confirmations, pending
from feedsvc.web import afterwards, forms, reading
from feedsvc.web.frames import gone, page, reader
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request
from feedsvc.web.views import CampaignView


async def answer_confirm(request: Request) -> Response:
    """GET and POST /confirm/{token}."""
    return await (do_confirm if request.method == "POST" else show_confirm)(request)


async def show_confirm(request: Request) -> Response:
    """GET /confirm/{token}: what would be confirmed; what was, once it is."""
    here, now = request.state["here"], request.state["clock"]()
    token = _token(request)
    if token is None:
        return gone(request, "link")
    gather = Reading(here.settings.site, reader(request))
    try:
        found, done = await here.database.read(_asked, gather, token, now=now)
    except NotFound:
        return gone(request, "expired")
    if done:
        return await _thanks(request, token, found)
    return page(request, "confirm", own=reading.own(found), campaigns=found)


async def do_confirm(request: Request) -> Response:
    """POST /confirm/{token}."""
    here, now = request.state["here"], request.state["clock"]()
    token = _token(request)
    if token is None:
        return gone(request, "link")
    try:
        act = partial(confirm.confirm, now=now, welcome=here.settings.digest.welcome)
        ids = await here.database.write(act, token.subject, token.scope)
    except NotFound:
        return gone(request, "expired")
    request.state["nudge"]()
    gather = Reading(here.settings.site, reader(request))
    found = await here.database.read(afterwards.named, gather, ids)
    return await _thanks(request, token, found)


async def _thanks(request: Request, token: Token, found: Sequence[CampaignView]) -> Response:
    """Say what the yes was to: who only follows has signed nothing."""
    said = await request.state["here"].database.read(confirmations.said, token.scope)
    return page(request, "confirmed", own=reading.own(found), campaigns=found, said=said)


def _token(request: Request) -> Token | None:
    keys = request.state["here"].keys
    return tokens.read(request.path_params["token"], keys, Purpose.CONFIRM)


def _asked(
    session: Session, gather: Reading, token: Token, *, now: datetime
) -> tuple[list[CampaignView], bool]:
    """Return the campaigns that a link would confirm, or that it has, and whether it has."""
    asked = confirmations.valid(session, token.subject, token.scope, now)
    if asked.used_at is not None:
        return afterwards.named(session, gather, confirmations.confirmed(session, asked)), True
    waiting = pending.campaigns(session, token.subject, now)
    if not waiting:
        raise confirmations.expired()
    return reading.named(session, gather, waiting), False


routes: list[BaseRoute] = [
    Route(
        "/confirm/{token}",
        answer_confirm,
        methods=["GET", "POST"],
        max_body_size=forms.LIMIT_BYTES,
    ),
]
