"""Ask for a link to what is mine: everybody is answered alike (law 11)."""

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from feedsvc.actions import sign
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import LinkWish
from feedsvc.errors import Forbidden, Invalid
from feedsvc.web import documents, door, forms
from feedsvc.web.frames import page
from feedsvc.web.me.link import PRIVATE
from feedsvc.web.problems import WHOLE
from feedsvc.web.state import Request


async def ask(request: Request) -> Response:
    """GET and POST /me: an address in, and a link by mail; 202, the same for all."""
    if request.method != "POST":
        return page(request, "ask_link", asked=False, problem="", email="")
    _from_here(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _ask_by_json(request)
    typed = await forms.fields(request)
    try:
        wish = LinkWish(email=typed.get("email", ""))
    except (Invalid, ValidationError):
        email = typed.get("email", "")
        return page(request, "ask_link", status=422, asked=False, problem="email", email=email)
    await _take_in(request, wish)
    return page(request, "ask_link", status=202, asked=True, problem="")


async def _ask_by_json(request: Request) -> Response:
    given = await documents.read(request)
    if not isinstance(given, dict):
        raise Invalid(WHOLE, "is no JSON object.", remedy='Send {"email": …}.')
    await _take_in(request, LinkWish.model_validate(given))
    return JSONResponse({"status": "accepted"}, 202, PRIVATE)


async def _take_in(request: Request, wish: LinkWish) -> None:
    here, now = request.state["here"], request.state["clock"]()
    placed = wish.model_copy(update={"network": door.network(request)})
    sealed = here.keys.seal(placed.model_dump_json(), Sealed.INTAKE)
    await here.database.write(sign.take_in, [(sealed, now)])
    request.state["nudge"]()


def _from_here(request: Request) -> None:
    """Refuse what a page of another site sends; Origin says nothing, for our pages tell no referrer."""
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise Forbidden("A page of another site asked for this.", remedy="Ask from our own page.")
