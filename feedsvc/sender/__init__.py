"""The sender: a worker with several connections to the relay, from claim to durable mark."""

from feedsvc.sender.sender import Sender

__all__ = ["Sender"]
