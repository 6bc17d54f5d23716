"""What was judged is stored: new rows in bulk, known ones by their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam
from sqlmodel import Session, SQLModel

from feedsvc.actions.import_signers.judge import Changes, Name, New, Wish
from feedsvc.actions.import_signers.strangers import CADENCES, Here, Written, strangers
from feedsvc.config import DigestSettings
from feedsvc.domain.tables.people import Ending, Signature, Signer, Subscription
from feedsvc.gateways import database

SOURCE = "import"
"""Where the wish of somebody comes from who is asked to confirm it."""

_COUNT = database.plain(
    "UPDATE campaign SET signatures = signatures + :counted WHERE id = :campaign"
)

SIGNER = (
    "id",
    "address_index",
    "address_sealed",
    "language_sealed",
    "zone_sealed",
    "language_tag",
    "zone_tag",
    "domain_tag",
    "discreet",
    "daily_hour",
    "weekly_day",
    "created_at",
    "signed_up_at",
    "confirmed_at",
    "ask_at",
    "asks",
)
SUBSCRIPTION = (
    "signer_id",
    "campaign_id",
    "cadence",
    "created_at",
    "confirmed_at",
    "after_arrival",
    "ended_at",
    "ended_arrival",
    "ending",
    "consent_source",
    "consent_text",
    "consented_at",
)
SIGNATURE = (
    "campaign_id",
    "signer_id",
    "person_index",
    "letter_version",
    "name_sealed",
    "signed_at",
    "pending_since",
    "confirmed_at",
)


def store(
    session: Session, campaign_id: int, arrival: int, changes: Changes, digest: DigestSettings
) -> None:
    """Store what was judged; the campaign is held, and `arrival` its last one."""
    at = database.instants(session)
    here = Here(campaign_id, arrival, at(changes.now))
    hours = (digest.daily_hour, digest.weekly_day)
    new = strangers(changes.strangers, hours, here, at)
    signers = [_signer(new, hours, here, at) for new in changes.signers]
    wishes = [_subscription(wish, here, at) for wish in changes.wishes]
    names = [_signature(name, here, at) for name in changes.names]
    database.store(session, _table(Signer), SIGNER, [*new.signers, *signers])
    database.store(session, _table(Subscription), SUBSCRIPTION, [*new.wishes, *wishes])
    database.store(session, _table(Signature), SIGNATURE, [*new.names, *names])
    _confirm(session, arrival, changes)
    _fill(session, changes)
    _ask(session, changes)
    counted = sum(name.confirmed for name in changes.names) + len(changes.names_confirmed)
    counted += len(new.names)
    database.execute(session, _COUNT, counted=counted, campaign=campaign_id)


def _signer(new: New, hours: tuple[int, int], here: Here, at: Written) -> tuple[Any, ...]:
    person, now = new.person, here.now
    return (
        new.signer_id,
        person.person_index,
        person.address,
        person.language.sealed,
        person.zone.sealed,
        person.language.tag,
        person.zone.tag,
        person.domain_tag,
        False,
        *hours,
        now,
        at(new.at),
        now if new.confirmed else None,
        at(new.at) if new.asked else None,
        0,
    )


def _subscription(wish: Wish, here: Here, at: Written) -> tuple[Any, ...]:
    consent, left = wish.consent, wish.left_at is not None
    return (
        wish.signer_id,
        here.campaign_id,
        CADENCES[wish.person.common.cadence],
        at(wish.at),
        here.now if consent else None,
        here.arrival if consent else None,
        at(wish.left_at) if left else None,
        here.arrival if left else None,
        Ending.LEFT.value if left else None,
        consent.source if consent else SOURCE,
        consent.text if consent else "",
        at(consent.at) if consent else here.now,
    )


def _signature(name: Name, here: Here, at: Written) -> tuple[Any, ...]:
    person = name.person
    return (
        here.campaign_id,
        name.signer_id,
        person.person_index,
        person.common.letter_version,
        person.name if name.signer_id else None,
        at(person.signed_at) if person.signed_at else here.now,
        at(name.at),
        here.now if name.confirmed else None,
    )


def _confirm(session: Session, arrival: int, changes: Changes) -> None:
    """Confirm what waited for a yes, as of now."""
    now = changes.now
    proofs = [
        {
            "row": number,
            "confirmed_at": now,
            "after_arrival": arrival,
            "consent_source": consent.source,
            "consent_text": consent.text,
            "consented_at": consent.at,
        }
        for number, consent in changes.wishes_confirmed
    ]
    _change(session, Subscription, proofs)
    signed = [{"row": number, "confirmed_at": now} for number in changes.names_confirmed]
    _change(session, Signature, signed)
    people = [{"row": number, "confirmed_at": now} for number in changes.people_confirmed]
    _change(session, Signer, people)


def _fill(session: Session, changes: Changes) -> None:
    """Write names where there was none."""
    named = [
        {"row": number, "signer_id": signer_id, "name_sealed": name}
        for number, signer_id, name in changes.names_filled
    ]
    _change(session, Signature, named)


def _ask(session: Session, changes: Changes) -> None:
    """Let people who are known be asked; the week in which they may answer begins then."""
    asked = [
        {"row": number, "ask_at": at, "signed_up_at": at, "asks": 0}
        for number, at in changes.people_asked
    ]
    _change(session, Signer, asked)


def _change(
    session: Session, model: type[SQLModel], values: Sequence[Mapping[str, object]]
) -> None:
    """Give rows new values; `row` is the number of each."""
    if values:
        table = _table(model)
        columns: dict[str, Any] = {name: bindparam(name) for name in values[0] if name != "row"}
        change = table.update().where(table.c.id == bindparam("row")).values(columns)
        session.connection().execute(change, list(values))


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel hides the table
    return table
