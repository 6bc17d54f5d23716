"""What is not weighed is no heavier than it was taken for."""

from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.feeds import FORMATS, formats
from feedsvc.domain.feeds.presentation import presented
from tests.domain.feeds.arrange import PDF, entry, feed

WORDS = st.text(st.sampled_from("ab<>&\"\\'\n\té\u0628\u2028😀"), max_size=200)


@given(html=WORDS, summary=WORDS, title=WORDS)
def test_no_entry_is_heavier_than_its_bound(html: str, summary: str, title: str) -> None:
    heavy = (entry(1, html=html * 40, summary=summary * 4, title=title, enclosures=(PDF,) * 9),)
    shown = presented(feed(*heavy))
    assert formats.bound(shown.entries) >= max(len(each.render(shown)) for each in FORMATS.values())
