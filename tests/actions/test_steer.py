"""A mailing is paused, resumed and cancelled, and nobody is lost or mailed twice by that."""

import pytest

from feedsvc.actions import choose, leave, steer
from feedsvc.actions.deliver import Mark, enlist, take_over
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Mail, MailState, Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import Conflict, NotFound
from feedsvc.records.books import MailingState
from tests.world import World

ANNA, BEA = "anna@example.org", "bea@example.org"
HELD = Outcome(Kind.HELD, Fault.OURS)
UNKNOWN = Outcome(Kind.UNKNOWN, counts_attempt=True)
DEFERRED = Outcome(Kind.DEFERRED, counts_attempt=True)


class Two:
    """A world where one mail with two updates, of two campaigns, is queued for Anna."""

    def __init__(self, world: World) -> None:
        self.world = world
        for slug in ("river", "forest"):
            world.campaign(slug)
            self.anna = world.join(ANNA, slug)
        world.send()
        self.river, self.forest = world.post("river"), world.post("forest")
        world.run_until_planned()

    def order(self, order: str, update: Update) -> None:
        """Steer the mailing of one of the two."""
        steered(self.world, order, update)

    def where(self, update: Update) -> tuple[DeliveryState, Withheld | None, bool]:
        """Return where Anna's delivery stands, why, and whether it is due."""
        [found] = [one for one in self.world.deliveries() if one.notice_id == self.notice(update)]
        return found.state, found.reason, found.due_now

    def notice(self, update: Update) -> int:
        """Find the notice of an update: they came in this order."""
        return 1 if update is self.river else 2

    @property
    def mail(self) -> Mail:
        """The first mail to Anna."""
        return self.world.mails()[0][1]


def steered(world: World, order: str, update: Update) -> None:
    world.write(getattr(steer, order), update.uid, by="test", now=world.now)


def sweep(world: World) -> None:
    while world.write(steer.sweep, chunk=2, now=world.now):
        pass


WAITS = (DeliveryState.WAITING, None, False)
DUE = (DeliveryState.WAITING, None, True)
MAILED = (DeliveryState.MAILED, None, False)


@pytest.fixture
def two(here_and_now: World) -> Two:
    return Two(here_and_now)


def withheld(why: Withheld) -> tuple[DeliveryState, Withheld, bool]:
    return DeliveryState.WITHHELD, why, False


# DESIGN 4: a mail with two updates of which one leaves


def test_leaving_one_campaign_lets_the_other_go_on_at_once(two: Two) -> None:
    two.world.leave(two.anna, "river")
    assert two.mail.state is MailState.CANCELLED
    assert (two.where(two.river), two.where(two.forest)) == (withheld(Withheld.LEFT), DUE)
    assert two.world.run(seconds=1) == [ANNA]


def test_pausing_a_subscription_lets_the_other_go_on_at_once(two: Two) -> None:
    until = two.world.now.replace(year=2027)
    river = [two.world.campaign_id("river")]
    two.world.write(leave.pause, two.anna, campaigns=river, until=until)
    assert two.mail.state is MailState.CANCELLED
    assert two.world.run(seconds=1) == [ANNA]
    assert (two.where(two.river), two.where(two.forest)) == (DUE, MAILED)


def test_pausing_a_mailing_lets_the_other_go_on_at_once(two: Two) -> None:
    two.order("pause", two.river)
    sweep(two.world)
    assert two.mail.state is MailState.CANCELLED
    assert (two.where(two.river), two.where(two.forest)) == (WAITS, DUE)
    assert two.world.run(seconds=1) == [ANNA]


def test_cancelling_a_mailing_lets_the_other_go_on_at_once(two: Two) -> None:
    two.order("cancel", two.river)
    sweep(two.world)
    assert two.mail.state is MailState.CANCELLED
    assert (two.where(two.river), two.where(two.forest)) == (withheld(Withheld.CANCELLED), DUE)
    assert two.world.run(seconds=1) == [ANNA]


def test_withdrawing_an_update_lets_the_other_go_on_at_once(two: Two) -> None:
    why = Withheld.WITHDRAWN
    two.world.write(steer.cancel, two.river.uid, why=why, by="test", now=two.world.now)
    sweep(two.world)
    assert (two.where(two.river), two.where(two.forest)) == (withheld(why), DUE)
    assert two.world.run(seconds=1) == [ANNA]


@pytest.mark.parametrize(("order", "stands"), [("pause", WAITS), ("cancel", None)])
def test_the_sender_takes_out_what_it_stumbles_on_before_the_sweep(
    two: Two, order: str, stands: tuple[DeliveryState, None, bool] | None
) -> None:
    two.order(order, two.river)
    assert two.world.send() == []
    assert two.mail.state is MailState.CANCELLED
    expected = stands or withheld(Withheld.CANCELLED)
    assert (two.where(two.river), two.where(two.forest)) == (expected, DUE)


