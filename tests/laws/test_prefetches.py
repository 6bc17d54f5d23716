"""Law 6 over HTTP: who fetches the links of mails, ten thousand times, changes no row of any table."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import cycle, islice, product
from pathlib import Path

import httpx2
import pytest
from sqlmodel import select

from feedsvc.actions import move, sign
from feedsvc.app import Role, build
from feedsvc.domain import tokens
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import LinkWish
from feedsvc.domain.tables.ledger import Mail, MailKind, MailState
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.gateways.catcher import Caught
from feedsvc.records.news import News
from tests.journeys.mailing import mailing
from tests.web.visiting import BASE, InWorld
from tests.world import World

TIMES = {"sqlite": 10_000, "postgresql": 1_000}
"""The routes are the same; what a look may change of a database, it changes the first time."""

ADDRESS = re.compile(rf'{re.escape(BASE)}[^\s"<>]*')
JUNK = ("", ".", "%20", "&gt;", "/", "?utm_source=mail")
SCANNER = "Mozilla/5.0 (compatible; LinkScanner/1.0)"
RUNS = re.compile(
    r"<script|\son\w+\s*=|javascript:|http-equiv|<iframe|<object|<embed|<base\b"
    r"|rel=\"?(?:prefetch|prerender|preload)",
    re.IGNORECASE,
)
LOOKS = re.compile(r'<form(?![^>]*method="post")(?:[^>]*action="([^"]*)")?', re.IGNORECASE)
"""A form that only looks is a link, and is fetched like one."""

ACTS = re.compile(
    r"fetch|http|submit|click|beacon|location|import|eval|src|open|\.post", re.IGNORECASE
)


@asynccontextmanager
async def scanner(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    """Come by as a mail gateway does that opens every link: it keeps cookies, and follows nothing."""
    app = build(world.here, role=Role.WEB, clock=world.clock)
    transport = httpx2.ASGITransport(InWorld(app, world))
    fields = {"User-Agent": SCANNER, "Accept": "*/*"}
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, headers=fields) as client:
        yield client


@pytest.fixture
async def mailed(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[World, list[str]]]:
    """Give a world in which all that can be mailed was, and every link that was in it."""
    async with mailing(database_url, tmp_path, welcome=True) as sending:
        here = sending.world
        for slug in ("river", "forest"):
            here.campaign(slug, kind="petition")
            here.join("anna@example.org", slug)
        here.join("bea@example.org", "river")
        here.sign_up("carl@example.org", "river")
        await sending.deliver()
        for slug in ("river", "forest"):
            here.post(slug, f"News of the {slug}")
        await sending.deliver()
        here.pass_time(days=2)
        _everything_else(here)
        await sending.deliver()
        assert _kinds_sent(here) == set(MailKind)
        found = {link for mail in sending.catcher.mails for link in _links(mail)}
        yield here, sorted(found | set(_spoken_of(here)) | set(_beyond(found)))


def _everything_else(here: World) -> None:
    """Let happen what is mailed of besides news; Carl is reminded, for he never answered."""
    keys, now = here.here.keys, here.now
    here.join("dora@example.org", "river")  # late, and welcomed
    here.sign_up("emil@example.org", "river", source="import")
    here.hand_in("bea@example.org", "river")  # who signed already
    wish = keys.seal(LinkWish(email="anna@example.org").model_dump_json(), Sealed.INTAKE)
    here.write(sign.take_in, [(wish, now)])
    anna = here.signer_id("anna@example.org")
    here.write(move.ask_to_move, anna, "anna@example.com", keys=keys, now=now)


def _kinds_sent(here: World) -> set[MailKind]:
    kinds = select(Mail.kind).where(Mail.state == MailState.SENT).distinct()
    return set(here.read(lambda session: session.exec(kinds).all()))


def _beyond(links: Iterable[str]) -> list[str]:
    """Name what a fresh link leads on to, which a scanner may follow as well."""
    fresh = [link for link in links if "/me/" in link]
    return [link + more for link in fresh for more in ("/data", "/erase", "?saved=saved")]


def _links(mail: Caught) -> list[str]:
    """Find every link of a mail, in its headers and in both its parts."""
    headers = "\n".join(str(value) for value in mail.message.values())
    return ADDRESS.findall("\n".join((headers, mail.part("plain"), mail.part("html"))))


def _spoken_of(here: World) -> list[str]:
    """Name the links that stand in discreet mails, and those of each kind of token."""
    anna, keys = here.signer_id("anna@example.org"), here.here.keys
    content = here.read(
        lambda session: News(session, [1, 2]).content("en", [(1, 1, "en"), (2, 2, "en")])
    )
    kinds = (Purpose.LEAVE_CAMPAIGN, Purpose.LEAVE_MAIL, Purpose.LEAVE_ALL, Purpose.NEVER)
    return [
        *(f"{BASE}/n/{update.uid}" for update in content.updates),
        *(f"{BASE}/u/{tokens.write(Token(purpose, anna, 1), keys)}" for purpose in kinds),
        f"{BASE}/me",
    ]


async def test_ten_thousand_prefetches_change_nothing(mailed: tuple[World, list[str]]) -> None:
    here, links = mailed
    assert {"confirm", "u", "c", "n", "me", "move"} <= {
        link.split("/")[3] for link in links if "//" in link
    }
    asked = list(product(links, JUNK, ("GET", "HEAD")))
    assert len(asked) <= TIMES[here.here.database.engine.dialect.name]
    before = here.dump()
    async with scanner(here) as client:
        for link, junk, method in islice(
            cycle(asked), TIMES[here.here.database.engine.dialect.name]
        ):
            answer = await client.request(method, link + junk)
            assert 200 <= answer.status_code < 500, (method, link, junk)
            assert "set-cookie" not in answer.headers
    assert here.dump() == before


async def test_a_scanner_that_runs_scripts_has_nothing_to_run(
    mailed: tuple[World, list[str]],
) -> None:
    here, links = mailed
    async with scanner(here) as client:
        pages = [await client.get(link) for link in links]
    shown = [one for one in pages if "html" in one.headers.get("content-type", "")]
    assert len(shown) > 5
    ours = here.here.templates.script  # it fills in a time zone where one can sign
    assert not ACTS.search(ours)
    for page in shown:
        open_to_all = page.url.path.startswith("/c/")
        text = page.text.replace(f"<script>{ours}</script>", "") if open_to_all else page.text
        assert not RUNS.search(text), page.url
        assert {BASE + where for where in LOOKS.findall(text)} <= set(links), page.url
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert open_to_all or "script-src" not in policy
