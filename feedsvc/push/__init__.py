"""Pushing news out: hubs and caches are told, callbacks are asked, subscribers of our hub are sent it.

Each is a job of its own that asks the database what is due. What the network does to one of them
holds up neither the others nor the tick.
"""

from feedsvc.push.push import Push

__all__ = ["Push"]
