"""Icon, favicon, logo and the feeds' style sheet are kept for as long as their address says."""

import pytest

from feedsvc.records import addresses
from feedsvc.web import assets
from tests.web.visiting import BASE, visitor
from tests.world import World

KINDS = {
    "icon.png": "image/png",
    "favicon.png": "image/png",
    "logo.png": "image/png",
    "feed.css": "text/css; charset=utf-8",
}


@pytest.mark.parametrize("name", KINDS)
async def test_asset_is_kept_for_a_year_at_the_address_that_feeds_name(
    here_and_now: World, name: str
) -> None:
    here = here_and_now.here
    address = addresses.asset(here.settings.site, here.templates, name)
    async with visitor(here_and_now, assets.routes) as client:
        answer = await client.get(address)
    assert address.startswith(f"{BASE}/{name}?v=")
    assert answer.content == here.templates.assets[name].content
    assert answer.headers["content-type"] == KINDS[name]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/icon.png", "/icon.png?v=old", "/favicon.ico"])
async def test_asset_under_a_plain_address_is_asked_for_again(
    here_and_now: World, path: str
) -> None:
    async with visitor(here_and_now, assets.routes) as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert first.headers["cache-control"] == "public, max-age=3600"
    assert (again.status_code, again.content) == (304, b"")


async def test_browser_that_asks_for_an_ico_gets_the_favicon(here_and_now: World) -> None:
    async with visitor(here_and_now, assets.routes) as client:
        icon = await client.get("/favicon.ico")
        head = await client.head("/favicon.ico")
    assert icon.content == here_and_now.here.templates.assets["favicon.png"].content
    assert (head.content, head.headers) == (b"", icon.headers)


async def test_page_names_an_icon_that_is_there(here_and_now: World) -> None:
    async with visitor(here_and_now, assets.routes) as client:
        page = (await client.get("/")).text
        address = page.partition('<link rel="icon" type="image/png" href="')[2].partition('"')[0]
        icon = await client.get(address)
    assert "immutable" in icon.headers["cache-control"]
