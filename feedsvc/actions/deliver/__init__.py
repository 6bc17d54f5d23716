"""Deliver mails: claim a few, mark each as sending before it starts, and mark what became of it.

A claim carries the worker's id, which is its epoch. Marks change a row only while the claim stands,
so a worker that was stopped past its end changes nothing when it wakes.
"""

from feedsvc.actions.deliver.claims import FIRST, Claim, Place, claim, due, fit, release
from feedsvc.actions.deliver.fates import EXPIRED, Mark
from feedsvc.actions.deliver.marks import mark
from feedsvc.actions.deliver.notices import notices_of
from feedsvc.actions.deliver.starts import Start
from feedsvc.actions.deliver.tally import sent_on
from feedsvc.actions.deliver.workers import QUARANTINED, enlist, seen, take_over

__all__ = [
    "EXPIRED",
    "FIRST",
    "QUARANTINED",
    "Claim",
    "Mark",
    "Place",
    "Start",
    "claim",
    "due",
    "enlist",
    "fit",
    "mark",
    "notices_of",
    "release",
    "seen",
    "sent_on",
    "take_over",
]
