"""Turn what a mail says into its bytes, with the templates: once per digest, never per recipient."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from feedsvc.config import MailSettings, Site
from feedsvc.domain import languages, markup, relays
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.digest import AboutCampaign, AboutUpdate, DigestContent
from feedsvc.domain.mime import Header, Mailbox, Message, Phrase, Raw, Text, compose, slot
from feedsvc.domain.spoken import spoken
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.welcome import Standing
from feedsvc.gateways.templates import Templates, inline

CONFIRM_DAYS = 7
LINK_MINUTES = 30
MOVE_DAYS = 7
BRIEF_ABOVE = 60_000
"""Characters of text above which a digest shows summaries only, so that no mailbox clips it (M12)."""

ADDRESS, NAME, DATE, MESSAGE_ID = "address", "name", "date", "message_id"
SIGNED_ON, LEAVE, LEAVE_ALL, PREFERENCES = (
    "signed_on",
    "leave_url",
    "leave_all_url",
    "preferences_url",
)
CONFIRM, NEVER = "confirm_url", "never_url"
ME, MOVE, NEW_ADDRESS = "me_url", "move_url", "new_address"


def leave_slot(campaign_id: int) -> str:
    """Name the slot of the link that leaves one campaign."""
    return f"leave.{campaign_id}"


def standing_slot(campaign_id: int) -> str:
    """Name the slot of the sentence that says where a campaign stands."""
    return f"standing.{campaign_id}"


def _level(content: DigestContent) -> int:
    """Return the level of the titles in a digest, as mail/digest/body.html has them."""
    if len(content.updates) == 1:
        return 1
    return 3 if len(content.campaigns) > 1 else 2


class Composer:
    """Composes digests and service messages in the name of this site."""

    def __init__(self, templates: Templates, site: Site, mail: MailSettings) -> None:
        self._templates = templates
        self._site = site
        self._mail = mail
        told = (templates.fingerprint(), site.model_dump_json(), mail.from_address, mail.from_name)
        more = (mail.discreet_name, mail.reply_to)
        self.fingerprint = hashlib.sha256("\0".join((*told, *more)).encode()).hexdigest()

    @property
    def site(self) -> Site:
        """The site in whose name we write."""
        return self._site

    def nearest(self, language: str) -> str:
        """The language of the frame for a reader of `language`."""
        return self._templates.nearest(language)

    def digest(self, content: DigestContent, *, discreet: bool = False) -> bytes:
        """Compose a digest; its slots are named above. A discreet one does not tell what it is about."""
        if discreet:
            return self._discreet(content)
        brief = sum(len(update.body) for update in content.updates) > BRIEF_ABOVE
        values = {
            "entries": [self._entry(update, 1 + _level(content)) for update in content.updates],
            "campaigns": [self._left(campaign) for campaign in content.campaigns],
            "mail_subject": content.updates[0].mail_subject,
            "brief": brief,
            "slot": {
                "signed_on": slot(SIGNED_ON),
                "leave_url": slot(LEAVE),
                "leave_all_url": slot(LEAVE_ALL),
                "preferences_url": slot(PREFERENCES),
            },
        }
        lists = self._list_headers(content.campaigns)
        return self._compose("digest", content.language, values, [*lists, *self._untracked()])

    def _discreet(self, content: DigestContent) -> bytes:
        """Say that there is news and where, under a name that tells nothing (MAIL M14a)."""
        name = self._mail.discreet_name
        values = {
            "entries": [
                {"url": f"{self._site.base_url}/n/{update.uid}", "kind": update.kind.value}
                for update in content.updates
            ],
            "me_url": f"{self._site.base_url}/me",
            "home_url": f"{self._site.base_url}/",
            "slot": {"leave_url": slot(LEAVE), "leave_all_url": slot(LEAVE_ALL)},
        }
        extra = [*self._list(name, "all", f"{self._site.base_url}/"), *self._untracked()]
        return self._compose("discreet", content.language, values, extra, sender=name)

    def asking(
        self,
        name: str,
        language: str,
        campaigns: Sequence[AboutCampaign],
        days: int,
        *,
        discreet: bool = False,
    ) -> bytes:
        """Compose "please confirm", its reminder or the invitation of who was imported.

        None of the List headers, nothing that came with the form; `days` is how long the link works.
        A discreet one names no campaign: anybody can sign for anybody.
        """
        if discreet:
            return self._neutral().asking(name, language, [], days)
        values = {
            "campaigns": [self._campaign(campaign) for campaign in campaigns],
            "days": days,
            "slot": {"confirm_url": slot(CONFIRM), "never_url": slot(NEVER)},
        }
        return self._compose(name, language, values, self._untracked())

    def link(self, language: str, *, discreet: bool = False) -> bytes:
        """Compose "here is your link"; a discreet one does not say from whom."""
        values = {"minutes": LINK_MINUTES, "slot": {"me_url": slot(ME)}}
        if not discreet:
            return self._compose("link", language, values, self._untracked())
        return self._neutral().link(language)

    def known(self, language: str, campaign: AboutCampaign) -> bytes:
        """Compose "you have signed already", with a link as above."""
        about = self._campaign(campaign)
        values = {"campaign": about, "minutes": LINK_MINUTES, "slot": {"me_url": slot(ME)}}
        return self._compose("known", language, values, self._untracked())

    def move_from(self, language: str, *, discreet: bool = False) -> bytes:
        """Compose "somebody asked that we write to another address instead": agree, or not."""
        if discreet:
            return self._neutral().move_from(language)
        marks = {"move_url": slot(MOVE), "new_address": slot(NEW_ADDRESS)}
        values = {"days": MOVE_DAYS, "slot": marks}
        return self._compose("move_from", language, values, self._untracked())

    def move_to(self, language: str, *, known: bool = False, discreet: bool = False) -> bytes:
        """Compose "somebody asked that we write to this address"; one that is `known` stays as it is."""
        if discreet:
            return self._neutral().move_to(language, known=known)
        marks = {"move_url": slot(MOVE)}
        values = {"days": MOVE_DAYS, "known": known, "slot": marks}
        return self._compose("move_to", language, values, self._untracked())

    def _neutral(self) -> "Composer":
        """Write in a name that tells nothing (MAIL M14a)."""
        name = self._mail.discreet_name
        site = self._site.model_copy(update={"name": name, "postal_address": ""})
        mail = self._mail.model_copy(update={"from_name": name})
        return Composer(self._templates, site, mail)

    def welcome(self, language: str, standings: Sequence[Standing]) -> bytes:
        """Compose a welcome: where campaigns stand, said in slots, for their numbers never rest."""
        values = {
            "campaigns": [self._stands(one) for one in standings],
            "slot": {
                "leave_url": slot(LEAVE),
                "leave_all_url": slot(LEAVE_ALL),
                "preferences_url": slot(PREFERENCES),
            },
        }
        lists = self._list_headers([one.campaign for one in standings], "welcome")
        return self._compose("welcome", language, values, [*lists, *self._untracked()])

    def standing(self, language: str, campaign: Campaign, signatories: int) -> str:
        """Say in one or two sentences where a campaign stands."""
        told = {"campaign": campaign, "signatories": signatories}
        return " ".join(
            self._templates.render("mail/welcome/standing.txt", language, **told).split()
        )

    def _compose(
        self,
        name: str,
        language: str,
        values: Mapping[str, Any],
        extra: Sequence[Header],
        sender: str = "",
    ) -> bytes:
        told = {"site": self._site, **self._spoken(values, self.nearest(language))}
        subject = self._templates.render(f"mail/{name}/subject.txt", language, **told)
        text = self._templates.render(f"mail/{name}/body.txt", language, **told)
        html = self._templates.render(f"mail/{name}/body.html", language, **told)
        headers = [*self._headers(" ".join(subject.split()), sender), *extra]
        return compose(Message(headers=headers, text=text, html=inline(html)))

    def _spoken(self, values: Mapping[str, Any], language: str) -> dict[str, Any]:
        """Let links open in the language of a mail that is not the site's; List-Unsubscribe stays short."""
        own = language == self._site.default_language
        return dict(values) if own else spoken(dict(values), language)

    def _headers(self, subject: str, sender: str) -> list[Header]:
        sender = sender or self._mail.from_name or self._site.name
        reply_to = self._mail.reply_to or self._mail.from_address
        return [
            Header("From", Mailbox(sender, self._mail.from_address)),
            Header("To", Mailbox(slot(NAME), slot(ADDRESS))),
            Header("Subject", Text(subject)),
            Header("Date", Raw(slot(DATE))),
            Header("Message-ID", Raw(slot(MESSAGE_ID))),
            Header("Reply-To", Mailbox("", reply_to)),
            Header("Auto-Submitted", Raw("auto-generated")),
        ]

    def _list_headers(
        self, campaigns: Sequence[AboutCampaign], kind: str = "digest"
    ) -> list[Header]:
        only = campaigns[0] if len(campaigns) == 1 else None
        name, label = (only.title, f"c{only.uid}") if only else (self._site.name, "all")
        archive = self._url(only.slug) if only else f"{self._site.base_url}/"
        return self._list(name, label, archive, kind)

    def _list(self, name: str, label: str, archive: str, kind: str = "digest") -> list[Header]:
        owner = self._mail.reply_to or self._mail.from_address
        return [
            Header("List-Id", Phrase(name), Raw(f"<{label}.{self._site.host}>")),
            Header("List-Unsubscribe", Raw(f"<{slot(LEAVE)}>")),
            Header("List-Unsubscribe-Post", Raw("List-Unsubscribe=One-Click")),
            Header("List-Help", Raw(f"<{self._site.base_url}/>")),
            Header("List-Owner", Raw(f"<mailto:{owner}>")),
            Header("List-Archive", Raw(f"<{archive}>")),
            Header("List-Post", Raw("NO")),
            Header("Feedback-ID", Raw(f"{label}:{kind}:feedsvc")),
        ]

    def _untracked(self) -> list[Header]:
        return list(relays.untracked(self._mail.relay_at.host))

    def _url(self, *path: str) -> str:
        return "/".join((self._site.base_url, "c", *path))

    def _campaign(self, campaign: AboutCampaign) -> dict[str, str]:
        return {
            "slug": campaign.slug,
            "title": campaign.title,
            "url": self._url(campaign.slug),
            "language": campaign.language,
            "direction": languages.direction(campaign.language),
            "kind": campaign.kind.value,
        }

    def _left(self, campaign: AboutCampaign) -> dict[str, str]:
        return self._campaign(campaign) | {"leave_url": slot(leave_slot(campaign.id))}

    def _stands(self, standing: Standing) -> dict[str, Any]:
        campaign, latest = standing.campaign, standing.latest
        told = {
            "title": latest.title,
            "url": self._url(campaign.slug, latest.key),
            "day": latest.date,
            "language": latest.language,
            "direction": languages.direction(latest.language),
        }
        feeds = asdict(standing.feeds)
        said = slot(standing_slot(campaign.id))
        return self._left(campaign) | {"standing": said, "latest": told, "feeds": feeds}

    def _entry(self, update: AboutUpdate, top: int) -> dict[str, Any]:
        """Say what an entry says; `top` is the level of its largest heading."""
        return {
            "title": update.title,
            "summary": update.summary or markup.first_words(update.body),
            "html": markup.to_html(update.body, self._site.base_url, top=top),
            "text": markup.to_text(update.body, self._site.base_url),
            "url": self._url(update.campaign.slug, update.key),
            "date_words": in_words(EventDate.parse(update.date), update.language),
            "language": update.language,
            "direction": languages.direction(update.language),
            "kind": update.kind.value,
            "campaign": self._campaign(update.campaign),
        }
