"""Why a mail has not arrived, in words: for whoever is up at night, and for the person it is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from feedsvc.domain import cadence as calendar
from feedsvc.domain.cadence import Period
from feedsvc.domain.tables.content import Notify, Update, UpdateStatus
from feedsvc.domain.tables.ledger import Mail, MailState, Notice, Withheld
from feedsvc.domain.tables.people import Cadence, Served, Signer, Subscription

QUARANTINED = "quarantined"
WITHHELD = {
    Withheld.LEFT: "they left before it was sent",
    Withheld.ERASED: "they were erased before it was sent",
    Withheld.BOUNCED: "the address was found dead before it was sent",
    Withheld.COMPLAINED: "they complained about our mail before it was sent",
    Withheld.REPLACED: "a newer subscription or notice took its place",
    Withheld.EXPIRED: "the subscription was not confirmed in time",
    Withheld.SUPPRESSED: "the address is suppressed",
    Withheld.CANCELLED: "the mailing was cancelled",
    Withheld.WITHDRAWN: "the update was withdrawn before it was sent",
    Withheld.DAMAGED: "what is stored of this person does not open, so no mail can be addressed",
}
REFUSED = {
    "theirs": "the receiving side refused it",
    "ours": "it was refused for a fault of ours, and is held until its mailing is resumed",
    "expired": "it was tried until its time was over",
    "needs SMTPUTF8": "the relay cannot take addresses that are not ASCII",
    QUARANTINED: "it was put aside: it was the only mail under way at each crash",
}


def moment(at: datetime) -> str:
    """Write an instant with its zone."""
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"


def named(notice: Notice) -> str:
    """Name a notice as staff know it: `news`, `correction 2`."""
    return notice.kind.value if notice.number == 0 else f"{notice.kind.value} {notice.number}"


@dataclass(frozen=True, slots=True)
class Case:
    """What a waiting delivery's reason depends on.

    `arrivals` are those of its campaign's notices that no run has taken, `fanning_out` says whether
    any notice holds up the next run, `passed` is the local date of the last run for this person's
    zone and hour, `trial` the notice whose first share the campaign's others wait for.
    """

    notice: Notice
    subscription: Subscription
    signer: Signer
    served: Served
    zone: str
    settle: timedelta
    now: datetime
    arrivals: Sequence[datetime] = ()
    fanning_out: bool = False
    suppressed: bool = False
    due_now: bool = False
    passed: date | None = None
    trial: Notice | None = None


def waiting(case: Case) -> str:
    """Say what a delivery waits for."""
    return stopped(case.notice) or _unwanted(case) or _on_trial(case) or _run(case)


def stopped(notice: Notice) -> str:
    """Say that the mailing itself is stopped, or nothing."""
    if notice.cancelled is not None:
        return f"the mailing was cancelled ({notice.cancelled})"
    if notice.paused_at is None:
        return ""
    if notice.halted:
        return f"the mailing was halted at {moment(notice.paused_at)}: {notice.halted}"
    return f"the mailing was paused by hand at {moment(notice.paused_at)}"


def _unwanted(case: Case) -> str:
    """Say what on this person's side keeps it, or nothing."""
    until = case.subscription.paused_until
    if case.subscription.ending is not None:
        return f"the subscription has ended ({case.subscription.ending}); it will be withheld"
    if case.suppressed:
        return "the address is suppressed; it will be withheld when it is planned"
    if until is not None and until > case.now:
        return f"they paused their mail until {moment(until)}"
    return ""


def _on_trial(case: Case) -> str:
    """Say that a first share has to go well, of this mailing or of one before it, or nothing."""
    if case.trial is None:
        return ""
    whose = "of its mailing" if case.trial is case.notice else "of an earlier mailing"
    since = f" since {moment(case.trial.share_at)}" if case.trial.share_at else ""
    first = f"the first {case.trial.share} mails {whose} are on trial{since}"
    return f"{first}; the rest follows by itself when they went well"


def _run(case: Case) -> str:
    """Say which run takes it."""
    if case.due_now:
        return _due("it is due", case)
    if case.subscription.cadence is Cadence.IMMEDIATE:
        return _settling(case)
    return _period(case)


def _settling(case: Case) -> str:
    if case.notice.slot_id is not None:
        return _due("its run has begun", case)
    times = sorted(case.arrivals) or [case.notice.arrived_at]
    ready = min(times[-1] + case.settle, times[0] + calendar.LATEST * case.settle)
    if ready <= case.now:
        return _due("it has settled", case)
    return f"it settles until {moment(ready)}, so that a mistake can be taken back"


