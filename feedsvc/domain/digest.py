"""What a mail says, before it is composed: an ordered set of revisions in one language."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from feedsvc.domain.tables.content import CampaignKind
from feedsvc.domain.tables.ledger import MailKind, NoticeKind

Line = tuple[int, int, str]
"""One entry of a digest: notice, revision, language of its text."""


@dataclass(frozen=True, slots=True)
class AboutCampaign:
    """A campaign as a mail names it."""

    id: int
    uid: str
    slug: str
    title: str
    language: str
    kind: CampaignKind


@dataclass(frozen=True, slots=True)
class AboutUpdate:
    """One entry of a digest. `body` is Markdown; `date` an event date, else the day we published."""

    campaign: AboutCampaign
    key: str
    kind: NoticeKind
    language: str
    title: str
    summary: str
    body: str
    mail_subject: str
    date: str


@dataclass(frozen=True, slots=True)
class DigestContent:
    """A whole digest; `language` is that of its frame."""

    language: str
    updates: tuple[AboutUpdate, ...]

    @property
    def campaigns(self) -> tuple[AboutCampaign, ...]:
        """The campaigns it speaks of, in the order of their first entry."""
        return tuple({update.campaign.id: update.campaign for update in self.updates}.values())


def digest_key(
    kind: MailKind,
    language: str,
    lines: Iterable[Line],
    fingerprint: str,
    *,
    discreet: bool = False,
) -> bytes:
    """Return the key by which a digest is found again instead of being composed twice.

    `fingerprint` stands for the templates and settings it is composed with.
    """
    parts = [kind, language, list(lines), fingerprint, discreet]
    return hashlib.sha256(json.dumps(parts).encode()).digest()
