"""What a set of notices says: their updates in the newest revision, in the reader's language."""

from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session, col, select

from feedsvc.domain import languages
from feedsvc.domain.digest import AboutCampaign, AboutUpdate, DigestContent, Line
from feedsvc.domain.tables.content import Campaign, RevisionText, Update
from feedsvc.domain.tables.ledger import Notice
from feedsvc.gateways.database import fetch, plain
from feedsvc.records import texts
from feedsvc.records.told import IN_IDS, told

_LINES = plain(
    """
    SELECT notice.id, campaign.language, revision_text.language, revision_id
    FROM notice
    JOIN campaign ON campaign.id = notice.campaign_id
    JOIN "update" ON "update".id = notice.update_id
    JOIN revision ON revision.update_id = notice.update_id AND revision.number = "update".revision
    JOIN revision_text ON revision_text.revision_id = revision.id
    WHERE notice.id %(in_ids)s
    ORDER BY notice.id, revision_text.position
""",
    in_ids=IN_IDS,
)


class News:
    """The notices of a planning run, looked up once; asked for each digest without the database.

    What they say is read when a digest of it is to be composed, which is seldom.
    """

    def __init__(self, session: Session, notice_ids: Collection[int]) -> None:
        self._session = session
        self._campaign: dict[int, str] = {}
        self._revisions: dict[int, dict[str, int]] = {}
        for number, own, language, revision_id in fetch(
            session, _LINES, ids=told(session, list(notice_ids))
        ):
            self._campaign[number] = own
            self._revisions.setdefault(number, {})[language] = revision_id

    def line(self, notice_id: int, language: str) -> Line:
        """Say which revision this notice stands for, and in which of its languages."""
        revisions = self._revisions[notice_id]
        chosen = languages.pick(list(revisions), language, self._campaign[notice_id])
        return (notice_id, revisions[chosen], chosen)

    def content(self, language: str, lines: Sequence[Line]) -> DigestContent:
        """Gather what a digest of these lines says, to a reader of `language`."""
        found = self._session.exec(
            select(Notice, Update, Campaign)
            .join(Update, col(Update.id) == Notice.update_id)
            .join(Campaign, col(Campaign.id) == Notice.campaign_id)
            .where(col(Notice.id).in_([notice_id for notice_id, _, _ in lines]))
        ).all()
        about = {notice.id: (notice, update) for notice, update, _ in found}
        campaigns = [campaign for _, _, campaign in found]
        named = {one.id: one for one in texts.about(self._session, campaigns, language)}
        words = self._words(lines)
        updates = (
            _about(*about[number], named, words[revision_id, chosen])
            for number, revision_id, chosen in lines
        )
        return DigestContent(language, tuple(updates))

    def _words(self, lines: Sequence[Line]) -> dict[tuple[int, str], RevisionText]:
        """Read just the revisions that the lines name: a newer one is another digest."""
        wanted = col(RevisionText.revision_id).in_([revision_id for _, revision_id, _ in lines])
        found = self._session.exec(select(RevisionText).where(wanted)).all()
        return {(words.revision_id, words.language): words for words in found}


def _about(
    notice: Notice, update: Update, named: Mapping[int, AboutCampaign], words: RevisionText
) -> AboutUpdate:
    published = update.published_at or notice.arrived_at
    return AboutUpdate(
        campaign=named[notice.campaign_id],
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
