"""The two sides of the machine: a real installation, and the model of what must come of it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from sqlalchemy import delete
from sqlmodel import Session

from feedsvc.actions import deliver
from feedsvc.domain.tables import metadata
from feedsvc.domain.tables.ledger import Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import Conflict
from tests.laws.ledger.model import (
    PEOPLE,
    SLUGS,
    WEEK,
    Carried,
    Change,
    Departure,
    News,
    Planned,
    Wish,
    cadences,
    people,
    slugs,
)
from tests.laws.ledger.rows import questions
from tests.world import START, World

SEASONS = (START, datetime(2026, 9, 28, 9, 0, tzinfo=UTC))
"""Both reach over changes of the clocks in London, Sydney and Los Angeles."""


def empty(session: Session) -> None:
    """Forget everything."""
    for table in reversed(metadata.sorted_tables):
        session.execute(delete(table))


class Base(RuleBasedStateMachine):
    """What is known of both sides, and the steps that the model takes by itself."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.wishes: dict[tuple[int, str], Wish] = {}
        self.news: dict[str, News] = {}
        self.drafts: list[Planned] = []
        self.embargoed: list[Planned] = []
        self.signers: dict[int, int] = {}
        self.lives: dict[int, int] = defaultdict(int)
        self.homes: dict[int, str] = {}
        self.named: set[str] = set()
        self.former: dict[int, list[str]] = defaultdict(list)
        self.confirmed: set[int] = set()
        self.known: set[tuple[int, str]] = set()
        self.discreet: set[int] = set()
        self.changes: dict[int, Change] = {}
        self.departures: dict[int, Departure] = {}
        self.welcomes: dict[int, list[Wish]] = {}
        self.mails: dict[int, Carried] = defaultdict(Carried)
        self.seen_mails: set[int] = set()
        self.claims: list[int] = []
        self.under_way: int | None = None
        self.posted = 0

    @initialize(
        season=st.sampled_from(SEASONS),
        hours=st.integers(0, 24 * 40),
        members=st.lists(st.tuples(people, slugs, cadences), min_size=PEOPLE, max_size=2 * PEOPLE),
    )
    def begin(self, season: datetime, hours: int, members: list[tuple[int, str, Cadence]]) -> None:
        """Set up two campaigns and their first members, before or after a change of the clocks."""
        self.world.now = season + timedelta(hours=hours)
        self.world.write(empty)
        for slug in SLUGS:
            self.world.campaign(slug)
        self.worker = self.world.write(deliver.enlist, now=self.world.now)
        for member in members:
            self.join(*member)

    def join(self, person: int, slug: str, cadence: Cadence) -> None:
        """Sign up and confirm at once."""
        raise NotImplementedError  # `Signers` does it, which stands on this

    def _post(self, slug: str, at: datetime | None, notify: str, status: str) -> None:
        self.posted += 1
        title = f"News {self.posted}."
        update = self.world.post(slug, title, publish_at=at, notify=notify, status=status)
        coming = Planned(update.uid, slug, notify, at, title)
        if status == "draft":
            self.drafts.append(coming)
        else:
            self._out_or_embargoed(coming)

    def _out_or_embargoed(self, update: Planned) -> None:
        if update.publish_at is not None and update.publish_at > self.world.now:
            self.embargoed.append(update)
        elif update.notify == "subscribers":
            live = {
                wish.signer: wish
                for wish in self.wishes.values()
                if wish.slug == update.slug and wish.confirmed
            }
            self.news[update.uid] = News(update.slug, live, update.title)

    def _embargoes_end(self) -> None:
        over = [
            one for one in self.embargoed if one.publish_at and one.publish_at <= self.world.now
        ]
        for update in over:
            self.embargoed.remove(update)
            self._out_or_embargoed(update)

    def _newest(self, which: int) -> str:
        """Name one of the newest updates."""
        return list(self.news)[-1 - which % len(self.news)]

    def _steered(self, order: Callable[..., None], uid: str) -> bool:
        """Give an order; a mailing that has ended cannot be steered, and says so."""
        try:
            self.world.write(order, uid, by="test", now=self.world.now)
        except Conflict:
            return False
        return True

    def _of(self, person: int, which: tuple[str, ...] = SLUGS) -> list[Wish]:
        found = (self.wishes.get((person, slug)) for slug in which)
        return [wish for wish in found if wish is not None]

    def _begun(self, wish: Wish) -> tuple[datetime, bool]:
        """Tell since when a wish waits for a yes, and whether its person was asked of it yet.

        Its week begins when they are asked, which the limits may put off.
        """
        since, asked = wish.since, False
        for at in self.world.read(questions, wish.signer):
            if at >= wish.since and (not asked or since + WEEK >= at):
                since, asked = at, True
        return since, asked

    def _waits(self, wish: Wish) -> bool:
        """Whether a yes would still count."""
        since, asked = self._begun(wish)
        return not asked or since + WEEK >= self.world.now

    def _end(self, person: int, why: Withheld, which: tuple[str, ...] = SLUGS) -> list[Wish]:
        """End what is open, and return it."""
        ended = self._of(person, which)
        for wish in ended:
            wish.ended = why
            del self.wishes[person, wish.slug]
        return ended

    def _taken_up(self, person: int, wish: Wish) -> Wish:
        """Go on with a wish that was ended: as what was begun meanwhile, or as a new one."""
        begun = self.wishes.get((person, wish.slug))
        if begun is None or not begun.confirmed:
            begun = replace(wish, since=self.world.now, ended=None)
            self.wishes[person, wish.slug] = begun
        return begun

    def _ids(self, which: tuple[str, ...]) -> list[int] | None:
        return None if which == SLUGS else [self.world.campaign_id(slug) for slug in which]

    def _home(self, person: int) -> str:
        """Say where somebody is written to, or will be when they first sign."""
        first = f"person{person}.{self.lives[person]}@example.org"
        return self.homes.get(self.signers.get(person, 0), first)
