"""Kill the sender in the middle of a mailing, again and again, and count what becomes of the mail."""

from feedsvc.commands.drill.command import drill

__all__ = ["drill"]
