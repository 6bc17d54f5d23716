"""What pages are shown of campaigns, letters and updates: plain values in one language."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc.domain.feeds import Enclosure
from feedsvc.domain.sharing import Share
from feedsvc.domain.tables.content import CampaignKind, CampaignStatus, UpdateStatus


@dataclass(frozen=True, slots=True)
class FeedsView:
    """Where the feeds of a campaign, or of everything, are."""

    atom: str
    rss: str
    json: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """The newest version of a letter, in one language."""

    version: int
    addressees: Sequence[dict[str, str]]
    salutation: str
    html: str
    closing: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class NoteView:
    """What was corrected, or why an update was withdrawn, and on which day; `text` may be empty."""

    anchor: str
    day: str
    text: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class UpdateView:
    """An update, or an earlier revision of it, in one language."""

    title: str
    summary: str
    html: str
    url: str
    date_words: str
    language: str
    direction: str
    status: UpdateStatus
    superseded: bool = False
    notes: Sequence[NoteView] = ()
    files: Sequence[Enclosure] = ()


@dataclass(frozen=True, slots=True)
class LatestView:
    """The newest event among the updates of a campaign, named and dated: a day, a month or a year."""

    title: str
    url: str
    day: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class NextView:
    """What a campaign offers next to those who have signed; `address` is where others find it.

    `signatories`: how many organisations have signed a statement.
    """

    address: str
    signatories: int = 0
    donate_url: str = ""
    shares: Sequence[Share] = ()
    related: Sequence["CampaignView"] = ()


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign in one language; `own` is the language it falls back to."""

    id: int
    slug: str
    own: str
    kind: CampaignKind
    status: CampaignStatus
    title: str
    summary: str
    html: str
    url: str
    date_words: str
    language: str
    direction: str
    signatures: int
    feeds: FeedsView
    latest: LatestView | None = None
    next: NextView | None = None
    letter: LetterView | None = None
    signatories: Sequence[str] = ()
