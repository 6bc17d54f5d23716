"""Load a campaign: its page, its letter, its signatories."""

from collections.abc import Iterable, Sequence

from sqlmodel import col, select

from feedsvc.actions.load import restore
from feedsvc.actions.load.run import Run
from feedsvc.domain import edits
from feedsvc.domain.content import (
    CampaignFile,
    CampaignRecord,
    Folder,
    LetterFile,
    LetterVersion,
    Text,
)
from feedsvc.domain.tables.content import Campaign, CampaignKind, EditClass, Entry, EntryKind
from feedsvc.errors import Conflict, Invalid
from feedsvc.records import announcements, content, endings, feeds, folders

FILE, LETTER, SIGNATORIES = "campaign.md", "letter.md", "signatories.txt"
RECORD = "history/campaign.json"
OFFERS = frozenset({"donate", "related"})
"""What is offered to those who have signed; no feed shows it, so none moves."""


def load(run: Run, folder: Folder) -> Campaign:
    """Store a campaign that is new, or what has changed about it; return it locked."""
    _refuse_misfits(run, folder)
    stored = select(Campaign).where(Campaign.slug == run.slug)
    campaign = run.session.exec(content.locking(stored)).first()
    if campaign is None:
        campaign = _store(run, folder)
    else:
        _refuse_stranger(run, campaign, folder.record)
        _change(run, campaign, folder)
        if folder.letter:
            _letter(run, campaign, folder.letter)
    return campaign


def _refuse_misfits(run: Run, folder: Folder) -> None:
    kind, file = folder.campaign.kind, run.file(FILE)
    if folder.letter and kind is CampaignKind.STATEMENT:
        raise Invalid(run.file(LETTER), "A statement has no letter.", remedy=f"Move it to {file}.")
    if folder.signatories and kind is CampaignKind.PETITION:
        raise Invalid(
            run.file(SIGNATORIES),
            "Only a statement has signatories.",
            remedy=f'Remove it, or write kind = "statement" in {file}.',
        )
    content.refuse_future(_date(folder.campaign), run.now, f"{file}, occurred_on")


def _refuse_stranger(run: Run, campaign: Campaign, record: CampaignRecord | None) -> None:
    if record and record.uid != campaign.uid:
        raise Conflict(
            f"{run.file(RECORD)}: another campaign is stored under {run.slug!r}.",
            remedy="Rename this folder, or remove its folder history/ to load the texts alone.",
        )


def _store(run: Run, folder: Folder) -> Campaign:
    given, record = folder.campaign, folder.record
    if record:
        restore.refuse_known(run, Campaign, record.uid, run.file(RECORD))
    _refuse_taken(run, given)
    campaign, run.begun = _row(run, given, record), True
    content.add_campaign(run.session, campaign, given.texts)
    content.put_signatories(run.session, campaign, folder.signatories)
    if record:
        restore.campaign(run, campaign, record, run.file(RECORD))
    stamped = {entry.language for entry in record.entries} if record else set()
    launch = _enter(
        run, campaign, [one.language for one in given.texts if one.language not in stamped]
    )
    if folder.letter:
        _letter(run, campaign, folder.letter)
    if launch:
        feeds.move(run.session, campaign, run.now, appearing=launch)
    endings.turn(run.session, campaign, run.site, run.now)
    run.changed(run.file(FILE), "restored" if record else "new", campaign.slug)
    if folder.signatories:
        run.changed(run.file(SIGNATORIES), f"{len(folder.signatories)} names", campaign.slug)
    return campaign


def _row(run: Run, given: CampaignFile, record: CampaignRecord | None) -> Campaign:
    launched = content.launched_at(_date(given), run.now)
    return Campaign(
        uid=record.uid if record else feeds.fresh_uid(),
        slug=given.slug,
        kind=given.kind,
        status=given.status,
        language=given.language,
        short_link=given.short_link,
        occurred_on=_date(given),
        donate_url=given.donate_url,
        related=list(given.related),
        published_at=record.published_at if record else launched,
        withdrawn_at=record.withdrawn_at if record else None,
        ended_at=record.ended_at if record else None,
        rewritten_at=record.rewritten_at if record else None,
        updated_at=record.updated_at if record else run.second,
        revision=record.revision if record else 1,
        last_arrival=record.last_arrival if record else 0,
    )


def _enter(run: Run, campaign: Campaign, languages: list[str]) -> list[Entry]:
    """Begin the feeds of these languages with the campaign's launch."""
    if not languages:
        return []
    return content.enter(run.session, campaign, None, languages, run.site, run.now)


