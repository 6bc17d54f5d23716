"""How the service is: alive, ready, and what it is up to."""

from collections import Counter
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func
from sqlmodel import Session, col, select
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from feedsvc.domain.tables.ledger import Mail, MailState, Notice
from feedsvc.domain.tables.people import Intake
from feedsvc.domain.tables.staff import Scope
from feedsvc.errors import FeedsvcError
from feedsvc.records import facts
from feedsvc.web.api import auth
from feedsvc.web.state import Request

_UNCLAIMED = (col(Mail.due_at).is_not(None), col(Mail.worker_id).is_(None))
_CLAIMED = (col(Mail.worker_id).is_not(None),)
STATES = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED)


async def healthz(_request: Request) -> Response:
    """GET /healthz: this process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """GET /readyz: this process can serve: database, schema, key. Mail in trouble is not its concern."""
    here = request.state["here"]
    try:
        await here.database.read(facts.known, here.keys)
    except FeedsvcError as error:
        return PlainTextResponse(f"{error}\n", status_code=503, headers={"Retry-After": "5"})
    return PlainTextResponse("ok\n")


async def statusz(request: Request) -> Response:
    """GET /statusz: relay, mail in hand and the last tick; loopback or a key with scope admin."""
    await _allowed(request)
    return JSONResponse(await _status(request))


async def metrics(request: Request) -> Response:
    """GET /metrics: the same as numbers for Prometheus; loopback or a key with scope admin."""
    await _allowed(request)
    status = await _status(request)
    registry = CollectorRegistry()
    mails = Gauge("feedsvc_mails", "Mails in hand, by state.", ["state"], registry=registry)
    for state, number in status["mails"].items():
        mails.labels(state).set(number)
    problem = Gauge("feedsvc_problem", "1 while the timetable fails.", registry=registry)
    problem.set(status["problem"] is not None)
    for name, about in _GAUGES.items():
        if status[name] is not None:
            Gauge(f"feedsvc_{name}", about, registry=registry).set(float(status[name]))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


_GAUGES = {
    "oldest_in_hand_seconds": "Age of the oldest mail in hand.",
    "last_tick_seconds": "Time since the last tick of the timetable.",
    "fan_outs_open": "Notices whose fan-out has not ended.",
    "sign_ups_waiting": "Sign-ups that have not been worked off.",
}


async def _allowed(request: Request) -> None:
    """Let in who asks from this machine itself, not through a proxy, else who shows an admin key."""
    if not auth.from_this_machine(request):
        await auth.staff_key(request, Scope.ADMIN)


async def _status(request: Request) -> dict[str, Any]:
    now, health = request.state["clock"](), request.state["health"]
    stored = await request.state["here"].database.read(_stored, now)
    ticked = health.last_tick()
    return stored | {
        "problem": health.problem(),
        "relay_problem": health.relay_problem(),
        "sent_by_this_process": health.sent(),
        "last_tick_seconds": (now - ticked).total_seconds() if ticked else None,
    }


def _stored(session: Session, now: datetime) -> dict[str, Any]:
    """Look at what is in hand, by its indexes; what has ended may be millions, and is in the books."""
    mails: Counter[str] = Counter()
    oldest = now
    for some in (_UNCLAIMED, _CLAIMED):
        in_hand = select(Mail.state, func.count(), func.min(Mail.id)).where(*some)
        for state, number, first in session.exec(in_hand.group_by(col(Mail.state))).all():
            mails[state] += number
            oldest = min(
                oldest, session.exec(select(Mail.planned_at).where(Mail.id == first)).one()
            )
    open_fan_outs = select(func.count()).where(col(Notice.eligible).is_(None))
    return {
        "mails": dict.fromkeys(STATES, 0) | mails,
        "oldest_in_hand_seconds": (now - oldest).total_seconds(),
        "fan_outs_open": session.exec(open_fan_outs).one(),
        "sign_ups_waiting": session.exec(select(func.count()).select_from(Intake)).one(),
    }


routes = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/statusz", statusz),
    Route("/metrics", metrics),
]
