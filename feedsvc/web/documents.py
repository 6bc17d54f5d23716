"""JSON as it comes in, read strictly: what two readers could take in two ways is refused."""

import asyncio
import json
from collections.abc import Collection
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect

from feedsvc.config import Limits
from feedsvc.web.problems import WHOLE, Refused
from feedsvc.web.state import Request

BODY_SECONDS: Final = 30.0
NAME_SHOWN: Final = 100


async def read(request: Request, *, optional: bool = False) -> Any:
    """Read the JSON body of a request, within the limits; none is `{}` where it is optional."""
    limits = request.state["here"].settings.limits
    raw = await _body(request, limits.json_bytes)
    if optional and not raw:
        return {}
    _of_json(request.headers.get("content-type", ""))
    return parse(raw, limits)


def parse(raw: bytes, limits: Limits) -> Any:
    """Read a JSON text (RFC 8259); refuse duplicate names, NaN, and nests without end."""
    try:
        value = orjson.loads(raw.decode())
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte {error.start + 1})."
        raise Refused(400, WHOLE, problem, remedy="Send it as UTF-8.") from error
    except orjson.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        raise Refused(400, WHOLE, problem, remedy="Correct it there.") from error
    if not _within(value, limits.json_depth):
        problem = f"is nested deeper than {limits.json_depth} levels."
        raise Refused(400, WHOLE, problem, remedy="Make it flatter.")
    json.loads(raw, object_pairs_hook=_only_once, parse_int=str, parse_float=str)
    return value


def _of_json(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        problem = f"is {kind[:NAME_SHOWN]!r}." if kind else "is missing."
        raise Refused(415, "Content-Type", problem, remedy="Send application/json.")


async def _body(request: Request, limit: int) -> bytes:
    """Take the body in; one that is too large is refused before it has all come."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        problem = f"did not come within {BODY_SECONDS:.0f} seconds."
        raise Refused(408, WHOLE, problem, remedy="Send it again.") from error
    except ClientDisconnect as error:
        raise Refused(400, WHOLE, "broke off.", remedy="Send it again.") from error
    return bytes(body)


def _too_large(limit: int) -> Refused:
    return Refused(413, WHOLE, f"has more than {limit} bytes.", remedy="Shorten it.")


def _within(value: Any, levels: int) -> bool:
    """Whether arrays and objects stand in one another at most `levels` deep."""
    layer = [value]
    for _ in range(levels):
        layer = [part for outer in layer for part in _parts(outer)]
    return not any(isinstance(part, dict | list) for part in layer)


def _parts(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _only_once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Refused(400, name[:NAME_SHOWN], "stands there twice.", remedy="Keep one.")
        seen.add(name)
