"""Where feeds and what they speak of are found, and the ids that feeds keep for ever."""

from sqlmodel import Session

from feedsvc.config import Site
from feedsvc.domain import feeds
from feedsvc.domain.tables.content import Campaign, Fact
from feedsvc.gateways.templates import Templates
from feedsvc.records.facts import TAG_AUTHORITY


def authority(session: Session) -> str | None:
    """Return the authority of our tag: URIs, or None as long as nothing was published."""
    fact = session.get(Fact, TAG_AUTHORITY)
    return fact.value.decode() if fact else None


def page(site: Site, campaign: Campaign, language: str, key: str = "") -> str:
    """Return the page of a campaign, or of its update `key`, in one language."""
    path = f"{site.base_url}/c/{campaign.slug}" + (f"/{key}" if key else "")
    return path if language == campaign.language else f"{path}?lang={language}"


def home(site: Site, language: str | None) -> str:
    """Return the page of the whole site."""
    return f"{site.base_url}/" + (f"?lang={language}" if language else "")


def feed(site: Site, campaign: Campaign | None, language: str | None) -> feeds.Urls:
    """Return where a feed is: of a campaign or of everything, in one language or plain."""
    return _urls(_stem(site, campaign), language)


def archive(site: Site, campaign: Campaign | None, language: str | None, run: str) -> feeds.Urls:
    """Return where one run of the archives of a feed is."""
    return _urls(f"{_stem(site, campaign)}/archive/{run}", language)


def feed_id(
    site: Site, authority: str | None, campaign: Campaign | None, language: str | None
) -> str:
    """Return the id of a feed; while nothing was published it is but an address."""
    if authority is None:
        return feed(site, campaign, language).atom
    subject = campaign.uid if campaign else "site"
    return f"tag:{authority}:{subject}/feed" + (f"/{language}" if language else "")


def _stem(site: Site, campaign: Campaign | None) -> str:
    return f"{site.base_url}/c/{campaign.slug}" if campaign else f"{site.base_url}/updates"


def _urls(stem: str, language: str | None) -> feeds.Urls:
    stem += f".{language}" if language else ""
    return feeds.Urls(atom=f"{stem}.atom", rss=f"{stem}.rss", json=f"{stem}.json")


def file(site: Site, digest: str, name: str) -> str:
    """Return where a file beside an update is; its content never changes, for it is in the address."""
    return f"{site.base_url}/files/{digest}/{name}"


def asset(site: Site, templates: Templates, name: str) -> str:
    """Return where icon.png, favicon.png, logo.png or feed.css is; what changes has a new address."""
    return f"{site.base_url}{templates.assets[name].path}"