def _period(case: Case) -> str:
    signer, cadence = case.signer, case.subscription.cadence
    at = next_digest(case)
    if at <= case.now:
        return _due(f"its {cadence} digest is due", case)
    day = f" on {weekday(signer.weekly_day)}" if cadence is Cadence.WEEKLY else ""
    hour = f"{signer.daily_hour:02}:00{day} in {case.zone}"
    return f"it waits for the {cadence} digest ({hour}), planned at {moment(at)}"


def _due(what: str, case: Case) -> str:
    if case.fanning_out:
        return f"{what}; the next run begins when all fan-outs have ended"
    return f"{what} and goes into a mail with the next run"


def weekday(number: int) -> str:
    """Name a day of the week."""
    names = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
    return names.split()[number]


def next_digest(case: Case) -> datetime:
    """Return when the daily or weekly digest that takes this delivery is planned."""
    signer, cadence = case.signer, case.subscription.cadence
    hour, settle = signer.daily_hour, case.settle
    period = calendar.latest(cadence, case.zone, hour, signer.weekly_day, settle, case.now)
    while _too_early(case, period):
        step = timedelta(days=1 if cadence is Cadence.DAILY else 7)
        day = period.local_date + step
        period = Period(cadence, day, calendar.instant(case.zone, day, hour))
    return period.at + settle


def _too_early(case: Case, period: Period) -> bool:
    if case.notice.arrived_at >= period.at:
        return True
    if case.passed is not None and period.local_date <= case.passed:
        return True
    daily = period.cadence is Cadence.DAILY
    last_on = case.served.daily_on if daily else case.served.weekly_on
    then = max(case.now, period.at + case.settle)
    return calendar.served(period, last_on, case.served.daily_at, then)


def mail(sent: Mail, now: datetime) -> str:
    """Say what became of a mail, or what it waits for."""
    match sent.state:
        case MailState.SENT:
            return f"the relay took it at {moment(sent.changed_at)}"
        case MailState.SENDING:
            return f"it is being handed to the relay since {moment(sent.changed_at)}"
        case MailState.REFUSED:
            return _refused(sent)
        case MailState.UNKNOWN:
            return _unknown(sent)
        case MailState.CANCELLED:
            return "it was cancelled before it started"
        case _:
            return _in_line(sent, now)


def _refused(sent: Mail) -> str:
    reason = QUARANTINED if sent.reply == QUARANTINED else sent.reason or ""
    return REFUSED.get(reason, f"it was refused: {reason}")


def _unknown(sent: Mail) -> str:
    if sent.due_at is None:
        return "the relay may have taken it and never said so; it is not tried again"
    again = moment(sent.due_at)
    return f"the relay may have taken it and never said so; it is tried once more at {again}"


def _in_line(sent: Mail, now: datetime) -> str:
    deferred = sent.state is MailState.DEFERRED
    if sent.alone:
        return "it was under way in a crash, and is tried again next, alone on its connection"
    if sent.due_at is not None and sent.due_at > now:
        why = "the relay put it off" if deferred else "the relay was in trouble"
        return f"{why}; it is tried again at {moment(sent.due_at)}"
    if sent.worker_id is not None:
        return "it is next in the queue, as soon as the relay takes it"
    return "it is in the queue and goes as fast as the relay takes mail"


@dataclass(frozen=True, slots=True)
class Absence:
    """What decides why an update has no delivery for somebody; `wishes` are theirs to its campaign."""

    update: Update
    notice: Notice | None
    wishes: Sequence[Subscription]


def absent(case: Absence) -> str:
    """Say why somebody has no delivery of an update."""
    return _not_released(case.update) or _no_mailing(case) or _not_eligible(case)


def _not_released(update: Update) -> str:
    if update.status is UpdateStatus.DRAFT:
        return "the update is a draft: nobody is mailed"
    if update.status is UpdateStatus.SCHEDULED:
        until = f" until {moment(update.publish_at)}" if update.publish_at else ""
        return f"the update is held back{until}"
    return ""


def _no_mailing(case: Absence) -> str:
    if case.update.notify is Notify.NONE:
        return "the update was published without mail"
    if case.notice is None:
        return "the update has no mailing"
    if case.notice.eligible is None:
        return "the update is still being fanned out; look again in a moment"
    return ""


def _not_eligible(case: Absence) -> str:
    arrival = case.notice.arrival if case.notice else 0
    if not case.wishes:
        return "they never asked for updates of this campaign"
    newest = max(case.wishes, key=lambda wish: wish.id or 0)
    if newest.confirmed_at is None:
        return "they asked for updates of this campaign and have not confirmed"
    if newest.ended_at is not None and (newest.ended_arrival or 0) < arrival:
        return f"they had stopped ({newest.ending}, {moment(newest.ended_at)}) before it arrived"
    confirmed = moment(newest.confirmed_at)
    return f"they confirmed at {confirmed}, after it had arrived; earlier news is not mailed"
