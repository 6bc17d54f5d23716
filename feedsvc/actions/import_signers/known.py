"""What is known of the people in a chunk: a few queries, however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from sqlmodel import Session

from feedsvc.domain.importing.people import Person
from feedsvc.domain.sealing import SHORTEST
from feedsvc.domain.tables.people import Reach
from feedsvc.gateways.database import among, plain, read_instant

MINE = ("IN (%s)", "= ANY(:many)")
HERE = ("+campaign_id", "campaign_id")
"""SQLite would else look through the whole campaign, again for each chunk: it knows no numbers of it."""

_SIGNERS = plain(
    """
    SELECT address_index, id, confirmed_at, ask_at FROM signer
    WHERE address_index %(mine)s ORDER BY id %(held)s
    """,
    mine=MINE,
    held=("", "FOR NO KEY UPDATE"),
)
_BANS = plain(
    """
    SELECT address_index, reach, reason FROM suppression
    WHERE address_index %(mine)s AND lifted_at IS NULL ORDER BY reach DESC
    """,
    mine=MINE,
)  # "bulk" comes before "all", which counts
_SIGNED = plain(
    """
    SELECT person_index, id, confirmed_at IS NOT NULL, length(name_sealed) FROM signature
    WHERE person_index %(mine)s AND campaign_id = :campaign ORDER BY id %(held)s
    """,
    mine=MINE,
    held=("", "FOR NO KEY UPDATE"),
)
_OPEN = plain(
    """
    SELECT signer_id, id, confirmed_at IS NOT NULL FROM subscription
    WHERE signer_id %(mine)s AND %(here)s = :campaign AND ended_at IS NULL ORDER BY id %(held)s
    """,
    mine=MINE,
    here=HERE,
    held=("", "FOR NO KEY UPDATE"),
)
_LEFT = plain(
    """
    SELECT signer_id, max(ended_at) FROM subscription
    WHERE signer_id %(mine)s AND %(here)s = :campaign AND ending IN ('left', 'complained')
    GROUP BY signer_id
    """,
    mine=MINE,
    here=HERE,
)  # these said no: a list does not bring them back, unless they have said yes since

_LEFT_ELSEWHERE = plain(
    """
    SELECT former_index, max(ended_at) FROM address_change
    JOIN subscription ON subscription.signer_id = address_change.signer_id
    WHERE former_index %(mine)s AND %(here)s = :campaign AND ending IN ('left', 'complained')
    GROUP BY former_index
    """,
    mine=MINE,
    here=HERE,
)  # and so did these, at the address that they had moved to


class Ban(NamedTuple):
    """A suppression of an address."""

    reach: Reach
    reason: str


class Signed(NamedTuple):
    """A signature under the campaign."""

    id: int
    confirmed: bool
    nameless: bool


class Someone(NamedTuple):
    """A signer."""

    id: int
    confirmed: bool
    ask_at: datetime | None


@dataclass(frozen=True)
class Known:
    """People by the index of their address, wishes and leaves of the campaign by signer.

    `left_elsewhere`: leaves by the index of an address that somebody had before.
    """

    signers: dict[bytes, Someone]
    bans: dict[bytes, Ban]
    signed: dict[bytes, Signed]
    open: dict[int, tuple[int, bool]]
    left: dict[int, datetime | None]
    left_elsewhere: dict[bytes, datetime | None]

    @cached_property
    def indexes(self) -> set[bytes]:
        """All of whom anything is known."""
        return {*self.signers, *self.bans, *self.signed, *self.left_elsewhere}

    def confirmed(self, someone: Someone) -> bool:
        """Whether somebody hears of the campaign, and said so themselves."""
        _, confirmed = self.open.get(someone.id, (0, False))
        return confirmed


def known(session: Session, campaign_id: int, people: Sequence[Person]) -> Known:
    """Look up what is known; whoever is known already is held until the end of the transaction."""
    indexes, here = [person.person_index for person in people], {"campaign": campaign_id}
    signers = {
        bytes(index): Someone(number, confirmed_at is not None, read_instant(ask_at))
        for index, number, confirmed_at, ask_at in among(session, _SIGNERS, indexes)
    }
    bans = {
        bytes(index): Ban(Reach(reach), reason)
        for index, reach, reason in among(session, _BANS, indexes)
    }
    signed = {
        bytes(index): Signed(number, bool(confirmed), (length or 0) <= SHORTEST)
        for index, number, confirmed, length in among(session, _SIGNED, indexes, **here)
    }
    ids = [one.id for one in signers.values()]
    wishes = among(session, _OPEN, ids, **here) if ids else ()
    left = among(session, _LEFT, ids, **here) if ids else ()
    elsewhere = among(session, _LEFT_ELSEWHERE, indexes, **here)
    return Known(
        signers,
        bans,
        signed,
        {signer_id: (number, bool(confirmed)) for signer_id, number, confirmed in wishes},
        {signer_id: read_instant(ended_at) for signer_id, ended_at in left},
        {bytes(index): read_instant(ended_at) for index, ended_at in elsewhere},
    )
