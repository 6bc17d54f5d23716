"""What signers choose: how often, when, not for a while, elsewhere, and unseen by others."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlmodel import Session

from feedsvc.actions import choose, leave
from feedsvc.domain.tables.people import Cadence
from feedsvc.records import subscriptions
from tests.laws.ledger.base import Base
from tests.laws.ledger.model import cadences, people, some_or_all
from tests.world import START

PLACES = ("UTC", "Europe/London", "Australia/Sydney", "Pacific/Kiritimati", "America/Los_Angeles")

LESS = (Cadence.DAILY, Cadence.WEEKLY, None)
"""What the link of a mail can ask for; None: a pause."""


class Choices(Base):
    """Those who know what they want."""

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
    def live_elsewhere(self, person: int, zone: str, hour: int, weekday: int) -> None:
        """Live in another zone, or get up at another hour."""
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
    @rule(person=people, discreet=st.booleans())
    def choose_discretion(self, person: int, discreet: bool) -> None:  # noqa: FBT001  drawn
        """Let mails say what they are about, or not."""
        if person in self.signers:
            signer = self.signers[person]
            self.world.write(choose.choose_discretion, signer, discreet=discreet)
            (self.discreet.add if discreet else self.discreet.discard)(signer)

    @precondition(lambda self: self.signers)
    @rule(person=people, which=some_or_all, wished=st.sampled_from(LESS), days=st.integers(1, 3))
    def ask_for_less(
        self, person: int, which: tuple[str, ...], wished: Cadence | None, days: int
    ) -> None:
        """Choose by the lasting link of a mail: less often, or a pause; never more (law 14)."""
        if person not in self.signers:
            return
        signer, campaigns = self.signers[person], self._ids(which)
        before = self.world.read(_how_much, signer)
        if wished is None:
            until = self.world.now + timedelta(days=days)
            whose: dict[str, Any] = {"campaigns": campaigns, "until": until, "only_longer": True}
            self.world.write(leave.pause, signer, **whose)
            for wish in self._of(person, which):
                wish.paused_until = max(until, wish.paused_until or until)
        else:
            self.world.write(choose.lessen, signer, campaigns=campaigns, cadence=wished)
        after = self.world.read(_how_much, signer)
        assert before.keys() == after.keys()
        assert all(after[wish][0] >= seldom for wish, (seldom, _) in before.items())
        assert all(after[wish][1] >= until for wish, (_, until) in before.items())


def _how_much(session: Session, signer_id: int) -> dict[int, tuple[int, datetime]]:
    """Say of each wish that is open how seldom it is mailed, and until when not at all."""
    often = list(Cadence)
    return {
        wish.id or 0: (often.index(wish.cadence), wish.paused_until or START)
        for wish in session.exec(subscriptions.still_open(signer_id, None)).all()
    }
