"""The links and envelope senders of one signer's mail, as values for its slots."""

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit

from feedsvc.config import Site
from feedsvc.domain import tokens
from feedsvc.domain.sealing import Keys
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.gateways import composer

BOUNCE = "bounce"
"""The slot value that no text shows: the left side of the envelope sender (VERP)."""


def of_digest(
    base_url: str, keys: Keys, key: int, signer_id: int, digest_id: int, campaigns: Collection[int]
) -> dict[str, str]:
    """Make the links of a digest: leave each campaign, what the mail speaks of, or everything.

    `base_url` and `key` are those it was planned with, so that a repeat has the same.
    """

    def link(purpose: Purpose, scope: int = 0) -> str:
        return f"{base_url}/u/{tokens.write(Token(purpose, signer_id, scope), keys, key)}"

    each = {composer.leave_slot(one): link(Purpose.LEAVE_CAMPAIGN, one) for one in campaigns}
    everything = link(Purpose.LEAVE_ALL)
    only = next(iter(each.values())) if len(each) == 1 else None
    return each | {
        composer.LEAVE: only or link(Purpose.LEAVE_MAIL, digest_id),
        composer.LEAVE_ALL: everything,
        composer.PREFERENCES: f"{base_url}/me",
        **_envelope(urlsplit(base_url).hostname or "localhost", keys, key, signer_id, digest_id),
    }


def of_confirm(
    site: Site, keys: Keys, signer_id: int, digest_id: int, confirmation_id: int
) -> dict[str, str]:
    """Make the links of "please confirm": yes, and never again."""
    confirm = Token(Purpose.CONFIRM, signer_id, confirmation_id)
    never = Token(Purpose.NEVER, signer_id)
    return {
        composer.CONFIRM: f"{site.base_url}/confirm/{tokens.write(confirm, keys)}",
        composer.NEVER: _leave(site, keys, never),
        **envelope(site, keys, signer_id, digest_id, confirmation_id),
    }


def of_link(site: Site, keys: Keys, signer_id: int, digest_id: int, link_id: int) -> dict[str, str]:
    """Make the fresh link that shows a person what is theirs."""
    fresh = Token(Purpose.FRESH, signer_id, link_id)
    return {
        composer.ME: f"{site.base_url}/me/{tokens.write(fresh, keys)}",
        **envelope(site, keys, signer_id, digest_id, link_id),
    }


def of_move(
    site: Site, keys: Keys, signer_id: int, digest_id: int, change_id: int, purpose: Purpose
) -> dict[str, str]:
    """Make the link by which the old or the new address agrees to a change."""
    agree = Token(purpose, signer_id, change_id)
    return {
        composer.MOVE: f"{site.base_url}/move/{tokens.write(agree, keys)}",
        **envelope(site, keys, signer_id, digest_id, change_id),
    }


def of_welcome(
    site: Site,
    keys: Keys,
    signer_id: int,
    digest_id: int,
    campaigns: Collection[int],
    now: datetime,
) -> dict[str, str]:
    """Make the links of a welcome: those of a digest.

    A person may be told the same again a year later: that is another message.
    """
    key = keys.newest()
    return {
        **of_digest(site.base_url, keys, key, signer_id, digest_id, campaigns),
        **envelope(site, keys, signer_id, digest_id, now.isoformat()),
    }


def envelope(
    site: Site, keys: Keys, signer_id: int, digest_id: int, *more: object
) -> dict[str, str]:
    """Make the Message-ID (MAIL M6) and the envelope sender (M7) of a mail."""
    return _envelope(site.host, keys, keys.newest(), signer_id, digest_id, *more)


def _envelope(
    host: str, keys: Keys, key: int, signer_id: int, digest_id: int, *more: object
) -> dict[str, str]:
    bounce = Token(Purpose.BOUNCE, signer_id, digest_id)
    return {
        composer.MESSAGE_ID: tokens.message_id(keys, digest_id, signer_id, *more, host=host),
        BOUNCE: tokens.write_local_part(bounce, keys, key),
    }


def _leave(site: Site, keys: Keys, token: Token) -> str:
    return f"{site.base_url}/u/{tokens.write(token, keys)}"
