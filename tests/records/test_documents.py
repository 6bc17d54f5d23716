"""A feed as the tables have it: launch, event dates, order, and what moves it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from feedsvc import config
from feedsvc.actions.moved import configuration_moved
from feedsvc.domain import feeds
from feedsvc.domain.portable import parse_signatories
from feedsvc.gateways import files
from feedsvc.gateways.templates import Templates
from feedsvc.records import documents, versions
from tests.world import START, World

SIGNATORIES = Path(__file__).parents[2] / "updates" / "attribute-responsibility" / "signatories.txt"

TEMPLATES = Templates([files.shipped("templates")])


def gathered(world: World, slug: str | None = "river", language: str | None = None) -> feeds.Feed:
    """Gather a feed that is there."""

    def gather(session: Session) -> object:
        versions.steady(session)
        scope = versions.versions(session, [slug])[slug].scope
        return documents.gather(session, world.here.settings, world.here.templates, scope, language)

    feed = world.read(gather)
    assert isinstance(feed, feeds.Feed)
    return feed


def version(world: World, slug: str | None = "river") -> int:
    """Return how often a feed has moved."""
    number = world.read(versions.versions, [slug])[slug].number
    assert isinstance(number, int)
    return number


def test_a_campaigns_feed_begins_with_its_launch(here_and_now: World) -> None:
    here_and_now.campaign(body="All of the *page*.")
    here_and_now.pass_time(hours=1)
    here_and_now.post(title="News")
    entries = gathered(here_and_now).entries
    assert [entry.title for entry in entries] == ["News", "Save the river"]
    assert entries[1].html == "<p>All of the <em>page</em>.</p>"


def test_the_launch_of_a_statement_has_its_signatories_in_order_and_verbatim(
    here_and_now: World,
) -> None:
    names = parse_signatories(SIGNATORIES.read_text("utf-8"), "signatories.txt")
    here_and_now.campaign(signatories=names)
    launch = gathered(here_and_now).entries[0].html
    shown = [line[len("<li><bdi>") : -len("</bdi></li>")] for line in launch.split("\n")[3:-1]]
    assert shown == [name.replace("&", "&amp;") for name in names]
    assert len(shown) == 46
    assert shown[30].startswith("Relief &amp; Reconciliation")
    assert shown[45] == "11.11.11"


def test_the_launch_of_a_petition_has_its_letter_with_whom_it_is_to(here_and_now: World) -> None:
    letter = {
        "addressees": [{"name": "Julie Bishop", "office": "Minister"}, {"name": "M. Turnbull"}],
        "salutation": "Dear <both>,",
        "body": "We *ask*.",
        "closing": "Yours",
    }
    here_and_now.campaign(kind="petition", letter=letter)
    assert gathered(here_and_now).entries[0].html == (
        "<p>Words.</p>\n<hr>\n"
        "<ul><li><bdi>Julie Bishop</bdi><br>Minister</li><li><bdi>M. Turnbull</bdi></li></ul>\n"
        "<p>Dear &lt;both&gt;,</p>\n<p>We <em>ask</em>.</p>\n<p>Yours</p>"
    )


def test_a_letter_in_another_language_than_the_page_says_so(here_and_now: World) -> None:
    letter = {"addressees": [{"name": "A"}], "body": "We ask."}
    arabic = {"ar": {"title": "نهر", "body": "نص"}}
    here_and_now.campaign(kind="petition", letter=letter, texts=arabic)
    launch = gathered(here_and_now, language="ar").entries[0]
    assert '<div lang="en" dir="ltr">' in launch.html


def test_the_event_is_told_in_the_words_of_the_entrys_language(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.pass_time(hours=1)
    here_and_now.post(
        title="A", occurred_on="2017-12-07", texts={"ar": {"title": "ا", "body": "ب"}}
    )
    english, arabic = (gathered(here_and_now, language=each).entries[0] for each in ("en", "ar"))
    assert english.event == feeds.Event(
        occurred_on="2017-12-07", precision="day", words="7 December 2017"
    )
    assert arabic.event is not None
    assert "ديسمبر" in arabic.event.words


def test_history_sinks_to_its_place(here_and_now: World) -> None:
    here_and_now.campaign(occurred_on="2017-04-04")
    here_and_now.post(title="Old", occurred_on="2017-12-07", notify="none")
    here_and_now.post(title="Older", occurred_on="2017-04-10", notify="none")
    titles = [entry.title for entry in gathered(here_and_now).entries]
    assert titles == ["Old", "Older", "Save the river"]


def test_the_feed_changed_when_its_campaign_did_though_its_entries_are_older(
    here_and_now: World,
) -> None:
    here_and_now.campaign(occurred_on="2017-04-04")
    feed = gathered(here_and_now)
    assert feed.entries[0].updated < feed.updated == START


def test_an_entry_is_the_same_in_the_feed_of_its_campaign_and_of_the_site(
    here_and_now: World,
) -> None:
    here_and_now.campaign()
    here_and_now.post()
    own, everywhere = gathered(here_and_now).entries, gathered(here_and_now, None).entries
    assert [entry.source for entry in own] == [None, None]
    same = ("id", "url", "title", "html", "published", "updated", "language")
    assert [[getattr(entry, name) for name in same] for entry in own] == [
        [getattr(entry, name) for name in same] for entry in everywhere
    ]


def test_the_newest_stay_where_there_are_too_many(here_and_now: World) -> None:
    here_and_now.campaign()
    for number in range(60):
        here_and_now.pass_time(minutes=1)
        here_and_now.post(title=f"News {number}")
    titles = [entry.title for entry in gathered(here_and_now).entries]
    assert titles == [f"News {number}" for number in range(59, 9, -1)]


def test_only_what_concerns_it_moves_a_feed(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.campaign("lake")
    before = [version(here_and_now, slug) for slug in ("river", "lake", None)]
    here_and_now.post("lake")
    after = [version(here_and_now, slug) for slug in ("river", "lake", None)]
    assert [new - old for old, new in zip(before, after, strict=True)] == [0, 1, 1]


@pytest.mark.parametrize(
    "section",
    [
        {"site": {"name": "Another"}},
        {"site": {"base_url": "https://a.example"}},
        {"feeds": {"max_age_seconds": 60}},
    ],
)
def test_a_setting_that_shows_in_feeds_changes_the_fingerprint(section: dict[str, Any]) -> None:
    plain = documents.fingerprint(config.Settings(), TEMPLATES)
    assert documents.fingerprint(config.Settings(), TEMPLATES) == plain
    assert documents.fingerprint(config.Settings(**section), TEMPLATES) != plain


def test_a_start_with_another_fingerprint_moves_all_feeds(here_and_now: World) -> None:
    here_and_now.campaign()
    now = START + timedelta(days=1)
    assert not here_and_now.write(configuration_moved, "one", now)
    before = [version(here_and_now, slug) for slug in ("river", None)]
    assert not here_and_now.write(configuration_moved, "one", now)
    assert [version(here_and_now, slug) for slug in ("river", None)] == before
    assert here_and_now.write(configuration_moved, "two", now)
    assert all(
        version(here_and_now, slug) > old for slug, old in zip(("river", None), before, strict=True)
    )
    assert gathered(here_and_now).updated == now
