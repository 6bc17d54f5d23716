"""Laws 1, 2, 7 and 13 when two machines do two things at the same moment (PostgreSQL).

Each test does one thing up to its commit, lets the other run into it, and commits.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from feedsvc.actions import (
    choose,
    confirm,
    crowd,
    deliver,
    fan_out,
    forget,
    leave,
    move,
    plan,
    publish,
    sign,
    slots,
    steer,
)
from feedsvc.domain.drafts import UpdateDraft
from feedsvc.domain.outcome import Kind, Outcome
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import AddressChange, Confirmation
from feedsvc.domain.tables.ledger import (
    Delivery,
    DeliveryState,
    Digest,
    Lane,
    Mail,
    MailKind,
    MailState,
)
from feedsvc.domain.tables.people import Cadence
from feedsvc.domain.tokens import Purpose, Token
from tests.world import SENT, World, world

PATIENCE = 10
A_MOMENT = 0.3
PUT_OFF = Outcome(Kind.DEFERRED, counts_attempt=True)

Act = Callable[[Session], Any]


@pytest.fixture
def two_machines(postgresql_url: str, tmp_path: Path) -> Iterator[World]:
    with world(postgresql_url, tmp_path) as made:
        made.campaign()
        yield made


def at_once(here: World, first: Act, *then: Act) -> list[Any]:
    """Let what comes then begin when `first` is done and not committed; return all results."""
    done, go = Event(), Event()

    def held(session: Session) -> Any:
        result = first(session)
        session.flush()
        done.set()
        assert go.wait(PATIENCE)
        return result

    one: Future[Any] = here.here.database.submit(held)
    assert done.wait(PATIENCE)
    with ThreadPoolExecutor(1) as other_machine:
        rest = [other_machine.submit(here.write, act) for act in then]
        wait(rest, timeout=A_MOMENT)
        go.set()
        return [future.result(PATIENCE) for future in (one, *rest)]


def steered(here: World, order: str) -> Act:
    uid = here.books().update
    return partial(getattr(steer, order), update_uid=uid, by="test", now=here.now)


def planned(here: World) -> Act:
    composer, keys = here.here.composer, here.here.keys
    return partial(plan.plan, composer=composer, keys=keys, chunk=10, now=here.now)


def slots_opened(here: World) -> Act:
    digest, zones = here.here.settings.digest, here.here.zones
    return partial(slots.open_slots, digest=digest, zones=zones, now=here.now)


def released(here: World) -> Act:
    draft = UpdateDraft(title="News", body="Words.")
    site = here.here.settings.site
    return partial(publish.post_update, slug="river", draft=draft, site=site, by="t", now=here.now)


def left(here: World, signer_id: int) -> Act:
    return partial(leave.leave, signer_id=signer_id, campaigns=None, now=here.now)


def taken_back(here: World, signer_id: int) -> Act:
    now = here.now
    return partial(leave.undo, signer_id=signer_id, campaigns=None, left_at=now, now=now)


def fanned_out(here: World) -> None:
    while here.write(fan_out.fan_out, chunk=10) is not None:
        pass


def ready_to_plan(here: World) -> None:
    here.post()
    here.pass_time(minutes=11)
    fanned_out(here)
    here.write(slots_opened(here))


def started(here: World, outcome: Outcome) -> tuple[int, Act]:
    """Start the only mail there is; give its worker, and the mark of what becomes of it."""
    worker = here.write(deliver.enlist, now=here.now)
    [claim] = here.claims(worker, limit=5)
    here.mark(worker, None, claim.mail_id)
    done, wait = [deliver.Mark(claim.mail_id, outcome, "")], timedelta()
    marked = partial(deliver.mark, worker_id=worker, done=done, starting=[], unknown_wait=wait)
    return worker, partial(marked, now=here.now)


@pytest.mark.parametrize("leave_first", [True, False])
def test_leaving_and_planning(two_machines: World, leave_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna, _ = here.join("anna@example.org"), here.join("bea@example.org")
    here.send()
    ready_to_plan(here)
    both = (left(here, anna), planned(here))
    at_once(here, *(both if leave_first else reversed(both)))
    assert here.run(minutes=1) == ["bea@example.org"]
    assert here.books().withheld == {"left": 1}
    assert here.books().balanced


def test_one_address_refuses_a_move_while_the_other_agrees(two_machines: World) -> None:
    here = two_machines
    anna = here.join("anna@example.org")
    keys = here.here.keys
    here.write(move.ask_to_move, anna, "anna@example.com", keys=keys, now=here.now)
    change = here.read(lambda s: s.exec(select(AddressChange.id)).one())
    old, new = (Token(one, anna, change) for one in (Purpose.MOVE_FROM, Purpose.MOVE_TO))
    here.write(move.agree, new, keys=keys, now=here.now)
    refuse = partial(move.refuse, token=new, now=here.now)
    at_once(here, refuse, partial(move.agree, token=old, keys=keys, now=here.now))
    assert here.signer_id("anna@example.org") == anna


@pytest.mark.parametrize("move_first", [True, False])
def test_moving_and_planning(two_machines: World, move_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    keys, new = here.here.keys, "anna@example.com"
    here.write(move.ask_to_move, anna, new, keys=keys, now=here.now)
    change = here.read(lambda s: s.exec(select(AddressChange.id)).one())
    here.write(move.agree, Token(Purpose.MOVE_TO, anna, change), keys=keys, now=here.now)
    agree = partial(
        move.agree, token=Token(Purpose.MOVE_FROM, anna, change), keys=keys, now=here.now
    )
    both = (agree, planned(here))
    at_once(here, *(both if move_first else reversed(both)))
    assert here.run(minutes=1) + here.run(seconds=1) == [new]
    assert (here.books().sent, here.books().balanced) == (1, True)


@pytest.mark.parametrize("leave_first", [True, False])
def test_leaving_and_starting(two_machines: World, leave_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    here.write(planned(here))
    worker = here.write(deliver.enlist, now=here.now)
    [claim] = here.claims(worker, limit=5)
    start = partial(
        deliver.mark,
        worker_id=worker,
        done=[],
        starting=[deliver.Start(claim.mail_id)],
        unknown_wait=here.now - here.now,
        now=here.now,
    )
    both = (left(here, anna), start)
    results = at_once(here, *(both if leave_first else reversed(both)))
    started = results[1] if leave_first else results[0]
    assert bool(started) is not leave_first
    here.mark(worker, deliver.Mark(claim.mail_id, SENT, ""), None)
    assert here.books().sent == (not leave_first)
    assert here.books().balanced


@pytest.mark.parametrize("order", ["pause", "cancel"])
@pytest.mark.parametrize("order_first", [True, False])
def test_steering_a_mailing_and_starting(
    two_machines: World,
    order_first: bool,  # noqa: FBT001  both orders
    order: str,
) -> None:
    here = two_machines
    here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    here.write(planned(here))
    worker = here.write(deliver.enlist, now=here.now)
    [claim] = here.claims(worker, limit=5)
    start = partial(
        deliver.mark,
        worker_id=worker,
        done=[],
        starting=[deliver.Start(claim.mail_id)],
        unknown_wait=here.now - here.now,
        now=here.now,
    )
    both = (steered(here, order), start)
    results = at_once(here, *(both if order_first else reversed(both)))
    started = results[1] if order_first else results[0]
    assert bool(started) is not order_first
    here.mark(worker, deliver.Mark(claim.mail_id, SENT, ""), None)
    assert here.books().sent == (not order_first)
    assert here.books().balanced


@pytest.mark.parametrize("order", ["pause", "cancel"])
@pytest.mark.parametrize("order_first", [True, False])
def test_steering_a_mailing_and_planning(
    two_machines: World,
    order_first: bool,  # noqa: FBT001  both orders
    order: str,
) -> None:
    here = two_machines
    here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    both = (steered(here, order), planned(here))
    at_once(here, *(both if order_first else reversed(both)))
    assert here.run(minutes=1) == []
    if order == "pause":
        here.write(steered(here, "resume"))
    assert here.run(minutes=1) == ["anna@example.org"] * (order == "pause")
    assert here.books().balanced


def test_two_sweeps_at_once(two_machines: World) -> None:
    here = two_machines
    for name in ("anna", "bea", "carl"):
        here.join(f"{name}@example.org")
    here.send()
    ready_to_plan(here)
    here.write(planned(here))
    here.write(steered(here, "pause"))
    swept = partial(steer.sweep, chunk=2, now=here.now)
    at_once(here, swept, swept)
    while here.write(swept):
        pass
    assert here.books().in_hand["waiting"] == 3


@pytest.mark.parametrize("pause_first", [True, False])
def test_pausing_and_planning(two_machines: World, pause_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    until = here.now.replace(day=9)
    paused = partial(leave.pause, signer_id=anna, campaigns=None, until=until)
    both = (paused, planned(here))
    at_once(here, *(both if pause_first else reversed(both)))
    assert here.run(days=1) == []
    assert here.run(days=8) == ["anna@example.org"]


@pytest.mark.parametrize("release_first", [True, False])
def test_releasing_and_confirming(two_machines: World, release_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.sign_up("anna@example.org")
    here.send()
    asked = here.read(
        lambda s: s.exec(select(Confirmation.id).where(Confirmation.signer_id == anna)).one()
    )
    confirmed = partial(confirm.confirm, signer_id=anna, confirmation_id=asked, now=here.now)
    both = (released(here), confirmed)
    at_once(here, *(both if release_first else reversed(both)))
    assert here.run(minutes=11) == ([] if release_first else ["anna@example.org"])
    assert here.books().eligible == (not release_first)


@pytest.mark.parametrize("release_first", [True, False])
def test_releasing_and_leaving(two_machines: World, release_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    both = (released(here), left(here, anna))
    at_once(here, *(both if release_first else reversed(both)))
    assert here.run(minutes=11) == []
    assert here.books().withheld == ({"left": 1} if release_first else {})


@pytest.mark.parametrize("leave_first", [True, False])
def test_leaving_and_fanning_out(two_machines: World, leave_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    here.post()
    both = (left(here, anna), partial(fan_out.fan_out, chunk=10))
    at_once(here, *(both if leave_first else reversed(both)))
    assert [row.state for row in here.deliveries()] == [DeliveryState.WITHHELD]
    assert here.run(minutes=11) == []
    assert here.books().withheld == {"left": 1}
    assert here.books().balanced


@pytest.mark.parametrize("undo_first", [True, False])
@pytest.mark.parametrize("before", [0, 1])
def test_taking_a_leave_back_and_fanning_out(
    two_machines: World,
    undo_first: bool,  # noqa: FBT001  both orders
    before: int,
) -> None:
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    here.post()
    for _ in range(before):
        here.write(left(here, anna))
        here.write(taken_back(here, anna))
        here.pass_time(seconds=1)
    here.write(left(here, anna))
    both = (taken_back(here, anna), partial(fan_out.fan_out, chunk=10))
    at_once(here, *(both if undo_first else reversed(both)))
    assert here.run(minutes=11) == ["anna@example.org"]
    assert (here.books().eligible, here.books().sent) == (1, 1)


@pytest.mark.parametrize("leave_first", [True, False])
def test_leaving_anew_and_fanning_out(two_machines: World, leave_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    here.post()
    here.write(left(here, anna))
    here.write(taken_back(here, anna))
    both = (left(here, anna), partial(fan_out.fan_out, chunk=1))
    at_once(here, *(both if leave_first else reversed(both)))
    assert [row.state for row in here.deliveries()] == [DeliveryState.WITHHELD]
    assert here.run(minutes=11) == []
    assert here.books().withheld == {"left": 1}


@pytest.mark.parametrize("undo_first", [True, False])
def test_taking_a_leave_back_and_opening_slots(two_machines: World, undo_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna, _ = here.join("anna@example.org"), here.join("bea@example.org")
    here.send()
    here.post()
    here.pass_time(minutes=11)
    fanned_out(here)
    here.write(left(here, anna))
    run = (slots_opened(here), planned(here), planned(here))
    undo = taken_back(here, anna)
    at_once(here, *((undo, *run) if undo_first else (run[0], undo, *run[1:])))
    assert sorted(here.run(minutes=1) + here.run(minutes=1)) == [
        "anna@example.org",
        "bea@example.org",
    ]


@pytest.mark.parametrize("undo_first", [True, False])
def test_taking_a_leave_back_and_cancelling(two_machines: World, undo_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna, _ = here.join("anna@example.org"), here.join("bea@example.org")
    here.send()
    ready_to_plan(here)
    here.write(left(here, anna))
    both = (taken_back(here, anna), steered(here, "cancel"))
    at_once(here, *(both if undo_first else reversed(both)))
    assert here.run(minutes=1) + here.run(minutes=1) == []
    assert here.books().withheld == {"cancelled": 2}


def test_taking_a_leave_back_twice_at_once(two_machines: World) -> None:
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    here.post()
    here.write(left(here, anna))
    undo = taken_back(here, anna)
    assert at_once(here, undo, undo) == [[here.campaign_id()]] * 2
    assert here.run(minutes=11) == ["anna@example.org"]


@pytest.mark.parametrize("undo_first", [True, False])
def test_taking_a_leave_back_and_signing_again(two_machines: World, undo_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    here.post()
    here.write(left(here, anna))
    signup = Signup(
        email="anna@example.org", campaign_id=here.campaign_id(), name="A", updates=True
    )
    sealed = here.here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
    here.write(sign.take_in, [(sealed, here.now)])
    house = here.here
    again = partial(sign.work_off, now=here.now)
    signed = lambda s: again(s, house.composer, house.keys, house.settings)  # noqa: E731  an act
    both: tuple[Act, Act] = (taken_back(here, anna), signed)
    at_once(here, *(both if undo_first else reversed(both)))
    here.run_until_planned()
    assert set(here.send()) == {"anna@example.org"}  # and, signed last, that she had signed already
    assert (here.books().eligible, here.books().sent) == (1, 1)


@pytest.mark.parametrize("choice_first", [True, False])
def test_choosing_a_cadence_and_opening_slots(two_machines: World, choice_first: bool) -> None:  # noqa: FBT001  both orders
    here = two_machines
    anna = here.join("anna@example.org", cadence="weekly")
    here.send()
    here.post()
    here.pass_time(minutes=11)
    fanned_out(here)
    immediate = partial(
        choose.choose_cadence, signer_id=anna, campaigns=None, cadence=Cadence.IMMEDIATE
    )
    if choice_first:
        at_once(here, immediate, slots_opened(here), planned(here))
    else:
        at_once(here, slots_opened(here), immediate)
    assert here.run(minutes=1) == ["anna@example.org"]


def test_a_mark_that_comes_while_the_worker_is_buried(two_machines: World) -> None:
    here = two_machines
    here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    here.write(planned(here))
    worker, sent = started(here, SENT)
    at_once(here, sent, partial(deliver.take_over, dead=worker, now=here.now))
    assert here.send() == []
    assert here.books().sent == 1


@pytest.mark.parametrize("choice_first", [True, False])
def test_choosing_discreet_mails_and_marking_one_that_was_put_off(
    two_machines: World,
    choice_first: bool,  # noqa: FBT001  both orders
) -> None:
    here = two_machines
    anna = here.join("anna@example.org")
    here.send()
    ready_to_plan(here)
    here.write(planned(here))
    _, put_off = started(here, PUT_OFF)
    chosen = partial(choose.choose_discretion, signer_id=anna, discreet=True)
    at_once(here, *((chosen, put_off) if choice_first else (put_off, chosen)))
    assert here.run(days=1) == ["anna@example.org"]
    last = here.mails()[-1][1]
    assert here.read(lambda s: s.get_one(Digest, last.digest_id)).discreet
    assert (here.books().eligible, here.books().sent) == (1, 1)


def test_confirming_twice_counts_once_and_shows_the_same(two_machines: World) -> None:
    here = two_machines
    here.campaign("forest", kind="petition")
    anna = here.sign_up("anna@example.org", "forest")
    asked = here.read(
        lambda s: s.exec(select(Confirmation.id).where(Confirmation.signer_id == anna)).one()
    )
    confirmed = [
        partial(confirm.confirm, signer_id=anna, confirmation_id=asked, now=here.now + later)
        for later in (timedelta(), timedelta(seconds=1))
    ]
    forest = here.campaign_id("forest")
    assert at_once(here, *confirmed) == [[forest], [forest]]
    counted = select(Campaign.signatures).where(Campaign.id == forest)
    assert here.read(lambda s: s.exec(counted).one()) == 1


def test_confirming_and_tidying(two_machines: World) -> None:
    here = two_machines
    anna = here.sign_up("anna@example.org")
    here.pass_time(days=6, hours=23)
    asked = here.read(
        lambda s: s.exec(select(Confirmation.id).where(Confirmation.signer_id == anna)).one()
    )
    confirmed = partial(confirm.confirm, signer_id=anna, confirmation_id=asked, now=here.now)
    here.pass_time(hours=2)
    at_once(here, confirmed, partial(forget.forget_unconfirmed, now=here.now))
    here.send()
    here.post()
    assert here.run(minutes=11) == ["anna@example.org"]


@pytest.mark.parametrize("step", ["fan_out", "plan", "tick"])
def test_everything_doubled(two_machines: World, step: str) -> None:
    here = two_machines
    keys, settings = here.here.keys, here.here.settings
    here.write(crowd.add_crowd, "river", keys, settings, count=30, now=here.now)
    here.post()
    here.pass_time(minutes=11)
    acts: dict[str, list[Act]] = {
        "fan_out": [partial(fan_out.fan_out, chunk=3)],
        "plan": [partial(fan_out.fan_out, chunk=3), slots_opened(here), planned(here)],
        "tick": [slots_opened(here), partial(fan_out.fan_out, chunk=3), planned(here)],
    }
    for _ in range(20):
        for act in acts[step]:
            at_the_same_time = [here.here.database.submit(act) for _ in range(4)]
            for future in at_the_same_time:
                future.result(PATIENCE)
    written_to = here.run(minutes=1) + here.run(minutes=1)
    assert sorted(written_to) == sorted(crowd.address(number) for number in range(30))
    assert (here.books().eligible, here.books().sent) == (30, 30)


def test_two_runs_that_both_want_one_delivery(two_machines: World) -> None:
    here = two_machines
    here.join("anna@example.org", cadence="daily")
    here.send()
    here.post()
    here.pass_time(days=1)
    fanned_out(here)
    here.write(lambda s: s.execute(update(Delivery).values(due_now=True)))
    here.write(slots_opened(here))  # the daily one and, for what was due once, one for now
    at_once(here, planned(here), planned(here))
    assert here.run(minutes=1) == ["anna@example.org"]


def test_two_workers_share_the_mails(two_machines: World) -> None:
    here = two_machines
    keys, settings = here.here.keys, here.here.settings
    here.write(crowd.add_crowd, "river", keys, settings, count=40, now=here.now)
    ready_to_plan(here)
    while here.write(planned(here)) is not None:
        pass
    workers = [here.write(deliver.enlist, now=here.now) for _ in range(4)]
    claims = [
        here.here.database.submit(deliver.claim, worker, Lane.BULK, limit=5, now=here.now)
        for worker in workers
        for _ in range(2)
    ]
    mails = [claim.mail_id for future in claims for claim in future.result(PATIENCE)]
    assert len(mails) == len(set(mails)) == 40


def test_a_crowd_that_joins_while_news_comes_out_is_not_half_counted(two_machines: World) -> None:
    here = two_machines
    joins = partial(
        crowd.add_crowd,
        slug="river",
        keys=here.here.keys,
        settings=here.here.settings,
        count=3,
        now=here.now,
    )
    fan = partial(fan_out.fan_out, chunk=10)
    at_once(here, joins, released(here), fan, fan)
    assert len(here.run(minutes=11)) == 3
    unsent = select(Mail.id).where(Mail.kind == MailKind.DIGEST, col(Mail.state) != MailState.SENT)
    assert here.read(lambda s: s.exec(unsent).all()) == []
