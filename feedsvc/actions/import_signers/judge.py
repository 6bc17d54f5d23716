"""The rule of imports (DESIGN 4): what becomes of a person of a list, given what is known of them.

Pure: nothing is stored here. What is to be stored is gathered in `Changes`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from feedsvc.actions.import_signers.known import Known, Someone
from feedsvc.domain.importing.people import Person
from feedsvc.domain.importing.rows import Consent, Standing
from feedsvc.domain.tables.people import Reach

ERASED = "erased"


class Verdict(StrEnum):
    """What became of a row of the list."""

    ADDED = "added"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    ASKED = "asked to confirm"
    LEFT = "kept out: they have left"
    SUPPRESSED = "kept out: suppressed"
    ERASED = "kept out: erased"
    ELSEWHERE = "passed over: another campaign"
    REFUSED = "refused"


class Wish(NamedTuple):
    """A subscription to store. `at`: when they are asked; without a consent it waits for a yes."""

    person: Person
    signer_id: int
    at: datetime
    consent: Consent | None
    left_at: datetime | None = None


class Name(NamedTuple):
    """A signature to store; without a signer only the keyed hash of the person is kept."""

    person: Person
    signer_id: int | None
    at: datetime
    confirmed: bool


class New(NamedTuple):
    """A signer to store."""

    person: Person
    signer_id: int
    at: datetime
    confirmed: bool
    asked: bool


@dataclass
class Changes:
    """What is to be stored of a chunk. `turn` is when the next person is asked, `gap` how long after.

    `numbers` are ids for new signers. `strangers` are signers who are confirmed with all they bring:
    nothing is known of them.
    """

    now: datetime
    numbers: list[int]
    turn: datetime
    gap: timedelta
    strangers: list[tuple[int, Person]] = field(default_factory=list)
    signers: list[New] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    wishes_confirmed: list[tuple[int, Consent]] = field(default_factory=list)
    names_confirmed: list[int] = field(default_factory=list)
    names_filled: list[tuple[int, int, bytes]] = field(default_factory=list)
    people_confirmed: list[int] = field(default_factory=list)
    people_asked: list[tuple[int, datetime]] = field(default_factory=list)

    def next_turn(self) -> datetime:
        """Take the next turn to be asked."""
        turn, self.turn = self.turn, self.turn + self.gap
        return turn


def judge(person: Person, known: Known, changes: Changes) -> Verdict:
    """Say what becomes of a person, and gather what is to be stored for it."""
    standing = person.common.standing
    if person.consent and standing is Standing.LIVE and person.person_index not in known.indexes:
        changes.strangers.append((changes.numbers.pop(), person))
        return Verdict.ADDED  # as nearly all are: there is nothing to weigh
    consent = None if standing is Standing.PENDING else person.consent
    out = _kept_out(person, known, consent)
    if out is not None:
        return out
    if standing is Standing.LEFT:
        return _gone(person, known, changes)
    return _comes(person, known, changes, consent)


def _kept_out(person: Person, known: Known, consent: Consent | None) -> Verdict | None:
    """Say why somebody is kept out; None when they are not."""
    ban = known.bans.get(person.person_index)
    if ban and ban.reach is Reach.ALL:
        return Verdict.ERASED if ban.reason == ERASED else Verdict.SUPPRESSED
    if person.common.standing is Standing.BOUNCED or (ban and consent is None):
        return Verdict.SUPPRESSED  # an address that bounced is asked by nobody but its own person
    return Verdict.LEFT if _said_no(person, known, consent) else None


def _said_no(person: Person, known: Known, consent: Consent | None) -> bool:
    """Whether they left, and have not agreed since."""
    someone = known.signers.get(person.person_index)
    if someone is None:
        left_at = known.left_elsewhere.get(person.person_index)
    else:
        left_at = known.left.get(someone.id)
    if left_at is None or person.common.standing is Standing.SIGNED:
        return False
    if someone and known.confirmed(someone):
        return False  # they said yes since; one that waits for a yes anybody may have asked for
    return consent is None or consent.at <= left_at


def _gone(person: Person, known: Known, changes: Changes) -> Verdict:
    """Remember that somebody left elsewhere, when it is known when; who is here is left alone."""
    consent, someone = person.consent, known.signers.get(person.person_index)
    here = someone and (someone.id in known.open or someone.id in known.left)
    if here or person.left_at is None or consent is None:
        return Verdict.LEFT
    signer_id = someone.id if someone else _new(person, changes, changes.now, asked=False)
    changes.wishes.append(Wish(person, signer_id, changes.now, consent, person.left_at))
    _sign(person, known, changes, signer_id, consent, changes.now)
    return Verdict.LEFT


def _comes(person: Person, known: Known, changes: Changes, consent: Consent | None) -> Verdict:
    """Take a person in: confirmed by their consent, or to be asked."""
    someone = known.signers.get(person.person_index)
    wants = _wants(person, known, someone, consent)
    signs = _signs(person, known, consent)
    asked = consent is None and (wants or signs)
    at = _turn(changes, someone) if asked else changes.now
    signer_id = _signer(person, changes, someone, at, wants=wants, asked=asked)
    if wants and signer_id:
        _wish(known, changes, person, signer_id, consent, at)
    filled = len(changes.names_filled)
    _sign(person, known, changes, signer_id, consent, at)
    if asked:
        return Verdict.ASKED
    if not wants and not signs:
        return Verdict.MERGED if len(changes.names_filled) > filled else Verdict.UNCHANGED
    new = someone is None or someone.id not in known.open
    return Verdict.ADDED if new or not wants else Verdict.MERGED


def _wants(person: Person, known: Known, someone: Someone | None, consent: Consent | None) -> bool:
    """Whether there is a wish for updates to store, or to confirm."""
    if person.common.standing is Standing.SIGNED:
        return False
    confirmed = someone is not None and known.confirmed(someone)
    waits = someone is not None and someone.id in known.open and not confirmed
    return not confirmed and not (waits and consent is None)


def _signs(person: Person, known: Known, consent: Consent | None) -> bool:
    """Whether there is a signature to store, or to confirm."""
    signed = known.signed.get(person.person_index)
    if signed is None:
        return person.name is not None
    return not signed.confirmed and consent is not None


def _turn(changes: Changes, someone: Someone | None) -> datetime:
    """Return when somebody is asked; who waits to be asked already keeps their turn."""
    if someone and someone.ask_at:
        return someone.ask_at
    return changes.next_turn()


def _signer(
    person: Person,
    changes: Changes,
    someone: Someone | None,
    at: datetime,
    *,
    wants: bool,
    asked: bool,
) -> int | None:
    """Find or make the signer. Who only signed, and need not be asked, is kept under a hash alone."""
    if someone is None:
        return _new(person, changes, at, asked=asked) if wants or asked else None
    if asked:
        changes.people_asked.append((someone.id, at))
    elif wants and not someone.confirmed:
        changes.people_confirmed.append(someone.id)
    return someone.id


def _new(person: Person, changes: Changes, at: datetime, *, asked: bool) -> int:
    signer_id = changes.numbers.pop()
    changes.signers.append(New(person, signer_id, at, not asked, asked))
    return signer_id


def _wish(
    known: Known,
    changes: Changes,
    person: Person,
    signer_id: int,
    consent: Consent | None,
    at: datetime,
) -> None:
    waiting = known.open.get(signer_id)
    if waiting is None:
        changes.wishes.append(Wish(person, signer_id, at, consent))
    elif consent is not None:
        changes.wishes_confirmed.append((waiting[0], consent))


def _sign(
    person: Person,
    known: Known,
    changes: Changes,
    signer_id: int | None,
    consent: Consent | None,
    at: datetime,
) -> None:
    """Put the name under the campaign, or confirm it; a name fills an empty one."""
    signed = known.signed.get(person.person_index)
    if signed is None:
        if person.name is not None:
            changes.names.append(Name(person, signer_id, at, consent is not None))
        return
    if consent is not None and not signed.confirmed:
        changes.names_confirmed.append(signed.id)
    if signed.nameless and person.name is not None and signer_id is not None:
        changes.names_filled.append((signed.id, signer_id, person.name))
