"""Updates for staff: list them, read one, post one, publish one, see its books and steer its mailing."""

from collections.abc import Callable
from datetime import datetime

import orjson
from sqlmodel import Session, col, select
from starlette.responses import Response

from feedsvc.actions import steer
from feedsvc.actions.publish import post_update, publish
from feedsvc.config import Site
from feedsvc.domain.drafts import Draft, UpdateDraft
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.staff import Scope, StaffKey
from feedsvc.records.books import books
from feedsvc.records.senders import trouble
from feedsvc.web import documents
from feedsvc.web.api import auth, posting, reading, shown
from feedsvc.web.api.models import BooksAnswer, NoticeBooks, UpdateAnswer, UpdateList
from feedsvc.web.api.operations import Operation
from feedsvc.web.api.reading import Window
from feedsvc.web.state import Request


class Nothing(Draft):
    """No field at all: an empty object, or no body."""


async def listed(request: Request, key: StaffKey) -> Response:
    """GET /api/campaigns/{slug}/updates: list a campaign's updates, drafts too, the newest first."""
    here, slug = request.state["here"], request.path_params["slug"]
    window = reading.window(request)
    found = await here.database.read(_listed, here.settings.site, key, slug, window)
    return reading.answer(request, found)


async def one(request: Request, key: StaffKey) -> Response:
    """GET /api/updates/{id}: read an update."""
    here, uid = request.state["here"], request.path_params["id"]
    found = await here.database.read(_one, here.settings.site, key, uid)
    return reading.answer(request, found)


async def post(request: Request, key: StaffKey) -> Response:
    """POST /api/campaigns/{slug}/updates: post an update; published unless it says draft."""
    document = await documents.read(request)
    draft = UpdateDraft.model_validate(document)
    if draft.status == "published":
        auth.require(key, Scope.UPDATES_PUBLISH, otherwise='Or send "status": "draft".')
    slug, now = request.path_params["slug"], request.state["clock"]()
    site = request.state["here"].settings.site

    def act(session: Session) -> Update:
        auth.campaign(session, key, slug)
        return post_update(session, slug, draft, site=site, by=key.name, now=now)

    return await _posted(request, key, document, act, status=201)


async def release(request: Request, key: StaffKey) -> Response:
    """POST /api/updates/{id}/publish: publish a draft, or start its embargo."""
    document = await documents.read(request, optional=True)
    Nothing.model_validate(document)
    uid, now = request.path_params["id"], request.state["clock"]()

    def act(session: Session) -> Update:
        auth.update(session, key, uid)
        return publish(session, uid, by=key.name, now=now)

    return await _posted(request, key, document, act, status=200)


async def show_books(request: Request, key: StaffKey) -> Response:
    """GET /api/updates/{id}/books: see that everyone is accounted for."""
    uid, now = request.path_params["id"], request.state["clock"]()
    found = await request.state["here"].database.read(_books, key, uid, now)
    return reading.answer(request, found)


async def pause(request: Request, key: StaffKey) -> Response:
    """POST /api/updates/{id}/pause: stop its mailing for now; no mail starts once this is answered."""
    return await _steered(request, key, steer.pause)


async def resume(request: Request, key: StaffKey) -> Response:
    """POST /api/updates/{id}/resume: let its mailing go on, also one that halted; retry what was held."""
    return await _steered(request, key, steer.resume)


async def cancel(request: Request, key: StaffKey) -> Response:
    """POST /api/updates/{id}/cancel: end its mailing; who was not sent it will not be, for good."""
    return await _steered(request, key, steer.cancel)


async def _steered(request: Request, key: StaffKey, order: Callable[..., None]) -> Response:
    document = await documents.read(request, optional=True)
    Nothing.model_validate(document)
    uid, now = request.path_params["id"], request.state["clock"]()

    def act(session: Session) -> BooksAnswer:
        auth.update(session, key, uid)
        order(session, uid, by=key.name, now=now)
        return _books(session, key, uid, now)

    reply = await posting.once(request, key, document, act, status=200)
    headers = {"Location": f"/api/updates/{uid}/books"}
    return Response(reply.body, reply.status, headers, "application/json")


async def _posted(
    request: Request,
    key: StaffKey,
    document: object,
    act: Callable[[Session], Update],
    *,
    status: int,
) -> Response:
    site = request.state["here"].settings.site

    def answer(session: Session) -> UpdateAnswer:
        return shown.whole(session, site, act(session))

    reply = await posting.once(request, key, document, answer, status=status)
    headers = {"Location": f"/api/updates/{orjson.loads(reply.body)['id']}"}
    return Response(reply.body, reply.status, headers, "application/json")


def _listed(session: Session, site: Site, key: StaffKey, slug: str, window: Window) -> UpdateList:
    campaign = auth.campaign(session, key, slug)
    query = select(Update).where(Update.campaign_id == campaign.id)
    if window.after is not None:
        last = session.exec(query.where(Update.uid == window.after)).first()
        if last is None:
            raise reading.stranger(window.after)
        query = query.where(col(Update.id) < last.id)
    rows = session.exec(query.order_by(col(Update.id).desc()).limit(window.limit + 1)).all()
    part = rows[: window.limit]
    following = part[-1].uid if len(rows) > len(part) else None
    return UpdateList(items=shown.lines(session, site, campaign, part), next=following)


def _one(session: Session, site: Site, key: StaffKey, uid: str) -> UpdateAnswer:
    return shown.whole(session, site, auth.update(session, key, uid))


def _books(session: Session, key: StaffKey, uid: str, now: datetime) -> BooksAnswer:
    update = auth.update(session, key, uid)
    notices = [
        NoticeBooks.model_validate(found, from_attributes=True)
        for found in books(session, update.uid, now=now)
    ]
    return BooksAnswer(update=update.uid, notices=notices, problem=trouble(session, now))


operations = [
    Operation(
        "GET",
        "/api/campaigns/{slug}/updates",
        Scope.UPDATES_READ,
        listed,
        UpdateList,
        listed=True,
    ),
    Operation(
        "POST",
        "/api/campaigns/{slug}/updates",
        Scope.UPDATES_WRITE,
        post,
        UpdateAnswer,
        UpdateDraft,
        status=201,
    ),
    Operation("GET", "/api/updates/{id}", Scope.UPDATES_READ, one, UpdateAnswer),
    Operation(
        "POST",
        "/api/updates/{id}/publish",
        Scope.UPDATES_PUBLISH,
        release,
        UpdateAnswer,
        Nothing,
        optional=True,
    ),
    Operation("GET", "/api/updates/{id}/books", Scope.UPDATES_READ, show_books, BooksAnswer),
    *(
        Operation(
            "POST",
            f"/api/updates/{{id}}/{name}",
            Scope.UPDATES_PUBLISH,
            act,
            BooksAnswer,
            Nothing,
            optional=True,
        )
        for name, act in (("pause", pause), ("resume", resume), ("cancel", cancel))
    ),
]
