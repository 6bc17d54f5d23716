"""All content as the values that files hold: what `dump` writes, and `load` compares with."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from sqlmodel import Session, col, select

from feedsvc.domain.content import (
    Addressee,
    AppearanceStamp,
    CampaignFile,
    CampaignRecord,
    EntryStamp,
    FeedStamp,
    Folder,
    LetterFile,
    LetterText,
    LetterVersion,
    NamedFile,
    Site,
    SiteRecord,
    Text,
    UpdateFile,
    UpdateRecord,
    rank,
)
from feedsvc.domain.content import Revision as RevisionRecord
from feedsvc.domain.dates import EventDate
from feedsvc.domain.tables.content import (
    Appearance,
    Campaign,
    CampaignText,
    Entry,
    FeedVersion,
    FormerSlug,
    Letter,
    Revision,
    RevisionText,
    Signatory,
    Update,
)
from feedsvc.records import addresses, versions
from feedsvc.records.feeds import SITE


def of_site(session: Session) -> Site:
    """Read everything, as it stands at one moment."""
    versions.steady(session)
    campaigns = sorted(session.exec(select(Campaign)).all(), key=lambda one: one.slug)
    return Site(
        folders=tuple(of_campaign(session, campaign) for campaign in campaigns),
        record=SiteRecord(
            feed=_feed(session, SITE),
            tag_authority=addresses.authority(session),
        ),
    )


def of_campaign(session: Session, campaign: Campaign) -> Folder:
    """Read one campaign and all that belongs to it."""
    texts = texts_of_campaign(session, campaign)
    letters = of_letters(session, campaign)
    entries = _entries(session, campaign)
    return Folder(
        campaign=_campaign_file(campaign, texts),
        letter=LetterFile(letters[-1].texts, based_on=letters[-1].version) if letters else None,
        signatories=of_signatories(session, campaign),
        updates=_updates(session, campaign, entries),
        record=CampaignRecord(
            uid=campaign.uid,
            published_at=campaign.published_at,
            updated_at=campaign.updated_at,
            revision=campaign.revision,
            last_arrival=campaign.last_arrival,
            languages=tuple(text.language for text in texts),
            entries=entries.get(None, ()),
            letters=letters,
            feed=_feed(session, campaign.id or 0),
            withdrawn_at=campaign.withdrawn_at,
            ended_at=campaign.ended_at,
            rewritten_at=campaign.rewritten_at,
            former_slugs=_former_slugs(session, campaign),
        ),
    )


def texts_of_campaign(session: Session, campaign: Campaign) -> tuple[Text, ...]:
    """Read the texts of a campaign, the first one first."""
    rows = select(CampaignText).where(CampaignText.campaign_id == campaign.id)
    return tuple(
        Text(row.language, title=row.title, body=row.body, summary=row.summary)
        for row in session.exec(rows.order_by(col(CampaignText.position))).all()
    )


def of_revisions(session: Session, update: Update) -> dict[int, tuple[Text, ...]]:
    """Read the texts of all revisions of one update, by number."""
    found = _revisions(session, Update.id == update.id)
    return {one.number: one.texts for one in found.get(update.id or 0, [])}


def of_letters(session: Session, campaign: Campaign) -> tuple[LetterVersion, ...]:
    """Read all versions of a letter, the text in the campaign's language first."""
    rows = session.exec(
        select(Letter).where(Letter.campaign_id == campaign.id).order_by(col(Letter.version))
    ).all()
    return tuple(
        _letter(number, list(version), campaign.language)
        for number, version in groupby(rows, key=lambda row: row.version)
    )


def of_signatories(session: Session, campaign: Campaign) -> tuple[str, ...]:
    """Read the signatories in their order."""
    names = select(Signatory.name).where(Signatory.campaign_id == campaign.id)
    return tuple(session.exec(names.order_by(col(Signatory.position))).all())


def _campaign_file(campaign: Campaign, texts: tuple[Text, ...]) -> CampaignFile:
    return CampaignFile(
        slug=campaign.slug,
        kind=campaign.kind,
        texts=texts,
        status=campaign.status,
        short_link=campaign.short_link,
        occurred_on=_date(campaign.occurred_on),
        donate_url=campaign.donate_url,
        related=tuple(campaign.related),
        based_on=campaign.revision,
    )


def _letter(number: int, rows: list[Letter], first: str) -> LetterVersion:
    rows.sort(key=lambda row: rank(row.language, (first,)))
    return LetterVersion(
        version=number,
        created_at=rows[0].created_at,
        texts=tuple(
            LetterText(
                language=row.language,
                addressees=tuple(Addressee(**one) for one in row.addressees),
                body=row.body,
                salutation=row.salutation,
                closing=row.closing,
            )
            for row in rows
        ),
    )


