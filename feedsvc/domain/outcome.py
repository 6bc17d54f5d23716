"""What a reply of the relay means: it depends on the stage, and on whose fault it is.

Nothing here touches a connection or a row. RFC 5321, 4.2 has the codes, RFC 3463 the enhanced
status. Numbers such as "three while others pass" or "1 % of the recipients" need more than one
reply and are the sender's to count.
"""

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from feedsvc.domain.reports import Evidence, enhanced_status, evidence_of

__all__ = [
    "AGE_LIMIT",
    "Fault",
    "Kind",
    "Outcome",
    "Stage",
    "enhanced_status",
    "outcome_of",
    "retry_delay",
    "scrub",
]

AGE_LIMIT = timedelta(days=5)
"""No mail is tried for longer than this after it was queued, counted attempts or not."""


class Stage(StrEnum):
    """Where in the conversation a reply was awaited."""

    CONNECT = "connect"  # TCP, TLS, banner
    EHLO = "ehlo"  # EHLO, STARTTLS, AUTH
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # until the last byte of the body has been written
    DOT = "dot"  # from then on the relay may have the mail


class Kind(StrEnum):
    """What becomes of the mail."""

    GO_ON = "go_on"  # the stage passed
    SENT = "sent"
    DEFERRED = "deferred"  # again after `retry_delay`
    REFUSED = "refused"  # for good
    HELD = "held"  # for good until we have mended something; the recipient did nothing wrong
    REQUEUE = "requeue"  # back in line as if it had not been tried
    RELAY_TROUBLE = "relay_trouble"  # no mail is touched, the sender backs off
    UNKNOWN = "unknown"  # the relay may have taken it


