"""Stop the mail, for good or for a while. Leaving always works, and twice is the same as once."""

from feedsvc.actions.leave.because import because
from feedsvc.actions.leave.ending import leave
from feedsvc.actions.leave.never import never
from feedsvc.actions.leave.pause import pause
from feedsvc.actions.leave.token import campaigns_of, known
from feedsvc.actions.leave.undoing import undo

__all__ = ["because", "campaigns_of", "known", "leave", "never", "pause", "undo"]
