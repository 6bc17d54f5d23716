"""Sign and confirm: everyone is answered alike, and nothing counts before the address says yes."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from feedsvc.actions import confirm, sign
from feedsvc.domain import tokens
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import SignForm, Signup
from feedsvc.domain.tables.content import Campaign, CampaignKind, CampaignStatus
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.errors import Conflict, Forbidden, Invalid, NotFound
from feedsvc.records import confirmations, pending
from feedsvc.web import afterwards, documents, forms, reading
from feedsvc.web.forms import Typed
from feedsvc.web.frames import frame, gone, page, reader
from feedsvc.web.problems import WHOLE, field_problems
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request
from feedsvc.web.views import CampaignView

TRUE = "true"


async def sign_up(request: Request) -> Response:
    """POST /c/{slug}/sign, as a form or as JSON; 202, the same for all."""
    if request.method == "OPTIONS":
        return _may_post(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _by_json(request)
    return await _by_form(request)


async def answer_confirm(request: Request) -> Response:
    """GET and POST /confirm/{token}."""
    return await (do_confirm if request.method == "POST" else show_confirm)(request)


async def show_confirm(request: Request) -> Response:
    """GET /confirm/{token}: what would be confirmed; what was, once it is."""
    here, now = request.state["here"], request.state["clock"]()
    token = _token(request)
    if token is None:
        return gone(request, "link")
    gather = Reading(here.settings.site, reader(request))
    try:
        found, done = await here.database.read(_asked, gather, token, now=now)
    except NotFound:
        return gone(request, "expired")
    return page(
        request, "confirmed" if done else "confirm", own=reading.own(found), campaigns=found
    )


async def do_confirm(request: Request) -> Response:
    """POST /confirm/{token}."""
    here, now = request.state["here"], request.state["clock"]()
    token = _token(request)
    if token is None:
        return gone(request, "link")
    try:
        welcome = here.settings.digest.welcome
        act = partial(confirm.confirm, now=now, welcome=welcome)
        ids = await here.database.write(act, token.subject, token.scope)
    except NotFound:
        return gone(request, "expired")
    request.state["nudge"]()
    gather = Reading(here.settings.site, reader(request))
    found = await here.database.read(afterwards.named, gather, ids)
    return page(request, "confirmed", own=reading.own(found), campaigns=found)


def _may_post(request: Request) -> Response:
    """Answer what a browser asks before it posts JSON from another site."""
    allowed = {"Access-Control-Allow-Headers": "Content-Type", "Access-Control-Max-Age": "3600"}
    return Response(status_code=204, headers=_shared(request) | allowed)


async def _by_form(request: Request) -> Response:
    here = request.state["here"]
    slug = request.path_params["slug"]
    typed = await forms.fields(request)
    campaign = await here.database.read(reading.find, slug)
    if campaign is None:
        return gone(request, "unknown")
    if not _takes(campaign):
        return gone(request, "closed", own=campaign.language)
    try:
        known = {name: typed[name] for name in SignForm.model_fields if typed.get(name)}
        filled = _filled(request, campaign, {"email": "", "name": ""} | known)
    except (Invalid, ValidationError) as error:
        return await _again(request, slug, typed, _field(error))
    await _take_in(request, campaign, filled, "form")
    return await afterwards.signed(request, campaign)


async def _by_json(request: Request) -> Response:
    here = request.state["here"]
    shared = _shared(request)
    given = await documents.read(request)
    if not isinstance(given, dict):
        raise Invalid(WHOLE, "is no JSON object.", remedy="Send the fields of the form in one.")
    campaign = await here.database.read(reading.find, request.path_params["slug"])
    if campaign is None:
        raise NotFound("There is no such campaign.", remedy="Look the address up on its page.")
    if not _takes(campaign):
        raise Conflict("The campaign takes no more names.", remedy="Follow its feed instead.")
    await _take_in(request, campaign, _filled(request, campaign, given), "api")
    return JSONResponse({"status": "accepted"}, 202, shared | {"Cache-Control": "no-store"})


def _takes(campaign: Campaign) -> bool:
    """Whether a petition can be signed, or a statement followed."""
    if campaign.kind is CampaignKind.PETITION:
        return campaign.status is CampaignStatus.OPEN
    return campaign.status is not CampaignStatus.WITHDRAWN


def _filled(request: Request, campaign: Campaign, given: Mapping[str, Any]) -> SignForm:
    """Check a form; who follows a statement need not give a name.

    Raises Invalid or ValidationError, which name the field.
    """
    values = {"language": frame(request, campaign.language), **given}
    filled = SignForm.model_validate(values)
    if campaign.kind is CampaignKind.PETITION and not filled.name:
        raise Invalid("name", "A signature is a name.", remedy="Give the name you sign with.")
    if campaign.kind is CampaignKind.STATEMENT and not filled.updates:
        raise Invalid(
            "updates",
            "A statement is signed by organisations.",
            remedy="Send true to hear of its news.",
        )
    return filled


async def _take_in(request: Request, campaign: Campaign, filled: SignForm, source: str) -> None:
    here, now = request.state["here"], request.state["clock"]()
    more = {"campaign_id": campaign.id, "source": source}
    signup = Signup.model_validate(filled.model_dump() | more)
    sealed = here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
    await here.database.write(sign.take_in, sealed, now=now)
    request.state["nudge"]()


async def _again(request: Request, slug: str, typed: Mapping[str, str], problem: str) -> Response:
    """Show the campaign again, with what was typed and what is wrong with it."""
    here = request.state["here"]
    gather = Reading(here.settings.site, reader(request))
    found = await here.database.read(reading.whole, gather, slug)
    if found is None:
        return gone(request, "unknown")
    about, updates = found
    kept = Typed(
        problem=problem,
        email=typed.get("email", ""),
        name=typed.get("name", ""),
        updates=typed.get("updates") == TRUE,
        cadence=typed.get("cadence", forms.EMPTY.cadence),
    )
    return page(
        request,
        "campaign",
        status=422,
        own=about.own,
        campaign=about,
        updates=updates,
        form=kept,
    )


def _field(error: Invalid | ValidationError) -> str:
    """Name the field that was refused, the first where there are several."""
    return error.field if isinstance(error, Invalid) else next(field_problems(error)).field


def _shared(request: Request) -> dict[str, str]:
    """Say which other site may read the answer; a browser on any other is refused."""
    settings = request.state["here"].settings
    origin = request.headers.get("origin")
    if origin is None or origin == settings.site.base_url:
        return {}
    if origin not in settings.http.embed_origins:
        raise Forbidden(
            f"{origin} may not send sign-ups here.", remedy="Add it to [http] embed_origins."
        )
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def _token(request: Request) -> Token | None:
    keys = request.state["here"].keys
    return tokens.read(request.path_params["token"], keys, Purpose.CONFIRM)


def _asked(
    session: Session, gather: Reading, token: Token, *, now: datetime
) -> tuple[list[CampaignView], bool]:
    """Return the campaigns that a link would confirm, or that it has, and whether it has."""
    asked = confirmations.valid(session, token.subject, token.scope, now)
    if asked.used_at is not None:
        return afterwards.named(session, gather, confirmations.confirmed(session, asked)), True
    waiting = pending.campaigns(session, token.subject, now)
    if not waiting:
        raise confirmations.expired()
    return reading.named(session, gather, waiting), False


routes: list[BaseRoute] = [
    Route(path, answer, methods=methods, max_body_size=forms.LIMIT_BYTES)
    for path, answer, methods in (
        ("/c/{slug}/sign", sign_up, ["POST", "OPTIONS"]),
        ("/confirm/{token}", answer_confirm, ["GET", "POST"]),
    )
]
