"""Files beside an update are loaded with it, are part of its revisions, and come back from a dump."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from feedsvc.commands.content import load_all
from feedsvc.domain.content import Site
from feedsvc.domain.tables.content import Entry, RevisionText, StoredFile
from feedsvc.errors import Conflict, FeedsvcError, Invalid
from feedsvc.gateways import files
from feedsvc.records import folders, stored
from tests import made_files as made
from tests.world import World, world

FILE = '\n[[file]]\nname = "map.png"\ntext = "The map"\n'
CAMPAIGN = '+++\ntitle = "River"\nkind = "statement"\nlanguage = "en"\n+++\n\nWords.\n'


class Desk:
    """A folder with a campaign whose update has a file beside it, and the world it is loaded into."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        (folder / "river").mkdir(parents=True)
        (folder / "river/campaign.md").write_text(CAMPAIGN)
        self.put()

    def put(self, front: str = "", file: str = FILE, content: bytes = made.PNG) -> None:
        """Write the update, and its file."""
        (self.folder / "river/u.md").write_text(f'+++\ntitle = "U"\n{front}{file}+++\n\nWords.\n')
        (self.folder / "river/map.png").write_bytes(content)

    def load(self) -> None:
        """Load the folder a minute later."""
        self.world.pass_time(minutes=1)
        load_all(self.world.here, files.read(self.folder), now=self.world.now)

    def dump(self, folder: Path) -> None:
        """Write everything out."""
        site: Site = self.world.read(folders.of_site)
        files.write(folder, site, lambda digest: self.world.read(stored.content, digest))

    def revisions(self) -> list[list[dict[str, str]]]:
        """Look up the files of each revision."""
        rows = select(RevisionText.files).order_by(col(RevisionText.revision_id))
        return list(self.world.read(lambda session: session.exec(rows).all()))

    def kept(self) -> set[bytes]:
        """Look up what is stored of files."""
        return set(self.world.read(lambda session: session.exec(select(StoredFile.content)).all()))

    def entry(self) -> Entry:
        """Look up the update's entry in the feeds."""
        mine = select(Entry).where(col(Entry.update_id).is_not(None))
        found: Entry = self.world.read(lambda session: session.exec(mine).one())
        return found


@pytest.fixture
def desk(here_and_now: World, tmp_path: Path) -> Desk:
    """Give a folder that is not loaded yet."""
    return Desk(here_and_now, tmp_path / "in")


def test_file_is_stored_with_the_revision_that_names_it(desk: Desk) -> None:
    desk.load()
    ((file,),) = desk.revisions()
    assert (file["name"], file["text"]) == ("map.png", "The map")
    assert desk.world.read(stored.content, file["digest"]) == made.PNG


def test_second_load_changes_nothing(desk: Desk) -> None:
    desk.load()
    before = desk.world.dump()
    desk.load()
    assert desk.world.dump() == before


@pytest.mark.parametrize(
    ("file", "content"), [(FILE, made.png(2)), (FILE.replace("The map", "A map"), made.PNG)]
)
def test_other_file_or_other_words_for_it_are_an_edit(
    desk: Desk, file: str, content: bytes
) -> None:
    desk.load()
    desk.put('edit_class = "amended"\n', file, content)
    desk.load()
    first, second = desk.revisions()
    assert first != second
    assert desk.entry().updated_at == desk.world.now.replace(microsecond=0)


def test_earlier_revision_keeps_its_file(desk: Desk) -> None:
    desk.load()
    desk.put(content=made.png(2))
    desk.load()
    assert desk.kept() == {made.PNG, made.png(2)}


def test_refused_folder_leaves_no_file_behind(desk: Desk) -> None:
    desk.put('occurred_on = "2999"\n')
    with pytest.raises(FeedsvcError):
        desk.load()
    assert desk.kept() == set()


def test_load_of_a_dump_into_another_database_gives_the_same(
    desk: Desk, tmp_path: Path, sqlite_url: str
) -> None:
    desk.load()
    desk.put(content=made.png(2))
    desk.load()
    desk.dump(tmp_path / "one")
    with world(f"{sqlite_url}2", tmp_path / "keys") as there:
        load_all(there.here, files.read(tmp_path / "one"), now=desk.world.now)
        other = Desk(there, tmp_path / "unused")
        assert other.kept() == desk.kept()
        assert other.revisions() == desk.revisions()
        other.dump(tmp_path / "two")
    assert written(tmp_path / "one") == written(tmp_path / "two")


def test_dump_whose_file_was_edited_can_be_loaded_where_it_came_from(
    desk: Desk, tmp_path: Path
) -> None:
    desk.load()
    desk.dump(tmp_path / "out")
    (tmp_path / "out/river/map.png").write_bytes(made.png(2))
    load_all(desk.world.here, files.read(tmp_path / "out"), now=desk.world.now)
    assert len(desk.revisions()) == 2


def test_dump_without_the_file_of_an_earlier_revision_is_refused(
    desk: Desk, tmp_path: Path, sqlite_url: str
) -> None:
    desk.load()
    desk.put(content=made.png(2))
    desk.load()
    desk.dump(tmp_path / "out")
    (earlier,) = (tmp_path / "out/river/history/files").iterdir()
    earlier.unlink()
    with (
        world(f"{sqlite_url}2", tmp_path / "keys") as there,
        pytest.raises(Invalid, match=rf"^river/history/files/{earlier.name}: is missing"),
    ):
        load_all(there.here, files.read(tmp_path / "out"), now=desk.world.now)


def test_file_without_its_update_being_based_on_the_newest_is_a_conflict(desk: Desk) -> None:
    desk.load()
    desk.put(content=made.png(2))
    desk.load()
    desk.put(content=made.png(3))
    with pytest.raises(Conflict):
        desk.load()
    assert desk.kept() == {made.PNG, made.png(2)}


def written(folder: Path) -> dict[Path, bytes]:
    return {one.relative_to(folder): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
