"""A share of a mailing goes first; the rest follows when it went well, and a bad sign halts it."""

import asyncio
from collections.abc import Callable

import pytest
from sqlmodel import select

from feedsvc.actions import deliver, steer
from feedsvc.actions.crowd import add_crowd
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import MailState
from feedsvc.domain.tables.people import Cadence, Subscription
from feedsvc.records.books import Books, MailingState, books
from tests.world import SENT, World

SHARE, ALL = 100, 130
HELD = Outcome(Kind.HELD, Fault.OURS)
THEIRS = Outcome(Kind.REFUSED, Fault.THEIRS, counts_attempt=True)
DEFERRED = Outcome(Kind.DEFERRED, counts_attempt=True)
UNKNOWN = Outcome(Kind.UNKNOWN, counts_attempt=True)
AT_ONCE, DAILY = (Cadence.IMMEDIATE,), (Cadence.DAILY,)

Fate = Callable[[int], tuple[Outcome, str, str]]


def crowd(world: World, count: int = ALL, cadences: tuple[Cadence, ...] = AT_ONCE) -> None:
    """Set up a campaign with so many signers."""
    world.campaign()
    here = world.here
    world.write(
        add_crowd,
        "river",
        here.keys,
        here.settings,
        count=count,
        cadences=cadences,
        now=world.now,
    )


def send(world: World, fate: Fate) -> int:
    """Send all that is due, the n-th with its own outcome, reply and evidence; return how many."""
    worker, sent = world.write(deliver.enlist, now=world.now), 0
    while claims := world.claims(worker, limit=50):
        for claim in claims:
            if world.mark(worker, None, claim.mail_id):
                outcome, reply, evidence = fate(sent)
                done = deliver.Mark(claim.mail_id, outcome, reply, evidence=evidence)
                world.mark(worker, done, None)
                sent += 1
    return sent


def always(outcome: Outcome, reply: str = "", evidence: str = "") -> Fate:
    return lambda _: (outcome, reply, evidence)


def first(count: int, outcome: Outcome, reply: str = "", evidence: str = "") -> Fate:
    """Let the first go wrong and the others go well."""
    return lambda n: (outcome, reply, evidence) if n < count else (SENT, "", "")


def tick(world: World, **span: float) -> Books:
    """Let a second pass (or more) and tick; return the books."""
    world.pass_time(**(span or {"seconds": 1}))
    asyncio.run(world.tick())
    return world.books()


def set_share(world: World, percent: float) -> None:
    """Change the setting."""
    mail = world.here.settings.mail.model_copy(update={"canary_percent": percent})
    settings = world.here.settings.model_copy(update={"mail": mail})
    object.__setattr__(world.here, "settings", settings)


