"""A feed that uses everything a feed can have; its bytes are the fingerprint of the renderer."""

from datetime import UTC, datetime

from feedsvc.domain.feeds.document import (
    Author,
    Deletion,
    Enclosure,
    Entry,
    Event,
    Feed,
    Source,
    Urls,
)

_NOON = datetime(2017, 12, 7, 12, tzinfo=UTC)


def _urls(name: str) -> Urls:
    base = f"https://feeds.example/{name}"
    return Urls(atom=f"{base}.atom", rss=f"{base}.rss", json=f"{base}.json")


_ENGLISH = Entry(
    id="tag:feeds.example,2017:update/1/en",
    url="https://feeds.example/c/one/1",
    title="Peace & <justice>",
    language="en",
    html='<p>A text with <a href="https://feeds.example/">a link</a>.</p>',
    published=_NOON,
    updated=_NOON,
    summary="A & B < C",
    authors=(Author(name="Somebody", url="https://feeds.example/somebody"),),
    categories=("news",),
    enclosures=(
        Enclosure(url="https://feeds.example/1.pdf", media_type="application/pdf", length=1),
        Enclosure(url="https://feeds.example/2.pdf", media_type="application/pdf", length=2),
    ),
    image="https://feeds.example/1.png",
    event=Event(occurred_on="2017-12-07", precision="day", words="7 December 2017"),
    source=Source(
        id="tag:feeds.example,2017:campaign/1",
        title="One",
        language="en",
        url="https://feeds.example/c/one",
        urls=_urls("c/one"),
        updated=_NOON,
    ),
)

_ARABIC = Entry(
    id="tag:feeds.example,2017:update/1/ar",
    url="https://feeds.example/c/one/1",
    title="STJ سوريايون من أجل الحقيقة والعدالة",
    language="ar",
    html="<p>نص</p>",
    published=_NOON,
    updated=_NOON,
)

SPECIMEN = Feed(
    id="tag:feeds.example,2017:updates",
    urls=_urls("updates/2"),
    home_url="https://feeds.example/",
    title="All & everything",
    description="All updates",
    language="en",
    updated=_NOON,
    authors=(Author(name="Example", url="https://feeds.example/"),),
    max_age_seconds=1800,
    entries=(_ENGLISH, _ARABIC),
    deletions=(
        Deletion(ref="tag:feeds.example,2017:update/0/en", when=_NOON, comment="Withdrawn"),
    ),
    hubs=("https://hub.example/",),
    icon="https://feeds.example/icon.png",
    favicon="https://feeds.example/favicon.png",
    logo="https://feeds.example/logo.png",
    css_url="https://feeds.example/feed.css",
    expired=True,
    previous=_urls("updates/1"),
    next=_urls("updates/3"),
    current=_urls("updates"),
)
