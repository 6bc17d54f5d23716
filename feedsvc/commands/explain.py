"""Explain where a person stands and why. Every look is noted in the audit, the address nowhere."""

import sys
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import orjson
import typer

from feedsvc import app
from feedsvc.commands.keys import BY
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.domain import signup
from feedsvc.domain.reasons import moment, weekday
from feedsvc.errors import NotFound
from feedsvc.gateways.installation import Installation
from feedsvc.records import audit
from feedsvc.records.deliveries import Carried, Stand
from feedsvc.records.in_hand import sign_ups_waiting
from feedsvc.records.standing import (
    Ban,
    Person,
    Signed,
    Standing,
    Wish,
    standing,
)

NEWEST = 20
WIDTH = 79


def explain(
    address: Annotated[
        str,
        typer.Argument(help="Whom it is about; - reads it from standard input, out of sight."),
    ],
    update: Annotated[
        str | None, typer.Argument(help="The id of one update; without it, the newest.")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help=f"All deliveries, not only the newest {NEWEST}.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines, and for the person.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Show where a person stands and why: subscriptions, deliveries, mails, suppressions.

    Noted in the audit, without the address. Exits with 1 when nothing is on record.
    """
    written = signup.address(sys.stdin.readline() if address == "-" else address)
    with installation(config_file) as here:
        found = _look(here, written, update, None if everything or update else NEWEST)
        waiting = here.database.read_now(sign_ups_waiting)
    if not found.known:
        raise _unknown(waiting)
    if json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        typer.echo("\n".join(in_words(found)))


def _look(here: Installation, address: str, update: str | None, limit: int | None) -> Standing:
    """Look, and say so in the audit before anything is shown."""
    now = app.utc_now()
    settle = timedelta(seconds=here.settings.digest.settle_seconds)
    found = here.database.read_now(
        standing, here.keys, address, update, settle=settle, limit=limit, now=now
    )
    about = f"signer {found.person.id}" if found.person else "nobody on record"
    here.database.write_now(audit.note, BY, "explain", about, now, detail=update or "")
    return found


def _unknown(waiting: int) -> NotFound:
    remedy = "Look at how it is written; who was erased is not known either."
    if waiting:
        remedy += f" {waiting} sign-ups wait to be worked off: look again in a moment."
    return NotFound("Nothing is on record for this address.", remedy=remedy)


def in_words(found: Standing) -> Iterator[str]:
    """Write it for a terminal of 80 columns."""
    yield from _person(found.person)
    yield from _part("Signatures", [_signed(one) for one in found.signatures])
    yield from _part("Subscriptions", [_wish(one) for one in found.subscriptions])
    yield from _part("Suppressions", [_ban(one) for one in found.suppressions])
    yield from _part("Service mails", [_service(one) for one in found.service_mails])
    yield from _part(_heading(found), [list(_stand(one)) for one in found.deliveries])
    if found.trouble:
        yield ""
        yield from _wrapped(f"Mail waits: {found.trouble}.", "")
    if found.absent:
        yield from _wrapped(f"No delivery of this update: {found.absent}.", "  ")


def _heading(found: Standing) -> str:
    number, shown = found.of_deliveries, len(found.deliveries)
    more = f" ({shown} of {number}; --all or an update shows others)" if shown < number else ""
    return f"Deliveries, the newest first{more}"


def _part(heading: str, entries: list[list[str]]) -> Iterator[str]:
    yield ""
    yield heading if entries else f"{heading}: none"
    for first, *others in entries:
        yield from _wrapped(first, "  ")
        for line in others:
            yield from _wrapped(line, "    ")


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _person(person: Person | None) -> Iterator[str]:
    if person is None:
        yield "No signer has this address; no mail goes to it."
        return
    yield f"Signer {person.id}, known since {moment(person.known_since)}"
    if person.confirmed_at:
        yield f"  confirmed {moment(person.confirmed_at)}"
    else:
        yield "  not confirmed: no news is mailed before they are"
    yield from (f"  {line}" for line in _asking(person))
    hour, day = f"{person.daily_hour:02}:00", weekday(person.weekly_day)
    yield f"  daily digests come at {hour}, weekly ones on {day}, in {person.zone}"


def _asking(person: Person) -> Iterator[str]:
    """Say whether they were asked for a yes, and what comes next."""
    if person.asked_at and person.asked:
        yield f"asked to confirm at {moment(person.asked_at)}, and has not answered"
    if person.link_until and person.asked:
        yield f"can say yes until {moment(person.link_until)}, by the link in that mail"
    if person.to_be_asked_at:
        what = "reminded once" if person.asked else "asked to confirm"
        yield f"will be {what} at {moment(person.to_be_asked_at)} at the earliest"
    elif person.asked:
        yield "is not asked again: they have been reminded, or it is enough for now"


def _signed(one: Signed) -> list[str]:
    confirmed = f"confirmed {moment(one.confirmed_at)}" if one.confirmed_at else "not confirmed"
    return [f"{one.campaign}: signed {moment(one.signed_at)}, {confirmed}"]


def _wish(one: Wish) -> list[str]:
    return [f"{one.campaign}: {one.cadence}, {_life(one)}", f"asked for by {one.consent_source}"]


def _life(one: Wish) -> str:
    since = f"since {moment(one.confirmed_at)}" if one.confirmed_at else "not confirmed"
    if one.ended_at:
        because = f" ({one.left_because})" if one.left_because else ""
        return f"{since}, ended {moment(one.ended_at)}: {one.ending}{because}"
    if one.paused_until:
        return f"{since}, paused until {moment(one.paused_until)}"
    return since if one.confirmed_at else f"{since}, asked for {moment(one.asked_at)}"


def _ban(one: Ban) -> list[str]:
    reach = "all mail" if one.reach == "all" else "all but service mails"
    lifted = f", lifted {moment(one.lifted_at)}" if one.lifted_at else ""
    return [f"{reach} since {moment(one.since)}{lifted}", f"evidence: {one.reason}"]


def _stand(one: Stand) -> Iterator[str]:
    yield f"{one.campaign}/{one.key}, {one.notice} (update {one.update})"
    yield f"{one.state}: {one.why}"
    yield f"arrived {moment(one.arrived_at)}"
    if one.mail:
        yield f"mail {one.mail.id} ({one.mail.kind}) {one.mail.state}"
        yield from _story(one.mail)


def _service(one: Carried) -> list[str]:
    return [f"mail {one.id} ({one.kind}) {one.state}: {one.why}", *_story(one)]


def _story(one: Carried) -> Iterator[str]:
    yield f"planned {moment(one.planned_at)}, {_attempts(one)}"
    yield f"last change {moment(one.changed_at)}"
    if one.due_at:
        yield f"due {moment(one.due_at)}"
    if one.connection is not None:
        worker = f"worker {one.worker}, " if one.worker is not None else ""
        yield f"last on {worker}connection {one.connection}, position {one.position}"
    if one.alone:
        yield f"in doubt after a crash: goes alone; {one.crashes} crashes while alone"
    if one.reply:
        yield f"the relay said: {one.reply}"
    if one.evidence:
        yield f"which says of the address: {one.evidence}"


def _attempts(one: Carried) -> str:
    counted = f"{one.attempts} attempt" + ("" if one.attempts == 1 else "s")
    retried = ", tried again after no answer" if one.retried and one.due_at is None else ""
    rebuffs = f", refused {one.rebuffs} times before its recipient" if one.rebuffs else ""
    return f"{counted}{retried}{rebuffs}"
