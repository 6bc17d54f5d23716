"""What is mine: an address gets a link, and for thirty minutes the link shows and changes (law 14).

Everybody who asks for a link is answered alike (law 11); GET shows, POST acts (law 6).
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import choose, come_back, erase, leave, move, sign
from feedsvc.domain import cadence as calendar
from feedsvc.domain import signup, tokens
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import LinkWish
from feedsvc.domain.tables.people import Cadence, Signer
from feedsvc.domain.tokens import Purpose
from feedsvc.errors import Forbidden, Invalid
from feedsvc.records import fresh_links
from feedsvc.web import documents, door, forms, headers, mine, takeout
from feedsvc.web.frames import Reader, frame, gone, page, reader
from feedsvc.web.mine import MineView
from feedsvc.web.problems import WHOLE
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request

Fields = Mapping[str, str]
AGAIN: Final = "again"
"""What the button of an expired link asks for."""

SAVED: Final = {"saved", "move"}
"""What the page may say after an act: that it is done, or that two addresses are being asked."""


async def ask(request: Request) -> Response:
    """GET and POST /me: an address in, and a link by mail; 202, the same for all."""
    if request.method != "POST":
        return page(request, "ask_link", asked=False, problem="")
    _from_here(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _ask_by_json(request)
    typed = await forms.fields(request)
    try:
        wish = LinkWish(email=typed.get("email", ""))
    except (Invalid, ValidationError):
        return page(request, "ask_link", status=422, asked=False, problem="email")
    await _take_in(request, wish)
    return page(request, "ask_link", status=202, asked=True, problem="")


async def answer(request: Request) -> Response:
    """GET and POST /me/{token}: what is mine; one act at a time."""
    signer = await _signer(request)
    if signer is None:
        return await _expired(request)
    if request.method != "POST":
        return await _show(request, signer)
    told = await forms.fields(request)
    act = ACTS.get(told.get("do", ""))
    if act is None:
        return await _show(request, signer, problem="do")
    try:
        await act(request, signer.id or 0, told)
    except Invalid as error:
        return await _show(request, signer, problem=error.field)
    await _use(request)
    request.state["nudge"]()
    return _back(request, told)


async def data(request: Request) -> Response:
    """GET /me/{token}/data: all that is kept of me, as JSON."""
    here = request.state["here"]
    signer = await _signer(request)
    if signer is None:
        return gone(request, "fresh", again=_path(request))
    found = await here.database.read(takeout.takeout, here.keys, signer)
    name = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    body = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    return Response(body, 200, _private() | name, "application/json")


async def erasing(request: Request) -> Response:
    """GET and POST /me/{token}/erase: what erasing does, and then it is done."""
    here, now = request.state["here"], request.state["clock"]()
    signer = await _signer(request)
    if signer is None:
        return gone(request, "fresh", again=_path(request))
    if request.method != "POST":
        return page(request, "erase", done=False, path=_path(request))
    await here.database.write(erase.erase, signer.id or 0, now=now)
    return page(request, "erase", done=True, path="/me")


async def _ask_by_json(request: Request) -> Response:
    given = await documents.read(request)
    if not isinstance(given, dict):
        raise Invalid(WHOLE, "is no JSON object.", remedy='Send {"email": …}.')
    await _take_in(request, LinkWish.model_validate(given))
    return JSONResponse({"status": "accepted"}, 202, _private())


async def _take_in(request: Request, wish: LinkWish) -> None:
    here, now = request.state["here"], request.state["clock"]()
    placed = wish.model_copy(update={"network": door.network(request)})
    sealed = here.keys.seal(placed.model_dump_json(), Sealed.INTAKE)
    await here.database.write(sign.take_in, [(sealed, now)])
    request.state["nudge"]()


def _from_here(request: Request) -> None:
    """Refuse what a page of another site sends; Origin says nothing, for our pages tell no referrer."""
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise Forbidden("A page of another site asked for this.", remedy="Ask from our own page.")


async def _signer(request: Request) -> Signer | None:
    """Read whose page this is; nobody's, when the link is too old, forged or for something else."""
    here, now = request.state["here"], request.state["clock"]()
    token = tokens.read(request.path_params["token"], here.keys, Purpose.FRESH)
    if token is None:
        return None
    found: Signer | None = await here.database.read(
        fresh_links.opened, token.subject, token.scope, now
    )
    return found


async def _expired(request: Request) -> Response:
    """Offer a new link in the place of one that has expired, and mail it to who presses the button."""
    here, now = request.state["here"], request.state["clock"]()
    token = tokens.read(request.path_params["token"], here.keys, Purpose.FRESH)
    told = await forms.fields_if_any(request) if request.method == "POST" else {}
    if token is None or told.get("do") != AGAIN:
        return gone(request, "fresh", again=_path(request) if token else "")
    if not await here.database.write(fresh_links.again, token.subject, token.scope, now):
        return gone(request, "fresh")
    request.state["nudge"]()
    return page(request, "ask_link", status=202, asked=True, problem="")


async def _use(request: Request) -> None:
    """Note that whoever asked for this link reads the mail: it counts against no limit any more."""
    here, now = request.state["here"], request.state["clock"]()
    token = tokens.read(request.path_params["token"], here.keys, Purpose.FRESH)
    if token is not None:
        await here.database.write(fresh_links.use, token.subject, token.scope, now)


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
        path=_path(request),
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


