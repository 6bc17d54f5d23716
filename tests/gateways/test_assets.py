"""Pictures have the shape that feeds ask for, or the service says so at its start."""

from pathlib import Path

import pytest

from feedsvc.errors import Misconfigured
from feedsvc.gateways import assets
from feedsvc.gateways.templates import Templates
from tests import made_files as made

SHIPPED = Path(__file__).parents[2] / "templates"
LIMIT = 10_000


def own(folder: Path, place: str, content: bytes) -> list[Path]:
    (folder / place).parent.mkdir(parents=True)
    (folder / place).write_bytes(content)
    return [folder, SHIPPED]


@pytest.mark.parametrize("name", ["icon.png", "favicon.png", "logo.png"])
def test_shipped_picture_is_small(name: str) -> None:
    assert len(assets.read([SHIPPED])[name].content) < LIMIT


def test_operators_picture_stands_in_front_and_has_an_address_of_its_own(tmp_path: Path) -> None:
    picture = made.png(600, 600)
    found = assets.read(own(tmp_path, "images/icon.png", picture))
    assert found["icon.png"].content == picture
    assert found["icon.png"].path != assets.read([SHIPPED])["icon.png"].path
    assert found["logo.png"] == assets.read([SHIPPED])["logo.png"]


@pytest.mark.parametrize(
    ("place", "content"),
    [("images/logo.png", made.png(200, 100)), ("feeds/feed.css", b"feed { color: red }")],
)
def test_fingerprint_tells_another_picture_or_style(
    tmp_path: Path, place: str, content: bytes
) -> None:
    folders = own(tmp_path, place, content)
    assert Templates(folders).fingerprint() != Templates([SHIPPED]).fingerprint()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("icon.png", made.png(511, 511), "has 511 x 511 pixels"),
        ("icon.png", made.png(512, 513), "has 512 x 513 pixels"),
        ("favicon.png", made.png(63, 63), "has 63 x 63 pixels"),
        ("logo.png", made.png(100, 100), "has 100 x 100 pixels"),
        ("icon.png", made.JPEG, "is no PNG image"),
        ("icon.png", made.PNG[:20], "is no PNG image"),
        ("icon.png", made.png(600, 600) + bytes(1_000_000), "has more than 1000000 bytes"),
    ],
)
def test_picture_of_another_shape_is_told_at_the_start(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    with pytest.raises(Misconfigured, match=problem) as told:
        Templates(own(tmp_path, f"images/{name}", content))
    assert "Put a PNG there that is" in told.value.remedy


def test_style_sheet_of_the_feeds_loads_nothing() -> None:
    sheet = assets.read([SHIPPED])["feed.css"].content
    assert b"url(" not in sheet
    assert b"@import" not in sheet
