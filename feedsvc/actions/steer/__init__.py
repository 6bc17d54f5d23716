"""Steer a mailing: pause, resume, cancel; halt it when something speaks against it; sweep after that.

From the commit that pauses a mailing no mail with it starts. Its mails are taken out of the queue
by a sweep, a chunk at a time.
"""

from feedsvc.actions.steer.judge import Findings, findings, halt, halt_mailing, prove
from feedsvc.actions.steer.orders import cancel, pause, resume
from feedsvc.actions.steer.sweep import sweep

__all__ = [
    "Findings",
    "cancel",
    "findings",
    "halt",
    "halt_mailing",
    "pause",
    "prove",
    "resume",
    "sweep",
]
