"""What a set of notices says: their updates in the newest revision, in the reader's language."""

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from feedsvc.domain import languages
from feedsvc.domain.digest import AboutCampaign, AboutUpdate, DigestContent, Line
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.ledger import Notice
from feedsvc.records import texts


class News:
    """The notices of a planning run, looked up once; asked for each signer without the database."""

    def __init__(self, session: Session, notice_ids: Collection[int]) -> None:
        rows = session.exec(
            select(Notice, Update, Campaign)
            .join(Update, col(Update.id) == Notice.update_id)
            .join(Campaign, col(Campaign.id) == Notice.campaign_id)
            .where(col(Notice.id).in_(notice_ids))
        ).all()
        self._session = session
        self._about = {
            notice.id or 0: (notice, update, campaign) for notice, update, campaign in rows
        }
        self._texts = texts.of_updates(session, {notice.update_id for notice, _, _ in rows})

    def line(self, notice_id: int, language: str) -> Line:
        """Say which revision this notice stands for, and in which of its languages."""
        notice, _, campaign = self._about[notice_id]
        words = self._texts[notice.update_id]
        chosen = languages.pick(list(words), language, campaign.language)
        return (notice_id, words[chosen].revision_id, chosen)

    def content(self, language: str, lines: Sequence[Line]) -> DigestContent:
        """Gather what a digest of these lines says, to a reader of `language`."""
        campaigns = [self._about[notice_id][2] for notice_id, _, _ in lines]
        named = {one.id: one for one in texts.about(self._session, campaigns, language)}
        updates = [self._update(line, named) for line in lines]
        return DigestContent(language, tuple(updates))

    def _update(self, line: Line, named: dict[int, AboutCampaign]) -> AboutUpdate:
        notice, update, campaign = self._about[line[0]]
        words = self._texts[notice.update_id][line[2]]
        published = update.published_at or notice.arrived_at
        return AboutUpdate(
            campaign=named[campaign.id or 0],
            uid=update.uid,
            key=update.key,
            kind=notice.kind,
            language=words.language,
            title=words.title,
            summary=words.summary,
            body=words.body,
            mail_subject=words.mail_subject,
            date=update.occurred_on or published.date().isoformat(),
        )
