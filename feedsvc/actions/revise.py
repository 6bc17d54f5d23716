"""Revise what is published: an edit of its class (DESIGN 2), or a withdrawal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from feedsvc.config import Site
from feedsvc.domain import edits
from feedsvc.domain.content import Revision, Text
from feedsvc.domain.tables.content import Campaign, EditClass, Update, UpdateStatus
from feedsvc.domain.tables.ledger import Notice, Withheld
from feedsvc.errors import Conflict, Invalid, NotFound
from feedsvc.records import audit, content, folders, mailings, revising


def revise(
    session: Session,
    uid: str,
    texts: Sequence[Text],
    *,
    edit_class: EditClass,
    based_on: int,
    site: Site,
    by: str,
    now: datetime,
    notes: Mapping[str, str] | None = None,
) -> Update:
    """Store the next revision of an update, and bring it to its readers as its class says.

    `notes` tell by language what was corrected. The texts that are stored already change nothing. Of
    a draft nobody has seen anything, so every edit of it is silent.
    """
    update, campaign = _locked(session, uid)
    if update.status is UpdateStatus.WITHDRAWN:
        raise Conflict("The update is withdrawn.", remedy="Post a new one.")
    _refuse_class(edit_class)
    if update.status is not UpdateStatus.PUBLISHED:
        edit_class, notes = EditClass.SILENT, None
    history = folders.of_revisions(session, update)
    edits.in_turn(based_on, update.revision, update.key)
    found = edits.difference(history, texts, based_on, update.key)
    if not found:
        return update
    allowed = edits.allowed(found, edit_class, update.key, told=False)
    revision = Revision(update.revision + 1, allowed, now, tuple(texts), dict(notes or {}))
    revising.revise(
        *(session, campaign, update, revision),
        changed=found.changed,
        added=found.added,
        site=site,
    )
    audit.note(session, by, "revise update", uid, now, detail=f"{revision.number} ({allowed})")
    return update


def withdraw(
    session: Session,
    uid: str,
    *,
    site: Site,
    by: str,
    now: datetime,
    notes: Mapping[str, str] | None = None,
) -> Update:
    """Take a published update back, from pages, feeds and the mail that has not gone out.

    `notes` tell by language why. Withdrawing twice changes nothing.
    """
    mailing = mailings.those(session, Notice.update_id == _id(session, uid))
    update, campaign = _locked(session, uid)
    if update.status is UpdateStatus.WITHDRAWN:
        return update
    if update.status is not UpdateStatus.PUBLISHED:
        raise Conflict("Only what was published is withdrawn.", remedy="Nobody has seen it yet.")
    mailings.cancel(session, mailing, Withheld.WITHDRAWN, now)
    texts = folders.of_revisions(session, update)[update.revision]
    revising.withdraw(session, campaign, update, texts, notes or {}, site=site, now=now)
    audit.note(session, by, "withdraw update", uid, now)
    return update


def _id(session: Session, uid: str) -> int:
    found = session.exec(select(Update.id).where(Update.uid == uid)).first()
    if found is None:
        raise NotFound(f"There is no update {uid!r}.")
    return found


def _locked(session: Session, uid: str) -> tuple[Update, Campaign]:
    """Take the locks of a campaign and its update, in the order of everybody else."""
    known = select(Update).where(Update.id == _id(session, uid))
    campaign_id = session.exec(known).one().campaign_id
    campaign = content.locked(session, Campaign.id == campaign_id, str(campaign_id))
    return session.exec(content.locking(known)).one(), campaign


def _refuse_class(edit_class: EditClass) -> None:
    if edit_class in {EditClass.WITHDRAWAL, EditClass.REDACTION}:
        raise Invalid(
            "edit_class",
            f"{edit_class.value!r} is not an edit of the text.",
            remedy="Withdraw the update instead.",
        )
