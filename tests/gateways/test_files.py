import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import feedsvc
from feedsvc.domain.content import (
    CampaignRecord,
    EntryStamp,
    FeedStamp,
    Revision,
    Site,
    SiteRecord,
    UpdateRecord,
)
from feedsvc.domain.tables.content import EditClass
from feedsvc.errors import Conflict, Invalid, Misconfigured, NotFound
from feedsvc.gateways import files

CAMPAIGN = '+++\ntitle = "A"\nkind = "petition"\nlanguage = "en"\n+++\n'
UPDATE = '+++\ntitle = "U"\n+++\n\nWords.\n'
MOMENT = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one campaign that has one update."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/campaign.md").write_text(CAMPAIGN)
    (tmp_path / "a/u.md").write_text(UPDATE)
    return tmp_path


def recorded(site: Site) -> Site:
    """Add what a dump adds."""
    folder = site.folders[0]
    update = folder.updates[0]
    stamp = EntryStamp("en", "tag:example.org,2026:u/1", MOMENT, MOMENT)
    revision = Revision(1, EditClass.SILENT, MOMENT, update.texts)
    record = UpdateRecord("u1", MOMENT, (revision,), MOMENT, MOMENT, None, 1, (stamp,))
    campaign = CampaignRecord("c1", MOMENT, MOMENT, 1, 1, ("en",), (stamp,))
    updates = (replace(update, based_on=1, record=record), *folder.updates[1:])
    return Site(
        (replace(folder, updates=updates, record=campaign),), SiteRecord(FeedStamp(7, MOMENT))
    )


def test_what_is_written_is_read_again_unchanged(folder: Path, tmp_path: Path) -> None:
    site = recorded(files.read(folder))
    files.write(tmp_path / "out/deep", site)
    assert files.read(tmp_path / "out/deep") == site


def test_the_shipped_content_is_written_and_read_again_unchanged(tmp_path: Path) -> None:
    site = files.read(files.shipped("updates"))
    files.write(tmp_path, site)
    assert files.read(tmp_path) == site


def test_what_is_written_twice_is_equal_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    site = recorded(files.read(folder))
    for name in ("one", "two"):
        files.write(tmp_path / name, site)
    one, two = (
        {path.relative_to(top): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert not [path for path in one if path.name.endswith(".partial")]


def test_a_folder_that_holds_something_is_not_written_to(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(Conflict, match="is not an empty folder"):
        files.write(folder, files.read(folder))
    assert sorted(folder.rglob("*")) == before


def test_texts_in_other_languages_stand_behind_the_first(folder: Path) -> None:
    (folder / "a/u.ar.md").write_text(UPDATE)
    (folder / "a/u.fr.md").write_text(UPDATE)
    texts = files.read(folder).folders[0].updates[0].texts
    assert [one.language for one in texts] == ["en", "ar", "fr"]


def test_texts_come_back_in_the_order_in_which_they_were_stored(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "a/u.ar.md").write_text(UPDATE)
    (folder / "a/u.fr.md").write_text(UPDATE)
    site = files.read(folder)
    update = site.folders[0].updates[0]
    en, ar, fr = update.texts
    stored = recorded(
        Site((replace(site.folders[0], updates=(replace(update, texts=(en, fr, ar)),)),))
    )
    files.write(tmp_path / "out", stored)
    assert files.read(tmp_path / "out") == stored


def test_files_beside_the_campaigns_and_hidden_ones_are_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("About")
    (folder / ".git").mkdir()
    (folder / "a/.u.md.swp").write_text("")
    assert len(files.read(folder).folders) == 1


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a/notes.txt", "", r"^a/notes\.txt: is not a file that we know"),
        ("a/v.ar.md", UPDATE, r"^a/v\.ar\.md: stands alone: there is no v\.md"),
        ("a/u.AR.md", UPDATE, r"^a/u\.AR\.md: spells its language oddly\. Write \.ar\.md"),
        ("a/u.xx.md", UPDATE, r"^a/u\.xx\.md: the language 'xx' is not known"),
        ("a/u.en.md", UPDATE, r"^a/u\.md: is in the language 'en', and so is another file"),
        ("a/V.md", UPDATE, r"^a/V\.md: 'V' is not a name that an address can end in"),
        ("a/v.md", '+++\ntitel = "V"\n+++\nx', r"^a/v\.md, line 2, titel: is not a key"),
        ("a/v.md", "+++\n\udce9", r"^a/v\.md, line 2: is not UTF-8"),
        ("a/v.md", "x" * 200_001, r"^a/v\.md: has more than 200000 bytes"),
        ("a/signatories.txt", "A\nB\x07", r"^a/signatories\.txt, line 2: holds U\+0007"),
        ("a/history/v.json", "{}", r"^a/history/v\.json: stands alone: there is no v\.md"),
        ("a/history/u.json", "{}", r"^a/history/u\.json: .*Put the file back"),
        ("b/u.md", UPDATE, r"^b/: holds no campaign\.md"),
        ("B/campaign.md", CAMPAIGN, r"^B/campaign\.md: 'B' is not a name"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named(
    folder: Path, name: str, content: str, error: str
) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, errors="surrogateescape")
    with pytest.raises(Invalid, match=error):
        files.read(folder)


def test_a_folder_without_campaigns_says_which_folder_is_meant(tmp_path: Path) -> None:
    with pytest.raises(
        Invalid, match=r"holds no folder of a campaign\. Name the folder that holds"
    ):
        files.read(tmp_path)


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        files.read(tmp_path / "x")


def test_the_shipped_folders_are_found() -> None:
    assert (files.shipped("updates") / "khan-sheikhoun/campaign.md").is_file()


def test_the_shipped_folders_are_found_in_an_installed_package(tmp_path: Path) -> None:
    package = Path(feedsvc.__file__).parent
    shutil.copytree(package, tmp_path / "feedsvc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(files.shipped("updates"), tmp_path / "feedsvc/_share/updates")
    script = "from feedsvc.gateways import files; print(files.shipped('updates'), end='')"
    found = subprocess.check_output([sys.executable, "-c", script], cwd=tmp_path, text=True)
    assert Path(found) == tmp_path / "feedsvc/_share/updates"


def test_a_folder_that_was_not_shipped_is_a_fault_of_the_installation() -> None:
    with pytest.raises(Misconfigured, match="nonsense is missing from the installation"):
        files.shipped("nonsense")
