"""WebSub (W3C Recommendation of 2018) as far as it follows from values: leases, waits, signatures."""

import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

PATH: Final = "/hub"
CACHE: Final = "cache"
"""The name among the listeners of what keeps copies of our feeds; the others are hubs, by URL."""

LEASE: Final = timedelta(days=10)
SHORTEST_LEASE: Final = timedelta(hours=1)
LONGEST_LEASE: Final = timedelta(days=30)
LONGEST_SECRET: Final = 199
"""In bytes: a secret must be less than 200 (5.1)."""

SETTLED: Final = timedelta(seconds=1)
"""How long after a change a hub is told: by then every web process serves it."""
KEPT: Final = timedelta(seconds=60)
"""As long as a cache may hand out what was before: the s-maxage of the feeds."""
GIVEN_UP: Final = timedelta(days=1)
"""A hub that took nothing for so long is no longer advertised, and readers poll as usual (W4)."""

_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 3_600.0
_DOUBLINGS: Final = 20


class Address(NamedTuple):
    """A feed's address taken apart; without slug of the site, without language the plain one."""

    slug: str | None
    language: str | None
    suffix: str


_TOPIC = re.compile(
    r"/(?:c/(?P<slug>[^./]+)|updates)(?:\.(?P<language>[^./]+))?\.(?P<suffix>[a-z]+)"
)


def address(base_url: str, topic: str) -> Address | None:
    """Take the address of one of our feeds apart; None if it is none."""
    found = _TOPIC.fullmatch(topic.removeprefix(base_url)) if topic.startswith(base_url) else None
    return Address(found["slug"], found["language"], found["suffix"]) if found else None


def lease(asked: str) -> timedelta | None:
    """Return the lease that is granted to who asked for so many seconds; None: that is no number."""
    if not asked:
        return LEASE
    if not re.fullmatch(r"[0-9]{1,12}", asked):
        return None
    return min(max(timedelta(seconds=int(asked)), SHORTEST_LEASE), LONGEST_LEASE)


def wait(attempts: int) -> timedelta:
    """Return how long to wait after so many failures: twice as long each time, up to an hour.

    Up to a quarter is left to chance, so that not all come back at once.
    """
    longest = min(_FIRST_WAIT * 2 ** min(attempts, _DOUBLINGS), _LONGEST_WAIT)
    return timedelta(seconds=longest * (0.75 + secrets.randbelow(251) / 1_000))


def challenge() -> str:
    """Make a challenge that nobody can guess."""
    return secrets.token_urlsafe(32)


def question(callback: str, asked: Mapping[str, str]) -> str:
    """Add what is asked to a callback, behind the query that it has (5.3)."""
    joint = "" if callback.endswith(("?", "&")) else "&" if "?" in callback else "?"
    return f"{callback}{joint}{urlencode(asked)}"


def signature(body: bytes, secret: str) -> str:
    """Sign what is distributed (7.1), so that its reader knows whom it is from."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"
