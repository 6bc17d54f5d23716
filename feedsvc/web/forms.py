"""What forms send: their fields as text, and what was typed into the sign-up form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException

from feedsvc.domain.cadence import zones
from feedsvc.web import door
from feedsvc.web.state import Request

LIMIT_BYTES: Final = 16 * 1024
"""More than any form of ours can need."""

TRUE: Final = "true"
PASSCODE: Final = 200
_FIELDS: Final = 20
_VERSION: Final = 9


@dataclass(frozen=True, slots=True)
class Typed:
    """The sign-up form as it is shown, or as its sender left it.

    `problem` is the field that was refused, or "again": one more press of the button is wanted.
    `follow`: it is the form of who would not sign. `token` tells when it was shown.
    """

    problem: str = ""
    email: str = ""
    name: str = ""
    updates: bool = False
    cadence: str = "immediate"
    time_zone: str = ""
    follow: bool = False
    token: str = ""
    passcode: str = ""


def fresh(request: Request) -> Typed:
    """Give the form as it is shown first; the passcode of a street stall comes with the address."""
    passcode = request.query_params.get("passcode", "")[:PASSCODE]
    return Typed(token=_token(request), passcode=passcode)


def again(request: Request, typed: Mapping[str, str], problem: str) -> Typed:
    """Give the form with all that was typed, shown anew; the trap is empty again."""
    return Typed(
        problem=problem,
        email=typed.get("email", ""),
        name=typed.get("name", ""),
        updates=typed.get("updates") == TRUE,
        cadence=typed.get("cadence", Typed().cadence),
        time_zone=typed.get("time_zone", ""),
        follow=follows(typed),
        token=_token(request),
        passcode=typed.get("passcode", "")[:PASSCODE],
    )


def follows(typed: Mapping[str, str]) -> bool:
    """Whether somebody would only follow, and says so: a name may also have been forgotten."""
    return typed.get("follow") == TRUE


def unseen(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was sent, without what no person typed and nobody could take."""
    usable = {
        "time_zone": typed.get("time_zone", "") in zones(),
        "letter_version": _number(typed.get("letter_version", "")),
        "passcode": len(typed.get("passcode", "")) <= PASSCODE,
    }
    return {name: value for name, value in typed.items() if usable.get(name, True)}


async def fields(request: Request) -> dict[str, str]:
    """Read the fields of a form, urlencoded or multipart; of two with one name the last counts."""
    form = await request.form(max_files=0, max_fields=_FIELDS, max_part_size=LIMIT_BYTES)
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def fields_if_any(request: Request) -> dict[str, str]:
    """Read the fields of a form; a body that is none has none."""
    try:
        return await fields(request)
    except HTTPException:
        return {}


def _number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= _VERSION and int(value) > 0


def _token(request: Request) -> str:
    return door.mark(request.state["here"].keys, request.state["clock"]())
