"""What is not weighed is no heavier than it was taken for."""

from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.feeds import FORMATS, Author, Source, Urls, formats
from feedsvc.domain.feeds.presentation import presented
from tests.domain.feeds.arrange import PDF, entry, feed

WORDS = st.text(st.sampled_from("ab<>&\"\\'\n\té\u0628\u2028😀"), max_size=200)


@given(html=WORDS, summary=WORDS, title=WORDS)
def test_no_entry_is_heavier_than_its_bound(html: str, summary: str, title: str) -> None:
    heavy = (entry(1, html=html * 40, summary=summary * 4, title=title, enclosures=(PDF,) * 9),)
    shown = presented(feed(*heavy))
    assert formats.bound(shown.entries) >= max(len(each.render(shown)) for each in FORMATS.values())


@given(name=WORDS, path=st.text("ab-1", max_size=200))
def test_names_and_addresses_are_counted_however_long(name: str, path: str) -> None:
    url = f"https://feeds.example/{path}"
    urls = Urls(atom=f"{url}.atom", rss=f"{url}.rss", json=f"{url}.json")
    source = Source(id=f"tag:{path}", title=name, language="ar", url=url, urls=urls)
    named = {"categories": (name, name), "source": source, "authors": (Author(name=name, url=url),)}
    heavy = (entry(1, id=f"tag:{path}", url=url, image=url, **named),) * 20
    shown = presented(feed(*heavy))
    assert formats.bound(shown.entries) >= max(len(each.render(shown)) for each in FORMATS.values())