def order(world: World, name: str) -> None:
    world.write(getattr(steer, name), world.books().update, by="test", now=world.now)


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world where the share of a mailing is in the queue."""
    crowd(here_and_now)
    here_and_now.post()
    tick(here_and_now, minutes=11)
    return here_and_now


# The share


def test_a_share_goes_first(river: World) -> None:
    page = river.books()
    assert (page.in_hand["queued"], page.in_hand["waiting"]) == (SHARE, ALL - SHARE)
    assert page.state is MailingState.CANARY
    assert tick(river) == page


@pytest.mark.parametrize("outcome", [SENT, DEFERRED, THEIRS, UNKNOWN])
def test_the_rest_follows_by_itself_when_the_share_has_ended(
    river: World, outcome: Outcome
) -> None:
    assert send(river, always(outcome)) == SHARE
    page = tick(river)
    assert (page.in_hand["queued"], page.in_hand["waiting"]) == (ALL - SHARE, 0)
    assert page.balanced


def test_one_that_has_not_ended_holds_the_rest(river: World) -> None:
    worker = river.write(deliver.enlist, now=river.now)
    [claim] = river.claims(worker, limit=1)
    assert river.mark(worker, None, claim.mail_id)
    assert send(river, always(SENT)) == SHARE - 1
    assert tick(river).in_hand["waiting"] == ALL - SHARE
    river.mark(worker, deliver.Mark(claim.mail_id, SENT, ""), None)
    assert tick(river).in_hand["waiting"] == 0


@pytest.mark.parametrize(("count", "percent"), [(SHARE, 1), (ALL, 0)])
def test_a_short_list_or_no_share_at_all_goes_at_once(
    here_and_now: World, count: int, percent: float
) -> None:
    set_share(here_and_now, percent)
    crowd(here_and_now, count)
    here_and_now.post()
    assert tick(here_and_now, minutes=11).in_hand["queued"] == count


def test_everyone_is_mailed_once(river: World) -> None:
    written_to = []
    for _ in range(4):
        written_to += river.run(seconds=1)
    assert len(written_to) == len(set(written_to)) == ALL
    assert river.books().state is MailingState.DONE


def test_a_daily_digest_begins_with_a_share_too(here_and_now: World) -> None:
    crowd(here_and_now, cadences=DAILY)
    here_and_now.post()
    tick(here_and_now, days=1)
    assert send(here_and_now, always(SENT)) == SHARE
    assert tick(here_and_now).in_hand["queued"] == ALL - SHARE


def test_what_arrived_later_waits_behind_a_share(river: World) -> None:
    later = river.post(title="Later")
    tick(river, minutes=11)
    [page] = river.read(books, later.uid)
    assert page.in_hand["waiting"] == ALL
    send(river, always(SENT))
    tick(river)
    [page] = river.read(books, later.uid)
    assert page.in_hand["queued"] == SHARE


@pytest.mark.parametrize("name", ["pause", "cancel"])
def test_what_waits_behind_a_share_goes_when_that_mailing_is_stopped(
    river: World, name: str
) -> None:
    earlier = river.books().update
    later = river.post(title="Later")
    tick(river, minutes=11)
    river.write(getattr(steer, name), earlier, by="test", now=river.now)
    tick(river)
    [page] = river.read(books, later.uid)
    assert page.in_hand["queued"] == SHARE


def test_another_campaign_does_not_wait_for_a_share(river: World) -> None:
    river.campaign("forest")
    river.join("anna@example.org", "forest")
    update = river.post("forest")
    tick(river, minutes=11)
    [page] = river.read(books, update.uid)
    assert page.in_hand["queued"] == 1


def test_a_share_that_was_paused_begins_anew(river: World) -> None:
    order(river, "pause")
    assert tick(river).in_hand["waiting"] == ALL
    order(river, "resume")
    page = tick(river)
    assert (page.in_hand["queued"], page.in_hand["waiting"]) == (SHARE, ALL - SHARE)


def test_a_share_that_nobody_was_sent_proves_nothing(here_and_now: World) -> None:
    crowd(here_and_now)
    here_and_now.campaign("forest")
    everyone = here_and_now.here.database.read_now(
        lambda session: session.exec(select(Subscription)).all()
    )
    both = [
        Subscription.model_validate(one.model_dump(exclude={"id"}) | {"campaign_id": 2})
        for one in everyone
    ]
    here_and_now.write(lambda session: session.add_all(both))
    update = here_and_now.post()
    other = here_and_now.post("forest")
    tick(here_and_now, minutes=11)
    here_and_now.write(steer.pause, other.uid, by="test", now=here_and_now.now)
    tick(here_and_now)
    [page] = here_and_now.read(books, update.uid)
    assert sum(page.in_hand.values()) - page.in_hand["waiting"] <= SHARE
    tick(here_and_now)
    [page] = here_and_now.read(books, update.uid)
    assert (page.in_hand["queued"], page.state) == (SHARE, MailingState.CANARY)


# Halts


def test_the_same_words_after_the_body_halt_the_mailing(river: World) -> None:
    send(river, first(20, HELD, "dot: 554 5.7.1 Message 4711 looks like spam"))
    page = tick(river)
    assert page.state is MailingState.HALTED
    assert page.halted
    assert page.halted.startswith("20 of 100 mails were refused with the same words: '554 5.7.1")
    assert tick(river).in_hand["waiting"] == ALL - SHARE


def test_words_that_differ_only_in_a_number_are_the_same(river: World) -> None:
    send(river, lambda n: (HELD, f"dot: 554 5.7.1 Rejected as id{n:04}", ""))
    assert tick(river).state is MailingState.HALTED


@pytest.mark.parametrize(
    "fate",
    [
        first(19, HELD, "dot: 554 5.7.1 No"),
        first(99, THEIRS, "rcpt: 550 5.2.1 No"),
        lambda n: (HELD, "dot: 554 5.7.1 " + "no " * (n % 6), ""),
        first(99, DEFERRED, "dot: 451 4.7.1 Later"),
        first(19, THEIRS, "rcpt: 550 5.1.1 No such user", "address_dead"),
    ],
    ids=["too few", "before the body", "each in its own words", "deferred", "few dead"],
)
def test_nothing_else_halts_it(river: World, fate: Fate) -> None:
    send(river, fate)
    assert tick(river).state is not MailingState.HALTED


def test_many_dead_addresses_halt_it_and_it_says_how_to_go_on(river: World) -> None:
    send(river, first(20, THEIRS, "rcpt: 550 5.1.1 No such user", "address_dead"))
    page = tick(river)
    assert page.halted
    assert page.halted.startswith("20 of the first 100 addresses are dead (20%).")
    assert "Resume to go on without the dead, slowly" in page.halted


def test_a_bad_sign_halts_it_though_the_share_has_ended_long_ago(river: World) -> None:
    send(river, always(HELD, "dot: 554 5.7.1 Spam"))
    assert tick(river, hours=2).state is MailingState.HALTED


def test_a_mailing_that_had_proven_itself_is_halted_too(here_and_now: World) -> None:
    crowd(here_and_now, 300)
    here_and_now.post()
    tick(here_and_now, minutes=11)
    send(here_and_now, always(SENT))
    tick(here_and_now)
    send(here_and_now, first(20, HELD, "dot: 554 5.7.1 Spam"))
    assert tick(here_and_now).state is MailingState.HALTED


def test_a_halted_mailing_goes_on_with_shares_that_grow(
    here_and_now: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedsvc.domain.halts.AT_LEAST", 10)
    crowd(here_and_now, 100)
    here_and_now.post()
    tick(here_and_now, minutes=11)
    halt(here_and_now)
    tick(here_and_now)
    order(here_and_now, "resume")
    sizes = []
    for _ in range(4):
        tick(here_and_now)
        sizes.append(send(here_and_now, always(SENT)))
    assert sizes == [10, 40, 50, 0]


def halt(world: World) -> None:
    """Halt by hand of the sender what stands in the first digest."""
    [(_, mail), *_] = world.mails()
    world.write(steer.halt, mail.digest_id, "Nothing goes.", now=world.now)


def test_what_was_seen_before_a_resume_does_not_halt_again(river: World) -> None:
    send(river, first(50, THEIRS, "rcpt: 550 5.1.1 No such user", "address_dead"))
    tick(river)
    order(river, "resume")
    assert tick(river).state is MailingState.SENDING
    assert len(river.run(seconds=1)) == ALL - SHARE


def test_the_held_are_tried_again_a_share_at_a_time(river: World) -> None:
    send(river, always(HELD, "dot: 554 5.7.1 Spam"))
    assert tick(river).refused == {"ours": SHARE}
    order(river, "resume")
    page = tick(river)
    assert (page.in_hand["queued"], page.in_hand["waiting"]) == (SHARE, ALL - SHARE)
    send(river, always(HELD, "dot: 554 5.7.1 Spam"))
    assert tick(river).state is MailingState.HALTED


def test_of_many_held_only_a_share_is_tried_first(here_and_now: World) -> None:
    crowd(here_and_now, 300)
    here_and_now.post()
    tick(here_and_now, minutes=11)
    send(here_and_now, always(SENT))
    tick(here_and_now)
    assert send(here_and_now, always(HELD, "dot: 554 5.7.1 Spam")) == 200
    tick(here_and_now)
    order(here_and_now, "resume")
    queued = [tick(here_and_now).in_hand["queued"] for _ in range(2)]
    assert queued == [SHARE, SHARE]
    sizes = []
    for _ in range(3):
        sizes.append(send(here_and_now, always(SENT)))
        tick(here_and_now)
    assert sizes == [100, 100, 0]


def test_what_is_held_stays_so_when_the_rest_follows(here_and_now: World) -> None:
    crowd(here_and_now, 260, (Cadence.IMMEDIATE, Cadence.DAILY))
    here_and_now.post()
    tick(here_and_now, minutes=11)
    tick(here_and_now, days=1)
    send(here_and_now, first(5, HELD, "rcpt: 550 5.7.1 Blocked"))
    for _ in range(3):
        tick(here_and_now)
        send(here_and_now, always(SENT))
    page = here_and_now.books()
    assert (page.sent, page.refused) == (255, {"ours": 5})


def test_only_what_was_tried_since_the_resume_is_judged(
    here_and_now: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedsvc.domain.halts.SAME_TEXT", 0.1)
    set_share(here_and_now, 0)
    crowd(here_and_now, 200)
    here_and_now.post()
    tick(here_and_now, minutes=11)
    for _ in range(2):
        send(here_and_now, first(20, HELD, "dot: 554 5.7.1 Spam"))
        page = tick(here_and_now)
        order(here_and_now, "resume")
        tick(here_and_now)
    assert page.halted
    assert page.halted.startswith("20 of 20 mails")


def test_the_dead_do_not_halt_it_again(river: World) -> None:
    for _ in range(2):
        send(river, first(25, THEIRS, "rcpt: 550 5.1.1 Nobody", "address_dead"))
        tick(river)
        if river.books().halted:
            order(river, "resume")
            tick(river)
    assert river.books().state is MailingState.DONE


def test_the_sender_halts_all_that_stands_in_a_digest(river: World) -> None:
    halt(river)
    page = tick(river)
    assert (page.state, page.halted) == (MailingState.HALTED, "Nothing goes.")
    assert page.in_hand["waiting"] == ALL
    assert [one.state for _, one in river.mails()] == [MailState.CANCELLED] * SHARE


def test_a_halt_is_in_the_audit_once(river: World) -> None:
    for _ in range(2):
        halt(river)
    lines = [line for line in river.dump()["audit_line"] if "halt mailing" in line]
    assert len(lines) == 1
