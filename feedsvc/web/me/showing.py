"""What is mine: for thirty minutes the link shows and changes (law 14). GET shows, POST acts (law 6)."""

from typing import Final
from urllib.parse import urlencode

import orjson
from starlette.responses import RedirectResponse, Response

from feedsvc.actions import erase
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.people import Signer
from feedsvc.errors import Invalid
from feedsvc.web import forms, mine, takeout
from feedsvc.web.frames import Reader, frame, gone, page, reader
from feedsvc.web.me import acts, link
from feedsvc.web.mine import MineView
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request

SAVED: Final = {"saved", "move"}
"""What the page may say after an act: that it is done, or that two addresses are being asked."""


async def answer(request: Request) -> Response:
    """GET and POST /me/{token}: what is mine; one act at a time."""
    signer = await link.signer(request)
    if signer is None:
        return await link.expired(request)
    if request.method != "POST":
        return await _show(request, signer)
    told = await forms.fields(request)
    act = acts.ACTS.get(told.get("do", ""))
    if act is None:
        return await _show(request, signer, problem="do")
    try:
        await act(request, signer.id or 0, told)
    except Invalid as error:
        return await _show(request, signer, problem=error.field)
    await link.use(request)
    request.state["nudge"]()
    return _back(request, told)


async def data(request: Request) -> Response:
    """GET /me/{token}/data: all that is kept of me, as JSON."""
    here = request.state["here"]
    signer = await link.signer(request)
    if signer is None:
        return gone(request, "fresh", again=link.path(request))
    found = await here.database.read(takeout.takeout, here.keys, signer)
    name = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    body = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    return Response(body, 200, link.PRIVATE | name, "application/json")


async def erasing(request: Request) -> Response:
    """GET and POST /me/{token}/erase: what erasing does, and then it is done."""
    here, now = request.state["here"], request.state["clock"]()
    signer = await link.signer(request)
    if signer is None:
        return gone(request, "fresh", again=link.path(request))
    if request.method != "POST":
        return page(request, "erase", done=False, path=link.path(request))
    await here.database.write(erase.erase, signer.id or 0, now=now)
    return page(request, "erase", done=True, path="/me")


async def _show(request: Request, signer: Signer, *, problem: str = "") -> Response:
    here, now = request.state["here"], request.state["clock"]()
    language = _language_of(request, signer)
    gather = Reading(here.settings.site, Reader(language, ""))
    made = mine.Frame(here.settings, here.keys, gather, language, now)
    found: MineView = await here.database.read(mine.mine, made, signer)
    saved = request.query_params.get("saved", "")
    return page(
        request,
        "me",
        status=422 if problem else 200,
        me=found,
        path=link.path(request),
        saved=saved if saved in SAVED and not problem else "",
        problem=problem,
        sender=here.settings.mail.discreet_name,
        language=language,
    )


def _language_of(request: Request, signer: Signer) -> str:
    """Choose the language of the page: the one that is asked for, else the one they have chosen."""
    here = request.state["here"]
    own = mine.opened(here.keys, signer.language_sealed, Sealed.LANGUAGE)
    asked = reader(request).asked or own
    return here.templates.nearest(asked) if asked else frame(request)


def _back(request: Request, told: acts.Fields) -> Response:
    """Go back to the page, which says that it is done; in the language that was just chosen."""
    asked = told.get("language") if told["do"] == "language" else reader(request).asked
    said = {"saved": "move" if told["do"] == "move" else "saved"}
    query = urlencode(({"lang": asked} if asked else {}) | said)
    return RedirectResponse(f"{link.path(request)}?{query}", 303, link.PRIVATE)
