"""A simple model of who must hear of what, run beside the real ledger in any order of events."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.actions import (
    choose,
    deliver,
    erase,
    fan_out,
    forget,
    leave,
    plan,
    publish,
    slots,
    steer,
    tidy,
)
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables import metadata
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import (
    Delivery,
    DeliveryState,
    DigestEntry,
    Mail,
    MailKind,
    MailState,
    Notice,
    Withheld,
)
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import Conflict, NotFound
from feedsvc.records.books import books
from tests.world import SENT, START, World

PEOPLE = 5
SLUGS = ("river", "forest")
PLACES = ("UTC", "Europe/London", "Australia/Sydney", "Pacific/Kiritimati", "America/Los_Angeles")
SEASONS = (START, datetime(2026, 9, 28, 9, 0, tzinfo=UTC))
"""Both reach over changes of the clocks in London, Sydney and Los Angeles."""

CHANGES = tuple(
    datetime(2026, month, day, hour, 0, tzinfo=UTC)
    for month, day, hour in (
        (3, 8, 10),
        (3, 29, 1),
        (4, 4, 16),
        (10, 3, 16),
        (10, 25, 1),
        (11, 1, 9),
    )
)
"""When the clocks change: Los Angeles, London, Sydney; and back, in the other order."""

SHARES = 3  # as the tests of shares have them: one mail, four, and the rest
LAST_DAYS = 12  # a week for the weekly ones, three days for the paused ones
SPANS = [timedelta(minutes=m) for m in (1, 7, 11, 31, 60 * 5, 60 * 13, 60 * 25, 60 * 80, 60 * 200)]
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
    paused: bool = False
    cancelled: bool = False


@dataclass
class Planned:
    """An update that is still to come out."""

    uid: str
    slug: str
    notify: str
    publish_at: datetime | None


@dataclass
class Carried:
    """What a person can know of a mail: whether it reached them, and with which bytes."""

    written: list[bytes] = field(default_factory=list)
    received: bool = False
    fates: list[str] = field(default_factory=list)


class PowerCut(Exception):
    """The process ended before the commit."""


def cut_short(session: Session, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Do it all but commit."""
    act(session, *args, **kwargs)
    session.flush()
    raise PowerCut


def judge(session: Session, *, now: datetime) -> None:
    """Let the rest follow the shares that went well."""
    found = steer.findings(session, now)
    for notice_id in (*found.proven, *found.untried):
        steer.prove(session, notice_id, tried=notice_id in found.proven, now=now)


def empty(session: Session) -> None:
    """Forget everything."""
    for table in reversed(metadata.sorted_tables):
        session.execute(delete(table))


