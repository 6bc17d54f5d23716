"""Hold the mail back for a while: it waits, and is not lost."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from feedsvc.actions.leave import held
from feedsvc.records import due, welcomes


def pause(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    until: datetime,
    only_longer: bool = False,
) -> None:
    """Hold the mail back until `until`; what is in the queue and has not started waits again.

    `only_longer`: a pause that lasts longer stays as it is.
    """
    pausing = held.still_open(session, signer_id, campaigns)
    for subscription in pausing:
        longer = subscription.paused_until if only_longer else None
        subscription.paused_until = max(until, longer or until)
    session.flush()
    due.put_back(session, held.ids(pausing))
    welcomes.take_back(session, signer_id)
