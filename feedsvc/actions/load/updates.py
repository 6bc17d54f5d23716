"""Load an update: store it, revise it, release it, as its file says."""

from collections.abc import Mapping

from sqlmodel import select

from feedsvc.actions.load import restore
from feedsvc.actions.load.run import Run
from feedsvc.domain import edits
from feedsvc.domain.content import Revision, Text, UpdateFile
from feedsvc.domain.dates import rfc3339
from feedsvc.domain.edits import Difference
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    EditClass,
    Notify,
    Update,
    UpdateStatus,
)
from feedsvc.domain.tables.ledger import Notice, Withheld
from feedsvc.errors import Conflict, Invalid
from feedsvc.records import content, feeds, folders, mailings, revising
from feedsvc.records.release import bring_in, release, status_at

_OUT = {UpdateStatus.PUBLISHED, UpdateStatus.WITHDRAWN}


def load(run: Run, campaign: Campaign, given: UpdateFile) -> None:
    """Store an update that is new, or what has changed about it."""
    file = run.file(f"{given.key}.md")
    content.refuse_future(_date(given), run.now, f"{file}, occurred_on")
    named = (Update.campaign_id == campaign.id, Update.key == given.key)
    update = run.session.exec(content.locking(select(Update).where(*named))).first()
    if update is None and given.record is None:
        _store(run, campaign, given, file)
        return
    if update is None and given.record:
        update = restore.update(run, campaign, given, given.record)
        if not run.begun:
            feeds.move(run.session, campaign, run.now)
        run.changed(file, f"restored, {update.status}", update.uid)
    if update:
        _change(run, campaign, update, given, file)


def _store(run: Run, campaign: Campaign, given: UpdateFile, file: str) -> None:
    if given.status is UpdateStatus.WITHDRAWN:
        raise Invalid(
            f"{file}, status",
            "is withdrawn, and no such update is stored.",
            remedy="Remove the file, or put back what `feedsvc dump` wrote about it in history/.",
        )
    if given.status is not UpdateStatus.DRAFT:
        _refuse_mail(campaign, given, file)
    update = bring_in(run.session, campaign, given, run.site, run.now)
    run.changed(file, f"new, {_standing(update)}", update.uid)


def _refuse_mail(campaign: Campaign, given: UpdateFile, file: str) -> None:
    if campaign.status is CampaignStatus.WITHDRAWN and given.notify is Notify.SUBSCRIBERS:
        raise Invalid(
            f"{file}, notify",
            "the campaign is withdrawn, and nobody is mailed about it.",
            remedy='Write notify = "none", or status = "draft".',
        )


def _change(run: Run, campaign: Campaign, update: Update, given: UpdateFile, file: str) -> None:
    _refuse_stranger(update, given, file)
    history = folders.of_revisions(run.session, update)
    found = edits.difference(history, given.texts, given.based_on, file)
    if found.behind:
        run.left_alone(file, f"revision {update.revision} is newer")
        return
    _plan(run, update, given, file)
    if found or update.occurred_on != _date(given):
        _revise(run, campaign, update, given, history, found, file)
    if update.status is not given.status:
        _turn(run, campaign, update, given, file)


def _refuse_stranger(update: Update, given: UpdateFile, file: str) -> None:
    if given.record and given.record.uid != update.uid:
        raise Conflict(
            f"{file}: another update is stored under this name.",
            remedy="Rename the file and its namesake in history/, "
            "or remove that one to load the text alone.",
        )


def _plan(run: Run, update: Update, given: UpdateFile, file: str) -> None:
    """Change whom it will be sent to and when, as long as it is not out."""
    if (update.notify, update.publish_at) == (given.notify, given.publish_at):
        return
    if update.status in _OUT:
        field = "notify" if update.notify is not given.notify else "publish_at"
        stored = rfc3339(update.publish_at) if update.publish_at else ""
        value = update.notify.value if field == "notify" else stored
        raise Invalid(
            f"{file}, {field}",
            "differs from what is stored, and the update is out already.",
            remedy=f'Write {field} = "{value}".' if value else f"Leave {field} out.",
        )
    update.notify, update.publish_at = given.notify, given.publish_at
    when = f", publish at {rfc3339(given.publish_at)}" if given.publish_at else ""
    run.changed(file, f"notify {given.notify}{when}", update.uid)


