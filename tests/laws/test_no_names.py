"""Law 12: a stolen database, its log and its journal name nobody."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.people import Signer
from tests.world import World, world

PLANTED = {
    "address": "wilhelmina.planted@needle.example.org",
    "local part": "wilhelmina.planted",
    "mail domain": "needle.example.org",
    "name": "Wilhelmina Ünverkennbar",
    "zone": "Pacific/Chatham",
}


@pytest.fixture
def lived_in(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a world in which somebody signed, confirmed, was mailed, and left."""
    with world(sqlite_url, tmp_path) as made:
        made.campaign(kind="petition")
        signer = made.sign_up(
            PLANTED["address"], name=PLANTED["name"], time_zone=PLANTED["zone"], language="ar"
        )
        assert made.send() == [PLANTED["address"]]
        made.confirm(signer)
        made.post()
        assert made.run(minutes=11) == [PLANTED["address"]]
        made.sign_up("second." + PLANTED["address"], name=PLANTED["name"])
        made.leave(signer)
        yield made


def forms(value: str) -> Iterator[bytes]:
    """Spell a value in the ways that a search for it would try."""
    for spelt in {value, value.lower(), value.upper()}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            raw = spelt.encode(encoding)
            yield raw
            yield raw.hex().encode()
            for shift in range(3):  # base64 of it in the middle of something else
                whole = base64.b64encode(b"\0" * shift + raw)
                yield whole[-(-shift * 8 // 6) : len(whole) // 4 * 4 - 4]


@pytest.mark.parametrize("what", sorted(PLANTED))
def test_a_byte_search_of_all_files_finds_nobody(
    lived_in: World, tmp_path: Path, what: str
) -> None:
    files = [file for file in tmp_path.iterdir() if file.name != "feedsvc.keys"]
    assert {file.suffix for file in files} >= {".db", ".db-wal", ".journal"}
    for file in files:
        content = file.read_bytes()
        assert [form for form in forms(PLANTED[what]) if form in content] == []


def test_the_search_would_find_what_is_not_sealed(lived_in: World, tmp_path: Path) -> None:
    lived_in.campaign("needle", title=PLANTED["name"])
    found = (tmp_path / "feedsvc.db-wal").read_bytes()
    assert any(form in found for form in forms(PLANTED["name"]))
    for shift in range(3):
        hidden = base64.b64encode(b"x" * shift + PLANTED["name"].encode() + b"and more")
        assert any(form in hidden for form in forms(PLANTED["name"]))


def test_no_row_of_any_table_holds_a_name(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition")
    here_and_now.join(PLANTED["address"], name=PLANTED["name"], time_zone=PLANTED["zone"])
    here_and_now.post()
    here_and_now.run(minutes=11)
    written = "".join(repr(row) for rows in here_and_now.dump().values() for row in rows)
    assert [what for what, value in PLANTED.items() if value in written] == []


def test_zone_and_language_are_sealed_and_open_with_the_key(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition")
    signer_id = here_and_now.join("anna@example.org", time_zone="Pacific/Chatham", language="ar")
    signer = here_and_now.read(lambda s: s.exec(select(Signer).where(Signer.id == signer_id)).one())
    keys = here_and_now.here.keys
    assert keys.unseal(signer.zone_sealed, Sealed.ZONE) == "Pacific/Chatham"
    assert keys.unseal(signer.language_sealed, Sealed.LANGUAGE) == "ar"


def test_who_signs_and_wants_no_mail_leaves_no_address(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition")
    signer_id = here_and_now.join("anna@example.org", updates=False)
    signer = here_and_now.read(lambda s: s.exec(select(Signer).where(Signer.id == signer_id)).one())
    assert (signer.address_sealed, signer.address_index) == (None, None)
