"""The demo's outbox: what a signer would have received, read in the browser."""

from email.message import EmailMessage
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from feedsvc.gateways.catcher import Catcher, Caught
from feedsvc.web.frames import frame, told
from feedsvc.web.state import Request

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; frame-ancestors 'none'"
)
"""A mail in its frame takes over the policy of the page, and mails carry their style in place."""


def outbox_routes(catcher: Catcher) -> list[Route]:
    """Make the routes over what this catcher has caught."""

    async def outbox(request: Request) -> Response:
        """GET /outbox: all mails, the newest first."""
        mails = [_line(mail) for mail in reversed(catcher.mails)]
        return _page(request, "pages/outbox.html", mails=mails)

    async def outbox_mail(request: Request) -> Response:
        """GET /outbox/{number}: one mail with its headers and both of its texts."""
        number = request.path_params["number"]
        mail = next((one for one in catcher.mails if one.number == number), None)
        if mail is None:
            raise HTTPException(404)
        shown = _line(mail) | {
            "headers": [(name, str(value)) for name, value in mail.message.items()],
            "text": mail.part("plain"),
            "html": mail.part("html"),
        }
        return _page(request, "pages/outbox_mail.html", mail=shown)

    return [Route("/outbox", outbox), Route("/outbox/{number:int}", outbox_mail)]


def _line(mail: Caught) -> dict[str, Any]:
    message: EmailMessage = mail.message
    return {
        "recipient": mail.recipient,
        "subject": str(message["Subject"]),
        "at": mail.at.isoformat(timespec="seconds"),
        "when": mail.at.isoformat(timespec="seconds"),
        "url": f"/outbox/{mail.number}",
    }


def _page(request: Request, name: str, **values: object) -> Response:
    here = request.state["here"]
    page = here.templates.render(name, frame(request), site=told(request), **values)
    return HTMLResponse(
        page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    )
