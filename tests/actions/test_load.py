"""Loading a folder stores what is new and what has changed, and nothing else."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_one

from feedsvc.commands.content import load_all
from feedsvc.domain.tables.content import Campaign, Entry, Signatory, Update, UpdateStatus
from feedsvc.errors import Conflict, FeedsvcError, Invalid
from feedsvc.gateways import files
from feedsvc.records import folders
from feedsvc.records.books import books
from tests.world import START, World

CAMPAIGN = 'title = "River"\nkind = "petition"\nlanguage = "en"\noccurred_on = "2017-04-04"'
LETTER = 'closing = "Yours"\n\n[[addressee]]\nname = "The Minister"'


class Desk:
    """A folder of files and the world it is loaded into."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.put("river/campaign.md", CAMPAIGN)

    def put(self, file: str, front: str = 'title = "News"', body: str = "Words.") -> None:
        """Write a file."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"+++\n{front}\n+++\n\n{body}\n")

    def load(self) -> list[str]:
        """Load the folder a minute later, and say what became of its files."""
        self.world.pass_time(minutes=1)
        said: list[str] = []

        def tell(changes: Iterable[Any]) -> None:
            said.extend(f"{change.file}: {change.what}" for change in changes)

        load_all(self.world.here, files.read(self.folder), now=self.world.now, tell=tell)
        return said

    def update(self, key: str = "u") -> Update:
        """Look an update up."""

        def found(session: Session) -> Update:
            return session.exec(select_one(Update).where(Update.key == key)).one()

        update = self.world.read(found)
        assert isinstance(update, Update)
        return update

    def entries(self) -> dict[str, Entry]:
        """Look the entries of all updates up, by language."""

        def found(session: Session) -> list[Entry]:
            rows = select_one(Entry).where(col(Entry.update_id).is_not(None))
            return list(session.exec(rows).all())

        return {entry.language: entry for entry in self.world.read(found)}


@pytest.fixture
def desk(here_and_now: World, tmp_path: Path) -> Desk:
    """Give a folder with one campaign that is not loaded yet."""
    (tmp_path / "content").mkdir()
    return Desk(here_and_now, tmp_path / "content")


def everything(world: World) -> dict[str, list[Any]]:
    """Read every row of every table."""

    def rows(session: Session, table: Table) -> list[Any]:
        return sorted(map(repr, session.connection().execute(select(table)).all()))

    return {table.name: world.read(rows, table) for table in SQLModel.metadata.tables.values()}


def test_the_second_load_of_the_shipped_content_changes_nothing(here_and_now: World) -> None:
    site = files.read(files.shipped("updates"))
    load_all(here_and_now.here, site, now=here_and_now.now)
    before = everything(here_and_now)
    here_and_now.pass_time(hours=1)
    load_all(here_and_now.here, site, now=here_and_now.now)
    assert everything(here_and_now) == before


def test_the_signatories_of_the_statement_are_stored_as_they_are_written(
    here_and_now: World,
) -> None:
    site = files.read(files.shipped("updates"))
    load_all(here_and_now.here, site, now=here_and_now.now)
    names = here_and_now.read(
        lambda s: s.exec(select_one(Signatory.name).order_by(col(Signatory.position))).all()
    )
    assert len(names) == 46
    assert "Syrians for Truth and Justice-STJ سوريايون من أجل الحقيقة والعدالة" in names
    assert (names[30], names[-1]) == ("Relief & Reconciliation International AISBL", "11.11.11")


async def test_history_is_published_under_its_date_and_mails_nobody(desk: Desk) -> None:
    desk.world.campaign()
    desk.world.join("anna@example.org")
    desk.put("river/campaign.md", CAMPAIGN.replace("petition", "statement") + "\nbased_on = 1")
    desk.put("river/u.md", 'title = "News"\noccurred_on = "2017-12-07"')
    desk.load()
    desk.world.pass_time(hours=1)
    await desk.world.tick()
    assert desk.entries()["en"].updated_at == desk.update().published_at
    assert str(desk.update().published_at) == "2017-12-07 12:00:00+00:00"
    assert desk.world.read(books) == []


async def test_an_update_that_is_to_be_mailed_is_mailed_once(desk: Desk) -> None:
    desk.load()
    desk.world.join("anna@example.org")
    desk.put("river/u.md", 'title = "News"\nnotify = "subscribers"')
    desk.load()
    desk.load()
    desk.world.pass_time(hours=1)
    await desk.world.tick()
    assert [address for address, _ in desk.world.mails()] == ["anna@example.org"]


def test_a_silent_edit_leaves_the_entry_its_date_and_moves_the_feeds(desk: Desk) -> None:
    desk.put("river/u.md")
    desk.load()
    entry, version = desk.entries()["en"], stamp(desk)
    desk.put("river/u.md", body="Other words.")
    assert desk.load() == ["river/u.md: revision 2 (silent)"]
    assert desk.entries()["en"] == entry
    assert stamp(desk) > version


def test_an_amended_edit_moves_the_entry_whose_text_it_is(desk: Desk) -> None:
    desk.put("river/u.md", 'title = "News"\noccurred_on = "2017-12-07"')
    desk.put("river/u.ar.md")
    desk.load()
    before = desk.entries()
    front = 'title = "News"\noccurred_on = "2017-12-07"\nedit_class = "amended"'
    desk.put("river/u.md", front, "Other words.")
    desk.load()
    after = desk.entries()
    assert after["en"].updated_at == desk.world.now.replace(microsecond=0)
    assert after["en"].published_at == before["en"].published_at
    assert after["ar"] == before["ar"]


def test_a_new_language_is_a_translation_with_an_entry_of_its_own(desk: Desk) -> None:
    desk.put("river/u.md", 'title = "News"\nnotify = "subscribers"')
    desk.load()
    before = desk.entries()
    desk.put("river/u.ar.md")
    assert desk.load() == ["river/u.md: revision 2 (translation)"]
    assert desk.entries()["en"] == before["en"]
    assert desk.entries()["ar"].published_at == desk.world.now


def test_a_change_of_what_somebody_else_changed_is_refused_and_nothing_is_stored(
    desk: Desk,
) -> None:
    desk.put("river/u.md")
    desk.load()
    desk.put("river/u.md", body="Theirs.")
    desk.load()
    desk.put("river/u.md", 'title = "News"\nbased_on = 1', "Ours.")
    desk.put("river/v.md")
    desk.put("river/campaign.md", CAMPAIGN + '\nstatus = "closed"')
    refused(desk, Conflict, r"river/u\.md: starts from revision 1, and revision 2 is stored")


def test_a_file_that_is_behind_is_left_alone_and_said_so(desk: Desk) -> None:
    desk.put("river/u.md")
    desk.load()
    desk.put("river/u.md", body="Later.")
    desk.load()
    desk.put("river/u.md")
    assert desk.load() == ["river/u.md: left alone: revision 2 is newer"]
    assert desk.update().revision == 2


def test_one_bad_campaign_does_not_keep_the_others_out(desk: Desk) -> None:
    desk.put("lake/campaign.md", CAMPAIGN + '\nshort_link = "en/1"')
    desk.put("river/campaign.md", CAMPAIGN + '\nshort_link = "en/1"')
    desk.put("sea/campaign.md", CAMPAIGN)
    with pytest.raises(Invalid, match=r"^river/campaign\.md, short_link: .*Choose another"):
        desk.load()
    slugs = desk.world.read(lambda s: s.exec(select_one(Campaign.slug)).all())
    assert sorted(slugs) == ["lake", "sea"]


def test_a_draft_is_published_when_its_file_says_so(desk: Desk) -> None:
    desk.put("river/u.md", 'title = "News"\nstatus = "draft"')
    desk.load()
    assert desk.update().arrival is None
    desk.put("river/u.md")
    assert desk.load() == ["river/u.md: published, no mail"]
    assert desk.update().arrival == 1


async def test_a_scheduled_update_waits_and_its_file_stays_true(desk: Desk) -> None:
    at = (START.replace(day=START.day + 1)).isoformat()
    front = f'title = "News"\nstatus = "scheduled"\npublish_at = {at}'
    desk.put("river/u.md", front)
    desk.load()
    assert desk.update().status is UpdateStatus.SCHEDULED
    desk.world.pass_time(days=2)
    await desk.world.tick()
    assert desk.update().status is UpdateStatus.PUBLISHED
    assert desk.load() == []


@pytest.mark.parametrize("known", [True, False])
def test_nobody_is_mailed_about_a_campaign_that_is_withdrawn(desk: Desk, known: bool) -> None:  # noqa: FBT001  a draft or a new file
    if known:
        desk.put("river/u.md", 'title = "News"\nstatus = "draft"\nnotify = "subscribers"')
    desk.load()
    desk.put("river/campaign.md", CAMPAIGN + '\nstatus = "withdrawn"')
    desk.put("river/u.md", 'title = "News"\nnotify = "subscribers"')
    refused(desk, Invalid, r"river/u\.md, notify: the campaign is withdrawn")


def test_history_is_withdrawn_by_its_file(desk: Desk) -> None:
    desk.put("river/u.md")
    desk.load()
    desk.put("river/u.md", 'title = "News"\nstatus = "withdrawn"')
    assert desk.load() == ["river/u.md: withdrawn"]
    assert desk.update().withdrawn_at == desk.world.now
    assert desk.load() == []


MAILED = 'title = "News"\nnotify = "subscribers"'


def test_what_nobody_was_sent_yet_is_withdrawn_by_its_file_and_mailed_to_nobody(
    desk: Desk,
) -> None:
    desk.load()
    desk.world.join("anna@example.org")
    desk.world.send()
    desk.put("river/u.md", MAILED)
    desk.load()
    desk.world.run_until_planned()
    desk.put("river/u.md", f'{MAILED}\nstatus = "withdrawn"')
    assert desk.load() == ["river/u.md: withdrawn"]
    assert desk.world.run() == []
    assert desk.world.books().balanced


def test_what_somebody_was_sent_is_not_withdrawn_by_its_file(desk: Desk) -> None:
    desk.load()
    desk.world.join("anna@example.org")
    desk.put("river/u.md", MAILED)
    desk.load()
    assert desk.world.run()
    desk.put("river/u.md", f'{MAILED}\nstatus = "withdrawn"')
    refused(desk, Invalid, r"river/u\.md, status: .*must be told")


def test_an_amended_letter_is_a_new_version_and_a_silent_edit_is_none(desk: Desk) -> None:
    desk.put("river/letter.md", LETTER)
    desk.load()
    desk.put("river/letter.md", LETTER.replace("Yours", "Yours sincerely"))
    assert desk.load() == ["river/letter.md: version 1 (silent)"]
    desk.put("river/letter.md", 'edit_class = "amended"\n' + LETTER, "Another ask.")
    assert desk.load() == ["river/letter.md: version 2 (amended)"]
    assert desk.load() == []


def test_what_changes_about_a_campaign_is_named(desk: Desk) -> None:
    desk.load()
    desk.put("river/campaign.md", CAMPAIGN.replace("River", "Rivers") + '\nstatus = "won"')
    desk.put("river/campaign.ar.md")
    assert desk.load() == ["river/campaign.md: revision 2 (silent): status, text in en, text in ar"]
    assert desk.load() == []


def test_signatories_that_are_added_are_stored_in_their_place(desk: Desk) -> None:
    desk.put("river/campaign.md", CAMPAIGN.replace("petition", "statement"))
    (desk.folder / "river/signatories.txt").write_text("A\nC\n")
    desk.load()
    (desk.folder / "river/signatories.txt").write_text("A\nB\nC\n")
    assert desk.load() == ["river/campaign.md: revision 2 (silent): signatories.txt"]
    campaign = desk.world.read(lambda s: s.exec(select_one(Campaign)).one())
    assert desk.world.read(folders.of_signatories, campaign) == ("A", "B", "C")


@pytest.mark.parametrize(
    ("file", "front", "error"),
    [
        ("campaign.md", CAMPAIGN.replace("petition", "statement"), r"campaign\.md, kind: "),
        ("letter.md", LETTER, r"letter\.md: A statement has no letter"),
        ("u.md", 'title = "News"\noccurred_on = "2030"', r"u\.md, occurred_on: 2030 has not come"),
        ("u.md", 'title = "N"\nedit_class = "redaction"', r"u\.md, edit_class: a redaction"),
        ("u.md", 'title = "N"\nedit_class = "correction"', r"u\.md, edit_class: a correction"),
        ("u.md", 'title = "News"\nnotify = "none"', r'u\.md, notify: .*"subscribers"'),
        ("u.md", 'title = "N"\nstatus = "draft"\nnotify = "subscribers"', r"u\.md, status: "),
        ("u.md", 'title = "N"\nedit_class = "amended"\nedit_note = "X"', r"u\.md, edit_note: "),
        ("v.md", 'title = "V"\nstatus = "withdrawn"', r"v\.md, status: .*no such update"),
    ],
)
def test_what_cannot_be_loaded_names_its_file_and_changes_nothing(
    desk: Desk, file: str, front: str, error: str
) -> None:
    if file == "letter.md":
        desk.put("river/campaign.md", CAMPAIGN.replace("petition", "statement"))
    desk.put("river/u.md", 'title = "News"\nnotify = "subscribers"')
    desk.load()
    named = "notify" in front or file != "u.md"
    desk.put(f"river/{file}", front if named else f'{front}\nnotify = "subscribers"')
    refused(desk, Invalid, rf"river/{error}")


def refused(desk: Desk, kind: type[FeedsvcError], error: str) -> None:
    """Load and see that it is refused, and that no row has changed."""
    before = everything(desk.world)
    with pytest.raises(kind) as caught:
        desk.load()
    assert re.search(error, str(caught.value)), str(caught.value)
    assert caught.value.remedy
    assert everything(desk.world) == before


def stamp(desk: Desk) -> int:
    """Look up how often the feeds of the campaign have moved."""
    record = desk.world.read(folders.of_site).folders[0].record
    assert record.feed
    return int(record.feed.version)
