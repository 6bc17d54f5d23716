"""The API document (OpenAPI 3.1), built from the operations and their pydantic models."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from feedsvc import __version__
from feedsvc.config import Limits, Site
from feedsvc.domain.tables.staff import Scope
from feedsvc.web import problems
from feedsvc.web.api import posting, reading
from feedsvc.web.api.operations import Operation

Schema = dict[str, Any]

REF: Final = "#/components/schemas/{model}"
ALWAYS: Final = (401, 403, 500, 503)
OF_READS: Final = (404, 422)
OF_POSTS: Final = (400, 404, 408, 409, 413, 415, 422)

ABOUT: Final = """\
Store dated updates of campaigns; each appears in the feeds and is mailed once to those who asked.

Errors are `application/problem+json` (RFC 9457) and name the field and the remedy. Unknown fields \
of a body are refused, unknown parameters of an address are passed over. Lists are read by cursor: \
give the `next` of one part as `after` for the part that follows. Every POST needs an \
`Idempotency-Key`; the same request with the same key is done once and answered alike for 30 days.

A body has at most {bytes} bytes and is nested at most {depth} levels deep; no name stands twice \
in an object.\
"""

SCOPES: Final = {
    Scope.UPDATES_READ: "read campaigns, updates and books",
    Scope.UPDATES_WRITE: "post drafts",
    Scope.UPDATES_PUBLISH: "publish, steer mailings; with updates:write, post what is published at once",
    Scope.SIGNERS_WRITE: "hand sign-ups in",
    Scope.SIGNERS_READ: "list signers with their addresses; each look is audited",
    Scope.ADMIN: "everything",
}


def build(operations: Iterable[Operation], site: Site, limits: Limits) -> Schema:
    """Describe the API of one installation."""
    known = list(operations)
    paths: dict[str, Schema] = {}
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    about = ABOUT.format(bytes=limits.json_bytes, depth=limits.json_depth)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{site.name}: staff API", "version": __version__, "description": about},
        "servers": [{"url": site.base_url}],
        "paths": paths,
        "components": {
            "schemas": _schemas(known),
            "responses": {str(status): _problem(status) for status in problems.KINDS},
            "securitySchemes": {"staffKey": _key()},
        },
    }


def _operation(operation: Operation) -> Schema:
    name = operation.path.removeprefix(f"{problems.API}/").replace("/", " ")
    described: Schema = {
        "operationId": f"{operation.method.lower()} {name}".replace(" ", "-")
        .replace("{", "")
        .replace("}", ""),
        "summary": operation.about,
        "security": [{"staffKey": [operation.scope.value]}],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.takes is not None:
        content = {"application/json": {"schema": _ref(operation.takes)}}
        described["requestBody"] = {"required": not operation.optional, "content": content}
    return described


def _parameters(operation: Operation) -> Iterable[Schema]:
    for name in ("slug", "id"):
        if f"{{{name}}}" in operation.path:
            yield _parameter("path", name, {"type": "string"})
    if operation.method == "POST":
        schema: Schema = {"type": "string", "minLength": 1, "maxLength": posting.LONGEST}
        yield _parameter("header", posting.HEADER, schema)
        return
    yield _parameter("header", "If-None-Match", {"type": "string"}, required=False)
    if operation.listed:
        limit = {"type": "integer", "minimum": 1, "maximum": reading.MOST, "default": reading.USUAL}
        yield _parameter("query", "limit", limit, required=False)
        yield _parameter("query", "after", {"type": "string"}, required=False)


def _parameter(place: str, name: str, schema: Schema, *, required: bool = True) -> Schema:
    return {"in": place, "name": name, "required": required, "schema": schema}


def _responses(operation: Operation) -> Schema:
    read = operation.method == "GET"
    kind = "ETag" if read else "Location"
    good: Schema = {
        "description": (operation.answers.__doc__ or "").strip(),
        "headers": {kind: {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": _ref(operation.answers)}},
    }
    found: Schema = {str(operation.status): good}
    if read:
        found["304"] = {"description": "It is as it was."}
    statuses = sorted({*ALWAYS, *(OF_READS if read else OF_POSTS)})
    refused = {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}
    return found | refused


def _problem(status: int) -> Schema:
    ending, title = problems.KINDS[status]
    content = {problems.MEDIA_TYPE: {"schema": _ref(problems.Problem)}}
    return {"description": f"{title} ({problems.API}/docs#{ending}).", "content": content}


def _key() -> Schema:
    scopes = "; ".join(f"`{scope}`: {about}" for scope, about in SCOPES.items())
    return {
        "type": "http",
        "scheme": "bearer",
        "description": f"A staff key, made by `feedsvc key create`. Scopes: {scopes}.",
    }


def _schemas(operations: Sequence[Operation]) -> Schema:
    taken = _unique(operation.takes for operation in operations)
    answered = _unique(operation.answers for operation in operations)
    models = [_as(model, "validation") for model in taken]
    models += [_as(model, "serialization") for model in answered]
    models.append((problems.Problem, "serialization"))
    _, schemas = models_json_schema(models, ref_template=REF)
    definitions: Schema = schemas["$defs"]
    return definitions


def _as(model: type[BaseModel], mode: JsonSchemaMode) -> tuple[type[BaseModel], JsonSchemaMode]:
    return model, mode


def _unique(models: Iterable[type[BaseModel] | None]) -> list[type[BaseModel]]:
    return list(dict.fromkeys(model for model in models if model is not None))


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": REF.format(model=model.__name__)}
