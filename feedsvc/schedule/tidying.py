"""What is done every ten minutes: forgetting what need not be kept."""

from datetime import datetime

from feedsvc.actions import forget, hub, link, move, tidy
from feedsvc.gateways.installation import Installation


async def tidy_up(here: Installation, now: datetime) -> None:
    """Forget what need not be kept, a chunk at a time: others wait for the writer too."""
    while await here.database.write(forget.forget_unconfirmed, now=now):
        pass
    await here.database.write(hub.forget, now=now)
    await here.database.write(link.forget_links, now=now)
    await here.database.write(move.forget_changes, now=now)
    while await here.database.write(tidy.tidy, now=now):
        pass
    await here.database.trim_journal(now)
