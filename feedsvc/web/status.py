"""What there is to say of the service: from the database, and from this process itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from feedsvc.config import Settings
from feedsvc.domain import groups
from feedsvc.domain.sealing import Keys
from feedsvc.records import hubs, in_hand
from feedsvc.records.hubs import Hearing, OwnHub
from feedsvc.records.in_hand import InHand, Stopped
from feedsvc.web.health import Health
from feedsvc.web.state import Request

OUTCOMES = ("sent", "deferred", "refused", "held", "requeued", "unknown")


@dataclass(frozen=True, slots=True)
class Status:
    """Ages and rests in seconds. `relay_problem` and `outcomes` are null where no mail is sent.

    `mails` and `deferred` are in hand now; `held` were refused for a fault of ours and wait for a
    resume. `asks_waiting` are people whose confirm mail waits its turn. `outcomes` count since the start of this process. `listeners` are told when feeds move: hubs
    and the cache; `hub` is our own, where there is one.
    """

    mails: dict[str, int]
    deferred: dict[str, int]
    claimed: int
    held: int
    oldest_in_hand_seconds: float
    fan_outs_open: int
    sign_ups_waiting: int
    asks_waiting: int
    oldest_ask_seconds: float
    stopped: list[Stopped]
    listeners: list[Hearing]
    hub: OwnHub | None
    problem: str | None
    last_tick_seconds: float | None
    relay_problem: str | None
    rest_seconds: float
    rest_until: datetime | None
    outcomes: dict[str, int] | None
    sent_by_this_process: int
    sent_per_second: float


@dataclass(frozen=True, slots=True)
class _Stored:
    hand: InHand
    held: int
    fan_outs: int
    sign_ups: int
    asks: tuple[int, datetime | None]
    stopped: list[Stopped]
    listeners: list[Hearing]
    hub: OwnHub | None


async def status(request: Request) -> Status:
    """Ask everyone who knows something."""
    here, now = request.state["here"], request.state["clock"]()
    health: Health = request.state["health"]
    stored = await here.database.read(_stored, here.keys, here.settings, now)
    ticked, sending = health.last_tick(), health.sending
    rest = sending.rest_seconds if sending else 0.0
    counts = {name: sending.counts.get(name, 0) for name in OUTCOMES} if sending else None
    return Status(
        mails=stored.hand.mails,
        deferred=stored.hand.deferred,
        claimed=stored.hand.claimed,
        held=stored.held,
        oldest_in_hand_seconds=_age(stored.hand.oldest, now) or 0.0,
        fan_outs_open=stored.fan_outs,
        sign_ups_waiting=stored.sign_ups,
        asks_waiting=stored.asks[0],
        oldest_ask_seconds=_age(stored.asks[1], now) or 0.0,
        stopped=stored.stopped,
        listeners=stored.listeners,
        hub=stored.hub,
        problem=health.problem(),
        last_tick_seconds=_age(ticked, now),
        relay_problem=sending.problem if sending else None,
        rest_seconds=round(rest, 1),
        rest_until=now + timedelta(seconds=round(rest)) if rest else None,
        outcomes=counts,
        sent_by_this_process=counts["sent"] if counts else 0,
        sent_per_second=round(health.sent_per_second(), 2),
    )


def _stored(session: Session, keys: Keys, settings: Settings, now: datetime) -> _Stored:
    return _Stored(
        hand=in_hand.in_hand(session, groups.names(keys)),
        held=in_hand.held(session, now),
        fan_outs=in_hand.fan_outs_open(session),
        sign_ups=in_hand.sign_ups_waiting(session),
        asks=in_hand.asks_waiting(session),
        stopped=in_hand.stopped(session),
        listeners=hubs.hearings(session, hubs.listeners(settings)),
        hub=hubs.own_hub_stands(session, now) if settings.feeds.own_hub else None,
    )


def _age(at: datetime | None, now: datetime) -> float | None:
    return (now - at).total_seconds() if at else None
