"""What headers mean, by RFC 9110."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.web.conditional import (
    choose_coding,
    etag,
    http_date,
    last_modified,
    not_modified,
    parse_http_date,
)

CHANGED = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
NOW = datetime(1994, 11, 7, tzinfo=UTC)
TAG = '"v1"'


def unchanged(match: str | None = None, since: str | None = None) -> bool:
    return not_modified(TAG, CHANGED, if_none_match=match, if_modified_since=since, now=NOW)


@pytest.mark.parametrize(
    "header",
    ['"v1"', 'W/"v1"', '"v0", "v1"', '"v0","v1"', ' "v0" ,\t, W/"v1" ', "*", " * ", '"a,b", "v1"'],
)
def test_a_tag_that_we_issued_matches(header: str) -> None:
    assert unchanged(match=header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        '"v2"',
        "v1",
        '"v1',
        'v1"',
        "'v1'",
        'w/"v1"',
        'W/ "v1"',
        '"v1-gzip"',
        '"V1"',
        '"v1" "v2"',
        'x, "v1"',
        '*, "v1"',
        '"a"v1"',
        '"a\\"v1"',
        ",,,",
        "\x00\xff",
    ],
)
def test_a_tag_that_we_did_not_issue_never_matches(header: str) -> None:
    assert not unchanged(match=header)


def test_the_tag_wins_over_the_date() -> None:
    assert unchanged(match=TAG, since="Sun, 06 Nov 1994 08:49:36 GMT")
    assert not unchanged(match='"v0"', since="Sun, 06 Nov 1994 08:49:37 GMT")
    assert not unchanged(match="garbage", since="Sun, 06 Nov 1994 08:49:37 GMT")


@pytest.mark.parametrize(
    "header",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 12:00:00 GMT",
    ],
)
def test_a_date_in_any_form_at_or_after_the_change_matches(header: str) -> None:
    assert unchanged(since=header)


@pytest.mark.parametrize(
    "header",
    [
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "Sun, 06 Nov 2094 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "784111777",
        "0",
        "",
    ],
)
def test_a_date_before_the_change_or_of_no_form_does_not_match(header: str) -> None:
    assert not unchanged(since=header)


def test_without_conditions_nothing_matches() -> None:
    assert not unchanged()


def test_without_last_modified_a_date_does_not_match() -> None:
    since = http_date(NOW)

    assert not not_modified(TAG, None, if_none_match=None, if_modified_since=since, now=NOW)


@pytest.mark.parametrize(("digits", "year"), [("94", 1994), ("70", 1970), ("26", 2026)])
def test_two_digits_of_a_year_are_of_the_near_century(digits: str, year: int) -> None:
    read = parse_http_date(f"Sunday, 06-Nov-{digits} 08:49:37 GMT")

    assert read is not None
    assert read.year == year


def test_an_instant_is_written_in_gmt_without_fraction() -> None:
    sydney = timezone(timedelta(hours=11))

    assert http_date(CHANGED.replace(microsecond=9).astimezone(sydney)) == (
        "Sun, 06 Nov 1994 08:49:37 GMT"
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_we_write_we_read(moment: datetime) -> None:
    assert parse_http_date(http_date(moment)) == moment.replace(microsecond=0)


@given(st.text())
def test_no_header_can_make_it_fail(header: str) -> None:
    parse_http_date(header)
    unchanged(match=header, since=header)
    choose_coding(header)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("x-gzip,gzip,deflate", "gzip"),
        ("gzip, deflate", "gzip"),
        ("br,gzip", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=1.0", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("br;q=0,gzip;q=0.000", "identity"),
        ("gzip ; q=0.2 , identity", "identity"),
        ("gzip, identity", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0.3, *;q=0.1", "gzip"),
        ("identity;q=0, *;q=0", "identity"),
        ("deflate", "identity"),
        ("gzip;q=high", "identity"),
        ("gzip;level=9, br;;", "identity"),
        (",,gzip,,", "gzip"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(header: str | None, coding: str) -> None:
    assert choose_coding(header) == coding


def test_only_what_is_offered_is_chosen() -> None:
    assert choose_coding("br, gzip;q=0.5", ("gzip", "identity")) == "gzip"


def test_each_coding_has_its_own_strong_tag() -> None:
    assert [etag("v1", coding) for coding in ("br", "gzip", "identity")] == [
        '"v1-br"',
        '"v1-gzip"',
        '"v1"',
    ]


def test_last_modified_waits_until_its_second_is_over() -> None:
    change = CHANGED.replace(microsecond=400_000)

    assert last_modified(change, CHANGED + timedelta(seconds=0.9)) is None
    assert last_modified(change, CHANGED + timedelta(seconds=1)) == CHANGED
