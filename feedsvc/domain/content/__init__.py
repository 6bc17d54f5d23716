"""Content as files: what `load` reads and `dump` writes, as values.

A folder holds one folder per campaign, named by its slug:

    campaign.md          the campaign in its own language; campaign.ar.md the same in Arabic
    letter.md            a petition's letter; letter.ar.md the same in Arabic
    signatories.txt      a statement's signatories, one a line, in order
    <key>.md             an update, its name the update's key; <key>.ar.md the same in Arabic
    resolution.pdf       a file beside an update, whose front matter names it
    history/             what only `dump` writes: ids, instants, stamps, earlier revisions
"""

from feedsvc.domain.content.files import (
    CampaignFile,
    Folder,
    LetterFile,
    Site,
    UpdateFile,
)
from feedsvc.domain.content.history import (
    AppearanceStamp,
    CampaignRecord,
    EntryStamp,
    FeedStamp,
    LetterVersion,
    Revision,
    SiteRecord,
    UpdateRecord,
)
from feedsvc.domain.content.rules import (
    BODY_LIMIT_BYTES,
    DONATE_LIMIT,
    NAME_LIMIT,
    RELATED,
    RESERVED,
    SUMMARY_LIMIT,
    TITLE_LIMIT,
    donate_url,
    key,
    rank,
    related,
    short_link,
)
from feedsvc.domain.content.texts import (
    Addressee,
    FileContent,
    LetterText,
    NamedFile,
    Text,
)

__all__ = [
    "BODY_LIMIT_BYTES",
    "DONATE_LIMIT",
    "NAME_LIMIT",
    "RELATED",
    "RESERVED",
    "SUMMARY_LIMIT",
    "TITLE_LIMIT",
    "Addressee",
    "AppearanceStamp",
    "CampaignFile",
    "CampaignRecord",
    "EntryStamp",
    "FeedStamp",
    "FileContent",
    "Folder",
    "LetterFile",
    "LetterText",
    "LetterVersion",
    "NamedFile",
    "Revision",
    "Site",
    "SiteRecord",
    "Text",
    "UpdateFile",
    "UpdateRecord",
    "donate_url",
    "key",
    "rank",
    "related",
    "short_link",
]
