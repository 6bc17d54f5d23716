"""The links and envelope senders of one signer's mail, as values for its slots."""

from collections.abc import Collection
from datetime import datetime

from feedsvc.config import Site
from feedsvc.domain import tokens
from feedsvc.domain.sealing import Keys
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.gateways import composer

BOUNCE = "bounce"
"""The slot value that no text shows: the left side of the envelope sender (VERP)."""


def of_digest(
    site: Site, keys: Keys, signer_id: int, digest_id: int, campaigns: Collection[int]
) -> dict[str, str]:
    """Make the links of a digest: leave each campaign, what the mail speaks of, or everything."""
    each = {
        composer.leave_slot(campaign_id): _leave(
            site, keys, Token(Purpose.LEAVE_CAMPAIGN, signer_id, campaign_id)
        )
        for campaign_id in campaigns
    }
    everything = _leave(site, keys, Token(Purpose.LEAVE_ALL, signer_id))
    spoken_of = Token(Purpose.LEAVE_MAIL, signer_id, digest_id)
    one_click = next(iter(each.values())) if len(each) == 1 else _leave(site, keys, spoken_of)
    return each | {
        composer.LEAVE: one_click,
        composer.LEAVE_ALL: everything,
        composer.PREFERENCES: everything,
        **envelope(site, keys, signer_id, digest_id),
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


def of_welcome(
    site: Site,
    keys: Keys,
    signer_id: int,
    digest_id: int,
    campaigns: Collection[int],
    now: datetime,
) -> dict[str, str]:
    """Make the links of a welcome: those of a digest, and where preferences are asked for.

    A person may be told the same again a year later: that is another message.
    """
    return {
        **of_digest(site, keys, signer_id, digest_id, campaigns),
        composer.PREFERENCES: f"{site.base_url}/me",
        **envelope(site, keys, signer_id, digest_id, now.isoformat()),
    }


def envelope(
    site: Site, keys: Keys, signer_id: int, digest_id: int, *more: object
) -> dict[str, str]:
    """Make the Message-ID (MAIL M6) and the envelope sender (M7) of a mail."""
    bounce = Token(Purpose.BOUNCE, signer_id, digest_id)
    ident = tokens.message_id(keys, digest_id, signer_id, *more, host=site.host)
    return {
        composer.MESSAGE_ID: ident,
        BOUNCE: tokens.write_local_part(bounce, keys),
    }


def _leave(site: Site, keys: Keys, token: Token) -> str:
    return f"{site.base_url}/u/{tokens.write(token, keys)}"