def _entries(session: Session, campaign: Campaign) -> Mapping[int | None, tuple[EntryStamp, ...]]:
    """Read the entries of all feeds of a campaign, by update; those of the campaign under None."""
    rows = session.exec(select(Entry).where(Entry.campaign_id == campaign.id)).all()
    appeared = _appearances(session, campaign)
    found: dict[int | None, tuple[EntryStamp, ...]] = {}
    for row in sorted(rows, key=_in_order):  # not by a database's own alphabet
        stamp = EntryStamp(
            language=row.language,
            tag=row.tag,
            published_at=row.published_at,
            updated_at=row.updated_at,
            kind=row.kind,
            number=row.number,
            plain=row.plain,
            left_at=row.left_at,
            appearances=tuple(appeared.get(row.id or 0, ())),
        )
        found[row.update_id] = (*found.get(row.update_id, ()), stamp)
    return found


def _in_order(entry: Entry) -> tuple[str, str, int]:
    return entry.language, entry.kind, entry.number


def _appearances(session: Session, campaign: Campaign) -> dict[int, list[AppearanceStamp]]:
    rows = session.exec(
        select(Appearance)
        .join(Entry, col(Entry.id) == Appearance.entry_id)
        .where(Entry.campaign_id == campaign.id)
        .order_by(col(Appearance.place))
    ).all()
    found: dict[int, list[AppearanceStamp]] = {}
    for row in rows:
        stamp = AppearanceStamp(
            place=row.place,
            at=row.at,
            title=row.title,
            revision=row.revision,
            occurred_on=row.occurred_on,
            page=row.page,
        )
        found.setdefault(row.entry_id, []).append(stamp)
    return found


def _former_slugs(session: Session, campaign: Campaign) -> tuple[str, ...]:
    mine = select(FormerSlug.slug).where(FormerSlug.campaign_id == campaign.id)
    return tuple(sorted(session.exec(mine).all()))


def _updates(
    session: Session, campaign: Campaign, entries: Mapping[int | None, tuple[EntryStamp, ...]]
) -> tuple[UpdateFile, ...]:
    revisions = _revisions(session, Update.campaign_id == campaign.id)
    rows = session.exec(select(Update).where(Update.campaign_id == campaign.id)).all()
    return tuple(
        _update_file(row, tuple(revisions[row.id or 0]), entries.get(row.id, ()))
        for row in sorted(rows, key=lambda row: row.key)
    )


def _update_file(
    update: Update, revisions: tuple[RevisionRecord, ...], entries: tuple[EntryStamp, ...]
) -> UpdateFile:
    return UpdateFile(
        key=update.key,
        texts=revisions[-1].texts,
        status=update.status,
        notify=update.notify,
        occurred_on=_date(update.occurred_on),
        publish_at=update.publish_at,
        based_on=update.revision,
        record=UpdateRecord(
            uid=update.uid,
            created_at=update.created_at,
            revisions=revisions,
            published_at=update.published_at,
            updated_at=update.updated_at,
            withdrawn_at=update.withdrawn_at,
            arrival=update.arrival,
            released_revision=update.released_revision,
            entries=entries,
        ),
    )


def _revisions(session: Session, condition: object) -> dict[int, list[RevisionRecord]]:
    rows = session.exec(
        select(Revision, RevisionText)
        .join(RevisionText, col(RevisionText.revision_id) == Revision.id)
        .join(Update, col(Update.id) == Revision.update_id)
        .where(condition)  # type: ignore[arg-type]  # SQLModel types a comparison as bool
        .order_by(col(Revision.update_id), col(Revision.number), col(RevisionText.position))
    ).all()
    found: dict[int, list[RevisionRecord]] = {}
    for _, pairs in groupby(rows, key=lambda pair: pair[0].id):
        revision, texts = _joined(pairs)
        found.setdefault(revision.update_id, []).append(
            RevisionRecord(
                *(revision.number, revision.edit_class, revision.created_at, texts),
                notes=revision.notes,
            )
        )
    return found


def _joined(pairs: Iterable[tuple[Revision, RevisionText]]) -> tuple[Revision, tuple[Text, ...]]:
    rows = list(pairs)
    return rows[0][0], tuple(
        Text(
            row.language,
            title=row.title,
            body=row.body,
            summary=row.summary,
            mail_subject=row.mail_subject,
            files=tuple(NamedFile(**one) for one in row.files),
        )
        for _, row in rows
    )


def _feed(session: Session, scope: int) -> FeedStamp | None:
    row = session.get(FeedVersion, scope)
    return FeedStamp(row.version, row.updated_at, row.urgent) if row else None


def _date(occurred_on: str | None) -> EventDate | None:
    return EventDate.parse(occurred_on) if occurred_on else None