def test_one_paused_and_one_cancelled_each_have_their_way(two: Two) -> None:
    two.order("pause", two.river)
    two.order("cancel", two.forest)
    sweep(two.world)
    expected = (WAITS, withheld(Withheld.CANCELLED))
    assert (two.where(two.river), two.where(two.forest)) == expected


@pytest.mark.parametrize("order", ["pause", "cancel"])
def test_what_somebody_may_have_is_left_alone_but_not_repeated(two: Two, order: str) -> None:
    two.world.send(UNKNOWN)
    two.order(order, two.river)
    assert two.world.run(minutes=20) == []
    assert two.mail.state is MailState.UNKNOWN
    assert (two.where(two.river), two.where(two.forest)) == (MAILED, MAILED)


@pytest.mark.parametrize("swept", [True, False])
def test_a_mail_in_doubt_does_not_start_again(two: Two, *, swept: bool) -> None:
    dead = two.world.write(enlist, now=two.world.now)
    [claim] = two.world.claims(dead)
    assert two.world.mark(dead, None, claim.mail_id)
    two.world.write(take_over, dead, now=two.world.now)
    two.order("pause", two.river)
    if swept:
        sweep(two.world)
    assert two.world.send() == []
    assert two.mail.state is MailState.UNKNOWN


def test_what_is_being_sent_ends_as_it_ends(two: Two) -> None:
    me = two.world.write(enlist, now=two.world.now)
    [claim] = two.world.claims(me)
    two.world.mark(me, None, claim.mail_id)
    two.order("cancel", two.river)
    sweep(two.world)
    two.world.mark(me, Mark(claim.mail_id, DEFERRED, ""), None)
    assert two.mail.state is MailState.DEFERRED
    assert two.world.run(minutes=10) == []  # the sender takes it out when its time has come
    assert two.world.run(seconds=1) == [ANNA]
    assert (two.where(two.river), two.where(two.forest)) == (withheld(Withheld.CANCELLED), MAILED)


# One mailing


@pytest.fixture
def queued(here_and_now: World) -> World:
    """Give a world with mails for Anna and Bea in the queue."""
    here_and_now.campaign()
    for address in (ANNA, BEA):
        here_and_now.join(address)
    here_and_now.send()
    here_and_now.post()
    here_and_now.run_until_planned()
    return here_and_now


def order(world: World, name: str) -> None:
    world.write(getattr(steer, name), world.books().update, by="test", now=world.now)


def states(world: World) -> list[DeliveryState]:
    return [delivery.state for delivery in world.deliveries()]


def test_what_was_paused_goes_on_when_it_is_resumed(queued: World) -> None:
    order(queued, "pause")
    assert queued.run(days=3) == []
    assert queued.books().in_hand["waiting"] == 2
    order(queued, "resume")
    assert sorted(queued.run(seconds=1)) == [ANNA, BEA]
    assert queued.run(days=1) == []


def test_what_was_cancelled_never_goes_on(queued: World) -> None:
    order(queued, "cancel")
    assert queued.run(days=3) == []
    page = queued.books()
    assert (page.withheld, page.balanced) == ({"cancelled": 2}, True)
    with pytest.raises(Conflict, match="was cancelled"):
        order(queued, "resume")


def test_a_mailing_paused_before_it_is_planned_waits_as_a_whole(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA)
    here_and_now.send()
    here_and_now.post()
    order(here_and_now, "pause")
    assert here_and_now.run(hours=2) == []
    assert here_and_now.books().eligible == 1
    order(here_and_now, "resume")
    assert here_and_now.run(seconds=1) == [ANNA]


def test_the_fan_out_completes_also_for_a_cancelled_mailing(here_and_now: World) -> None:
    here_and_now.campaign()
    for address in (ANNA, BEA):
        here_and_now.join(address)
    here_and_now.post()
    order(here_and_now, "cancel")
    here_and_now.run_until_planned()
    page = here_and_now.books()
    assert (page.eligible, page.withheld) == (2, {"cancelled": 2})


@pytest.mark.parametrize("cadence", list(Cadence))
def test_whom_a_run_has_passed_by_is_due_when_the_mailing_is_resumed(
    here_and_now: World, cadence: Cadence
) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA, cadence=cadence)
    here_and_now.send()
    here_and_now.post()
    order(here_and_now, "pause")
    here_and_now.run(minutes=11)
    assert here_and_now.run(days=8) == []
    order(here_and_now, "resume")
    assert here_and_now.run(seconds=1) == [ANNA]


def test_whose_hour_has_not_come_waits_for_it_after_a_resume(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA, cadence=Cadence.DAILY)
    here_and_now.send()
    here_and_now.post()
    order(here_and_now, "pause")
    here_and_now.run(hours=1)
    order(here_and_now, "resume")
    assert here_and_now.run(hours=1) == []
    assert here_and_now.run(days=1) == [ANNA]


