"""The public pages: campaigns, one campaign, one update. They show and change nothing."""

from http import HTTPStatus
from urllib.parse import quote

from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from feedsvc.domain.tables.content import Campaign, Update, UpdateStatus
from feedsvc.web import feeds, fitting, forms, headers, reading, single
from feedsvc.web.accepting import preferred_feed
from feedsvc.web.frames import frame, gone, page, reader
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request

SIGN = "sign"
"""Where forms are sent to, beside the updates."""


async def campaigns(request: Request) -> Response:
    """GET /."""
    gather = Reading(request.state["here"].settings.site, reader(request))
    found = await request.state["here"].database.read(reading.listed, gather)
    feeds_of_all = gather.feeds_of_all(found, frame(request))
    return page(request, "campaigns", private=False, campaigns=found, feeds=feeds_of_all)


async def campaign(request: Request) -> Response:
    """GET /c/{slug}: the page, or the feed for a client that would rather have that."""
    slug = request.path_params["slug"]
    wanted = preferred_feed(",".join(request.headers.getlist("accept")))
    if wanted:
        response = await feeds.answer(request, slug, wanted)
        if response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
            response.headers["Content-Location"] = f"/c/{slug}.{wanted}"
    else:
        response = await _campaign(request, slug)
    response.headers.add_vary_header("Accept")
    return response


async def update(request: Request) -> Response:
    """GET /c/{slug}/{update} and /c/{slug}/{update}@{n}."""
    here = request.state["here"]
    gather = Reading(here.settings.site, reader(request))
    address = request.path_params
    found = await here.database.read(
        single.one_update, gather, address["slug"], address["update"], address.get("number")
    )
    if found is None and address["update"] == SIGN:
        return _to_form(request, address["slug"])
    if found is None:
        return gone(request, "unknown")
    about, news = found
    if about.slug != address["slug"]:
        return _moved(request, about.slug)
    if news.status is UpdateStatus.WITHDRAWN:
        return gone(request, "withdrawn", own=about.own, notes=news.notes)
    return page(request, "update", own=about.own, private=False, campaign=about, update=news)


async def short_link(request: Request) -> Response:
    """GET /s/{code}."""
    here = request.state["here"]
    slug = await here.database.read(_slug, request.path_params["code"])
    if slug is None:
        return gone(request, "unknown")
    url = reader(request).link(f"{here.settings.site.base_url}/c/{slug}")
    return RedirectResponse(url, status_code=302)


async def news(request: Request) -> Response:
    """GET /n/{uid}: on to the page of an update, from a mail that does not say what it is about."""
    here = request.state["here"]
    found = await here.database.read(_address, request.path_params["uid"])
    if found is None:
        return gone(request, "unknown")
    url = reader(request).link(f"{here.settings.site.base_url}/c/{'/'.join(found)}")
    return RedirectResponse(url, status_code=302)


async def _campaign(request: Request, slug: str) -> Response:
    here = request.state["here"]
    gather = Reading(here.settings.site, reader(request))
    found = await here.database.read(reading.whole, gather, slug)
    if found is None:
        return gone(request, "unknown")
    about, updates = found
    if about.slug != slug:
        return _moved(request, about.slug)
    form = forms.fresh(request)
    return page(
        request,
        "campaign",
        own=about.own,
        private=form.passcode != "",
        scripted=fitting.follows(about.status),
        campaign=about,
        updates=updates,
        form=form,
    )


def _to_form(request: Request, slug: str) -> Response:
    """Send on who looks where a form was sent to: to the page with the form."""
    base = request.state["here"].settings.site.base_url
    url = reader(request).link(f"{base}/c/{quote(slug)}")
    return RedirectResponse(url, HTTPStatus.SEE_OTHER, {"Cache-Control": headers.PRIVATE})


def _moved(request: Request, slug: str) -> Response:
    """Send a reader on who comes with a former slug: to the same page, in the same language."""
    base = request.state["here"].settings.site.base_url
    rest = request.url.path.removeprefix(f"/c/{request.path_params['slug']}")
    url = reader(request).link(f"{base}/c/{slug}{rest}")
    return RedirectResponse(url, 301, {"Cache-Control": headers.MOVED})


def _slug(session: Session, code: str) -> str | None:
    return session.exec(select(Campaign.slug).where(Campaign.short_link == code)).first()


def _address(session: Session, uid: str) -> tuple[str, str] | None:
    """Find the slug and key of an update that is out, or was; of no draft is it known that it is there."""
    out = (UpdateStatus.PUBLISHED, UpdateStatus.WITHDRAWN)
    found = (
        select(Campaign.slug, Update.key)
        .join(Update, col(Update.campaign_id) == Campaign.id)
        .where(Update.uid == uid, col(Update.status).in_(out))
    )
    return session.exec(found).first()


routes: list[BaseRoute] = [
    Route("/", campaigns),
    Route("/c/{slug}", campaign),
    Route("/c/{slug}/{update}@{number:int}", update),
    Route("/c/{slug}/{update}", update),
    Route("/s/{code:path}", short_link),
    Route("/n/{uid}", news),
]
