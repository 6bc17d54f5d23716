"""All that FEEDS H2 and H3 say about conditional requests, over HTTP, in each coding.

By the route, as the first poll of a process is answered, and by the front, as all later ones are.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from starlette.testclient import TestClient

from tests.web.serving import client
from tests.world import World, world

PATH = "/c/river.atom"
CODINGS = ("identity", "gzip", "br")
OTHERS = [(one, other) for one in CODINGS for other in CODINGS if one != other]


@pytest.fixture(scope="module")
def river(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a world with a feed that is settled; nobody changes it, and how it is stored is no matter."""
    folder = tmp_path_factory.mktemp("polls")
    with world(f"sqlite:///{folder}/feedsvc.db", folder) as made:
        made.campaign()
        made.post()
        made.pass_time(hours=1)
        yield made


@pytest.fixture(scope="module", params=["route", "front"])
def http(river: World, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Give a client who is answered by the route, as the first poll is, or by the front, as others are."""
    with client(river) as made:
        for coding in CODINGS * 3:
            made.get(PATH, headers={"Accept-Encoding": coding})
        if request.param == "route":
            made.app._fresh = lambda _path: None  # type: ignore[attr-defined]  # noqa: SLF001  it is a Front
        yield made


class Poll:
    """Polls in one coding, and knows what the feed says of itself."""

    def __init__(self, http: TestClient, coding: str) -> None:
        self._http, self._wish = http, {"Accept-Encoding": coding}
        self.whole = http.get(PATH, headers=self._wish)
        self.tag, self.date = (self.whole.headers[name] for name in ("etag", "last-modified"))

    @property
    def changed(self) -> datetime:
        """When the feed changed."""
        return parsedate_to_datetime(self.date)

    def status(self, **headers: str) -> int:
        """Ask with these headers and return the status."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.get(PATH, headers=self._wish | said).status_code


@pytest.fixture(scope="module", params=CODINGS)
def poll(http: TestClient, request: pytest.FixtureRequest) -> Poll:
    """Give polls in each coding."""
    return Poll(http, request.param)


@pytest.mark.parametrize(
    "form",
    ["{}", "W/{}", '"a", {}', '{},"b"', ' "a" ,, W/{} ,\t"b"', "*", " * ", '"a,b", {}', "\t{}\t"],
)
def test_a_tag_that_it_has_is_304(poll: Poll, form: str) -> None:
    assert poll.status(If_None_Match=form.format(poll.tag)) == 304


@pytest.mark.parametrize(
    "tag",
    ["", '"other"', "garbage", '"', "W/", "''", '"a" "b"', "*, *", '*"', "\\", '"*"', "W/*"],
)
def test_a_tag_that_we_did_not_issue_is_200(poll: Poll, tag: str) -> None:
    assert poll.status(If_None_Match=tag) == 200


@pytest.mark.parametrize("change", [str.upper, lambda tag: tag[1:-1], lambda tag: tag[:-2] + '"'])
def test_a_tag_that_is_nearly_ours_is_200(poll: Poll, change: object) -> None:
    assert callable(change)
    assert poll.status(If_None_Match=change(poll.tag)) == 200


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_the_tag_of_another_coding_is_another_tag(http: TestClient, one: str, other: str) -> None:
    assert Poll(http, one).status(If_None_Match=Poll(http, other).tag) == 200


def test_the_date_that_we_gave_is_304_in_all_three_forms(poll: Poll) -> None:
    forms = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y")
    dates = [poll.changed.strftime(form) for form in forms]
    assert [poll.status(If_Modified_Since=date) for date in dates] == [304] * 3


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 304), (1, 304), (1_800, 304)])
def test_dates_are_compared_as_times(poll: Poll, seconds: int, status: int) -> None:
    moment = poll.changed + timedelta(seconds=seconds)
    date = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert poll.status(If_Modified_Since=date) == status


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 01 Jan 2099 00:00:00 GMT",
        "Tue, 01 Foo 2026 00:00:00 GMT",
        "Tue, 31 Feb 2026 00:00:00 GMT",
        "2026-03-02T10:00:00Z",
        "now",
        "",
        "0",
        "Mon, 02 Mar 2026 10:00:00 +0000",
    ],
)
def test_a_date_in_the_future_or_none_at_all_is_passed_over(poll: Poll, date: str) -> None:
    assert poll.status(If_Modified_Since=date) == 200


@pytest.mark.parametrize("tag", ['"other"', "garbage", ""])
def test_the_tag_wins_over_the_date(poll: Poll, tag: str) -> None:
    assert poll.status(If_None_Match=tag, If_Modified_Since=poll.date) == 200


@pytest.mark.parametrize("date", ["Sun, 06 Nov 1994 08:49:37 GMT", "garbage"])
def test_a_tag_that_it_has_wins_over_a_date_that_does_not_fit(poll: Poll, date: str) -> None:
    assert poll.status(If_None_Match=poll.tag, If_Modified_Since=date) == 304


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_304_has_no_body_and_says_what_200_says(http: TestClient, coding: str, method: str) -> None:
    whole = Poll(http, coding).whole
    known = {"Accept-Encoding": coding, "If-None-Match": whole.headers["etag"]}
    unchanged = http.request(method, PATH, headers=known)
    of_the_body = {"content-type", "content-length", "content-encoding", "link"}
    said = {name: value for name, value in whole.headers.items() if name not in of_the_body}
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert dict(unchanged.headers) == said


@pytest.mark.parametrize(
    ("wish", "coding"),
    [
        ("br,gzip", "br"),
        ("x-gzip,gzip,deflate", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("*", "br"),
        ("*;q=0", None),
        ("zstd", None),
        ("", None),
    ],
)
def test_the_coding_is_the_one_that_is_asked_for(
    http: TestClient, wish: str, coding: str | None
) -> None:
    answer = http.get(PATH, headers={"Accept-Encoding": wish})
    assert answer.headers.get("content-encoding") == coding


def test_a_wish_for_changes_only_is_answered_with_the_whole_feed(http: TestClient) -> None:
    answer = http.get(PATH, headers={"A-IM": "feed", "If-None-Match": '"old"'})
    assert answer.status_code == 200
    assert "im" not in answer.headers
