"""Our own hub (WebSub 5): whoever wants a feed sent asks here, and is asked back later."""

from http import HTTPStatus
from typing import Final

from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import hub
from feedsvc.actions.hub import Wish
from feedsvc.domain import reach, websub
from feedsvc.domain.reach import Callbacks
from feedsvc.domain.tables.hubs import HubMode
from feedsvc.errors import Invalid, NotFound
from feedsvc.web import forms
from feedsvc.web.state import Request

RETRY_SECONDS: Final = "600"
TAKEN: Final = "Taken. Your callback is asked next.\n"


async def ask(request: Request) -> Response:
    """POST /hub: subscribe or unsubscribe; 202, and the callback is asked whether it meant it."""
    here = request.state["here"]
    if not here.settings.feeds.own_hub:
        return _no(HTTPStatus.NOT_FOUND, "There is no hub here.")
    try:
        wish = _wish(
            await forms.fields_if_any(request), Callbacks(here.settings.feeds.hub_callbacks)
        )
        now = request.state["clock"]()
        crowded = await here.database.write(hub.ask, here.keys, here.settings.site, wish, now=now)
    except (Invalid, NotFound) as error:
        unknown = isinstance(error, NotFound)
        return _no(HTTPStatus.NOT_FOUND if unknown else HTTPStatus.BAD_REQUEST, str(error))
    if crowded is not None:
        said = f"Not now: {crowded}. Ask again later."
        return _no(HTTPStatus.TOO_MANY_REQUESTS, said, {"Retry-After": RETRY_SECONDS})
    request.state["nudge"]()
    return PlainTextResponse(TAKEN, HTTPStatus.ACCEPTED.value)


def _wish(typed: dict[str, str], allowed: Callbacks) -> Wish:
    """Check what was asked for; raises Invalid, which names the field."""
    lease = websub.lease(typed.get("hub.lease_seconds", ""))
    if lease is None:
        raise Invalid("hub.lease_seconds", "is no number of seconds.", remedy="Leave it out.")
    wish = Wish(
        mode=_mode(typed.get("hub.mode", "")),
        topic=typed.get("hub.topic", ""),
        callback=typed.get("hub.callback", ""),
        secret=typed.get("hub.secret", ""),
        lease=lease,
    )
    if problem := reach.unfit(wish.callback, allowed):
        raise Invalid("hub.callback", problem, remedy="Give a public https URL.")
    if len(wish.secret.encode()) > websub.LONGEST_SECRET:
        raise Invalid("hub.secret", "has 200 bytes or more.", remedy="Shorten it.")
    return wish


def _mode(asked: str) -> HubMode:
    if asked == "publish":
        raise Invalid(
            "hub.mode",
            "this hub serves its own feeds, and knows when they change.",
            remedy="There is nothing to publish to it.",
        )
    if asked not in set(HubMode):
        raise Invalid("hub.mode", "is not known.", remedy="Send subscribe or unsubscribe.")
    return HubMode(asked)


def _no(status: HTTPStatus, said: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{said}\n", status.value, headers)


routes: list[BaseRoute] = [
    Route(websub.PATH, ask, methods=["POST"], max_body_size=forms.LIMIT_BYTES)
]
