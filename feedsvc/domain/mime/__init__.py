"""Message bytes: compose once, address many (RFC 5322, 2045, 2047, 8058).

`compose` encodes a digest or service mail once; what differs between recipients stands in it as
slots. `Skeleton` loads the stored bytes and `splice` fills the slots. `email.message` writes none
of it, since it encodes and folds List-Unsubscribe (python/cpython#87659).
"""

from feedsvc.domain.mime.compose import Message, compose
from feedsvc.domain.mime.dkim import Signer
from feedsvc.domain.mime.headers import Header, Mailbox, Part, Phrase, Raw, Text
from feedsvc.domain.mime.mailbox import ascii_domain, needs_smtputf8
from feedsvc.domain.mime.skeleton import Skeleton
from feedsvc.domain.mime.slots import slot

__all__ = [
    "Header",
    "Mailbox",
    "Message",
    "Part",
    "Phrase",
    "Raw",
    "Signer",
    "Skeleton",
    "Text",
    "ascii_domain",
    "compose",
    "needs_smtputf8",
    "slot",
]
