"""Feeds as the tables have them: stored facts only, so that no change means the same bytes (law 10).

The plain feed of a campaign, or of the site, has each update once: in the campaign's language, else
in its first text. A language feed has what there is in that language, and no fallbacks. The launch
of a campaign is an entry like the others (F19).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Any

from sqlmodel import Session, func, select

from feedsvc.config import Settings, Site
from feedsvc.domain import feeds
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.feeds.launch import LetterWords, Page, launch_html
from feedsvc.domain.markup import first_words
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
)
from feedsvc.gateways.templates import Templates
from feedsvc.records import addresses, archives, directory, entries, hubs, wording
from feedsvc.records.feeds import SITE
from feedsvc.records.launches import launches

CLOSED_MAX_AGE = 14_400
ARCHIVE_MAX_AGE = 18_000
"""The longest that is allowed (H7); the content stays, but what is taken back must go."""
OVER = (CampaignStatus.CLOSED, CampaignStatus.WITHDRAWN)
TOMBSTONES = 50
"""So many at the head of a feed; its archives have those of their own entries for ever."""


class NotYet(Enum):
    """The one value that stands for a run of the archives which is still being filled."""

    NOT_YET = auto()


NOT_YET = NotYet.NOT_YET


@dataclass(frozen=True, slots=True)
class _About:
    """What a feed is of."""

    title: str
    description: str
    language: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which feed is asked for, and all that gathering it needs."""

    session: Session
    settings: Settings
    templates: Templates
    campaign: Campaign | None
    language: str | None

    @property
    def site(self) -> Site:
        """Whose feeds these are."""
        return self.settings.site

    @property
    def scope(self) -> int:
        """The campaign's number, or that of the site."""
        return self.campaign.id or 0 if self.campaign else SITE

    @property
    def own_language(self) -> str:
        """The language of a plain feed."""
        return self.campaign.language if self.campaign else self.site.default_language

    @property
    def urls(self) -> feeds.Urls:
        """Where the subscription document is."""
        return addresses.feed(self.site, self.campaign, self.language)

    @property
    def same(self) -> dict[str, Any]:
        """What all documents of a feed have in common."""
        site, campaign, language = self.site, self.campaign, self.language
        authority = addresses.authority(self.session)
        home = addresses.home(site, language)
        if campaign:
            home = addresses.page(site, campaign, language or campaign.language)
        return {
            "id": addresses.feed_id(site, authority, campaign, language),
            "authors": (feeds.Author(name=site.name, url=f"{site.base_url}/"),),
            "home_url": home,
            **_pictures(site, self.templates),
        }

    def written(self, found: Sequence[entries.Found]) -> list[feeds.Entry]:
        """Put entries into words."""
        return entries.written(self.session, self.site, self.templates, found, scope=self.scope)

    def run(self, run: archives.Run) -> feeds.Urls:
        """Where a run of the archives is."""
        return addresses.archive(self.site, self.campaign, self.language, str(run))

    def before(self, run: archives.Run | None) -> feeds.Urls | None:
        """Where the run is that older entries are in, if there is one."""
        return self.run(run) if run else None


def gather(
    session: Session,
    settings: Settings,
    templates: Templates,
    scope: int = SITE,
    language: str | None = None,
) -> feeds.Feed | None:
    """Gather the subscription document of a feed; None if there is nothing to put in."""
    return _head(_asked(session, settings, templates, scope, language))


def archive(
    session: Session,
    settings: Settings,
    templates: Templates,
    scope: int,
    language: str | None,
    run: str,
) -> feeds.Feed | NotYet | None:
    """Gather one run of the archives; NOT_YET if it is the next one to be filled, None if it is none."""
    named = archives.named(run)
    if named is None:
        return None
    return _archive(_asked(session, settings, templates, scope, language), named)


def _asked(
    session: Session,
    settings: Settings,
    templates: Templates,
    scope: int,
    language: str | None,
) -> _Asked:
    campaign = session.get_one(Campaign, scope) if scope != SITE else None
    return _Asked(session, settings, templates, campaign, language)


def _head(asked: _Asked) -> feeds.Feed | None:
    """Gather the subscription document: what is newest, and what was last taken back."""
    session, settings, language = asked.session, asked.settings, asked.language
    found = entries.newest(session, asked.scope, language, settings.feeds.entries)
    gone = entries.taken_back(session, asked.scope, language, TOMBSTONES)
    if language and not found and not gone:
        return None
    inside = asked.written(found)
    deletions = entries.deletions(gone)
    campaign = asked.campaign
    moved = directory.last_change(session) if campaign is None else campaign.updated_at
    times = [moved, *(one.updated for one in inside), *(one.when for one in deletions)]
    about = _about(asked)
    whole = feeds.Feed(
        **asked.same,
        urls=asked.urls,
        updated=max(times),
        entries=tuple(inside),
        deletions=deletions,
        max_age_seconds=_max_age(settings, campaign),
        hubs=hubs.advertised(session, settings),
        expired=campaign is not None and campaign.status in OVER,
        title=about.title,
        description=about.description,
        language=about.language,
    )
    head = feeds.head(whole, at_most=settings.feeds.entries)
    shown = {one.id for one in head.entries}
    before = archives.before_head(session, asked.scope, language, shown)
    return replace(head, previous=asked.before(before))


