"""One update by itself: its newest revision or an earlier one, and what was said of it since."""

from sqlmodel import Session, col, select

from feedsvc.domain import languages
from feedsvc.domain.tables.content import (
    Campaign,
    EditClass,
    Revision,
    RevisionText,
    Update,
    UpdateStatus,
)
from feedsvc.records import enclosures
from feedsvc.web import reading
from feedsvc.web.reading import Reading
from feedsvc.web.views import CampaignView, NoteView, UpdateView


def one_update(
    session: Session, gather: Reading, slug: str, key: str, number: int | None = None
) -> tuple[CampaignView, UpdateView] | None:
    """Return an update that is out, or was, in its newest or an earlier revision.

    A draft, what is under embargo and a revision from before the release are not there; of what
    was withdrawn, see its status.
    """
    campaign = reading.find(session, slug)
    if campaign is None:
        return None
    mine = select(Update).where(Update.campaign_id == campaign.id, Update.key == key)
    update = session.exec(mine).first()
    if update is None or not (update.shown or update.status is UpdateStatus.WITHDRAWN):
        return None
    chosen = update.revision if number is None else number
    if not (update.released_revision or 1) <= chosen <= update.revision:
        return None
    words = _revision(session, update, chosen)
    files = enclosures.of_texts(session, gather.site, words.values())
    view = reading.views(session, gather, [campaign], {})[0]
    superseded = chosen != update.revision
    notes = _notes(session, gather, campaign, update)
    shown = reading.update_view(
        gather, campaign, update, words, files, superseded=superseded, notes=notes
    )
    return view, shown


def _notes(session: Session, gather: Reading, campaign: Campaign, update: Update) -> list[NoteView]:
    """Return what was corrected, and why it was withdrawn; the newest first."""
    told = select(Revision).where(
        Revision.update_id == update.id,
        Revision.number > (update.released_revision or 0),
        col(Revision.edit_class).in_([EditClass.CORRECTION, EditClass.WITHDRAWAL]),
    )
    revisions = session.exec(told.order_by(col(Revision.number).desc())).all()
    return [_note(gather, campaign, revision) for revision in revisions]


def _note(gather: Reading, campaign: Campaign, revision: Revision) -> NoteView:
    notes = revision.notes
    chosen = gather.reader.pick(list(notes), campaign.language) if notes else campaign.language
    return NoteView(
        anchor=f"{revision.edit_class}-{revision.number}",
        day=revision.created_at.date().isoformat(),
        text=notes.get(chosen, ""),
        language=chosen,
        direction=languages.direction(chosen),
    )


def _revision(session: Session, update: Update, number: int) -> dict[str, RevisionText]:
    """Return one revision's texts by language, the first text first."""
    rows = session.exec(
        select(RevisionText)
        .join(Revision, col(Revision.id) == RevisionText.revision_id)
        .where(Revision.update_id == update.id, Revision.number == number)
        .order_by(col(RevisionText.position))
    ).all()
    return {row.language: row for row in rows}
