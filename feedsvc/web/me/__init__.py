"""What is mine: an address gets a link, and for thirty minutes the link shows and changes."""

from starlette.routing import BaseRoute, Route

from feedsvc.web import forms
from feedsvc.web.me.asking import ask
from feedsvc.web.me.showing import answer, data, erasing

routes: list[BaseRoute] = [
    Route(path, act, methods=methods, max_body_size=forms.LIMIT_BYTES)
    for path, act, methods in (
        ("/me", ask, ["GET", "POST"]),
        ("/me/{token}", answer, ["GET", "POST"]),
        ("/me/{token}/data", data, ["GET"]),
        ("/me/{token}/erase", erasing, ["GET", "POST"]),
    )
]
