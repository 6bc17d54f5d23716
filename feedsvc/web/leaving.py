"""Leave, or hear less: a link in a mail may take away, never show (law 14). GET shows, POST acts."""

from datetime import datetime, timedelta

from sqlmodel import Session
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import choose, leave
from feedsvc.domain import tokens
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.tables.people import Cadence
from feedsvc.domain.tokens import LEAVING, Purpose, Token
from feedsvc.records import subscriptions
from feedsvc.web import forms, reading
from feedsvc.web.frames import frame, gone, page, reader
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request
from feedsvc.web.views import CampaignView

PAUSE = "pause"
PAUSE_DAYS = 30
INSTEAD = (*(cadence.value for cadence in Cadence), PAUSE)
ONE_CLICK = "List-Unsubscribe"


async def answer(request: Request) -> Response:
    """GET and POST /u/{token}."""
    return await (act if request.method == "POST" else show)(request)


async def show(request: Request) -> Response:
    """GET /u/{token}: what would stop, and a button. Changes nothing, whoever looks."""
    token = _token(request)
    if token is None:
        return gone(request, "link")
    if token.purpose is Purpose.NEVER:
        return page(request, "never", done=False)
    return _page(request, "leave", await _named(request, token))


async def act(request: Request) -> Response:
    """POST /u/{token}: the button, or one click in the mail program (RFC 8058)."""
    token = _token(request)
    if token is None:
        return gone(request, "link")
    told = await forms.fields_if_any(request)
    if token.purpose is Purpose.NEVER:
        return await _never(request, token)
    instead = None if ONE_CLICK in told else told.get("instead")
    if instead and instead not in INSTEAD:
        return _page(request, "leave", await _named(request, token), status=422)
    if instead and await _live(request, token):
        return await _less(request, token, instead)
    if told.get("everything") == "true":
        return await _leave(request, Token(Purpose.LEAVE_ALL, token.subject))
    return await _leave(request, token)


async def _leave(request: Request, token: Token) -> Response:
    here, now = request.state["here"], request.state["clock"]()
    campaigns = await here.database.read(leave.campaigns_of, token)
    await here.database.write(leave.leave, token.subject, campaigns=campaigns, now=now)
    return _page(request, "left", await _named(request, token))


async def _never(request: Request, token: Token) -> Response:
    here, now = request.state["here"], request.state["clock"]()
    await here.database.write(leave.never, token.subject, now=now)
    return page(request, "never", done=True)


async def _less(request: Request, token: Token, instead: str) -> Response:
    """Write less often, or not for a while, instead of leaving."""
    here, now = request.state["here"], request.state["clock"]()
    campaigns = await here.database.read(leave.campaigns_of, token)
    until, signer = now + timedelta(days=PAUSE_DAYS), token.subject
    if instead == PAUSE:
        await here.database.write(leave.pause, signer, campaigns=campaigns, until=until)
    else:
        cadence = Cadence(instead)
        await here.database.write(
            choose.choose_cadence, signer, campaigns=campaigns, cadence=cadence
        )
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
