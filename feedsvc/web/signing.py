"""Sign up: everyone is answered alike (law 11); a form that may be a program's is shown again."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import SignForm, Signup
from feedsvc.domain.tables.content import Campaign
from feedsvc.errors import Conflict, Invalid, NotFound
from feedsvc.web import afterwards, desk, documents, door, fitting, forms, reading
from feedsvc.web.frames import frame, gone, page, reader
from feedsvc.web.problems import WHOLE, field_problems
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request

AGAIN = "again"


async def sign_up(request: Request) -> Response:
    """POST /c/{slug}/sign, as a form or as JSON; 202, the same for all."""
    if request.method == "OPTIONS":
        return _may_post(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _by_json(request)
    return await _by_form(request)


def _may_post(request: Request) -> Response:
    """Answer what a browser asks before it posts JSON from another site."""
    allowed = {"Access-Control-Allow-Headers": "Content-Type", "Access-Control-Max-Age": "3600"}
    return Response(status_code=204, headers=door.shared(request) | allowed)


async def _by_form(request: Request) -> Response:
    slug = request.path_params["slug"]
    typed = await forms.fields(request)
    campaign = await desk.of(request).campaign(slug)
    if campaign is None:
        return gone(request, "unknown")
    try:
        sent = forms.unseen(typed)
        known = {name: sent[name] for name in SignForm.model_fields if sent.get(name)}
        filled = _filled(request, campaign, {"email": "", "name": ""} | known)
        fitting.check(campaign, name=filled.name, updates=filled.updates)
        _not_forgotten(campaign, filled, follows=forms.follows(typed))
    except Conflict:
        gather = Reading(request.state["here"].settings.site, reader(request))
        return gone(request, "closed", own=campaign.language, campaign_url=gather.url(campaign))
    except (Invalid, ValidationError) as error:
        return await _again(request, slug, typed, _field(error))
    if not door.by_hand(request, typed):
        return await _again(request, slug, typed, AGAIN)
    await _take_in(request, campaign, filled, "form")
    return await afterwards.signed(request, campaign)


async def _by_json(request: Request) -> Response:
    shared = door.shared(request)
    given = await documents.read(request)
    if not isinstance(given, dict):
        raise Invalid(WHOLE, "is no JSON object.", remedy="Send the fields of the form in one.")
    campaign = await desk.of(request).campaign(request.path_params["slug"])
    if campaign is None:
        raise NotFound("There is no such campaign.", remedy="Look the address up on its page.")
    filled = _filled(request, campaign, given)
    fitting.check(campaign, name=filled.name, updates=filled.updates)
    await _take_in(request, campaign, filled, "api")
    return JSONResponse({"status": "accepted"}, 202, shared | {"Cache-Control": "no-store"})


def _filled(request: Request, campaign: Campaign, given: Mapping[str, Any]) -> SignForm:
    """Check a form. Raises Invalid or ValidationError, which name the field."""
    values = {"language": frame(request, campaign.language), **given}
    return SignForm.model_validate(values)


def _not_forgotten(campaign: Campaign, filled: SignForm, *, follows: bool) -> None:
    """Want a name in the form of whoever signs; who follows signs nothing, and says so."""
    if fitting.signs(campaign.kind, campaign.status) and not filled.name and not follows:
        raise Invalid("name", "A signature is a name.", remedy="Give the name you sign with.")


async def _take_in(request: Request, campaign: Campaign, filled: SignForm, source: str) -> None:
    here, now = request.state["here"], request.state["clock"]()
    site = door.embedding(request)
    known = door.passes(request, filled.passcode)
    more = {
        "campaign_id": campaign.id,
        "source": f"{source} {site}".strip(),
        "network": "" if known else door.network(request),
    }
    checked: dict[str, Any] = filled.model_dump(exclude={"passcode"}) | more
    signup = Signup.model_construct(**checked)
    sealed = here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
    await desk.of(request).take_in(sealed, now)
    request.state["nudge"]()


async def _again(request: Request, slug: str, typed: Mapping[str, str], problem: str) -> Response:
    """Show the campaign again, with what was typed and what is wrong with it."""
    here = request.state["here"]
    gather = Reading(here.settings.site, reader(request))
    found = await here.database.read(reading.whole, gather, slug)
    if found is None:
        return gone(request, "unknown")
    about, updates = found
    return page(
        request,
        "campaign",
        status=422,
        own=about.own,
        scripted=True,
        campaign=about,
        updates=updates,
        form=forms.again(request, typed, problem),
    )


def _field(error: Invalid | ValidationError) -> str:
    """Name the field that was refused, the first where there are several."""
    return error.field if isinstance(error, Invalid) else next(field_problems(error)).field


routes: list[BaseRoute] = [
    Route(
        "/c/{slug}/sign",
        sign_up,
        methods=["POST", "OPTIONS"],
        max_body_size=forms.LIMIT_BYTES,
    ),
]
