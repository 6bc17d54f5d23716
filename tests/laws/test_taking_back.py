"""Laws 1, 2 and 7 over any order of leaving, taking it back, news, fan-out, planning and sending."""

import asyncio
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedsvc.actions import fan_out, leave
from feedsvc.domain.tables.ledger import DeliveryState
from feedsvc.records import leaves
from feedsvc.records.books import books
from tests.laws.ledger.base import empty
from tests.world import START, World

ANNA, BEA = "anna@example.org", "bea@example.org"
EVENTS = ("post", "fan", "leave", "undo", "undo the first", "tick", "send", "wait")


class Person:
    """What Anna is owed: the news that she was live for, unless she has left and not come back."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.anna = here.join(ANNA)
        here.join(BEA)
        here.send()
        self.live = True
        self.leaves: list[datetime] = []
        self.owed: set[str] = set()
        self.sent: list[str] = []

    def do(self, event: str) -> None:
        """Let one thing happen, a moment after the last."""
        self.here.pass_time(seconds=1)
        getattr(self, "_" + event.replace(" ", "_"))()

    def _post(self) -> None:
        update = self.here.post()
        self.owed |= {update.uid} if self.live else set()

    def _fan(self) -> None:
        self.here.write(fan_out.fan_out, chunk=1)

    def _leave(self) -> None:
        self.here.leave(self.anna)
        self.leaves += [self.here.now] if self.live else []
        self.live = False

    def _undo(self) -> None:
        self._take_back(self.leaves[-1] if self.leaves else self.here.now)

    def _undo_the_first(self) -> None:
        self._take_back(self.leaves[0] if self.leaves else self.here.now)

    def _take_back(self, left_at: datetime) -> None:
        now = self.here.now
        back = self.here.write(leave.undo, self.anna, campaigns=None, left_at=left_at, now=now)
        known = left_at in self.leaves and now < left_at + leaves.UNDO
        assert bool(back) is (known and (self.live or left_at == self.leaves[-1]))
        self.live = self.live or bool(back)

    def _tick(self) -> None:
        asyncio.run(self.here.tick())

    def _send(self) -> None:
        written_to = self.here.send()
        assert self.live or ANNA not in written_to

    def _wait(self) -> None:
        self.here.pass_time(hours=5)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=st.lists(st.sampled_from(EVENTS), max_size=24))
def test_whoever_takes_a_leave_back_lacks_nothing_and_has_nothing_twice(
    quick_world: World, events: list[str]
) -> None:
    here = quick_world
    here.now = START
    here.write(empty)
    here.campaign()
    person = Person(here)
    for event in events:
        person.do(event)
    for _ in range(3):
        here.run(hours=1)
    standing = {row.notice_id: row for row in here.deliveries() if row.signer_id == person.anna}
    assert len(standing) == len(person.owed)
    left = {row.state for row in standing.values()} - {DeliveryState.MAILED}
    assert left <= (set() if person.live else {DeliveryState.WITHHELD})
    assert all(page.balanced for page in here.read(books))
    mailed = [mail.id for address, mail in here.mails() if address == ANNA and mail.state == "sent"]
    assert {row.mail_id for row in standing.values() if row.mail_id} == set(mailed)