def _change(run: Run, campaign: Campaign, folder: Folder) -> None:
    given, file = folder.campaign, run.file(FILE)
    stored = folders.texts_of_campaign(run.session, campaign)
    found = edits.difference({campaign.revision: stored}, given.texts, given.based_on, file)
    others = _other_changes(run, campaign, folder)
    if not found and not others:
        return
    edits.in_turn(given.based_on, campaign.revision, file)
    edit_class = edits.allowed(found, given.edit_class, file, told=False)
    _refuse_other_kind(campaign, given, file)
    if given.short_link != campaign.short_link:
        _refuse_taken_link(run, given)
    campaign.status, campaign.short_link = given.status, given.short_link
    campaign.occurred_on = _date(given)
    campaign.donate_url, campaign.related = given.donate_url, list(given.related)
    campaign.revision += 1
    content.put_campaign_texts(run.session, campaign, _in_stored_order(given.texts, stored))
    if SIGNATORIES in others:
        content.put_signatories(run.session, campaign, folder.signatories)
    entered = _enter(run, campaign, list(found.added))
    if found or not OFFERS.issuperset(others):
        _move(run, campaign, edit_class, found.changed, entered)
    endings.turn(run.session, campaign, run.site, run.now)
    what = [*others, *(f"text in {language}" for language in (*found.changed, *found.added))]
    run.changed(file, f"revision {campaign.revision} ({edit_class}): {', '.join(what)}", run.slug)


def _other_changes(run: Run, campaign: Campaign, folder: Folder) -> list[str]:
    """Name what differs beside the texts. Without its file, the list of signatories stays."""
    given = folder.campaign
    differs = {
        "kind": campaign.kind is not given.kind,
        "status": campaign.status is not given.status,
        "short_link": campaign.short_link != given.short_link,
        "occurred_on": campaign.occurred_on != _date(given),
        "donate": campaign.donate_url != given.donate_url,
        "related": campaign.related != list(given.related),
        SIGNATORIES: bool(folder.signatories)
        and folder.signatories != folders.of_signatories(run.session, campaign),
    }
    return [name for name, differing in differs.items() if differing]


def _refuse_other_kind(campaign: Campaign, given: CampaignFile, file: str) -> None:
    if campaign.kind is not given.kind:
        raise Invalid(
            f"{file}, kind",
            f"is {given.kind.value!r}; the campaign is stored as a {campaign.kind.value}.",
            remedy="A kind does not change: load a campaign of its own.",
        )


def _refuse_taken(run: Run, given: CampaignFile) -> None:
    try:
        content.refuse_taken_slug(run.session, given.slug)
    except Conflict as error:
        remedy = f"Rename the folder {given.slug}/."
        raise Invalid(run.file(FILE), error.problem, remedy=remedy) from error
    _refuse_taken_link(run, given)


def _refuse_taken_link(run: Run, given: CampaignFile) -> None:
    try:
        content.refuse_taken_link(run.session, given.short_link)
    except Conflict as error:
        raise Invalid(
            f"{run.file(FILE)}, short_link", error.problem, remedy=error.remedy
        ) from error


def _in_stored_order(given: Iterable[Text], stored: Iterable[Text]) -> list[Text]:
    order = [text.language for text in stored]
    known = [text for text in given if text.language in order]
    known.sort(key=lambda text: order.index(text.language))
    return known + [text for text in given if text.language not in order]


def _letter(run: Run, campaign: Campaign, given: LetterFile) -> None:
    file = run.file(LETTER)
    versions = folders.of_letters(run.session, campaign)
    if not versions:
        content.put_letter(run.session, campaign, LetterVersion(1, run.now, given.texts))
        feeds.move(run.session, campaign, run.now)
        run.changed(file, "new", run.slug)
        return
    newest = versions[-1]
    history = {one.version: one.texts for one in versions}
    found = edits.difference(history, given.texts, given.based_on, file)
    if found.behind:
        run.left_alone(file, f"version {newest.version} is newer")
    if not found:
        return
    edit_class = edits.allowed(found, given.edit_class, file, told=False)
    if edit_class in edits.SIGNIFICANT:
        newest = LetterVersion(newest.version + 1, run.now, given.texts)
    content.put_letter(
        run.session, campaign, LetterVersion(newest.version, newest.created_at, given.texts)
    )
    _move(run, campaign, edit_class, found.changed)
    run.changed(file, f"version {newest.version} ({edit_class})", run.slug)


def _move(
    run: Run,
    campaign: Campaign,
    edit_class: EditClass,
    languages: Iterable[str],
    entered: Sequence[Entry] = (),
) -> None:
    """Move the feeds, and after a significant edit the launch entry in these languages."""
    moved: Sequence[Entry] = ()
    if edit_class in edits.SIGNIFICANT:
        launch = select(Entry).where(
            Entry.campaign_id == campaign.id,
            Entry.kind == EntryKind.LAUNCH,
            col(Entry.language).in_(languages),
        )
        moved = run.session.exec(launch).all()
        announcements.touch(moved, run.now)
    feeds.move(run.session, campaign, run.now, appearing=[*entered, *moved])


def _date(given: CampaignFile) -> str | None:
    return str(given.occurred_on) if given.occurred_on else None
