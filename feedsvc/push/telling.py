"""Tell one hub, or the cache, that feeds have moved; retried until it has taken it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlencode

import orjson
import structlog

from feedsvc.actions import hub
from feedsvc.actions.hub import News
from feedsvc.domain import websub
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.outgoing import AT_ONCE, Answer, Outgoing

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}

log = structlog.get_logger()

Call = tuple[str, bytes, dict[str, str]]


async def tell(
    here: Installation, clock: Callable[[], datetime], outgoing: Outgoing, listener: str
) -> None:
    """Tell a listener of all that is due; one seen for the first time has nothing to hear yet."""
    now = clock()
    waiting = await here.database.read(hub.news, listener, here.settings, now=now)
    if waiting is None:
        await here.database.write(hub.introduce, listener, now=now)
    if not waiting:
        return
    news = await here.database.write(hub.take_news, listener, here.settings, now=now)
    trouble = ""
    for one in news:
        answers = await _told(outgoing, list(_calls(here, listener, one)))
        trouble = await _note(here, listener, one, answers, clock())
        if trouble:
            break
    if trouble:
        log.warning("a listener does not take what it is told", listener=listener, problem=trouble)
    if news:
        await here.database.write(hub.rest, listener, trouble, now=clock())


async def _told(outgoing: Outgoing, calls: list[Call]) -> list[Answer]:
    """Say all of it, some at once."""
    some = asyncio.Semaphore(AT_ONCE)

    async def said(call: Call) -> Answer:
        async with some:
            return await outgoing.post(*call)

    return await asyncio.gather(*map(said, calls))


async def _note(
    here: Installation, listener: str, news: News, answers: list[Answer], now: datetime
) -> str:
    """Note what became of it; return the trouble that the listener itself is in."""
    refused = [answer for answer in answers if not answer.taken]
    if not refused:
        await here.database.write(hub.tell, listener, news.scope, news.version, now=now)
        return ""
    for answer in refused:
        if answer.busy:
            return _said(answer)
    await here.database.write(hub.refuse, listener, news.scope, _said(refused[0]), now=now)
    return ""


def _calls(here: Installation, listener: str, news: News) -> Iterator[Call]:
    """Say what is posted: one form for each topic, or one list of all addresses to the cache."""
    if listener == websub.CACHE:
        yield here.settings.feeds.purge_url, orjson.dumps({"urls": news.urls}), JSON
        return
    for url in news.urls:
        form = {"hub.mode": "publish", "hub.url": url, "hub.topic": url}
        yield listener, urlencode(form).encode(), FORM


def _said(answer: Answer) -> str:
    return f"it answers {answer.status}" if answer.status else answer.problem
