"""A board holds editions up to so many bytes."""

from datetime import UTC, datetime
from hashlib import shake_256

import pytest

from feedsvc.web.boards import OPML, Board, Edition, Key
from feedsvc.web.copies import Document

CONTENT = shake_256(b"what no coding makes smaller").digest(400)
FIRST, SECOND, THIRD = Key("first"), Key("second"), Key("third")


def edition() -> Edition:
    """Make one of 400 bytes, which no coding makes smaller."""
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    document = Document(CONTENT, content_type="text/plain", updated=moment, max_age_seconds=60)
    return Edition(1, {"atom": document})


def test_where_room_runs_out_the_idlest_goes_and_it_is_told() -> None:
    told: list[bool] = []
    board = Board(1_000, lambda: told.append(True))
    board.put(FIRST, edition())
    board.put(SECOND, edition())
    board.get(FIRST)
    board.put(THIRD, edition())
    kept = [key for key in (FIRST, SECOND, THIRD) if board.get(key)]
    assert (kept, told) == ([FIRST, THIRD], [True])


def test_compressed_copies_take_room_as_well() -> None:
    board, second = Board(1_000, lambda: None), edition()
    board.put(FIRST, edition())
    board.put(SECOND, second)
    second.documents["atom"].make("gzip")
    board.weigh(SECOND)
    assert board.get(FIRST) is None
    assert board.get(SECOND) is second


def test_what_is_dropped_weighs_nothing() -> None:
    board = Board(1_000, lambda: None)
    for _ in range(5):
        board.put(FIRST, edition())
        board.drop(FIRST)
    board.put(FIRST, edition())
    board.put(SECOND, edition())
    assert board.get(FIRST)


def test_the_last_edition_stays_however_large() -> None:
    board = Board(1, lambda: None)
    board.put(FIRST, edition())
    assert board.get(FIRST)


@pytest.mark.parametrize(
    ("key", "suffix", "address"),
    [
        (Key("river"), "atom", "/c/river.atom"),
        (Key("river", "ar"), "rss", "/c/river.ar.rss"),
        (Key("river", "ar", "3-4"), "json", "/c/river/archive/3-4.ar.json"),
        (Key(None, None, "3"), "atom", "/updates/archive/3.atom"),
        (Key(), "atom", "/updates.atom"),
        (Key(), OPML, "/feeds.opml"),
    ],
)
def test_each_feed_has_one_address(key: Key, suffix: str, address: str) -> None:
    assert key.address(suffix) == address