class Ledger(RuleBasedStateMachine):
    """Everything that happens to the ledger; after each event the books are compared."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.wishes: dict[tuple[int, str], Wish] = {}
        self.news: dict[str, News] = {}
        self.drafts: list[Planned] = []
        self.embargoed: list[Planned] = []
        self.signers: dict[int, int] = {}
        self.lives: dict[int, int] = defaultdict(int)
        self.departures: dict[int, Departure] = {}
        self.mails: dict[int, Carried] = defaultdict(Carried)
        self.seen_mails: set[int] = set()
        self.claims: list[int] = []
        self.under_way: int | None = None

    @initialize(
        season=st.sampled_from(SEASONS),
        hours=st.integers(0, 24 * 40),
        members=st.lists(st.tuples(people, slugs, cadences), max_size=2 * PEOPLE),
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

    # What staff do

    @rule(slug=slugs, minutes=st.sampled_from([0, 0, 0, 5, 300]), notify=st.sampled_from([1, 1, 0]))
    def post(self, slug: str, minutes: int, notify: int) -> None:
        """Post an update, now or under embargo."""
        at = self.world.now + timedelta(minutes=minutes) if minutes else None
        self._post(slug, at, "subscribers" if notify else "none", "published")

    @rule(slug=slugs, minutes=st.sampled_from([0, 5]))
    def draft(self, slug: str, minutes: int) -> None:
        """Write a draft, which may have an embargo for later."""
        at = self.world.now + timedelta(minutes=minutes) if minutes else None
        self._post(slug, at, "subscribers", "draft")

    @precondition(lambda self: self.drafts)
    @rule()
    def publish(self) -> None:
        """Publish the oldest draft, and once more: a repeat changes nothing."""
        draft = self.drafts.pop(0)
        for _ in range(2):
            self.world.write(publish.publish, draft.uid, by="test", now=self.world.now)
        self._out_or_embargoed(draft)

    @precondition(lambda self: self.news)
    @rule(which=st.integers(0, 3), twice=st.booleans())
    def pause_mailing(self, which: int, twice: bool) -> None:  # noqa: FBT001  drawn
        """Pause a mailing, once or twice."""
        for _ in range(1 + twice):
            if self._steered(steer.pause, uid := self._newest(which)):
                self.news[uid].paused = True

    @precondition(lambda self: self.news)
    @rule(which=st.integers(0, 3))
    def resume_mailing(self, which: int) -> None:
        """Let a mailing go on."""
        if self._steered(steer.resume, uid := self._newest(which)):
            self.news[uid].paused = False

    @precondition(lambda self: self.news)
    @rule(which=st.integers(0, 3))
    def cancel_mailing(self, which: int) -> None:
        """Cancel a mailing."""
        if self._steered(steer.cancel, uid := self._newest(which)):
            self.news[uid].cancelled = True

    # What signers do

    @rule(person=people, slug=slugs, cadence=cadences)
    def sign_up(self, person: int, slug: str, cadence: Cadence) -> None:
        """Sign and ask for updates, for the first time or again."""
        address = f"person{person}.{self.lives[person]}@example.org"
        signer = self.world.sign_up(address, slug, cadence=cadence)
        self.signers[person] = signer
        wish = self.wishes.setdefault((person, slug), Wish(slug, signer, self.world.now))
        if not wish.confirmed and wish.since + DAY <= self.world.now:
            wish.since = self.world.now

    @precondition(lambda self: self.signers)
    @rule(person=people)
    def confirm(self, person: int) -> None:
        """Follow the newest link, if there is one that was not used; it confirms what is young."""
        with suppress(NotFound):  # whoever has left meanwhile finds that the link has expired
            if person in self.signers and self.world.confirm(self.signers[person]):
                for wish in self._of(person):
                    wish.confirmed |= wish.since + WEEK >= self.world.now

    @rule(which=some_or_all)
    def mailing(self, which: tuple[str, ...]) -> None:
        """Post news, and let it settle and be planned."""
        for slug in which:
            self._post(slug, None, "subscribers", "published")
        self.pass_time(timedelta(minutes=11))
        self.tick(1)

    @rule(person=people, slug=slugs, cadence=cadences)
    def join(self, person: int, slug: str, cadence: Cadence) -> None:
        """Sign up and confirm at once."""
        self.sign_up(person, slug, cadence)
        self.confirm(person)

    @precondition(lambda self: self.signers)
    @rule(person=people, which=some_or_all, cadence=cadences)
    def change_cadence(self, person: int, which: tuple[str, ...], cadence: Cadence) -> None:
        """Choose another cadence, which ends a pause as well."""
        if person in self.signers:
            act = choose.choose_cadence
            campaigns = self._ids(which)
            self.world.write(act, self.signers[person], campaigns=campaigns, cadence=cadence)
            for wish in self._of(person, which):
                wish.paused_until = None

    @precondition(lambda self: self.signers)
    @rule(
        person=people,
        zone=st.sampled_from(PLACES),
        hour=st.integers(0, 23),
        weekday=st.integers(0, 6),
    )
    def move(self, person: int, zone: str, hour: int, weekday: int) -> None:
        """Live elsewhere, or get up at another hour."""
        if person in self.signers:
            place = {"zone": zone, "hour": hour, "weekday": weekday, "keys": self.world.here.keys}
            self.world.write(choose.choose_time, self.signers[person], **place)

    @precondition(lambda self: self.signers)
    @rule(person=people, which=some_or_all, days=st.integers(1, 3))
    def pause(self, person: int, which: tuple[str, ...], days: int) -> None:
        """Hear nothing for some days."""
        if person in self.signers:
            until = self.world.now + timedelta(days=days)
            campaigns = self._ids(which)
            self.world.write(leave.pause, self.signers[person], campaigns=campaigns, until=until)
            for wish in self._of(person, which):
                wish.paused_until = until

    @precondition(lambda self: self.signers)
    @rule(person=people)
    def resume(self, person: int) -> None:
        """End every pause."""
        if person in self.signers:
            self.world.write(choose.resume, self.signers[person], now=self.world.now)
            for wish in self._of(person):
                wish.paused_until = None

    @precondition(lambda self: self.signers)
    @rule(person=people, which=some_or_all, twice=st.booleans())
    def leave(self, person: int, which: tuple[str, ...], twice: bool) -> None:  # noqa: FBT001  drawn
        """Leave one campaign or all, once or twice."""
        if person in self.signers:
            self.world.now += timedelta(seconds=1)  # no two at the same instant
            for _ in range(1 + twice):
                self.world.leave(self.signers[person], *(which if which != SLUGS else ()))
            ended = self._end(person, Withheld.LEFT, which)
            if ended:
                self.departures[person] = Departure(self.world.now, which, ended)

    @precondition(lambda self: self.departures)
    @rule(person=people, twice=st.booleans())
    def undo(self, person: int, twice: bool) -> None:  # noqa: FBT001  drawn
        """Take the last leave back within a day, once or twice: what it ended goes on."""
        departure = self.departures.get(person)
        if departure is None:
            return
        for _ in range(1 + twice):
            self.world.write(
                leave.undo,
                self.signers[person],
                campaigns=self._ids(departure.which),
                left_at=departure.at,
                now=self.world.now,
            )
        if self.world.now < departure.at + DAY:
            for wish in departure.ended:
                if wish.successor is None and wish.confirmed:
                    wish.successor = self._taken_up(person, wish)

    @rule(person=people, which=some_or_all, slug=slugs, between=st.booleans())
    def change_of_mind(self, person: int, which: tuple[str, ...], slug: str, between: bool) -> None:  # noqa: FBT001  drawn
        """Leave just after news has come, before or while it is fanned out, and take that back."""
        self._post(slug, None, "subscribers", "published")
        if between:
            self.world.write(fan_out.fan_out, chunk=2)
        self.leave(person, which, twice=False)
        self.undo(person, twice=False)

    @precondition(lambda self: self.signers)
    @rule(person=people)
    def erase(self, person: int) -> None:
        """Be forgotten; the same person may come again, with another address."""
        if person in self.signers:
            self.world.write(erase.erase, self.signers.pop(person), now=self.world.now)
            self._end(person, Withheld.ERASED)
            self.departures.pop(person, None)
            self.lives[person] += 1

    # What time does

    @rule(span=st.sampled_from(SPANS))
    def pass_time(self, span: timedelta) -> None:
        """Let time pass, up to more than a week."""
        self.world.now += span

    @rule(change=st.sampled_from(CHANGES), minutes=st.sampled_from([-90, -1, 0, 1, 31, 90]))
    def jump(self, change: datetime, minutes: int) -> None:
        """Jump ahead to a change of the clocks that is near."""
        there = change + timedelta(minutes=minutes)
        if timedelta() < there - self.world.now < timedelta(days=20):
            self.world.now = there

    @rule(times=st.integers(1, 2))
    def tick(self, times: int) -> None:
        """Let the timetable tick; a doubled tick changes nothing."""
        for _ in range(times):
            asyncio.run(self.world.tick())
        self._embargoes_end()

    @rule(step=st.integers(0, 5), cut=st.booleans())
    def one_step(self, step: int, cut: bool) -> None:  # noqa: FBT001  drawn
        """Do one transaction of a tick, which may be lost before its commit."""
        here, now = self.world.here, self.world.now
        percent = here.settings.mail.canary_percent
        steps: list[Callable[..., Any]] = [
            partial(publish.release_due, now=now),
            partial(fan_out.fan_out, chunk=2),
            partial(slots.open_slots, digest=here.settings.digest, zones=here.zones, now=now),
            partial(
                plan.plan,
                composer=here.composer,
                keys=here.keys,
                chunk=1,
                canary_percent=percent,
                now=now,
            ),
            partial(steer.sweep, chunk=1, canary_percent=percent, now=now),
            partial(judge, now=now),
        ]
        if cut:
            with suppress(PowerCut):
                self.world.write(cut_short, steps[step])
        else:
            self.world.write(steps[step])
            if step == 0:
                self._embargoes_end()

    @rule()
    def tidy(self) -> None:
        """Forget wishes that were not confirmed within a week."""
        self.world.write(tidy.tidy, now=self.world.now)
        self.world.write(forget.forget_unconfirmed, now=self.world.now)
        for key, wish in list(self.wishes.items()):
            if not wish.confirmed and wish.since + WEEK < self.world.now:
                wish.ended = Withheld.EXPIRED
                del self.wishes[key]

    # What the sender does

    @precondition(lambda self: not self.claims and self.under_way is None)
    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        """Claim some mails."""
        claims = self.world.claims(self.worker, limit=limit)
        self.claims = [claim.mail_id for claim in claims]

    @precondition(lambda self: self.claims or self.under_way is not None)
    @rule(fate=st.sampled_from(sorted(FATES)))
    def go_on(self, fate: str) -> None:
        """Mark what became of the mail under way, and start the next one."""
        done = None
        if self.under_way is not None:
            done = deliver.Mark(self.under_way, FATES[fate], "")
            self.mails[self.under_way].received |= fate in RECEIVED
            self.mails[self.under_way].fates.append(fate)
        following = self.claims.pop(0) if self.claims else None
        started = self.world.mark(self.worker, done, following)
        self.under_way = following if started else None
        if self.under_way is not None:
            self._check_start(self.under_way)

    @precondition(lambda self: self.claims or self.under_way is not None)
    @rule(received=st.booleans())
    def crash(self, received: bool) -> None:  # noqa: FBT001  drawn
        """Kill the sender; another takes over, and the old one wakes up once more."""
        dead, lost = self.worker, self.under_way
        if lost is not None:
            self.mails[lost].received |= received
            self.mails[lost].fates.append("crash")
        self.worker = self.world.write(deliver.enlist, now=self.world.now)
        doubt = self.world.write(deliver.take_over, dead, now=self.world.now)
        assert doubt == (lost is not None)
        if lost is not None:
            stale = deliver.Mark(lost, FATES["refused"], "from the grave")
            assert not self.world.mark(dead, stale, lost)
        self.claims, self.under_way = [], None

    # What must hold at every moment

    @invariant()
    def the_books_balance(self) -> None:
        """Law 2: the model's list of names and the rows are the same, whoever has left since."""
        for page in self.world.read(books):
            assert page.balanced, page
            if page.eligible is not None:
                assert page.eligible == len(self.news[page.update].eligible), page

    @invariant()
    def everyone_hears_once(self) -> None:
        """Law 1: what somebody has received came in one mail only, and its bytes never change."""
        had: dict[tuple[int, int], set[int]] = defaultdict(set)
        for mail_id, carried in self.mails.items():
            assert len(set(carried.written)) <= 1
            if carried.received:
                for notice_id, signer_id in self._inside(mail_id):
                    had[notice_id, signer_id].add(mail_id)
        assert all(len(mails) == 1 for mails in had.values())

    @invariant()
    def new_mails_are_in_order(self) -> None:
        """Laws 3 and 4: a new mail brings something, in arrival order, and leaves nothing older behind."""
        for mail_id, rows in self._new_mails().items():
            assert rows
            assert [arrival for _, arrival in rows] == [
                arrival for _, arrival in sorted(rows, key=lambda row: row[1])
            ] or len({campaign for campaign, _ in rows}) > 1
            for campaign_id, arrival in rows:
                assert not self._older_waiting(mail_id, campaign_id, arrival)

    def teardown(self) -> None:
        """Let two weeks pass in which all goes well, and compare who has had what."""
        if not hasattr(self, "worker"):
            return
        while self.claims or self.under_way is not None:
            self.go_on("sent")
        for uid in [uid for uid, news in self.news.items() if news.paused and not news.cancelled]:
            assert self._steered(steer.resume, uid)
            self.news[uid].paused = False
        for _ in range(LAST_DAYS):
            if self.world.read(_all_done):
                break
            self.pass_time(timedelta(hours=25))
            for _ in range(SHARES):
                self.tick(1)
                self._send_all()
        self.the_books_balance()
        self.everyone_hears_once()
        self._compare()

    def _send_all(self) -> None:
        while True:
            self.claim(3)
            if not self.claims:
                return
            while self.claims or self.under_way is not None:
                self.go_on("sent")

    def _compare(self) -> None:
        rows = self.world.read(_standing)
        for uid, news in self.news.items():
            mine = {signer: rest for (update, signer), rest in rows.items() if update == uid}
            assert set(mine) == set(news.eligible)
            for signer, wish in news.eligible.items():
                self._compare_one(mine[signer], wish.final, news)

    def _compare_one(self, standing: tuple[Delivery, Mail | None], wish: Wish, news: News) -> None:
        delivery, mail = standing
        if delivery.state is DeliveryState.WITHHELD and delivery.reason is Withheld.CANCELLED:
            assert news.cancelled
            return
        if delivery.state is DeliveryState.WITHHELD:
            assert delivery.reason is wish.ended
            return
        assert delivery.state is DeliveryState.MAILED
        assert mail is not None
        carried = self.mails[mail.id or 0]
        match mail.state:
            case MailState.SENT:
                assert carried.received
            case MailState.REFUSED:
                put_aside = carried.fates.count("crash") > 3
                assert {"refused", "held"} & set(carried.fates) or put_aside
            case MailState.UNKNOWN:
                assert {"crash", "unknown, received", "unknown, lost"} & set(carried.fates)
            case _:
                raise AssertionError(mail.state)

    # The model's own steps

    def _post(self, slug: str, at: datetime | None, notify: str, status: str) -> None:
        update = self.world.post(slug, publish_at=at, notify=notify, status=status)
        coming = Planned(update.uid, slug, notify, at)
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
            self.news[update.uid] = News(update.slug, live)

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

    # A look at the rows

    def _check_start(self, mail_id: int) -> None:
        """Law 7 at the moment a mail starts; and what its bytes are made of."""
        mail, uids = self.world.read(_contents, mail_id)
        self.mails[mail_id].written.append(self.world.letter(mail_id))
        again = len(self.mails[mail_id].fates) > 0
        for uid in uids:
            wish = self.news[uid].eligible[mail.signer_id].final
            assert wish.ended is None
            assert not self.news[uid].paused
            assert not self.news[uid].cancelled
            paused = wish.paused_until is not None and wish.paused_until > self.world.now
            assert not paused or again

    def _inside(self, mail_id: int) -> list[tuple[int, int]]:
        mail, _ = self.world.read(_contents, mail_id)
        entries = select(DigestEntry.notice_id).where(DigestEntry.digest_id == mail.digest_id)
        notices = self.world.read(lambda session: session.exec(entries).all())
        return [(notice_id, mail.signer_id) for notice_id in notices]

    def _new_mails(self) -> dict[int, list[tuple[int, int]]]:
        new = self.world.read(_entries, max(self.seen_mails, default=0))
        self.seen_mails |= set(new)
        return dict(new)

    def _older_waiting(self, mail_id: int, campaign_id: int, arrival: int) -> bool:
        older = (
            select(Delivery.notice_id)
            .join(Notice, col(Notice.id) == Delivery.notice_id)
            .join(Mail, col(Mail.signer_id) == Delivery.signer_id)
            .where(Mail.id == mail_id, Notice.campaign_id == campaign_id)
            .where(Notice.arrival < arrival, Delivery.state == DeliveryState.WAITING)
            .where(col(Notice.paused_at).is_(None), col(Notice.cancelled).is_(None))
        )
        return self.world.read(lambda session: session.exec(older).first()) is not None


