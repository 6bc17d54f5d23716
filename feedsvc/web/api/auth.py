"""Who is asking, by the staff key that is shown, and how far that key reaches."""

import hmac
import ipaddress

from sqlmodel import Session, select

from feedsvc.actions import keys
from feedsvc.config import LOOPBACK
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.staff import Scope, StaffKey
from feedsvc.errors import Forbidden, NotFound, Unauthorised
from feedsvc.web.state import Request

MAKE_ONE = "`feedsvc key create` makes one."
FORWARDED = ("forwarded", "x-forwarded-for")


async def staff_key(request: Request, scope: Scope | None = None) -> StaffKey:
    """Return the key of whoever asks; looked up each time, so that revoking works at once.

    Without `scope` any usable key will do. A key limited to one campaign is no `admin` of the rest.
    """
    key = await _shown(request)
    if scope is not None:
        require(key, scope)
    if scope is Scope.ADMIN and key.campaign_id is not None:
        raise Forbidden(
            "The key is limited to one campaign.", remedy=f"Use one without limit. {MAKE_ONE}"
        )
    return key


def require(key: StaffKey, scope: Scope, *, otherwise: str = "") -> None:
    """Raise Forbidden unless the key has the scope; `otherwise` is another way out."""
    if not key.may(scope):
        remedy = f"Use a key with that scope. {otherwise}".strip()
        raise Forbidden(f"The key lacks the scope {scope}.", remedy=remedy)


def campaign(session: Session, key: StaffKey, slug: str) -> Campaign:
    """Find a campaign that the key reaches; one limited to another learns nothing of this."""
    found = session.exec(select(Campaign).where(Campaign.slug == slug)).first()
    if key.campaign_id is not None and (found is None or found.id != key.campaign_id):
        raise Forbidden(
            "The key is limited to another campaign.", remedy="Use the key of this campaign."
        )
    if found is None:
        raise NotFound(f"There is no campaign {slug!r}.", remedy="GET /api/campaigns lists them.")
    return found


def update(session: Session, key: StaffKey, uid: str) -> Update:
    """Find an update that the key reaches; those of other campaigns are as good as not there."""
    found = session.exec(select(Update).where(Update.uid == uid)).first()
    if found is None or key.campaign_id not in {None, found.campaign_id}:
        raise NotFound(
            f"There is no update {uid!r}.", remedy="GET /api/campaigns/{slug}/updates lists them."
        )
    return found


def from_this_machine(request: Request) -> bool:
    """Whether the request was surely made on this machine, not passed on by a proxy.

    A proxy that names nobody looks like this machine. So nobody is believed before the settings name
    the proxies, unless the site is but for trying out.
    """
    settings, client = request.state["here"].settings, request.client
    if settings.site.host not in LOOPBACK and not settings.http.trusted_proxies:
        return False
    if client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(client.host).is_loopback
    except ValueError:
        return False


async def _shown(request: Request) -> StaffKey:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        remedy = f"Send it as `Authorization: Bearer …`. {MAKE_ONE}"
        raise Unauthorised("No staff key was shown.", remedy=remedy)
    key = await request.state["here"].database.read(_known, keys.hashed(secret.strip()))
    if key is None or not key.usable(request.state["clock"]()):
        raise Unauthorised(
            "The staff key is not known, has expired, or was revoked.", remedy=MAKE_ONE
        )
    return key


def _known(session: Session, secret_hash: bytes) -> StaffKey | None:
    key = session.exec(select(StaffKey).where(StaffKey.secret_hash == secret_hash)).first()
    genuine = key is not None and hmac.compare_digest(key.secret_hash, secret_hash)
    return key if genuine else None