class Fault(StrEnum):
    """On whose side the reason lies."""

    THEIRS = "theirs"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reply means for the mail, the connection and the pace."""

    kind: Kind
    fault: Fault | None = None
    counts_attempt: bool = False
    close_connection: bool = False
    halve_window: bool = False
    stop: bool = False  # trying again cannot help: stop sending and alarm


_GO_ON = Outcome(Kind.GO_ON)
_SENT = Outcome(Kind.SENT, counts_attempt=True)
_TROUBLE = Outcome(Kind.RELAY_TROUBLE, Fault.OURS, close_connection=True)
_NOT_TAKEN = Outcome(Kind.REQUEUE, close_connection=True)
_OUR_TROUBLE = Outcome(Kind.REQUEUE, Fault.OURS)
_DEFERRED = Outcome(Kind.DEFERRED, counts_attempt=True)
_REFUSED = Outcome(Kind.REFUSED, Fault.THEIRS, counts_attempt=True)
_HELD = Outcome(Kind.HELD, Fault.OURS)
_UNKNOWN = Outcome(Kind.UNKNOWN, counts_attempt=True, close_connection=True)

_PASSED = {
    (Stage.MAIL, 2): _GO_ON,
    (Stage.RCPT, 2): _GO_ON,
    (Stage.DATA, 3): _GO_ON,
    (Stage.DOT, 2): _SENT,
}
_BEFORE_MAIL = (Stage.CONNECT, Stage.EHLO)
_CLOSING = 421
_NOT_AUTHENTICATED = frozenset({530, 534, 535, 538})  # RFC 4954, 6


def outcome_of(stage: Stage, code: int | None, status: str = "", text: str = "") -> Outcome:
    """Say what a reply means; `code` is None when the connection was lost or time ran out.

    Without a `status` (such as 5.1.1) the one that leads the text counts.
    """
    passed = _PASSED.get((stage, (code or 0) // 100))
    if passed is not None:
        return passed
    status = status or enhanced_status(text)
    if stage in _BEFORE_MAIL:
        return _before_mail(stage, code)
    if code == _CLOSING:
        return replace(_NOT_TAKEN, halve_window=True)
    match (code or 0) // 100, stage:
        case ((4 | 5), Stage.MAIL):
            found = _OUR_TROUBLE
        case 4, _:
            found = _DEFERRED
        case 5, _:
            ours = evidence_of(code, status, text) is Evidence.OURS
            found = _HELD if ours else _REFUSED
        case _:  # no reply, or one that is out of step
            found = _UNKNOWN if stage is Stage.DOT else _NOT_TAKEN
    return replace(found, halve_window=True) if status.startswith("4.7.") else found


def _before_mail(stage: Stage, code: int | None) -> Outcome:
    """Until MAIL no recipient is concerned."""
    if code is not None and code // 100 == 2:  # noqa: PLR2004 - the class of the code, RFC 5321
        return _GO_ON
    refused = stage is Stage.EHLO and code in _NOT_AUTHENTICATED
    return replace(_TROUBLE, stop=refused, halve_window=code == _CLOSING)


_MINUTES = (5, 15, 30, 60, 120, 240, 480)
_LONGEST = 960  # from here on every 16 hours, so that the last try is not days before the limit
_SWING = 0.2


def retry_delay(attempt: int, jitter: float) -> timedelta | None:
    """How long to wait after this counted attempt (the first is 1), or None: five days are over.

    `jitter` between -1 and 1 moves it by up to a fifth.
    """
    waits = [*_MINUTES[:attempt], *[_LONGEST] * (attempt - len(_MINUTES))]
    if timedelta(minutes=sum(waits)) > AGE_LIMIT:
        return None
    return timedelta(minutes=waits[-1]) * (1 + _SWING * jitter)


_CAP = 500
_READ = 4 * _CAP
_GONE = "[address]"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_AT = re.compile(
    r" ?(?:@|%(?:25)*40|[=+]40|\\x40|\\u0040|\\100|&#0*64;|&#x0*40;|&commat;"
    r"|[(\[{<] ?at ?[)\]}>]) ?",
    re.IGNORECASE,
)
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\]|\\.)*"@')
_SPELT = re.compile(
    r"@|=\?|srs[01][=+-]"  # also RFC 2047 and the sender rewriting scheme
    r"|[^\s=]=(?:[\w-]+\.)+[^\W\d_]{2,}"  # VERP: name=example.org
    r"|\+[\w=-]{12,}",  # b+token
    re.IGNORECASE,
)
_CODED = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_URL_SAFE = str.maketrans("-_", "+/")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_READABLE = re.compile(rb"[!-~]*@[!-~]*")
_LOCAL_AT_LEAST = 3  # shorter ones are in every sentence


def scrub(reply: str, address: str = "") -> str:
    """Make a reply fit to be kept: no address in any spelling, no control character, at most 500.

    What stands beside an address without a blank goes with it. The recipient's `address`, when
    given, goes in its parts as well: "Account anna is disabled".
    """
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _cut(reply)))
    text = " ".join(_CONTROL.sub(" ", text).split())
    text = _QUOTED_LOCAL.sub("@", _AT.sub("@", text))
    kept = [_GONE if _names_somebody(word) else word for word in text.split(" ")]
    return _without(address, " ".join(kept))[:_CAP].rstrip()


def _cut(reply: str) -> str:
    """Cut between words: half an address does not look like one."""
    return reply if len(reply) <= _READ else reply[:_READ].rpartition(" ")[0]


def _names_somebody(word: str) -> bool:
    return _SPELT.search(word) is not None or any(map(_hides_address, _CODED.findall(word)))


def _hides_address(coded: str) -> bool:
    """Whether base64 or hexadecimal digits spell an address."""
    if _HEX.fullmatch(coded) and _READABLE.fullmatch(bytes.fromhex(coded)):
        return True
    try:
        padded = coded.translate(_URL_SAFE) + "=" * (-len(coded) % 4)
        return _READABLE.fullmatch(base64.b64decode(padded)) is not None
    except binascii.Error:
        return False


def _without(address: str, text: str) -> str:
    local, _, domain = address.casefold().rpartition("@")
    for part in (local.strip('"'), domain):
        if len(part) >= _LOCAL_AT_LEAST:
            text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", _GONE, text, flags=re.IGNORECASE)
    return text
