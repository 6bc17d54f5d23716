"""What forms send: their fields as text, and what was typed into the sign-up form."""

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException

from feedsvc.web.state import Request

LIMIT_BYTES: Final = 16 * 1024
"""More than any form of ours can need."""

_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """The sign-up form as its sender left it; `problem` is the field that was refused."""

    problem: str = ""
    email: str = ""
    name: str = ""
    updates: bool = False
    cadence: str = "immediate"


EMPTY: Final = Typed()


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
