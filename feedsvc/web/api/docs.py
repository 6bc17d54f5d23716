"""The API document for programs, and the same as a page for people, without a script."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from feedsvc.web import headers, problems
from feedsvc.web.api import auth, document
from feedsvc.web.api.document import Schema
from feedsvc.web.api.operations import Operation
from feedsvc.web.conditional import etag, not_modified
from feedsvc.web.state import Request

STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0 1rem}"
    "td,th{border:1px solid #999;padding:.2rem .6rem;text-align:start;vertical-align:top}"
    "h2{margin-top:2.5rem}code{overflow-wrap:anywhere}"
)
PAGE: Final = Markup(
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<style>{style}</style></head><body><h1>{title}</h1>{about}"
    '<p>For programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    "<p>{security}</p>{operations}<h2>Fields</h2>{schemas}<h2>Problems</h2><dl>{problems}</dl>"
    "</body></html>"
)
OPERATION: Final = Markup(
    '<h2 id="{id}"><code>{method} {path}</code></h2><p>{summary} Needs <code>{scope}</code>.</p>'
    "<p>{takes}Answers {answers}.</p>{parameters}"
)
TABLE: Final = Markup("<table><tr><th>{0}</th><th>kind</th><th>about</th></tr>{1}</table>")
ROW: Final = Markup("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>")
LIMITS: Final = ("minLength", "maxLength", "minItems", "maxItems", "maxProperties", "minimum")
MORE_LIMITS: Final = ("maximum", "default", "pattern")


def routes(operations: Sequence[Operation]) -> list[BaseRoute]:
    """Make the routes that describe these operations."""

    def built(request: Request) -> Schema:
        settings = request.state["here"].settings
        return document.build(operations, settings.site, settings.limits)

    async def openapi(request: Request) -> Response:
        """GET /api/openapi.json."""
        body = orjson.dumps(built(request))
        tag = etag(hashlib.sha256(body).hexdigest()[:32], "identity")
        told = {"ETag": tag, "Cache-Control": headers.PUBLIC, "X-Content-Type-Options": "nosniff"}
        asked = request.headers.get("if-none-match")
        now = request.state["clock"]()
        if not_modified(tag, None, if_none_match=asked, if_modified_since=None, now=now):
            return Response(status_code=304, headers=told)
        return Response(body, headers=told, media_type="application/json")

    async def docs(request: Request) -> Response:
        """GET /api/docs: on this machine, or with any staff key."""
        if not auth.from_this_machine(request):
            await auth.staff_key(request)
        secure = request.state["here"].settings.site.base_url.startswith("https:")
        told = headers.of_page(STYLE, secure=secure, private=True)
        return HTMLResponse(page(built(request)), headers=told)

    return [Route("/api/openapi.json", openapi), Route("/api/docs", docs)]


def page(described: Schema) -> str:
    """Lay the API document out for people."""
    about = described["info"]["description"].split("\n\n")
    return PAGE.format(
        title=described["info"]["title"],
        style=Markup(STYLE),  # noqa: S704  our own
        about=_join(Markup("<p>{}</p>").format(_words(part)) for part in about),
        security=_words(described["components"]["securitySchemes"]["staffKey"]["description"]),
        operations=_join(_operations(described["paths"])),
        schemas=_join(_schemas(described["components"]["schemas"])),
        problems=_join(_problems()),
    )


def _operations(paths: Schema) -> Iterator[Markup]:
    for path, by_method in paths.items():
        for method, one in by_method.items():
            status = next(iter(one["responses"]))
            taken = one.get("requestBody")
            yield OPERATION.format(
                id=one["operationId"],
                method=method.upper(),
                path=path,
                summary=f"{one['summary'][:1].upper()}{one['summary'][1:]}",
                scope=one["security"][0]["staffKey"][0],
                takes=Markup("Takes {}. ").format(_link(_content(taken))) if taken else "",
                answers=Markup("{} and {}").format(
                    status, _link(_content(one["responses"][status]))
                ),
                parameters=_table("parameter", _parameters(one["parameters"])),
            )


def _parameters(found: list[Schema]) -> Iterator[Markup]:
    for one in found:
        about = f"{one['in']}{', required' if one['required'] else ''}"
        yield ROW.format(one["name"], _kind(one["schema"]), about)


def _schemas(schemas: Schema) -> Iterator[Markup]:
    for name, schema in schemas.items():
        heading = Markup('<h3 id="{0}">{0}</h3><p>{1}</p>').format(
            name, schema.get("description", "")
        )
        required = schema.get("required", [])
        rows = (
            ROW.format(field, _kind(one), _about(one, required=field in required))
            for field, one in schema.get("properties", {}).items()
        )
        words = Markup("<p>One of {}.</p>").format(", ".join(schema.get("enum", [])))
        yield heading + (words if "enum" in schema else _table("field", rows))


def _problems() -> Iterator[Markup]:
    for status, (ending, title) in problems.KINDS.items():
        yield Markup('<dt id="{}">{}</dt><dd>{}.</dd>').format(ending, status, title)


def _kind(schema: Schema) -> Markup:
    """Say in a word what a value is, with a link where it is described."""
    if "$ref" in schema:
        return _link(schema)
    if "anyOf" in schema:
        return Markup(" or ").join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return Markup(", ").join(str(word) for word in schema["enum"])
    kind = str(schema.get("type", "any"))
    inner = schema.get("items", schema.get("additionalProperties"))
    return Markup("{} of {}").format(kind, _kind(inner)) if inner else Markup("{}").format(kind)


def _about(schema: Schema, *, required: bool) -> str:
    told: Iterable[Schema] = [schema, *schema.get("anyOf", [])]
    words = ["required"] if required else []
    for one in told:
        words += [f"{limit} {one[limit]}" for limit in (*LIMITS, *MORE_LIMITS) if one.get(limit)]
        words += [one["description"]] if "description" in one else []
    return "; ".join(words)


def _words(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = text.split("`")
    return _join(
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )


def _content(described: Schema) -> Schema:
    schema: Schema = described["content"]["application/json"]["schema"]
    return schema


def _link(schema: Schema) -> Markup:
    name = str(schema["$ref"]).rpartition("/")[2]
    return Markup('<a href="#{0}">{0}</a>').format(name)


def _table(heading: str, rows: Iterable[Markup]) -> Markup:
    laid_out = _join(rows)
    return TABLE.format(heading, laid_out) if laid_out else Markup("")


def _join(parts: Iterable[Any]) -> Markup:
    return Markup("").join(parts)
