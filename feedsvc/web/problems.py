"""What went wrong, as `application/problem+json` (RFC 9457) or as a page, by who is asking."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request as AnyRequest
from starlette.responses import Response
from starlette.types import ExceptionHandler

from feedsvc.domain.drafts import REFUSED
from feedsvc.errors import (
    Conflict,
    FeedsvcError,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorised,
    Unavailable,
)
from feedsvc.web import frames

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
API: Final = "/api"
WHOLE: Final = "(the whole body)"
RETRY_SECONDS: Final = "5"
AT_MOST: Final = 20
NAME_SHOWN: Final = 100

KINDS: Final = {
    400: ("malformed", "The request cannot be read"),
    401: ("unauthorised", "A staff key is needed"),
    403: ("forbidden", "The key does not reach this far"),
    404: ("not-found", "There is no such thing"),
    405: ("method", "This cannot be done here"),
    408: ("too-slow", "The request took too long"),
    409: ("conflict", "It stands against what is stored"),
    413: ("too-large", "The request is too large"),
    415: ("media-type", "The body is not of a kind that is read here"),
    422: ("invalid", "What was given cannot be taken"),
    500: ("fault", "Something went wrong on our side"),
    503: ("unavailable", "The service cannot answer now"),
}
"""The end of a problem's `type`, and its `title`, by status."""


class FieldProblem(BaseModel):
    """What is wrong with one field of the body, one header or one parameter."""

    field: str
    problem: str
    remedy: str


class Problem(BaseModel):
    """What went wrong and what to do next (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str = ""
    errors: list[FieldProblem] = []


class Refused(Invalid):
    """A request that is wrong before its content is looked at; says so with a status of its own."""

    def __init__(self, status: int, field: str, problem: str, *, remedy: str = "") -> None:
        super().__init__(field, problem, remedy=remedy)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, before it is known who hears of it."""

    status: int
    detail: str
    remedy: str = ""
    errors: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


async def refused(request: AnyRequest[Any], error: Exception) -> Response:
    """Answer an error that was raised on purpose."""
    assert isinstance(error, FeedsvcError)  # noqa: S101  its place in `exception_handlers`
    return answer(request, _of_ours(error))


async def invalid(request: AnyRequest[Any], error: Exception) -> Response:
    """Answer a document whose fields cannot be taken."""
    assert isinstance(error, ValidationError)  # noqa: S101  its place in `exception_handlers`
    return answer(request, _of_fields(tuple(field_problems(error))))


async def of_http(request: AnyRequest[Any], error: Exception) -> Response:
    """Answer what the router or the framework refused."""
    assert isinstance(error, HTTPException)  # noqa: S101  its place in `exception_handlers`
    headers = dict(error.headers or {})
    allowed = ", ".join(sorted(headers.get("Allow", "").split(", ")))
    remedies = {404: f"GET {API}/docs lists the addresses of the API.", 405: f"Use {allowed}."}
    phrase = KINDS[error.status_code][1] if error.status_code in KINDS else error.detail
    remedy = remedies.get(error.status_code, "")
    return answer(request, Fault(error.status_code, f"{phrase}.", remedy, headers=headers))


async def unexpected(request: AnyRequest[Any], _error: Exception) -> Response:
    """Answer a fault of ours without saying what is inside; the log has it."""
    remedy = "Try again later, with the same Idempotency-Key if there was one."
    return answer(request, Fault(500, "The log of the service says more.", remedy))


exception_handlers: dict[Any, ExceptionHandler] = {
    FeedsvcError: refused,
    ValidationError: invalid,
    HTTPException: of_http,
    Exception: unexpected,
}


def answer(request: AnyRequest[Any], fault: Fault) -> Response:
    """Tell a program in JSON and a person by a page."""
    return _document(fault) if _for_programs(request) else _page(request, fault)


def field_problems(error: ValidationError) -> Iterator[FieldProblem]:
    """Say of each field what is wrong and how to put it right."""
    for found in error.errors(include_url=False, include_input=False)[:AT_MOST]:
        context = found.get("ctx", {})
        name = str(context.get("field") or _name(found))
        if found["type"] == REFUSED:
            problem, remedy = str(context["problem"]), str(context["remedy"])
        else:
            problem = _PROBLEMS.get(found["type"], f"{found['msg']}.")
            remedy = _remedy(found["type"], context)
        yield FieldProblem(field=name, problem=problem, remedy=remedy)