def _revise(
    run: Run,
    campaign: Campaign,
    update: Update,
    given: UpdateFile,
    history: Mapping[int, tuple[Text, ...]],
    found: Difference,
    file: str,
) -> None:
    """Store the next revision, make the entries it adds, and move the feeds."""
    edits.in_turn(given.based_on, update.revision, file)
    if update.status is UpdateStatus.WITHDRAWN:
        raise Conflict(
            f"{file}: the update is withdrawn, and stays as it was.",
            remedy="Put the file back as it was, and write what there is to say as a new update.",
        )
    out = update.status is UpdateStatus.PUBLISHED
    told = out and mailings.concern(run.session, update.id or 0)
    edit_class = edits.allowed(found, given.edit_class, file, told=told)
    _refuse_note(given, edit_class, file)
    redated = update.occurred_on != _date(given)
    update.occurred_on = _date(given)
    changed = [one.language for one in given.texts] if redated else found.changed
    revision = Revision(max(history) + 1, edit_class, run.now, given.texts, _notes(given))
    revising.revise(
        *(run.session, campaign, update, revision),
        changed=[language for language in changed if language not in found.added],
        added=found.added,
        site=run.site,
    )
    run.changed(file, f"revision {revision.number} ({edit_class})", update.uid)


def _refuse_note(given: UpdateFile, edit_class: EditClass, file: str) -> None:
    if given.edit_note and edit_class is not EditClass.CORRECTION:
        raise Invalid(
            f"{file}, edit_note",
            f"is shown to nobody: this edit is {edit_class.value!r}.",
            remedy='Write edit_class = "correction", or leave edit_note out.',
        )


def _turn(run: Run, campaign: Campaign, update: Update, given: UpdateFile, file: str) -> None:
    """Bring an update to the status that its file asks for."""
    wanted = given.status
    if wanted in {UpdateStatus.PUBLISHED, UpdateStatus.SCHEDULED}:
        wanted = status_at(given.publish_at, run.now)
    if wanted is update.status:
        return
    if wanted is UpdateStatus.WITHDRAWN or update.status in _OUT:
        _withdraw(run, campaign, update, given, file)
        return
    if wanted is not UpdateStatus.DRAFT:
        _refuse_mail(campaign, given, file)
    update.status = wanted
    if wanted is UpdateStatus.PUBLISHED:
        release(run.session, campaign, update, run.now)
    run.changed(file, _standing(update), update.uid)


def _withdraw(run: Run, campaign: Campaign, update: Update, given: UpdateFile, file: str) -> None:
    """Withdraw what nobody was mailed; refuse every other way back."""
    mailing = mailings.those(run.session, Notice.update_id == update.id)  # none starts from here on
    problem, remedy = _no_way(run, update, given.status)
    if problem:
        raise Invalid(f"{file}, status", problem, remedy=remedy)
    mailings.cancel(run.session, mailing, Withheld.WITHDRAWN, run.now)
    newest = folders.of_revisions(run.session, update)[update.revision]
    notes = _notes(given)
    revising.withdraw(run.session, campaign, update, newest, notes, site=run.site, now=run.now)
    run.changed(file, "withdrawn", update.uid)


def _no_way(run: Run, update: Update, wanted: UpdateStatus) -> tuple[str, str]:
    if update.status is UpdateStatus.WITHDRAWN:
        return "the update is withdrawn already.", 'Write status = "withdrawn".'
    if wanted is not UpdateStatus.WITHDRAWN:
        return (
            "the update is published already, and readers have it.",
            'Write status = "published", or "withdrawn" to take it back.',
        )
    if update.status is not UpdateStatus.PUBLISHED:
        return "only what was published is withdrawn.", 'Write status = "draft".'
    if mailings.reached(run.session, update.id or 0):
        return (
            "what was mailed cannot be withdrawn from a file: those who have it must be told.",
            'Leave status = "published"; an edit as "amended" changes pages and feeds.',
        )
    return "", ""


def _standing(update: Update) -> str:
    mail = "no mail" if update.notify is Notify.NONE else "to be mailed"
    at = f" for {rfc3339(update.publish_at)}" if update.publish_at else ""
    return f"{update.status}{at if update.status is UpdateStatus.SCHEDULED else ''}, {mail}"


def _date(given: UpdateFile) -> str | None:
    return str(given.occurred_on) if given.occurred_on else None


def _notes(given: UpdateFile) -> dict[str, str]:
    """Return what the file says of its own edit, in the language of its first text."""
    return {given.texts[0].language: given.edit_note} if given.edit_note else {}
