"""What a refusal or a report says of the address, as far as its codes and words tell.

Precision comes first: a wrong "dead" silences a person, a missed one costs a mail. "Permanent" is
not "dead". RFC 3463 has the enhanced status, RFC 7504 and RFC 7505 the domain that takes no mail.
"""

import re
from enum import StrEnum


class Evidence(StrEnum):
    """What follows from a refusal or a report; what is done about it is decided elsewhere."""

    ADDRESS_DEAD = "address_dead"  # nobody is there
    MAILBOX = "mailbox"  # somebody is there, but the mailbox is full, asleep or shut for now
    OURS = "ours"  # our name, our message or our way to speak; never counts against the signer
    ROUTE = "route"  # the way there
    OTHER = "other"  # nothing is known


_READ = 2000
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_STATUS_BEHIND = re.compile(r"\(#([245]\.\d{1,3}\.\d{1,3})\b")  # as qmail writes it
_CODES_BETWEEN = re.compile(r"\n\s*(?:[245]\d\d[ -])?\s*(?:[245]\.\d{1,3}\.\d{1,3}(?!\.?\d))?")

_UNDEFINED = frozenset({"", "5.0.0", "5.0.350", "5.2.0", "5.3.0", "5.5.0"})  # the words decide
_DEAD = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_OUR_SENDER = frozenset({"1.7", "1.8", "1.90"})  # the last is Exchange's daily limit of a sender
_OUR_SIZE = frozenset({"2.3", "3.4"})
_EXPIRED = "4.7"
_NO_MAIL_DOMAIN = 556
_NOT_AUTHENTICATED = frozenset({530, 534, 535, 538})  # RFC 4954, 6
_MISUNDERSTOOD = frozenset({500, 501, 502, 503, 504, 555}) | _NOT_AUTHENTICATED
_TEMPORARY, _PERMANENT = 4, 5


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_WHO = (
    r"(?:(?:e-?mail )?(?:user|recipient|mail ?box|account|address(?:ee)?|customer|person)"
    r"|local[ -]part)"
)
_OUR_ADDRESS = _words(  # what is said of the sender is not said of the recipient
    r"\bsender(?:'s)?(?: (?:e-?mail|address|domain|host|mail ?box|user|account|name|is|was)){0,3}:?"
    r" (?:reject|den[iy]|refus|block|invalid|unknown|not |does|verif|callout|must|has no)",
    r"\b(?:invalid|unknown|bad|reject\w*|unverif\w*|verify\w*|denied|block\w*|unauthori[sz]ed) sender\b",
    r"\bsender verif|\breturn[ -]path\b|\benvelope[ -](?:from|sender)\b|\bmail from\b",
    r"\bcallback setup failed\b|\binvalid dns mx\b",
)
_OUR_WORDS = _words(
    r"\b(?:spam\w*|rbl|dnsbl|block(?:ed|ing)?[ -]?(?:list\w*|using|by)|(?:black|deny)[ -]?list\w*)\b",
    r"\b(?:reputation|spf|dkim|dmarc|(?:un)?authenticat\w+|polic(?:y|ies)|banned|gr[ea]y-?list\w*)\b",
    r"\brelay(?:ing)?(?: access)? (?:denied|not \w+)|\b(?:unable|not (?:allowed|permitted)) to relay\b",
    r"\brcpthosts\b|\badministrative prohibition\b|\bunsolicited\b|\bvirus\b|\bphish|\bmalware\b",
    r"\b(?:client|sending) host\b|\breverse dns\b|\bptr\b|\bhelo\b|\bstarttls\b",
    r"\b(?:message|mail) (?:size )?(?:is )?(?:too (?:big|large)|exceeds)|\bsize (?:limit )?exceed",
    r"\brate[ -]?limit|\btoo many (?:connections|messages|recipients)\b|\bcomplaints?\b",
    r"\bcontent (?:rejected|denied)|\bmessage (?:was )?(?:rejected|blocked)\b",
)
_DEAD_WORDS = _words(
    rf"\b(?:unknown|no such|invalid|non-?existent) (?:virtual |local )?{_WHO}\b",
    rf"\b{_WHO}\b.{{0,80}}?\b(?:(?:is |was )?(?:unknown|not found|invalid|not known)|no longer"
    r" (?:exists|valid|here|in use|works)|(?:does ?n.?t|does not|did not|not) exist)\b",
    rf"\bnot a (?:valid|known) {_WHO}\b|\bno (?:mail ?box|account) (?:here )?(?:by|with) that name\b",
    r"\b(?:user|recipient|mailbox) (?:un)?known\b|\bdoes(?:n.t| not) have an? \S+ account\b",
    r"\brecip(?:ient)?notfound\b|\bmailbox unavailable\b|\bunroute?able (?:mail domain|address)\b",
)
_NO_DOMAIN = _words(
    r"\bno such (?:mail )?domain\b|\bdomain(?: name)?\b.{0,80}?\b(?:does not|does ?n.?t) exist\b",
    r"\bdomain not found\b|\bhost not found\b|\bnxdomain\b|\binfodomainnonexistent\b",
    r"\bcould ?n.?t find any host named\b|\bnull ?mx\b|\bdomain (?:does not|doesn.t) accept mail\b",
)
_EDGE = _words(r"recipient address rejected: access denied")  # Exchange: not in the directory
_MAILBOX_WORDS = _words(
    r"\b(?:mail ?box|account|inbox|user)\b.{0,80}?\b(?:full|disabled|inactive|suspended|locked)\b",
    r"\b(?:over ?quota|quota (?:is )?exceeded|exceed\w* (?:the |its |his )?(?:storage|quota))\b",
    r"\b(?:disabled|inactive|suspended) (?:mail ?box|account|user|recipient)\b|\binsufficient quota\b",
    r"\bnot enough (?:disk )?space in (?:the )?mail ?box\b|\bout ?of ?quota\b",
)


