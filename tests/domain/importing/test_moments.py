"""Dates of the usual tools are read; one that can be read in two ways is refused."""

from datetime import UTC, datetime

import pytest

from feedsvc.domain.importing.moments import Order, moment, past
from feedsvc.errors import Invalid

NINE = datetime(2017, 12, 7, 9, 0, tzinfo=UTC)
DAY = datetime(2017, 12, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2017-12-07", DAY),
        ("20171207", DAY),
        ("2017/12/07", DAY),
        ("2017-12-07T09:00:00Z", NINE),
        ("2017-12-07 09:00:00", NINE),
        ("2017-12-07 09:00:00.000000+00:00", NINE),
        ("2017-12-07 09:00:00 UTC", NINE),
        ("2017-12-07 04:00:00 -0500", NINE),
        ("2017-12-07T20:00:00+11:00", NINE),
        ("December 7th, 2017 9:00 AM", NINE),
        ("Dec 7, 2017", DAY),
        ("7 December 2017", DAY),
        ("7. Dec 2017 09:00", NINE),
        ("25/12/2017 09:00", datetime(2017, 12, 25, 9, tzinfo=UTC)),
        ("12/25/2017 12:30 PM", datetime(2017, 12, 25, 12, 30, tzinfo=UTC)),
        ("12/25/2017 12:30 am", datetime(2017, 12, 25, 0, 30, tzinfo=UTC)),
        ("07.07.2017", datetime(2017, 7, 7, tzinfo=UTC)),
    ],
)
def test_a_date_is_read(written: str, read: datetime) -> None:
    assert moment(written, "signed_at", None) == read


def test_an_ambiguous_date_is_refused_with_the_remedy() -> None:
    with pytest.raises(Invalid, match="--date-order"):
        moment("03/04/2017", "signed_at", None)


@pytest.mark.parametrize(("order", "month"), [(Order.DMY, 4), (Order.MDY, 3)])
def test_staff_say_which_number_is_the_day(order: Order, month: int) -> None:
    assert moment("03/04/2017", "signed_at", order).month == month


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("yesterday", None),
        ("2017", None),
        ("2017-13-01", None),
        ("30/02/2017", None),
        ("12/25/2017", Order.DMY),
        ("25/12/2017", Order.MDY),
        ("12/25/2017 13:00 PM", None),
        ("7 Ju 2017", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_what_is_no_date_is_refused(written: str, order: Order | None) -> None:
    with pytest.raises(Invalid):
        moment(written, "signed_at", order)


@pytest.mark.parametrize("written", ["45261", "45261.375", "45261,375"])
def test_a_day_that_a_spreadsheet_counts_is_refused_with_the_remedy(written: str) -> None:
    with pytest.raises(Invalid, match="Format the column"):
        moment(written, "signed_at", None)


def test_a_date_that_lies_ahead_is_refused() -> None:
    with pytest.raises(Invalid, match="future"):
        past("2017-12-08", "consent_date", None, NINE)
