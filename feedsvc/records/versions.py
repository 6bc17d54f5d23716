"""Where feeds stand: how often they have moved, and under which slug they are now."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign, FeedVersion, FormerSlug
from feedsvc.records.feeds import SITE
from feedsvc.records.locks import on_postgresql


@dataclass(frozen=True, slots=True)
class Version:
    """Where the feeds of a scope stand: how often they have moved, and whether they have ended.

    `slug` is the campaign's present one, which may be another than the one that was asked for.
    """

    scope: int
    number: int
    slug: str | None = None
    ended: bool = False


def versions(session: Session, slugs: Collection[str | None]) -> dict[str | None, Version]:
    """Look where the feeds of campaigns stand, and those of the site for None; a small query each.

    A campaign that was renamed is found by its former slugs, too; one that is not there is left out.
    """
    found: dict[str | None, Version] = {}
    if None in slugs:
        moved = session.exec(select(FeedVersion.version).where(FeedVersion.scope == SITE)).first()
        found[None] = Version(SITE, moved or 0)
    named = [slug for slug in slugs if slug is not None]
    found |= _versions(session, named)
    if strange := [slug for slug in named if slug not in found]:
        present = _renamed(session, strange)
        there = _versions(session, set(present.values()))
        found |= {former: there[slug] for former, slug in present.items()}
    return found


def steady(session: Session) -> None:
    """Let all queries of this session see one state of the database; called before the first."""
    if on_postgresql(session):  # SQLite does so anyway
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _versions(session: Session, slugs: Collection[str]) -> dict[str | None, Version]:
    """Look where the campaigns with these slugs stand."""
    if not slugs:
        return {}
    rows = session.exec(
        select(Campaign.id, FeedVersion.version, Campaign.slug, Campaign.ended_at)
        .join(FeedVersion, col(FeedVersion.scope) == Campaign.id, isouter=True)
        .where(col(Campaign.slug).in_(slugs))
    ).all()
    return {
        slug: Version(campaign_id or 0, number or 0, slug, ended=ended_at is not None)
        for campaign_id, number, slug, ended_at in rows
    }


def _renamed(session: Session, slugs: Collection[str]) -> dict[str, str]:
    """Return the present slugs of campaigns by their former ones."""
    rows = session.exec(
        select(FormerSlug.slug, Campaign.slug)
        .join(FormerSlug, col(FormerSlug.campaign_id) == Campaign.id)
        .where(col(FormerSlug.slug).in_(slugs))
    ).all()
    return dict(rows)
