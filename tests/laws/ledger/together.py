"""What belongs together, in one go: chance would seldom bring these about step by step."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from feedsvc.actions import fan_out
from feedsvc.domain.tables.people import Cadence
from tests.laws.ledger.laws import Laws
from tests.laws.ledger.model import cadences, people, slugs, some_or_all
from tests.laws.ledger.moving import NEW, OLD, Moving
from tests.laws.ledger.passing import Passing
from tests.laws.ledger.sending import Sending
from tests.laws.ledger.signers import Signers


class Together(Laws, Signers, Moving, Passing, Sending):
    """Those who are overtaken by the news."""

    @rule(which=some_or_all, sent=st.booleans())
    def mailing(self, which: tuple[str, ...], sent: bool) -> None:  # noqa: FBT001  drawn
        """Post news, and let it settle, be planned and perhaps be sent."""
        for slug in which:
            self._breaking(slug, fanned_out=False)
        self.pass_time(timedelta(minutes=11))
        self._tick_once()
        if sent and not self.claims and self.under_way is None:
            self.send_all()

    @rule(person=people, which=some_or_all, slug=slugs, between=st.booleans())
    def change_of_mind(self, person: int, which: tuple[str, ...], slug: str, between: bool) -> None:  # noqa: FBT001  drawn
        """Leave just after news has come, before or while it is fanned out, and take that back."""
        self._breaking(slug, fanned_out=between)
        self.leave(person, which, twice=False)
        self.undo(person, twice=False)

    @precondition(lambda self: self.confirmed)
    @rule(person=people, which=some_or_all, slug=slugs, between=st.booleans())
    def be_away(self, person: int, which: tuple[str, ...], slug: str, between: bool) -> None:  # noqa: FBT001  drawn
        """Leave, miss the news, and come back before or while it is fanned out."""
        self.leave(person, which, twice=False)
        self._breaking(slug, fanned_out=between)
        self.come_back(person, slug)

    @rule(person=people, slug=slugs, cadence=cadences, gone=st.booleans())
    def join_late(self, person: int, slug: str, cadence: Cadence, gone: bool) -> None:  # noqa: FBT001  drawn
        """Join just after news has come, which they are told of and not mailed; and perhaps leave."""
        self._breaking(slug, fanned_out=False)
        self.join(person, slug, cadence)
        self._tick_once()
        if gone:
            self.leave(person, (slug,), twice=False)

    @precondition(lambda self: self.confirmed)
    @rule(person=people, which=some_or_all, sent=st.booleans())
    def move_house(self, person: int, which: tuple[str, ...], sent: bool) -> None:  # noqa: FBT001  drawn
        """Move to where nobody is, when news is planned and has not started, or when it was sent."""
        self.mailing(which, sent=sent)
        self.ask_to_move(person, "anew", person)
        self.agree(person, (NEW, OLD))

    def _tick_once(self) -> None:
        """Tick, and look at what was planned before anybody does anything else."""
        self.tick(1)
        self.new_mails_are_in_order()

    def _breaking(self, slug: str, *, fanned_out: bool) -> None:
        self._post(slug, None, "subscribers", "published")
        if fanned_out:
            self.world.write(fan_out.fan_out, chunk=2)
