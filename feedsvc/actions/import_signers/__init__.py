"""Import: people of a list become signers, each by the rule of DESIGN 4. A chunk is a transaction."""

from feedsvc.actions.import_signers.admit import admit
from feedsvc.actions.import_signers.judge import Verdict
from feedsvc.actions.import_signers.runs import Chunk, Run, begin, finish, foresee
from feedsvc.actions.import_signers.take import foretell, take

__all__ = ["Chunk", "Run", "Verdict", "admit", "begin", "finish", "foresee", "foretell", "take"]
