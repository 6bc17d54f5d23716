"""Open the planning runs that are due: the present moment for `immediate`, local hours for the rest."""

from feedsvc.actions.slots.run import open_slots

__all__ = ["open_slots"]
