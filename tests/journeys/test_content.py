"""Content as files: load it, work with it, dump it, and load that elsewhere: the feeds are equal."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from feedsvc.commands import cli
from feedsvc.domain.tables.ledger import Notice
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.gateways import files, keyfile
from tests.web.serving import client
from tests.world import START, World, world

ARABIC = {"ar": {"title": "خبر", "body": "نص"}}
SLUG = "khan-sheikhoun"
FEEDS = [
    f"{stem}.{suffix}"
    for stem in (
        "/updates",
        "/updates.ar",
        f"/c/{SLUG}",
        f"/c/{SLUG}.ar",
        "/c/attribute-responsibility",
    )
    for suffix in ("atom", "rss", "json")
]


@dataclass(frozen=True)
class Place:
    """An installation of its own: a database, a key file, a configuration."""

    url: str
    folder: Path
    authority: str

    def run(self, *arguments: str | Path) -> Result:
        """Run `feedsvc`."""
        config = self.folder / "config.toml"
        config.write_text(
            f'site.tag_authority = "{self.authority}"\n'
            f'database.url = "{self.url}"\nkeys.file = "{self.folder / "feedsvc.keys"}"\n'
        )
        return CliRunner().invoke(cli, [*map(str, arguments), "--config", str(config)])

    @contextmanager
    def opened(self, **later: float) -> Iterator[World]:
        """Work with it, some time later."""
        with world(self.url, self.folder) as made:
            made.now = START + timedelta(days=365) + timedelta(**later)
            yield made

    def feeds(self) -> dict[str, bytes]:
        """Fetch every feed."""
        with self.opened(days=9) as made, client(made) as http:
            return {path: http.get(path).raise_for_status().content for path in FEEDS}


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    """Give an installation on an empty database."""
    return made(database_url, tmp_path / "here")


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Place:
    """Give another one, on a database of the other kind."""
    other = "postgresql" if database_url.startswith("sqlite") else "sqlite"
    return made(request.getfixturevalue(f"{other}_url"), tmp_path / "there")


def made(url: str, folder: Path) -> Place:
    """Make the folder and the key file of an installation."""
    folder.mkdir()
    keyfile.create(folder / "feedsvc.keys")
    return Place(url, folder, f"{folder.name}.example.org,2017")


@pytest.fixture
def busy(place: Place) -> Place:
    """Give an installation where the shipped content was loaded and much has happened since."""
    place.run("load", files.shipped("updates"))
    with place.opened() as here:
        here.join("anna@example.org", SLUG)
        here.post(SLUG, "Posted", texts=ARABIC, mail_subject="Subject")
        here.pass_time(microseconds=7)
        here.post(SLUG, "A draft", status="draft")
        here.post(SLUG, "To come", publish_at="2030-01-01T00:00:00.5Z", key="to-come")
    folder = place.folder / "edited"
    shutil.copytree(files.shipped("updates"), folder)
    letter = folder / SLUG / "letter.md"
    letter.write_text(letter.read_text().replace("+++\n", '+++\nedit_class = "amended"\n', 1) + "!")
    update = folder / SLUG / "2017-12-07-un-mechanism.md"
    update.write_text(update.read_text().replace("+++\n", '+++\nedit_class = "amended"\n', 1) + "!")
    assert place.run("load", folder).exit_code == 0
    return place


def tree(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_dump_loaded_into_an_empty_database_gives_equal_feeds_and_an_equal_dump(
    busy: Place, elsewhere: Place, tmp_path: Path
) -> None:
    assert busy.run("dump", tmp_path / "one").exit_code == 0
    loaded = elsewhere.run("load", tmp_path / "one")
    assert loaded.exit_code == 0, loaded.output
    feeds = busy.feeds()
    assert b"Posted" in feeds["/updates.atom"]
    assert elsewhere.feeds() == feeds
    elsewhere.run("dump", tmp_path / "two")
    assert tree(tmp_path / "two") == tree(tmp_path / "one")


def test_a_restored_update_mails_nobody(busy: Place, elsewhere: Place, tmp_path: Path) -> None:
    busy.run("dump", tmp_path / "one")
    elsewhere.run("load", tmp_path / "one")
    with elsewhere.opened() as there:
        assert there.read(lambda session: session.exec(select(Notice)).all()) == []


def test_a_dump_names_no_signer(busy: Place, tmp_path: Path) -> None:
    busy.run("dump", tmp_path / "one")
    assert not [name for name, content in tree(tmp_path / "one").items() if b"anna@" in content]


def test_a_dump_loaded_where_it_came_from_changes_nothing(busy: Place, tmp_path: Path) -> None:
    busy.run("dump", tmp_path / "one")
    before = audited(busy)
    again = busy.run("load", tmp_path / "one")
    assert (again.exit_code, again.output) == (0, "Nothing changed.\n")
    assert audited(busy) == before


def test_a_dump_that_was_edited_comes_back_with_the_edit_on_top(
    busy: Place, elsewhere: Place, tmp_path: Path
) -> None:
    busy.run("dump", tmp_path / "one")
    update = tmp_path / "one" / SLUG / "2017-12-07-un-mechanism.md"
    update.write_text(update.read_text() + "One more sentence.\n")
    assert "revision 3 (silent)" in elsewhere.run("load", tmp_path / "one").output


@pytest.mark.parametrize(
    ("name", "new", "error"),
    [
        (SLUG, "other", r"other/history/campaign\.json: .*give the old one back"),
        (f"{SLUG}/to-come.md", f"{SLUG}/other.md", r"stands alone: there is no to-come\.md"),
    ],
)
def test_a_dump_under_other_names_is_refused(
    busy: Place, tmp_path: Path, name: str, new: str, error: str
) -> None:
    busy.run("dump", tmp_path / "one")
    (tmp_path / "one" / name).rename(tmp_path / "one" / new)
    refused = busy.run("load", tmp_path / "one")
    assert refused.exit_code == 1
    assert re.search(error, str(refused.exception))


def test_a_dump_without_the_revision_of_a_release_is_refused(
    busy: Place, elsewhere: Place, tmp_path: Path
) -> None:
    busy.run("dump", tmp_path / "one")
    record = tmp_path / "one" / SLUG / "history" / "2017-12-07-un-mechanism.json"
    record.write_text(
        record.read_text().replace('"released_revision": 1', '"released_revision": 0')
    )
    refused = elsewhere.run("load", tmp_path / "one")
    assert refused.exit_code == 1
    assert "release without its revision" in str(refused.exception)


def test_a_dump_of_somebody_elses_campaign_is_not_mixed_into_ours(
    busy: Place, elsewhere: Place, tmp_path: Path
) -> None:
    elsewhere.run("load", files.shipped("updates"))
    busy.run("dump", tmp_path / "one")
    refused = elsewhere.run("load", tmp_path / "one")
    assert "another campaign is stored under 'khan-sheikhoun'" in str(refused.exception)
    assert audited(elsewhere) == 6


def test_the_files_are_reported_one_by_one_and_the_second_time_nothing_has_changed(
    place: Place,
) -> None:
    first = place.run("load", files.shipped("updates"))
    assert f"{SLUG}/2017-12-07-un-mechanism.md: new, published, no mail\n" in first.output
    second = place.run("load", files.shipped("updates"))
    assert (second.exit_code, second.output) == (0, "Nothing changed.\n")


def test_a_folder_that_holds_something_is_not_dumped_into(place: Place, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").touch()
    refused = place.run("dump", tmp_path / "full")
    assert refused.exit_code == 1
    assert "is not an empty folder" in str(refused.exception)


def test_a_wrong_file_stores_nothing_at_all(place: Place, tmp_path: Path) -> None:
    shutil.copytree(files.shipped("updates"), tmp_path / "edited")
    update = tmp_path / "edited" / SLUG / "2017-04-10-homs-air-strikes.md"
    update.write_text(update.read_text().replace("2017-04-10", "10/04/2017"))
    refused = place.run("load", tmp_path / "edited")
    assert refused.exit_code == 1
    assert "Write 2017-04-10 or 2017-10-04" in str(refused.exception)
    assert audited(place) == 0


def audited(place: Place) -> int:
    """Count the lines of the audit."""

    def lines(session: Session) -> int:
        return len(session.exec(select(AuditLine)).all())

    with place.opened() as here:
        return int(here.read(lines))
