"""Why a mail has not arrived, in words, from values alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from feedsvc.domain import reasons
from feedsvc.domain.reasons import Absence, Case
from feedsvc.domain.tables.content import Notify, Update, UpdateStatus
from feedsvc.domain.tables.ledger import (
    Lane,
    Mail,
    MailKind,
    MailState,
    Notice,
    NoticeKind,
    Withheld,
)
from feedsvc.domain.tables.people import Cadence, Ending, Served, Signer, Subscription

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
SETTLE = timedelta(minutes=10)
LATER = NOW + timedelta(hours=2)


def notice(**fields: Any) -> Notice:
    values: dict[str, Any] = {
        "kind": NoticeKind.NEWS,
        "arrival": 2,
        "arrived_at": NOW,
        "eligible": 1,
    } | fields
    return Notice(update_id=1, campaign_id=1, **values)


def wish(**fields: Any) -> Subscription:
    values: dict[str, Any] = {"confirmed_at": NOW, "after_arrival": 0, "created_at": NOW} | fields
    consent: dict[str, Any] = {"consent_source": "form", "consent_text": "yes", "consented_at": NOW}
    return Subscription(signer_id=1, campaign_id=1, **values, **consent)


def signer(**fields: Any) -> Signer:
    values: dict[str, Any] = {
        "daily_hour": 8,
        "weekly_day": 3,
        "created_at": NOW,
        "signed_up_at": NOW,
    } | fields
    return Signer(zone_tag=b"", domain_tag=b"", **values)


def case(**fields: Any) -> Case:
    rows: dict[str, Any] = {"notice": notice(), "subscription": wish(), "signer": signer()}
    rows["served"] = Served(signer_id=1)
    return Case(**(rows | {"zone": "Pacific/Chatham", "settle": SETTLE, "now": NOW} | fields))


def daily(**fields: Any) -> Case:
    return case(subscription=wish(cadence=Cadence.DAILY), **fields)


def mail(**fields: Any) -> Mail:
    values: dict[str, Any] = {"state": MailState.QUEUED, "due_at": NOW} | fields
    return Mail(
        kind=MailKind.DIGEST,
        digest_id=1,
        signer_id=1,
        lane=Lane.BULK,
        domain_tag=b"",
        planned_at=NOW,
        changed_at=NOW,
        **values,
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (case(), "settles until 2026-03-02 09:10:00 UTC"),
        (case(arrivals=[NOW, NOW + SETTLE]), "settles until 2026-03-02 09:20:00 UTC"),
        (case(arrivals=[NOW, NOW + 9 * SETTLE]), "settles until 2026-03-02 09:30:00 UTC"),
        (case(now=LATER), "has settled and goes into a mail with the next run"),
        (case(now=LATER, fanning_out=True), "when all fan-outs have ended"),
        (case(notice=notice(slot_id=3)), "its run has begun"),
        (case(due_now=True), "it is due"),
        (case(notice=notice(paused_at=NOW)), "paused by hand at 2026-03-02 09:00:00 UTC"),
        (
            case(notice=notice(paused_at=NOW, halted="5 % of the addresses are dead")),
            "halted at 2026-03-02 09:00:00 UTC: 5 % of the addresses are dead",
        ),
        (case(notice=notice(cancelled=Withheld.CANCELLED)), "the mailing was cancelled"),
        (case(subscription=wish(paused_until=LATER)), "paused their mail until 2026-03-02 11:00"),
        (case(subscription=wish(ending=Ending.LEFT)), "the subscription has ended (left)"),
        (case(suppressed=True), "the address is suppressed"),
        (
            case(trial=notice(share=100, share_at=NOW)),
            "the first 100 mails of an earlier mailing are on trial since 2026-03-02 09:00:00 UTC",
        ),
        (
            daily(),
            "daily digest (08:00 in Pacific/Chatham), planned at 2026-03-02 18:25:00 UTC",
        ),
        (
            case(subscription=wish(cadence=Cadence.WEEKLY)),
            "weekly digest (08:00 on Thursday in Pacific/Chatham), planned at 2026-03-04 18:25",
        ),
        (daily(now=NOW + timedelta(days=2)), "its daily digest is due"),
    ],
)
def test_what_is_waiting_says_what_for(one: Case, words: str) -> None:
    assert words in reasons.waiting(one)


def test_a_digest_that_was_served_or_whose_run_went_by_is_waited_for_until_the_next_day() -> None:
    first = reasons.next_digest(daily())
    day = date(2026, 3, 3)
    assert reasons.next_digest(daily(passed=day)) == first + timedelta(days=1)
    served = Served(signer_id=1, daily_on=day, daily_at=NOW)
    assert reasons.next_digest(daily(served=served)) == first + timedelta(days=1)


def test_news_of_the_minute_of_the_hour_is_for_the_next_day() -> None:
    first = reasons.next_digest(daily())
    late = replace(daily(), notice=notice(arrived_at=first - SETTLE))
    assert reasons.next_digest(late) == first + timedelta(days=1)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (mail(), "in the queue"),
        (mail(worker_id=4), "it is next in the queue"),
        (mail(due_at=LATER), "tried again at 2026-03-02 11:00:00 UTC"),
        (mail(state=MailState.DEFERRED, due_at=LATER), "the relay put it off"),
        (mail(alone=True), "alone on its connection"),
        (mail(state=MailState.SENDING), "being handed to the relay"),
        (mail(state=MailState.SENT, due_at=None), "the relay took it at 2026-03-02 09:00:00 UTC"),
        (mail(state=MailState.REFUSED, reason="theirs"), "the receiving side refused it"),
        (mail(state=MailState.REFUSED, reason="ours"), "a fault of ours"),
        (mail(state=MailState.REFUSED, reason="ours", reply="quarantined"), "put aside"),
        (mail(state=MailState.REFUSED, reason="something new"), "refused: something new"),
        (mail(state=MailState.UNKNOWN, due_at=LATER), "once more at 2026-03-02 11:00:00 UTC"),
        (mail(state=MailState.UNKNOWN, due_at=None), "not tried again"),
        (mail(state=MailState.CANCELLED, due_at=None), "cancelled"),
    ],
)
def test_a_mail_says_what_became_of_it(one: Mail, words: str) -> None:
    assert words in reasons.mail(one, NOW)


def update(**fields: Any) -> Update:
    values: dict[str, Any] = {
        "status": UpdateStatus.PUBLISHED,
        "notify": Notify.SUBSCRIBERS,
    } | fields
    return Update(uid="u", campaign_id=1, key="k", created_at=NOW, **values)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Absence(update(status=UpdateStatus.DRAFT), None, []), "a draft"),
        (
            Absence(update(status=UpdateStatus.SCHEDULED, publish_at=LATER), None, []),
            "held back until 2026-03-02 11:00:00 UTC",
        ),
        (Absence(update(notify=Notify.NONE), None, []), "without mail"),
        (Absence(update(), None, []), "no mailing"),
        (Absence(update(), notice(eligible=None), []), "still being fanned out"),
        (Absence(update(), notice(), []), "never asked"),
        (Absence(update(), notice(), [wish(confirmed_at=None)]), "have not confirmed"),
        (
            Absence(update(), notice(), [wish(ended_at=NOW, ended_arrival=1, ending=Ending.LEFT)]),
            "had stopped (left, 2026-03-02 09:00:00 UTC)",
        ),
        (Absence(update(), notice(), [wish(after_arrival=2)]), "after it had arrived"),
    ],
)
def test_an_absence_has_its_reason(one: Absence, words: str) -> None:
    assert words in reasons.absent(one)


def test_every_reason_to_withhold_has_words() -> None:
    assert reasons.WITHHELD.keys() == set(Withheld)
