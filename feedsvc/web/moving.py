"""Agree that mail goes to another address: asked at both, GET shows, POST acts. No address is shown."""

from datetime import datetime
from typing import Literal

from sqlmodel import Session
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import move
from feedsvc.domain import tokens
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.records import changes
from feedsvc.web import forms
from feedsvc.web.frames import gone, page
from feedsvc.web.state import Request

State = Literal["asked", "agreed", "done", "refused"]


async def answer(request: Request) -> Response:
    """GET and POST /move/{token}."""
    here, now = request.state["here"], request.state["clock"]()
    token = _token(request)
    if token is None:
        return gone(request, "fresh")
    state = await here.database.read(_state, token, now=now)
    if state is None:
        return gone(request, "fresh")
    if request.method == "POST" and state == "asked":
        state = await _act(request, token)
    return page(request, "move", old=token.purpose is Purpose.MOVE_FROM, state=state)


async def _act(request: Request, token: Token) -> State:
    here, now = request.state["here"], request.state["clock"]()
    told = await forms.fields_if_any(request)
    if told.get("do") == "refuse":
        await here.database.write(move.refuse, token, now=now)
        return "refused"
    done = await here.database.write(move.agree, token, keys=here.keys, now=now)
    request.state["nudge"]()
    return "done" if done else "agreed"


def _state(session: Session, token: Token, *, now: datetime) -> State | None:
    """Say how far the change is, as the address of this link knows it; None: it is over."""
    if changes.done(session, token):
        return "done"
    change = changes.open_one(session, token, now)
    if change is None:
        return None
    old = token.purpose is Purpose.MOVE_FROM
    return "agreed" if (change.old_agreed_at if old else change.new_agreed_at) else "asked"


def _token(request: Request) -> Token | None:
    keys = request.state["here"].keys
    return tokens.read(request.path_params["token"], keys, Purpose.MOVE_FROM, Purpose.MOVE_TO)


routes: list[BaseRoute] = [
    Route("/move/{token}", answer, methods=["GET", "POST"], max_body_size=forms.LIMIT_BYTES),
]
