"""How the service is: alive, ready, and what it is up to."""

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feedsvc.domain.tables.staff import Scope
from feedsvc.errors import FeedsvcError
from feedsvc.records import facts
from feedsvc.web.api import auth
from feedsvc.web.metrics import exposition
from feedsvc.web.state import Request
from feedsvc.web.status import status


async def healthz(_request: Request) -> Response:
    """GET /healthz: this process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """GET /readyz: this process can serve: database, schema, key. Mail in trouble is not its concern."""
    here = request.state["here"]
    try:
        await here.database.read(facts.known, here.keys)
    except FeedsvcError as error:
        return PlainTextResponse(f"{error}\n", status_code=503, headers={"Retry-After": "5"})
    return PlainTextResponse("ok\n")


async def statusz(request: Request) -> Response:
    """GET /statusz: relay, mail in hand and the last tick; loopback or a key with scope admin."""
    await _allowed(request)
    return Response(orjson.dumps(await status(request)), media_type="application/json")


async def metrics(request: Request) -> Response:
    """GET /metrics: the same as numbers for Prometheus; loopback or a key with scope admin."""
    await _allowed(request)
    return Response(exposition(await status(request)), media_type=CONTENT_TYPE_LATEST)


async def _allowed(request: Request) -> None:
    """Let in who asks from this machine itself, not through a proxy, else who shows an admin key."""
    if not auth.from_this_machine(request):
        await auth.staff_key(request, Scope.ADMIN)


routes = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/statusz", statusz),
    Route("/metrics", metrics),
]
