"""What staff can do, as one table: addresses, rights and the API document all follow from it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from feedsvc.domain.tables.staff import Scope, StaffKey
from feedsvc.web.api import auth
from feedsvc.web.state import Request

Act = Callable[[Request, StaffKey], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a key with `scope` can do. Every POST is done once per Idempotency-Key."""

    method: Literal["GET", "POST"]
    path: str
    scope: Scope
    act: Act
    answers: type[BaseModel]
    takes: type[BaseModel] | None = None
    optional: bool = False
    status: int = 200
    listed: bool = False

    @property
    def about(self) -> str:
        """What it does, as the docstring of its route says after the address."""
        return (self.act.__doc__ or "").partition(": ")[2].strip()

    async def answer(self, request: Request) -> Response:
        """Look at the key first, then do it."""
        return await self.act(request, await auth.staff_key(request, self.scope))


def routes(operations: Iterable[Operation]) -> list[BaseRoute]:
    """Make one route per address, so that a wrong method is told all the right ones."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, _endpoint(own), methods=list(own)) for path, own in by_path.items()]


def _endpoint(by_method: dict[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await by_method[method].answer(request)

    return endpoint
