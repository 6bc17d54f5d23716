"""What a person may do with what is theirs, by the forms of their page."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from feedsvc.actions import choose, come_back, leave, move
from feedsvc.domain import cadence as calendar
from feedsvc.domain import signup
from feedsvc.domain.tables.people import Cadence, Signer
from feedsvc.errors import Invalid
from feedsvc.web import mine
from feedsvc.web.me import link
from feedsvc.web.state import Request

Fields = Mapping[str, str]


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
    token = link.token(request)
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
