from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.dates import EventDate, Precision, in_words, instant, noon, rfc3339
from feedsvc.errors import Invalid


@pytest.mark.parametrize(
    ("written", "precision", "first"),
    [
        ("2017-12-07", Precision.DAY, date(2017, 12, 7)),
        ("2017-12", Precision.MONTH, date(2017, 12, 1)),
        ("2013", Precision.YEAR, date(2013, 1, 1)),
    ],
)
def test_a_date_has_the_precision_it_was_written_with(
    written: str, precision: Precision, first: date
) -> None:
    assert EventDate.parse(written) == EventDate(first, precision)


@given(st.dates(), st.sampled_from(Precision))
def test_a_date_is_read_as_it_is_written(day: date, precision: Precision) -> None:
    written = str(EventDate(day, precision))
    assert str(EventDate.parse(written)) == written
    assert EventDate.parse(written).precision is precision


def test_a_date_with_two_readings_is_refused_with_both() -> None:
    with pytest.raises(Invalid) as refused:
        EventDate.parse("10/04/2017")
    assert refused.value.field == "occurred_on"
    assert refused.value.remedy == (
        "Write 2017-04-10 or 2017-10-04: 10/04/2017 is 10 April in one country "
        "and 4 October in another."
    )


def test_a_date_with_one_reading_is_refused_with_that() -> None:
    with pytest.raises(Invalid, match=r"Write 2017-04-13\."):
        EventDate.parse("13/04/2017")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "April 2017",
        "2017-13",
        "2017-02-30",
        "2017-4-7",
        "17-04-10",
        "٢٠١٧",
        "2017-04-10T00:00Z",
        "0000",
        "April 15,  \n2018",
        "99/99/2017",
    ],
)
def test_what_is_no_date_is_refused_with_the_way_to_write_one(value: str) -> None:
    with pytest.raises(Invalid, match="Write a day as 2017-04-10, a month as 2017-04"):
        EventDate.parse(value)


@pytest.mark.parametrize(
    ("written", "language", "words"),
    [
        ("2017-12-07", "en", "7 December 2017"),
        ("2017-12-07", "en-US", "December 7, 2017"),
        ("2017-12-07", "ar", "7 ديسمبر 2017"),
        ("2017-12-07", "ar-SY", "7 كانون الأول 2017"),
        ("2017-12", "en", "December 2017"),
        ("2017-12", "ar", "ديسمبر 2017"),
        ("2013", "en", "2013"),
        ("2013", "ja", "2013年"),
    ],
)
def test_a_date_is_said_in_the_words_of_its_language(
    written: str, language: str, words: str
) -> None:
    assert in_words(EventDate.parse(written), language) == words


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2017-12-07", datetime(2017, 12, 7, 12, tzinfo=UTC)),
        ("2017-12", datetime(2017, 12, 1, 12, tzinfo=UTC)),
        ("2013", datetime(2013, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_history_is_published_at_noon_of_its_date(written: str, moment: datetime) -> None:
    assert noon(EventDate.parse(written)) == moment


def test_an_instant_is_kept_in_utc() -> None:
    moment = instant("2017-12-07T09:00:00+11:00", "publish_at")
    assert moment == datetime(2017, 12, 6, 22, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused_with_examples() -> None:
    with pytest.raises(
        Invalid, match=r"publish_at: .* names no time zone\. Write date, time and zone"
    ):
        instant("2017-12-07T09:00:00", "publish_at")


@pytest.mark.parametrize(
    "value", ["", "2017-12-07", "tomorrow", "2017-12-07T25:00:00Z", "0001-01-01T00:00:00+11:00"]
)
def test_what_is_no_instant_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="publish_at"):
        instant(value, "publish_at")


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
        timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
    )
)
def test_an_instant_is_read_as_it_is_written(moment: datetime) -> None:
    try:
        written = rfc3339(moment)
    except OverflowError:
        return
    assert instant(written, "at") == moment