def evidence_of(code: int | None, status: str = "", text: str = "") -> Evidence:
    """Say what a refusal or a report says of the address.

    `code` is None in a report. Without a `status` (such as 5.1.1) the one in the text counts, and
    where that leaves it open (5.0.0) the words do.
    """
    status = status or enhanced_status(text) or _status_behind(text)
    severity = _severity(code, status)
    words = " ".join(_CODES_BETWEEN.sub(" ", text[:_READ]).split())
    if severity == _PERMANENT:
        return _permanent(code, status, words)
    return _temporary(status, words) if severity == _TEMPORARY else Evidence.OTHER


def enhanced_status(text: str) -> str:
    """Find the enhanced status that leads a reply, or nothing."""
    found = _STATUS.match(text)
    return found[1] if found else ""


def _severity(code: int | None, status: str) -> int:
    """A report that gives no code at all is about something that has failed for good."""
    if code is not None:
        return code // 100
    return int(status[0]) if status[:1] in {"2", "4", "5"} else _PERMANENT


def _status_behind(text: str) -> str:
    found = _STATUS_BEHIND.search(text[:_READ])
    return found[1] if found else ""


def _permanent(code: int | None, status: str, words: str) -> Evidence:
    if _OUR_ADDRESS.search(words):
        return Evidence.OURS
    if code == _NO_MAIL_DOMAIN:
        return Evidence.ADDRESS_DEAD
    if status in _UNDEFINED:
        return _by_words(code, status, words)
    if status in _DEAD:
        doubtful = _OUR_WORDS.search(words) and not _names_the_dead(words)
        return Evidence.OTHER if doubtful else Evidence.ADDRESS_DEAD
    if status.startswith("5.4.") and (_NO_DOMAIN.search(words) or _EDGE.search(words)):
        return Evidence.ADDRESS_DEAD
    return _by_subject(status)


def _temporary(status: str, words: str) -> Evidence:
    """What may pass is never dead."""
    if status[2:] not in {"", "0.0"}:
        return _by_subject(status)
    if _OUR_ADDRESS.search(words) or _OUR_WORDS.search(words):
        return Evidence.OURS
    return Evidence.MAILBOX if _MAILBOX_WORDS.search(words) else Evidence.OTHER


def _by_words(code: int | None, status: str, words: str) -> Evidence:
    if _OUR_WORDS.search(words):
        return Evidence.OURS
    if _MAILBOX_WORDS.search(words):
        return Evidence.MAILBOX
    if _names_the_dead(words):
        return Evidence.ADDRESS_DEAD
    return Evidence.OURS if code in _MISUNDERSTOOD else _by_subject(status)


def _names_the_dead(words: str) -> bool:
    return bool(_DEAD_WORDS.search(words) or _NO_DOMAIN.search(words))


def _by_subject(status: str) -> Evidence:
    """Go by the second and third number (RFC 3463, 3)."""
    number = status[2:]
    subject = number.partition(".")[0]
    if subject in {"5", "6", "7"} or number in _OUR_SENDER or number in _OUR_SIZE:
        return Evidence.OURS
    if subject == "2" or number == _EXPIRED:
        return Evidence.MAILBOX
    return Evidence.ROUTE if subject in {"3", "4"} else Evidence.OTHER