def _back(request: Request, told: Fields) -> Response:
    """Go back to the page, which says that it is done; in the language that was just chosen."""
    asked = told.get("language") if told["do"] == "language" else reader(request).asked
    said = {"saved": "move" if told["do"] == "move" else "saved"}
    query = urlencode(({"lang": asked} if asked else {}) | said)
    return RedirectResponse(f"{_path(request)}?{query}", 303, _private())


def _path(request: Request) -> str:
    return f"/me/{request.path_params['token']}"


def _private() -> dict[str, str]:
    return {
        "Cache-Control": headers.PRIVATE,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


async def _cadence(request: Request, signer_id: int, told: Fields) -> None:
    cadence = _one_of(told, "cadence", Cadence)
    await _write(
        request, choose.choose_cadence, signer_id, campaigns=[_campaign(told)], cadence=cadence
    )


async def _pause(request: Request, signer_id: int, told: Fields) -> None:
    here, now = request.state["here"], request.state["clock"]()
    signer = await here.database.read(Session.get_one, Signer, signer_id)
    until = _day(told, mine.zone_of(here.keys, signer), now)
    await _write(request, leave.pause, signer_id, campaigns=[_campaign(told)], until=until)


async def _resume(request: Request, signer_id: int, told: Fields) -> None:
    now = request.state["clock"]()
    await _write(request, choose.resume, signer_id, campaigns=[_campaign(told)], now=now)


async def _leave(request: Request, signer_id: int, told: Fields) -> None:
    now = request.state["clock"]()
    await _write(request, leave.leave, signer_id, campaigns=[_campaign(told)], now=now)


async def _leave_everything(request: Request, signer_id: int, _told: Fields) -> None:
    now = request.state["clock"]()
    await _write(request, leave.leave, signer_id, campaigns=None, now=now)


async def _come_back(request: Request, signer_id: int, told: Fields) -> None:
    now = request.state["clock"]()
    await _write(request, come_back.come_back, signer_id, _campaign(told), now=now)


async def _language(request: Request, signer_id: int, told: Fields) -> None:
    here = request.state["here"]
    language = told.get("language", "")
    if language not in here.templates.languages:
        raise Invalid("language", "is not offered.")
    await _write(request, choose.choose_language, signer_id, language=language, keys=here.keys)


async def _time(request: Request, signer_id: int, told: Fields) -> None:
    zone = told.get("zone_name") or told.get("zone", "")
    if zone not in calendar.zones():
        raise Invalid("zone", "is no time zone.")
    hour, weekday = _number(told, "hour", 23), _number(told, "weekday", 6)
    keys = request.state["here"].keys
    await _write(
        request, choose.choose_time, signer_id, zone=zone, hour=hour, weekday=weekday, keys=keys
    )


async def _discreet(request: Request, signer_id: int, told: Fields) -> None:
    token = tokens.read(request.path_params["token"], request.state["here"].keys, Purpose.FRESH)
    link_id = token.scope if token else None
    discreet = {"discreet": told.get("discreet") == "true", "by_link": link_id}
    await _write(request, choose.choose_discretion, signer_id, **discreet)


async def _move(request: Request, signer_id: int, told: Fields) -> None:
    here, now = request.state["here"], request.state["clock"]()
    address = signup.address(told.get("email", ""))
    await _write(request, move.ask_to_move, signer_id, address, keys=here.keys, now=now)


Act = Callable[[Request, int, Fields], Awaitable[None]]

ACTS: Final[Mapping[str, Act]] = {
    "cadence": _cadence,
    "pause": _pause,
    "resume": _resume,
    "leave": _leave,
    "leave everything": _leave_everything,
    "come back": _come_back,
    "language": _language,
    "time": _time,
    "discreet": _discreet,
    "move": _move,
}
"""What a form of the page may ask for, by its field `do`."""


async def _write(request: Request, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    await request.state["here"].database.write(act, *args, **kwargs)


def _campaign(told: Fields) -> int:
    return _number(told, "campaign", 2**40)


def _number(told: Fields, field: str, most: int) -> int:
    value = told.get(field, "")
    digits = value.isascii() and value.isdecimal() and len(value) <= len(str(most))
    if not digits or int(value) > most:
        raise Invalid(field, "is no number that can be taken here.")
    return int(value)


def _one_of(told: Fields, field: str, kind: type[Cadence]) -> Cadence:
    try:
        return kind(told.get(field, ""))
    except ValueError as error:
        raise Invalid(field, "is none of the choices.") from error


def _day(told: Fields, zone: str, now: datetime) -> datetime:
    """Read the day on which a pause ends; it ends when that day begins where the person lives."""
    try:
        day = date.fromisoformat(told.get("until", ""))
    except ValueError as error:
        raise Invalid("until", "is no day.") from error
    today = now.astimezone(ZoneInfo(zone)).date()
    if not timedelta(0) < day - today <= mine.PAUSE_AT_MOST:
        raise Invalid("until", "is not a day to come.")
    return calendar.instant(zone, day, 0)


routes: list[BaseRoute] = [
    Route(path, act, methods=methods, max_body_size=forms.LIMIT_BYTES)
    for path, act, methods in (
        ("/me", ask, ["GET", "POST"]),
        ("/me/{token}", answer, ["GET", "POST"]),
        ("/me/{token}/data", data, ["GET"]),
        ("/me/{token}/erase", erasing, ["GET", "POST"]),
    )
]
