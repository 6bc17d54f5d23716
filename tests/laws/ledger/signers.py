"""What signers do: sign, confirm, leave, take that back, come back, be forgotten."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from feedsvc.actions import come_back, erase, leave
from feedsvc.domain.tables.ledger import Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import NotFound
from tests.laws.ledger.base import Base
from tests.laws.ledger.model import (
    DAY,
    SLUGS,
    Departure,
    Wish,
    cadences,
    people,
    slugs,
    some_or_all,
)


class Signers(Base):
    """Those who come and go."""

    @rule(person=people, slug=slugs, cadence=cadences)
    def sign_up(self, person: int, slug: str, cadence: Cadence) -> None:
        """Sign and ask for updates, for the first time or again."""
        address = self._home(person)
        signer = self.world.sign_up(address, slug, cadence=cadence)
        self.signers[person], self.homes[signer] = signer, address
        self.known.add((signer, slug))
        wish = self.wishes.setdefault((person, slug), Wish(slug, signer, self.world.now))
        if not wish.confirmed and self._begun(wish)[0] + DAY <= self.world.now:
            wish.since = self.world.now

    @precondition(lambda self: self.signers)
    @rule(person=people)
    def confirm(self, person: int) -> None:
        """Follow the newest link, if there is one that was not used; it confirms what is young."""
        young = {wish.slug: self._waits(wish) for wish in self._of(person)}
        with suppress(NotFound):  # whoever has left meanwhile finds that the link has expired
            if person in self.signers and self.world.confirm(self.signers[person]):
                self.confirmed.add(self.signers[person])
                for wish in self._of(person):
                    wish.confirmed |= young[wish.slug]

    @rule(person=people, slug=slugs, cadence=cadences)
    def join(self, person: int, slug: str, cadence: Cadence) -> None:
        """Sign up and confirm at once."""
        self.sign_up(person, slug, cadence)
        self.confirm(person)

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

    @precondition(lambda self: self.signers)
    @rule(person=people)
    def erase(self, person: int) -> None:
        """Be forgotten; the same person may come again, with another address."""
        if person in self.signers:
            self.world.write(erase.erase, signer := self.signers.pop(person), now=self.world.now)
            self._end(person, Withheld.ERASED)
            self.homes.pop(signer)
            self.former.pop(person, None)
            self.changes.pop(person, None)
            self.departures.pop(person, None)
            self.lives[person] += 1

    @precondition(lambda self: self.confirmed)
    @rule(person=people, slug=slugs)
    def come_back(self, person: int, slug: str) -> None:
        """Wish again, by a fresh link, to hear of a campaign: from now on."""
        signer = self.signers.get(person, 0)
        if signer not in self.confirmed:
            return
        campaign, now = self.world.campaign_id(slug), self.world.now
        self.world.write(come_back.come_back, signer, campaign, now=now)
        if (signer, slug) in self.known:
            wish = self.wishes.setdefault((person, slug), Wish(slug, signer, now))
            wish.confirmed = True