def test_who_leaves_a_paused_mailing_is_withheld(queued: World) -> None:
    order(queued, "pause")
    queued.run(seconds=1)
    queued.leave(queued.signer_id(ANNA))
    order(queued, "resume")
    assert queued.run(seconds=1) == [BEA]
    assert queued.books().withheld == {"left": 1}


def test_a_new_cadence_decides_also_for_what_was_paused(queued: World) -> None:
    order(queued, "pause")
    queued.run(seconds=1)
    for address, cadence in ((ANNA, Cadence.WEEKLY), (BEA, Cadence.IMMEDIATE)):
        signer_id = queued.signer_id(address)
        queued.write(choose.choose_cadence, signer_id, campaigns=None, cadence=cadence)
    order(queued, "resume")
    assert queued.run(seconds=1) == [BEA]
    assert queued.run(days=8) == [ANNA]


def test_a_pause_of_ones_own_outlasts_that_of_the_mailing(queued: World) -> None:
    order(queued, "pause")
    until = queued.now.replace(day=queued.now.day + 5)
    queued.write(leave.pause, queued.signer_id(ANNA), campaigns=None, until=until)
    order(queued, "resume")
    assert queued.run(seconds=1) == [BEA]
    assert queued.run(days=6) == [ANNA]


def test_a_paused_mailing_opens_no_runs(queued: World) -> None:
    order(queued, "pause")
    queued.run(seconds=1)
    queued.write(choose.resume, queued.signer_id(ANNA), now=queued.now)
    immediate = Cadence.IMMEDIATE
    queued.write(choose.choose_cadence, queued.signer_id(ANNA), campaigns=None, cadence=immediate)
    queued.run(seconds=1)
    before = len(queued.dump()["slot"])
    queued.run(seconds=1)
    assert len(queued.dump()["slot"]) == before


@pytest.mark.parametrize("name", ["pause", "resume", "cancel"])
def test_a_mailing_that_has_ended_cannot_be_steered(queued: World, name: str) -> None:
    queued.send()
    with pytest.raises(Conflict):
        order(queued, name)


@pytest.mark.parametrize("name", ["pause", "cancel"])
def test_twice_is_the_same_as_once(queued: World, name: str) -> None:
    order(queued, name)
    queued.run(seconds=1)
    before = queued.dump()
    order(queued, name)
    assert queued.dump() == before


def test_a_draft_has_no_mailing(here_and_now: World) -> None:
    here_and_now.campaign()
    draft = here_and_now.post(status="draft")
    with pytest.raises(Conflict, match="no mailing yet"):
        steered(here_and_now, "pause", draft)


def test_an_unknown_update_is_not_steered(here_and_now: World) -> None:
    with pytest.raises(NotFound):
        here_and_now.write(steer.pause, "nothing", by="test", now=here_and_now.now)


def test_every_order_is_in_the_audit(queued: World) -> None:
    for name in ("pause", "resume", "cancel"):
        order(queued, name)
    assert [line[3] for line in queued.dump()["audit_line"]][-3:] == [
        "pause mailing",
        "resume mailing",
        "cancel mailing",
    ]


# What was held for a fault of ours


def test_what_was_held_is_tried_again_when_the_mailing_is_resumed(queued: World) -> None:
    queued.send(HELD)
    first = [one.id for _, one in queued.mails()]
    assert queued.run(days=1) == []
    order(queued, "resume")
    assert sorted(queued.run(seconds=1)) == [ANNA, BEA]
    assert [one.id for _, one in queued.mails()] == first


def test_what_is_refused_after_a_resume_is_held_until_the_next(queued: World) -> None:
    queued.send(HELD)
    queued.pass_time(seconds=1)
    order(queued, "resume")
    queued.run_until_planned(seconds=1)
    queued.send(HELD)
    assert queued.run(days=1) == []
    assert queued.books().refused == {"ours": 2}


def test_what_they_refused_is_not_tried_again(queued: World) -> None:
    queued.send(Outcome(Kind.REFUSED, Fault.THEIRS))
    with pytest.raises(Conflict, match="no mail is held"):
        order(queued, "resume")


def test_the_books_name_the_state(queued: World) -> None:
    assert queued.books().state is MailingState.SENDING
    order(queued, "pause")
    assert queued.books().state is MailingState.PAUSED
    order(queued, "resume")
    queued.run(seconds=1)
    assert queued.books().state is MailingState.DONE


def test_deliveries_of_a_paused_mailing_carry_no_mail(queued: World) -> None:
    order(queued, "pause")
    sweep(queued)
    waiting: list[Delivery] = queued.deliveries()
    assert [one.mail_id for one in waiting] == [None, None]
    assert states(queued) == [DeliveryState.WAITING] * 2
