"""Who stands at the door: from which site and network, and whether a person filled the form in (TRUST 4)."""

import hmac
import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from feedsvc.domain import tokens
from feedsvc.domain.sealing import Keys
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.errors import Forbidden
from feedsvc.web.state import Request

TRAP: Final = "homepage"
"""A field that no person sees."""

READING_MILLISECONDS: Final = 3_000
"""What a person needs at least between the form and its button."""

_PREFIXES: Final = {4: 24, 6: 56}
_ELSEWHERE: Final = {"cross-site", "same-site"}


def mark(keys: Keys, now: datetime) -> str:
    """Mark a form with the time at which it was shown; nobody else can."""
    return tokens.write(Token(Purpose.FORM, _milliseconds(now)), keys)


def by_hand(request: Request, typed: Mapping[str, str]) -> bool:
    """Whether a form was shown by us, or by a site that is listed, and not filled in by a program."""
    if typed.get(TRAP):
        return False
    if embedding(request):
        return True
    return not _from_elsewhere(request) and _was_read(request, typed.get("token", ""))


def embedding(request: Request) -> str:
    """Name the listed site whose page sends this; empty when it is none."""
    origin = request.headers.get("origin", "")
    return origin if origin in request.state["here"].settings.http.embed_origins else ""


def shared(request: Request) -> dict[str, str]:
    """Say which other site may read the answer; a browser on any other is refused."""
    origin = request.headers.get("origin")
    if origin is None or origin == request.state["here"].settings.site.base_url:
        return {}
    if not embedding(request):
        raise Forbidden(
            f"{origin} may not send sign-ups here.", remedy="Add it to [http] embed_origins."
        )
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def passes(request: Request, passcode: str) -> bool:
    """Whether this is the passcode of a street stall, where many sign from one network."""
    wanted = request.state["here"].settings.limits.passcode
    return bool(wanted) and hmac.compare_digest(wanted.encode(), passcode.encode())


def network(request: Request) -> str:
    """Return the tag of the network that a sign-up comes from, in hexadecimal; empty when that says nothing.

    What is not public is ourselves, or a proxy that the settings do not name: all come from there.
    """
    here, client = request.state["here"], request.client
    try:
        found = ipaddress.ip_address(client.host if client else "")
    except ValueError:
        return ""
    address = getattr(found, "ipv4_mapped", None) or found
    if not address.is_global:
        return ""
    range_ = ipaddress.ip_network((address, _PREFIXES[address.version]), strict=False)
    return here.keys.tag(str(range_), "network").hex()


def _was_read(request: Request, token: str) -> bool:
    now, keys = request.state["clock"](), request.state["here"].keys
    shown = tokens.read(token, keys, Purpose.FORM)
    return shown is not None and _milliseconds(now) - shown.subject >= READING_MILLISECONDS


def _from_elsewhere(request: Request) -> bool:
    """Whether a browser says that a page of somebody else sends this.

    Our own pages send no referrer, and so their Origin is `null` (Fetch, section 3.2).
    """
    origin = request.headers.get("origin", "null")
    own = request.state["here"].settings.site.base_url
    return origin not in {"null", own} or request.headers.get("sec-fetch-site", "") in _ELSEWHERE


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
