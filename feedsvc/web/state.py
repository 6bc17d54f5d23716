"""What every request finds: the installation, the clock, and a bell for the timetable."""

from collections.abc import Callable
from datetime import datetime
from typing import NotRequired, TypedDict

from starlette.requests import Request as StarletteRequest

from feedsvc.gateways.installation import Installation
from feedsvc.web.health import Health


class State(TypedDict):
    """Given by the lifespan of the app; `nudge` brings the next tick forward."""

    here: Installation
    clock: Callable[[], datetime]
    nudge: Callable[[], None]
    health: NotRequired[Health]


Request = StarletteRequest[State]
