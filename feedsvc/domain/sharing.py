"""Share links: plain addresses that open somebody's own program with a few words filled in.

No script and no picture of anybody's is on our pages: nobody learns of a reader who follows none.
"""

from typing import NamedTuple
from urllib.parse import quote


class Share(NamedTuple):
    """A link that shares a page; `name` is the network's, or "mail" and "sms", which need none."""

    name: str
    url: str


def shares(title: str, address: str) -> tuple[Share, ...]:
    """Make the links that share a page: first what tells no third party, then the others by name."""
    words, here = _encoded(title), _encoded(address)
    both = _encoded(f"{title}\n{address}")
    return (
        Share("mail", f"mailto:?subject={words}&body={both}"),
        Share(
            "sms", f"sms:?&body={both}"
        ),  # Android wants `?body=`, iOS `&body=`: both find theirs
        Share("WhatsApp", f"https://wa.me/?text={both}"),
        Share("Telegram", f"https://t.me/share/url?url={here}&text={words}"),
        # Behind the `#`: what is shared stays in the browser until it knows the reader's own server.
        Share("Mastodon", f"https://share.joinmastodon.org/#text={both}"),
        Share("Bluesky", f"https://bsky.app/intent/compose?text={both}"),
        Share("Facebook", f"https://www.facebook.com/sharer/sharer.php?u={here}"),
        Share("X", f"https://x.com/intent/post?text={words}&url={here}"),
    )


def _encoded(words: str) -> str:
    """Percent-encode as RFC 3986 has it, all but what is never reserved: right in every place."""
    return quote(words, safe="")
