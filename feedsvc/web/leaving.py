"""Leave, hear less, or take that back: a link in a mail may take away, never show (law 14).

GET shows, POST acts. A leave is taken back, or explained, by a POST to the address that it was made
with; `left_at` says which one is meant.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlmodel import Session
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import choose, leave
from feedsvc.domain import tokens
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.tables.people import Because, Cadence
from feedsvc.domain.tokens import LEAVING, Purpose, Token
from feedsvc.records import leaves, subscriptions
from feedsvc.web import forms, reading
from feedsvc.web.frames import frame, gone, page, reader
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request
from feedsvc.web.views import CampaignView

PAUSE = "pause"
PAUSE_DAYS = 30
INSTEAD = (Cadence.DAILY.value, Cadence.WEEKLY.value, PAUSE)
ONE_CLICK = "List-Unsubscribe"


async def answer(request: Request) -> Response:
    """GET and POST /u/{token}."""
    return await (act if request.method == "POST" else show)(request)


class Leave(NamedTuple):
    """A leave as a form speaks of it: by which link, of what, and when it was, if that was said."""

    link: bytes
    token: Token
    everything: bool
    left_at: datetime | None


async def show(request: Request) -> Response:
    """GET /u/{token}: what would stop, and a button; or that it has. Changes nothing, whoever looks."""
    token = _token(request)
    if token is None:
        return gone(request, "link")
    if token.purpose is Purpose.NEVER:
        return page(request, "never", done=False)
    if await _live(request, token):
        return _page(request, "leave", await _named(request, token))
    return await _left(request, _leave_of(token, {}), already=True)


async def act(request: Request) -> Response:
    """POST /u/{token}: the button, or one click in the mail program (RFC 8058)."""
    token = _token(request)
    if token is None:
        return gone(request, "link")
    told = await forms.fields_if_any(request)
    if token.purpose is Purpose.NEVER:
        return await _never(request, token)
    if ONE_CLICK in told:
        return await _leave(request, _leave_of(token, {}))
    return await _as_told(request, _leave_of(token, told), told)


async def _as_told(request: Request, told_of: Leave, told: Mapping[str, str]) -> Response:
    instead, why = told.get("instead", ""), told.get("because", "")
    if (instead and instead not in INSTEAD) or (why and why not in list(Because)):
        return _page(request, "leave", await _named(request, told_of.token), status=422)
    if "undo" in told:
        return await _undo(request, told_of)
    if why:
        return await _because(request, told_of, Because(why))
    if instead and await _live(request, told_of.token):
        return await _less(request, told_of.token, instead)
    return await _leave(request, told_of)


def _leave_of(token: Token, told: Mapping[str, str]) -> Leave:
    """Read which leave is meant; that of everything has a link of its own, and names nothing."""
    everything = told.get("everything") == "true" or token.purpose is Purpose.LEAVE_ALL
    try:
        left_at = datetime.fromisoformat(told.get("left_at", ""))
    except ValueError:
        left_at = None
    if left_at is not None and left_at.tzinfo is None:
        left_at = None
    meant = Token(Purpose.LEAVE_ALL, token.subject) if everything else token
    return Leave(token.mark, meant, everything, left_at)


async def _leave(request: Request, leaving: Leave) -> Response:
    here, now = request.state["here"], request.state["clock"]()
    token = leaving.token
    campaigns = await here.database.read(leave.campaigns_of, token)
    act = partial(leave.leave, link=leaving.link, now=now)
    await here.database.write(act, token.subject, campaigns=campaigns)
    return await _left(request, leaving)


async def _left(
    request: Request, leaving: Leave, *, already: bool = False, thanked: bool = False
) -> Response:
    """Say what was left, and offer to take it back while that is possible."""
    here, now = request.state["here"], request.state["clock"]()
    left_at = await here.database.read(_last, leaving, now)
    found = await _named(request, leaving.token)
    return page(
        request,
        "left",
        own=reading.own(found),
        campaigns=found,
        everything=leaving.everything,
        left_at=left_at.isoformat() if left_at else "",
        already=already,
        thanked=thanked,
    )


def _last(session: Session, leaving: Leave, now: datetime) -> datetime | None:
    campaigns = leave.campaigns_of(session, leaving.token)
    return leaves.last(session, leaving.token.subject, campaigns, leaving.link, now)


async def _undo(request: Request, leaving: Leave) -> Response:
    """Take a leave back; a form that is too old, or was never ours, changes nothing."""
    here, now, token = request.state["here"], request.state["clock"](), leaving.token
    campaigns = await here.database.read(leave.campaigns_of, token)
    back: Collection[int] = []
    if leaving.left_at is not None:
        act = partial(leave.undo, left_at=leaving.left_at, link=leaving.link, now=now)
        back = await here.database.write(act, token.subject, campaigns=campaigns)
        request.state["nudge"]()
    found = [one for one in await _named(request, token) if one.id in back]
    own, status = reading.own(found), 200 if back else 409
    return page(request, "returned", status=status, own=own, campaigns=found, done=bool(back))


async def _because(request: Request, leaving: Leave, why: Because) -> Response:
    """Keep why somebody left, if they did; they are thanked either way."""
    here, now, token = request.state["here"], request.state["clock"](), leaving.token
    campaigns = await here.database.read(leave.campaigns_of, token)
    if leaving.left_at is not None:
        act = partial(leave.because, left_at=leaving.left_at, link=leaving.link, why=why, now=now)
        await here.database.write(act, token.subject, campaigns=campaigns)
    if await _live(request, token):
        return _page(request, "leave", await _named(request, token))
    return await _left(request, leaving, thanked=True)


async def _never(request: Request, token: Token) -> Response:
    here, now = request.state["here"], request.state["clock"]()
    if not await here.database.write(leave.never, token.subject, now=now):
        return gone(request, "forgotten")
    return page(request, "never", done=True)


async def _less(request: Request, token: Token, instead: str) -> Response:
    """Write less often, or not for a while, instead of leaving."""
    here, now = request.state["here"], request.state["clock"]()
    campaigns = await here.database.read(leave.campaigns_of, token)
    until, signer = now + timedelta(days=PAUSE_DAYS), token.subject
    if instead == PAUSE:
        act = partial(leave.pause, until=until, only_longer=True)
        await here.database.write(act, signer, campaigns=campaigns)
    else:
        cadence = Cadence(instead)
        await here.database.write(choose.lessen, signer, campaigns=campaigns, cadence=cadence)
        request.state["nudge"]()
    found = await _named(request, token)
    return page(
        request,
        "kept",
        own=reading.own(found),
        campaigns=found,
        instead=instead,
        until=_day(request, found, until),
    )


def _page(request: Request, name: str, found: list[CampaignView], status: int = 200) -> Response:
    return page(request, name, status=status, own=reading.own(found), campaigns=found)


def _day(request: Request, found: list[CampaignView], moment: datetime) -> str:
    language = frame(request, reading.own(found))
    return in_words(EventDate(moment.date()), language)


async def _named(request: Request, token: Token) -> list[CampaignView]:
    """Name the campaigns that the link speaks of; none when it speaks of all."""
    here = request.state["here"]
    return await here.database.read(_spoken_of, Reading(here.settings.site, reader(request)), token)


def _spoken_of(session: Session, gather: Reading, token: Token) -> list[CampaignView]:
    return reading.named(session, gather, leave.campaigns_of(session, token) or [])


async def _live(request: Request, token: Token) -> bool:
    """Whether there is still something that could come less often."""
    return await request.state["here"].database.read(_open, token)


def _open(session: Session, token: Token) -> bool:
    mine = subscriptions.still_open(token.subject, leave.campaigns_of(session, token))
    return session.exec(mine.limit(1)).first() is not None


def _token(request: Request) -> Token | None:
    keys = request.state["here"].keys
    return tokens.read(request.path_params["token"], keys, *LEAVING, Purpose.NEVER)


routes: list[BaseRoute] = [
    Route("/u/{token}", answer, methods=["GET", "POST"], max_body_size=forms.LIMIT_BYTES),
]