def _archive(asked: _Asked, run: archives.Run) -> feeds.Feed | NotYet | None:
    """Gather a run; what it says of the campaign is what was true when its last entry appeared."""
    found = archives.found(asked.session, asked.scope, asked.language, run)
    if len(found) < run.length:
        return NOT_YET if _being_filled(asked, run, there=bool(found)) else None
    inside, deletions = asked.written(found), entries.deletions(found)
    last = found[-1]
    times = [each.appearance.at for each in found if each.appearance]
    times += [*(one.updated for one in inside), *(one.when for one in deletions)]
    times += [each.entry.left_at for each in found if each.entry.left_at]
    times += _rewritten(asked)
    title = last.appearance.title if last.appearance and asked.campaign else asked.site.name
    return feeds.Feed(
        **asked.same,
        updated=max(times),
        entries=tuple(inside),
        deletions=deletions,
        max_age_seconds=ARCHIVE_MAX_AGE,
        title=title,
        description=title,
        language=asked.language or asked.own_language,
        urls=asked.run(run),
        current=asked.urls,
        previous=asked.before(run.before),
        next=asked.run(run.after),
    )


def fingerprint(settings: Settings, templates: Templates) -> str:
    """Tell one configuration and renderer from another: where this differs, so do the feeds."""
    site = settings.site
    seen = (
        (site.name, site.base_url, site.default_language),
        (settings.feeds.entries, settings.feeds.max_age_seconds, CLOSED_MAX_AGE, ARCHIVE_MAX_AGE),
        settings.feeds.hub,
        feeds.fingerprint(),
        launch_html(_PAGE, "en", "https://feeds.example"),
        first_words(_PAGE["body"]),
        wording.specimen(templates),
        _pictures(site, templates),
        [in_words(EventDate.parse(day), "ar") for day in ("2017", "2017-12", "2017-12-07")],
        directory.specimen(site),
    )
    return sha256(repr(seen).encode()).hexdigest()


_PAGE = Page(
    title="One",
    summary="",
    body='# One\n\n*A*, **b** & <c> [d](/d "e") <https://feeds.example/?a=1&b=2>\n\n1. f\n2. g\n\n> h',
    letter=LetterWords(
        language="ar",
        addressees=[{"name": "A", "office": "B"}, {"name": "C"}],
        salutation="D",
        body="- e\n- f\n\n```\ng\n```",
        closing="H\nI",
    ),
    signatories=["11.11.11", "A & B"],
)


def _being_filled(asked: _Asked, run: archives.Run, *, there: bool) -> bool:
    """Whether it is the run after the last one that is full; `there`: something is in it already."""
    if run.length < archives.LENGTH:
        return False
    full = archives.count(asked.session, asked.scope, asked.language) // archives.LENGTH
    return run.number == full + 1 and (full > 0 or there)


def _rewritten(asked: _Asked) -> list[datetime]:
    """Say when all documents were last rewritten, and not for what they say: under a new address."""
    moments = select(func.max(Campaign.rewritten_at))
    if asked.campaign:
        moments = moments.where(Campaign.id == asked.campaign.id)
    last = asked.session.exec(moments).one()
    return [last] if last else []


def _pictures(site: Site, templates: Templates) -> dict[str, str]:
    """Say where icon, favicon and logo are, and the style sheet for people who open a feed (F17, V2)."""
    return {
        "icon": addresses.asset(site, templates, "icon.png"),
        "favicon": addresses.asset(site, templates, "favicon.png"),
        "logo": addresses.asset(site, templates, "logo.png"),
        "css_url": addresses.asset(site, templates, "feed.css"),
    }


def _max_age(settings: Settings, campaign: Campaign | None) -> int:
    """Say how long readers may keep it; a campaign that is closed has little to say (H7)."""
    if campaign and campaign.status is CampaignStatus.CLOSED:
        return max(CLOSED_MAX_AGE, settings.feeds.max_age_seconds)
    return settings.feeds.max_age_seconds


def _about(asked: _Asked) -> _About:
    site, campaign, language = asked.site, asked.campaign, asked.language
    if campaign is None:
        return _About(site.name, "", language or site.default_language)
    page = launches(asked.session, {campaign.id or 0}, ()).titled(campaign, language)
    summary = page.summary or first_words(page.body)
    return _About(page.title, summary, language or page.language)
