"""What must come of it: wishes, departures, news and mails as the model has them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import strategies as st

from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.domain.tokens import Purpose
from tests.world import SENT

PEOPLE = 5
SLUGS = ("river", "forest")
FATES = {
    "sent": SENT,
    "deferred": Outcome(Kind.DEFERRED, counts_attempt=True),
    "refused": Outcome(Kind.REFUSED, Fault.THEIRS, counts_attempt=True),
    "held": Outcome(Kind.HELD, Fault.OURS),
    "requeued": Outcome(Kind.REQUEUE, Fault.OURS),
    "not taken": Outcome(Kind.REQUEUE),
    "unknown, received": Outcome(Kind.UNKNOWN, counts_attempt=True),
    "unknown, lost": Outcome(Kind.UNKNOWN, counts_attempt=True),
}
RECEIVED = {"sent", "unknown, received"}

DAY, WEEK = timedelta(days=1), timedelta(days=7)

people = st.integers(0, PEOPLE - 1)
slugs = st.sampled_from(SLUGS)
some_or_all = st.sampled_from([("river",), ("forest",), SLUGS])
cadences = st.sampled_from(list(Cadence))


@dataclass(eq=False)
class Wish:
    """A subscription as the model has it; one that was taken up again goes on as its `successor`."""

    slug: str
    signer: int
    since: datetime
    confirmed: bool = False
    ended: Withheld | None = None
    paused_until: datetime | None = None
    successor: "Wish | None" = None

    @property
    def final(self) -> "Wish":
        """Itself, or what it has become."""
        return self.successor.final if self.successor else self


@dataclass
class Departure:
    """One act of leaving: when, by which link, and what it ended."""

    at: datetime
    which: tuple[str, ...]
    ended: list[Wish]


@dataclass(eq=False)
class News:
    """An update that was released, and whose wishes were live at that moment, by signer."""

    slug: str
    eligible: dict[int, Wish]
    title: str
    paused: bool = False
    cancelled: bool = False


@dataclass
class Planned:
    """An update that is still to come out."""

    uid: str
    slug: str
    notify: str
    publish_at: datetime | None
    title: str


@dataclass
class Carried:
    """What a person can know of a mail: whether it reached them, and with which bytes."""

    written: list[bytes] = field(default_factory=list)
    received: bool = False
    fates: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Change:
    """A change of address that was asked for, which ends have agreed in time; `fresh`: nobody was there before."""

    number: int
    address: str
    at: datetime
    fresh: bool
    agreed: set[Purpose] = field(default_factory=set)
    done: bool = False
    over: bool = False
