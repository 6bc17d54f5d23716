"""Updates as staff are shown them, gathered for a whole list at once."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from feedsvc.actions.publish import estimate
from feedsvc.config import Site
from feedsvc.domain.tables.content import Campaign, Entry, Notify, RevisionText, Update
from feedsvc.domain.tables.ledger import Notice, NoticeKind
from feedsvc.records import texts
from feedsvc.web.api.models import UpdateAnswer, UpdateLine, UpdateText


def whole(session: Session, site: Site, update: Update) -> UpdateAnswer:
    """Show one update with all its texts."""
    campaign = session.exec(select(Campaign).where(Campaign.id == update.campaign_id)).one()
    session.flush()
    about = _About(session, site, campaign, [update])
    return UpdateAnswer(
        **about.line(update),
        texts={
            language: UpdateText.model_validate(text, from_attributes=True)
            for language, text in about.texts(update).items()
        },
    )


def lines(
    session: Session, site: Site, campaign: Campaign, updates: Sequence[Update]
) -> list[UpdateLine]:
    """Show several updates of one campaign, without their texts."""
    about = _About(session, site, campaign, updates)
    return [UpdateLine(**about.line(update)) for update in updates]


class _About:
    """What else is known of some updates of one campaign."""

    def __init__(
        self, session: Session, site: Site, campaign: Campaign, updates: Sequence[Update]
    ) -> None:
        ids = [update.id or 0 for update in updates]
        self._url = f"{site.base_url}/c/{campaign.slug}"
        self._slug = campaign.slug
        self._texts = texts.of_updates(session, ids)
        self._tags = _tags(session, ids)
        self._eligible = _eligible(session, ids)
        self._estimate = estimate(session, campaign.id or 0)

    def texts(self, update: Update) -> dict[str, RevisionText]:
        """Return the texts by language, the first one first."""
        return self._texts[update.id or 0]

    def line(self, update: Update) -> dict[str, Any]:
        """Return the values of an UpdateLine."""
        words, tags = self.texts(update), self._tags[update.id or 0]
        first = next(iter(words.values()))
        eligible = self._eligible_for(update)
        return {
            "id": update.uid,
            "key": update.key,
            "url": f"{self._url}/{update.key}",
            "feed_id": tags[first.language],
            "feed_ids": {language: tags[language] for language in words},
            "campaign": self._slug,
            "status": update.status,
            "notify": update.notify,
            "estimate": self._estimate if eligible is None else eligible,
            "eligible": eligible,
            "language": first.language,
            "title": first.title,
            "occurred_on": update.occurred_on,
            "publish_at": update.publish_at,
            "published_at": update.published_at,
            "updated_at": update.updated_at,
            "arrival": update.arrival,
            "revision": update.revision,
        }

    def _eligible_for(self, update: Update) -> int | None:
        return 0 if update.notify is Notify.NONE else self._eligible.get(update.id or 0)


def _tags(session: Session, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the tags of the feed entries, by update and language."""
    rows = session.exec(select(Entry).where(col(Entry.update_id).in_(ids))).all()
    tags: dict[int, dict[str, str]] = {update_id: {} for update_id in ids}
    for entry in rows:
        tags[entry.update_id or 0][entry.language] = entry.tag
    return tags


def _eligible(session: Session, ids: Sequence[int]) -> dict[int, int | None]:
    """Return how many each update's news is mailed to, where that has been counted."""
    news = select(Notice.update_id, Notice.eligible).where(
        col(Notice.update_id).in_(ids), Notice.kind == NoticeKind.NEWS
    )
    return dict(session.exec(news).all())