def _document(fault: Fault) -> Response:
    ending, title = KINDS.get(fault.status, ("", HTTPStatus(fault.status).phrase))
    problem = Problem(
        type=f"{API}/docs#{ending}" if ending else "about:blank",
        title=title,
        status=fault.status,
        detail=fault.detail,
        remedy=fault.remedy,
        errors=list(fault.errors),
    )
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **fault.headers}
    return Response(problem.model_dump_json(), fault.status, headers, MEDIA_TYPE)


def _page(request: AnyRequest[Any], fault: Fault) -> Response:
    if fault.status == HTTPStatus.NOT_FOUND:
        return frames.gone(request, "unknown")
    _, title = KINDS.get(fault.status, ("", HTTPStatus(fault.status).phrase))
    told = {"title": title, "detail": fault.detail, "remedy": fault.remedy}
    response = frames.page(request, "problem", status=fault.status, problem=told)
    response.headers.update(fault.headers)
    return response


def _for_programs(request: AnyRequest[Any]) -> bool:
    path, accept = request.url.path, request.headers.get("accept", "")
    sent = request.headers.get("content-type", "").partition(";")[0].strip()
    prefers_json = "json" in accept and "html" not in accept
    return path == API or path.startswith(f"{API}/") or sent.endswith("json") or prefers_json


def _of_ours(error: FeedsvcError) -> Fault:
    if isinstance(error, Refused):
        return _of_fields((_field_problem(error),), error.status)
    if isinstance(error, Invalid):
        return _of_fields((_field_problem(error),))
    status, headers = next(
        (known for kind, known in _STATUS.items() if isinstance(error, kind)), (500, {})
    )
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("fault", problem=error.problem, remedy=error.remedy)
        return Fault(status, "The log of the service says more.", "Tell whoever runs it.")
    return Fault(status, error.problem, error.remedy, headers=headers)


_STATUS: Final[dict[type[FeedsvcError], tuple[int, dict[str, str]]]] = {
    NotFound: (404, {}),
    Conflict: (409, {}),
    Unauthorised: (401, {"WWW-Authenticate": 'Bearer realm="feedsvc"'}),
    Forbidden: (403, {"WWW-Authenticate": 'Bearer realm="feedsvc", error="insufficient_scope"'}),
    Unavailable: (503, {"Retry-After": RETRY_SECONDS}),
}


def _field_problem(error: Invalid) -> FieldProblem:
    return FieldProblem(field=error.field, problem=error.problem, remedy=error.remedy)


def _of_fields(errors: tuple[FieldProblem, ...], status: int = 422) -> Fault:
    first = errors[0]
    others = f" {len(errors) - 1} more in `errors`." if errors[1:] else ""
    return Fault(status, f"{first.field}: {first.problem}{others}", first.remedy, errors)


def _name(found: ErrorDetails) -> str:
    """Name the field: `texts.ar.title`. What a stranger wrote there is cut short."""
    parts = [str(part)[:NAME_SHOWN] for part in found["loc"] if part != "[key]"]
    return ".".join(parts) or WHOLE


def _remedy(kind: str, context: Mapping[str, Any]) -> str:
    if "expected" in context:
        return f"Write {context['expected']}."
    return _REMEDIES.get(kind, f"GET {API}/openapi.json says what is taken.")


_PROBLEMS: Final = {"missing": "is missing.", "extra_forbidden": "There is no such field."}
_REMEDIES: Final = {
    "missing": "Add it.",
    "extra_forbidden": f"Leave it out; GET {API}/openapi.json lists the fields that are known.",
    "string_type": "Write a JSON string.",
    "model_type": "Write a JSON object.",
    "dict_type": "Write a JSON object.",
    "tuple_type": "Write a JSON array.",
    "datetime_type": "Write date, time and zone as a JSON string: 2017-12-07T09:00:00+11:00.",
    "too_long": "Give fewer of them.",
    "too_short": "Give at least one.",
}