def _all_done(session: Session) -> bool:
    """Whether nothing waits, and no mail is in hand."""
    waiting = select(Delivery.notice_id).where(Delivery.state == DeliveryState.WAITING)
    in_hand = select(Mail.id).where(col(Mail.due_at).is_not(None))
    unplanned = select(Notice.id).where(col(Notice.eligible).is_(None))
    return not any(session.exec(rows.limit(1)).first() for rows in (waiting, in_hand, unplanned))


def _standing(session: Session) -> dict[tuple[str, int], tuple[Delivery, Mail | None]]:
    rows = session.exec(
        select(Update.uid, Delivery, Mail)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(Delivery, col(Delivery.notice_id) == Notice.id)
        .join(Mail, col(Mail.id) == Delivery.mail_id, isouter=True)
    ).all()
    return {(uid, delivery.signer_id): (delivery, mail) for uid, delivery, mail in rows}


def _contents(session: Session, mail_id: int) -> tuple[Mail, list[str]]:
    mail = session.exec(select(Mail).where(Mail.id == mail_id)).one()
    uids = session.exec(
        select(Update.uid)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(Delivery, col(Delivery.notice_id) == Notice.id)
        .where(Delivery.mail_id == mail_id)
    ).all()
    return mail, list(uids)


def _entries(session: Session, after: int) -> dict[int, list[tuple[int, int]]]:
    rows = session.exec(
        select(Mail.id, Notice.campaign_id, Notice.arrival)
        .join(DigestEntry, col(DigestEntry.digest_id) == Mail.digest_id, isouter=True)
        .join(Notice, col(Notice.id) == DigestEntry.notice_id, isouter=True)
        .where(Mail.kind == MailKind.DIGEST, col(Mail.id) > after)
        .order_by(col(Mail.id), col(DigestEntry.position))
    ).all()
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for mail_id, campaign_id, arrival in rows:
        found[mail_id or 0] += [(campaign_id, arrival)] if campaign_id else []
    return found
