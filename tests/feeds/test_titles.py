"""Titles: what the door takes arrives as it is, the rest is refused before it is stored (F10, F11)."""

import unicodedata

import pytest
from pydantic import ValidationError

from feedsvc.domain.drafts import CampaignDraft, UpdateDraft
from tests.domain.feeds.arrange import HOSTILE_TITLES, REFUSED_TITLES
from tests.web.serving import client
from tests.world import World


@pytest.mark.parametrize("title", REFUSED_TITLES, ids=ascii)
def test_a_title_that_would_break_a_feed_is_refused(title: str) -> None:
    with pytest.raises(ValidationError):
        UpdateDraft(title=title, body="Words.")
    with pytest.raises(ValidationError):
        CampaignDraft.model_validate({"slug": "river", "kind": "petition", "title": title})


@pytest.mark.parametrize("titles", [HOSTILE_TITLES[:40], HOSTILE_TITLES[40:]], ids=["40", "rest"])
def test_every_hostile_title_arrives_as_it_was_given(
    here_and_now: World, titles: tuple[str, ...]
) -> None:
    here_and_now.campaign(title=titles[0])
    for number, title in enumerate(titles):
        here_and_now.post(title=title, key=f"k{number}")

    with client(here_and_now) as http:
        shown = {item["title"] for item in http.get("/c/river.json").json()["items"]}

    assert shown == {unicodedata.normalize("NFC", title) for title in titles}
