"""Pages in the reader's language: the frame around them, and the page that says "no"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.responses import HTMLResponse

from feedsvc.domain import languages
from feedsvc.errors import Invalid
from feedsvc.web import headers
from feedsvc.web.state import Request
from feedsvc.web.views import NoteView

Why = Literal["unknown", "withdrawn", "link", "expired", "closed", "fresh", "forgotten"]
"""Why a page cannot be shown, as `pages/gone.html` words it."""

STATUS: dict[Why, int] = {
    "unknown": 404,
    "withdrawn": 410,
    "link": 404,
    "expired": 410,
    "closed": 409,
    "fresh": 410,
    "forgotten": 410,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """What a request says of its reader's languages: `?lang=`, else the Accept-Language header."""

    asked: str | None
    accepted: str

    def pick(self, available: Sequence[str], own: str) -> str:
        """Choose the language of a text: the reader's, else its campaign's `own`, else the first."""
        wanted = self.asked or languages.preferred(self.accepted, available)
        return languages.pick(available, wanted, own)

    def link(self, url: str) -> str:
        """Keep a language that was asked for when the reader goes on to another page."""
        return f"{url}?lang={self.asked}" if self.asked else url


def reader(request: Request) -> Reader:
    """Read who is asking; a language that is none is passed over."""
    try:
        asked = languages.code(request.query_params.get("lang", ""))
    except Invalid:
        asked = None
    return Reader(asked, ",".join(request.headers.getlist("accept-language")))


def frame(request: Request, own: str = "") -> str:
    """Choose the language of the frame: the reader's, else the campaign's or the site's."""
    here = request.state["here"]
    own = own or here.settings.site.default_language
    return reader(request).pick(here.templates.languages, own)


def page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    own: str = "",
    language: str = "",
    private: bool = True,
    scripted: bool = False,
    **values: object,
) -> HTMLResponse:
    """Answer with the page `name`; `own` is the language of the campaign it is about.

    `language` is the one to speak whatever the reader's browser prefers. On a page that is `scripted` our own script may run.
    """
    here = request.state["here"]
    site = here.settings.site
    spoken = language or frame(request, own)
    html = here.templates.render(f"pages/{name}.html", spoken, site=told(request), **values)
    script = here.templates.script if scripted else ""
    secure = site.base_url.startswith("https:")
    fields = headers.of_page(here.templates.style, script, secure=secure, private=private)
    return HTMLResponse(html, status, fields)


def told(request: Request) -> dict[str, str]:
    """Say whose pages these are, and how to reach them: discreet mails point here for it."""
    settings, asking = request.state["here"].settings, reader(request)
    site, mail = settings.site, settings.mail
    contact = mail.reply_to or mail.from_address
    return {
        "name": site.name,
        "home": asking.link(f"{site.base_url}/"),
        "me": asking.link(f"{site.base_url}/me"),
        "postal_address": site.postal_address,
        "contact": "" if contact.endswith("@localhost") else contact,
    }


def gone(
    request: Request,
    why: Why,
    *,
    own: str = "",
    notes: Sequence[NoteView] = (),
    again: str = "",
    campaign_url: str = "",
) -> HTMLResponse:
    """Answer that there is nothing to be had here, and why; `notes` are those on an update.

    `again` is where a POST mails a new link in the place of an old one, if it may;
    `campaign_url` the page of a campaign that is closed: there is more to read and to do.
    """
    return page(
        request,
        "gone",
        status=STATUS[why],
        own=own,
        why=why,
        notes=notes,
        again=again,
        campaign_url=campaign_url,
    )
