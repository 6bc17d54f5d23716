"""JSON Feed, against version 1.1."""

from feedsvc.domain.feeds import Author, Event, json
from feedsvc.domain.feeds.specimen import SPECIMEN
from tests.domain.feeds.arrange import NOON, PDF, SOURCE, ZIP, entry, feed, urls
from tests.domain.feeds.reading import as_json


def test_the_version_comes_first_and_the_items_last() -> None:
    keys = list(as_json(SPECIMEN))

    assert (keys[0], keys[-1]) == ("version", "items")


def test_the_feed_says_who_and_where_it_is() -> None:
    written = as_json(feed())

    assert written == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Khan Sheikhoun",
        "home_page_url": "https://f.example/c/khan-sheikhoun",
        "feed_url": "https://f.example/c/khan-sheikhoun.json",
        "description": "A petition",
        "language": "en",
        "authors": [{"name": "The organisation", "url": "https://f.example/"}],
        "items": [],
    }


def test_icons_and_hubs_are_there() -> None:
    written = as_json(feed(icon="https://f/i.png", favicon="https://f/f.png", hubs=("https://h/",)))

    assert (written["icon"], written["favicon"]) == ("https://f/i.png", "https://f/f.png")
    assert written["hubs"] == [{"type": "WebSub", "url": "https://h/"}]


def test_an_item_has_what_every_reader_needs() -> None:
    item = as_json(feed(entry(1, summary="Short", image="https://f/1.png")))["items"][0]

    assert item == {
        "id": entry(1).id,
        "url": entry(1).url,
        "title": "Update 1",
        "summary": "Short",
        "image": "https://f/1.png",
        "date_published": "2017-12-07T13:00:00+00:00",
        "date_modified": "2017-12-07T13:00:00+00:00",
        "language": "en",
        "content_html": "<p>Text 1</p>",
    }


def test_all_attachments_are_there() -> None:
    item = as_json(feed(entry(1, enclosures=(PDF, ZIP))))["items"][0]

    assert item["attachments"] == [
        {
            "url": PDF.url,
            "mime_type": "application/pdf",
            "title": "One",
            "size_in_bytes": 1234,
        },
        {"url": ZIP.url, "mime_type": "application/zip", "size_in_bytes": 5678},
    ]


def test_an_item_in_a_feed_of_everything_names_its_campaign() -> None:
    assert as_json(feed(entry(1, source=SOURCE)))["items"][0]["tags"] == ["Khan Sheikhoun"]


def test_another_author_is_named() -> None:
    item = as_json(feed(entry(1, authors=(Author(name="Somebody"),))))["items"][0]

    assert item["authors"] == [{"name": "Somebody"}]


def test_the_event_date_is_there_for_machines() -> None:
    event = Event(occurred_on="2017-12", precision="month", words="December 2017")
    item = as_json(feed(entry(1, event=event)))["items"][0]

    assert item["_feedsvc"] == {"occurred_on": "2017-12", "precision": "month"}


def test_the_next_page_holds_older_items() -> None:
    written = as_json(feed(previous=urls("before"), next=urls("after")))

    assert written["next_url"] == "https://f.example/before.json"


def test_the_feed_of_a_closed_campaign_has_expired() -> None:
    assert as_json(feed(expired=True))["expired"] is True
    assert "expired" not in as_json(feed())


def test_text_is_written_as_it_is() -> None:
    assert "سوريايون".encode() in json(feed(entry(1, title="سوريايون", updated=NOON)))
