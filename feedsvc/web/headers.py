"""The headers of a page: what a browser may load for it, keep of it, and tell others (TRUST 4)."""

import base64
import hashlib
from functools import lru_cache

PUBLIC = "public, max-age=60"
PRIVATE = "no-store"
MOVED = "public, max-age=86400"
MINUTE, A_YEAR = 60, 31_536_000
"""A cache that many share forgets after a minute what may be taken back."""


def of_page(style: str, script: str = "", *, secure: bool, private: bool) -> dict[str, str]:
    """Return the headers of a page; a private one was reached by a token, or answers a form.

    No referrer ever: which petition somebody reads is nobody else's business.
    """
    headers = {
        "Cache-Control": PRIVATE if private else PUBLIC,
        "Content-Security-Policy": policy(style, script),
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
    }
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
    return headers


@lru_cache(maxsize=4)
def policy(style: str, script: str = "") -> str:
    """Return the Content-Security-Policy: our own style sheet, icon and (if any) script, nothing else."""
    runs = f"script-src {_known(script)}; " if script else ""
    return (
        f"default-src 'none'; style-src {_known(style)}; {runs}img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _known(text: str) -> str:
    """Name a text by its hash, as a browser knows it again."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
