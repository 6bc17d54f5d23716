"""Signers for staff: a campaign's own site hands sign-ups in, and who may is shown who they are."""

import re
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from starlette.responses import Response

from feedsvc.actions import export_signers, import_signers, sign
from feedsvc.domain.importing.people import Sealing
from feedsvc.domain.importing.rows import Consent
from feedsvc.domain.importing.vouched import SITE, SignerDraft
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.staff import Scope, StaffKey
from feedsvc.errors import Conflict
from feedsvc.gateways.installation import Installation
from feedsvc.records import audit, roll
from feedsvc.web import documents, fitting
from feedsvc.web.api import auth, posting, reading
from feedsvc.web.api.models import Accepted, SignerLine, SignerList
from feedsvc.web.api.operations import Operation
from feedsvc.web.api.reading import Window
from feedsvc.web.state import Request

WISH: Final = "wish"
NAME: Final = "name"
CURSOR: Final = re.compile(rf"({WISH}|{NAME})-([0-9]{{1,18}})")
"""A place in the list: behind a subscription, or behind the signature of who has none."""


async def hand_in(request: Request, key: StaffKey) -> Response:
    """POST /api/campaigns/{slug}/signers: hand in a sign-up; without a consent its person is asked."""
    document = await documents.read(request)
    draft = SignerDraft.model_validate(document)
    here, slug, now = request.state["here"], request.path_params["slug"], request.state["clock"]()
    consent = draft.consent.consent(now) if draft.consent else None

    def act(session: Session) -> Accepted:
        campaign = auth.campaign(session, key, slug)
        fitting.check(campaign, name=draft.name, updates=draft.updates)
        if consent is None:
            _ask(session, here, campaign, draft, now)
            audit.note(session, key.name, "sign up", slug, now)
        else:
            _admit(session, here, campaign, draft, consent, key, now)
        return Accepted()

    try:
        reply = await posting.once(request, key, document, act, status=202)
    except IntegrityError as error:
        raise Conflict(
            "The same person is signing up at this moment.",
            remedy="Send it again, with the same Idempotency-Key.",
        ) from error
    headers = {"Location": request.url.path, "Cache-Control": "no-store"}
    return Response(reply.body, reply.status, headers, "application/json")


async def listed(request: Request, key: StaffKey) -> Response:
    """GET /api/campaigns/{slug}/signers: list who is known by address, as an export does."""
    here, slug, now = request.state["here"], request.path_params["slug"], request.state["clock"]()
    window = reading.window(request)
    place = _place(window)

    def note(session: Session) -> int | None:
        auth.campaign(session, key, slug)
        return export_signers.note_export(session, campaign=slug, by=key.name, now=now)

    campaign_id = await here.database.write(note)
    found = await here.database.read(_listed, here, campaign_id, place, window.limit)
    answer = reading.answer(request, found)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _ask(
    session: Session, here: Installation, campaign: Campaign, draft: SignerDraft, now: datetime
) -> None:
    """Hand it in as the form does: its person is asked to confirm."""
    signup = Signup(
        email=draft.email,
        name=draft.name,
        updates=draft.updates,
        cadence=draft.cadence,
        language=draft.language or campaign.language,
        time_zone=draft.time_zone,
        campaign_id=campaign.id or 0,
        source=SITE,
        consent_text="",
    )
    sign.take_in(session, [(here.keys.seal(signup.model_dump_json(), Sealed.INTAKE), now)])


def _admit(
    session: Session,
    here: Installation,
    campaign: Campaign,
    draft: SignerDraft,
    consent: Consent,
    key: StaffKey,
    now: datetime,
) -> None:
    """Take it in as a row of a list that proves a consent."""
    row = draft.row(consent, campaign.language, here.settings.site.time_zone)
    person, digest = Sealing(here.keys).person(row), here.settings.digest
    import_signers.admit(session, campaign.slug, person, digest=digest, by=key.name, now=now)


def _place(window: Window) -> tuple[str, int]:
    """Read a cursor."""
    if window.after is None:
        return WISH, 0
    place = CURSOR.fullmatch(window.after)
    if place is None:
        raise reading.stranger(window.after)
    return place[1], int(place[2])


def _listed(
    session: Session,
    here: Installation,
    campaign_id: int | None,
    place: tuple[str, int],
    limit: int,
) -> SignerList:
    """List who asked for updates, and where they end those who only signed."""
    part, after = place
    lines: list[roll.Line] = []
    if part == WISH:
        page = roll.subscribed(session, here.keys, campaign_id, after, limit)
        lines, after = list(page.lines), page.last
    if len(lines) < limit:
        part, after = NAME, 0 if part == WISH else after
        page = roll.only_signed(session, here.keys, campaign_id, after, limit - len(lines))
        lines, after = [*lines, *page.lines], page.last
    items = [SignerLine.model_validate(line, from_attributes=True) for line in lines]
    return SignerList(items=items, next=f"{part}-{after}" if len(items) == limit else None)


operations = [
    Operation(
        "GET",
        "/api/campaigns/{slug}/signers",
        Scope.SIGNERS_READ,
        listed,
        SignerList,
        listed=True,
    ),
    Operation(
        "POST",
        "/api/campaigns/{slug}/signers",
        Scope.SIGNERS_WRITE,
        hand_in,
        Accepted,
        SignerDraft,
        status=202,
    ),
]
