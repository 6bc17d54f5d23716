"""What every POST of staff has in common: it is done once, and its repeats hear the same."""

from collections.abc import Callable
from typing import Any, Final

import orjson
from pydantic import BaseModel
from sqlmodel import Session

from feedsvc.actions import answers
from feedsvc.actions.answers import Claim, Reply
from feedsvc.domain.tables.staff import StaffKey
from feedsvc.web.problems import Refused
from feedsvc.web.state import Request

HEADER: Final = "Idempotency-Key"
LONGEST: Final = 200


async def once(
    request: Request,
    key: StaffKey,
    document: Any,
    act: Callable[[Session], BaseModel],
    *,
    status: int,
) -> Reply:
    """Run `act` in one transaction with its answer, then wake the timetable; repeat an earlier one.

    Two documents are the same when they say the same, in whatever order.
    """
    said = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    here = request.state["here"]
    claim = Claim(
        staff_key_id=key.id or 0,
        path=request.url.path,
        key=_idempotency_key(request),
        request_hash=here.keys.hash(said.decode(), "request"),  # a plain one could be guessed at
    )

    def reply(session: Session) -> Reply:
        return Reply(status, act(session).model_dump_json().encode())

    now = request.state["clock"]()
    made = await here.database.write(answers.once, claim, reply, now=now)
    request.state["nudge"]()
    return made


def _idempotency_key(request: Request) -> str:
    value = request.headers.get(HEADER, "").strip()
    if not value:
        raise Refused(
            400,
            HEADER,
            "is missing.",
            remedy="Send a header with a new random value, and the same value when you try again.",
        )
    if len(value) > LONGEST or not value.isascii() or not value.isprintable():
        remedy = f"Send at most {LONGEST} visible ASCII characters, such as a UUID."
        raise Refused(400, HEADER, "cannot be taken.", remedy=remedy)
    return value
