"""Leave: subscriptions end, what waits is withheld, and nobody is asked about them any more."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from feedsvc.actions.leave import held
from feedsvc.domain.tables.ledger import ASKING, Mail, Withheld
from feedsvc.domain.tables.people import Ending, Signer
from feedsvc.records import due, pending, welcomes


def leave(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    link: bytes | None = None,
    now: datetime,
) -> None:
    """Stop the mail, of some campaigns or (None) of all. Leaving twice changes nothing.

    `link` marks the link in a mail that it is done with: by that one it can be taken back. Who leaves
    everything is not asked to confirm any more either; what they signed waits unasked.
    """
    ending = held.still_open(session, signer_id, campaigns)
    for subscription in ending:
        arrival = held.last_arrival(session, subscription.campaign_id)
        subscription.end(Ending.LEFT, arrival, now)
        subscription.left_by = link
    session.flush()
    due.withhold(session, held.ids(ending), Withheld.LEFT)
    welcomes.take_back(session, signer_id)
    if campaigns is None or not pending.campaigns(session, signer_id, now):
        _ask_no_more(session, signer_id)
    held.note(session, signer_id, "left", ending, now)


def _ask_no_more(session: Session, signer_id: int) -> None:
    """Take back the mail that asks for a yes, and its reminder; who is being asked right now is waited for."""
    asking = col(Signer.id) == signer_id, col(Signer.ask_at).is_not(None)
    session.execute(update(Signer).where(*asking).values(ask_at=None))
    due.cancel(session, (col(Mail.signer_id) == signer_id) & col(Mail.kind).in_(ASKING))
