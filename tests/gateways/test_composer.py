"""A digest is composed once, with slots for whatever differs between its readers."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest

from feedsvc.config import MailSettings, Site
from feedsvc.domain.digest import AboutCampaign, AboutUpdate, DigestContent
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.tables.content import CampaignKind
from feedsvc.domain.tables.ledger import NoticeKind
from feedsvc.gateways import files
from feedsvc.gateways.composer import BRIEF_ABOVE, Composer, leave_slot
from feedsvc.gateways.templates import Templates

RIVER = AboutCampaign(1, "r1", "river", "Save the river", "en", CampaignKind.PETITION)
FOREST = AboutCampaign(2, "f2", "forest", "Save the forest", "en", CampaignKind.STATEMENT)
SITE = Site(name="Updates", base_url="https://updates.example.org")


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(Templates([files.shipped("templates")]), SITE, MailSettings())


def about(
    campaign: AboutCampaign, title: str = "The minister answers", body: str = "Yes."
) -> AboutUpdate:
    return AboutUpdate(
        campaign=campaign,
        key="answer",
        kind=NoticeKind.NEWS,
        language="en",
        title=title,
        summary="",
        body=body,
        mail_subject="",
        date="2017-12-07",
    )


def read(message: bytes) -> EmailMessage:
    skeleton = Skeleton(message)
    values = {name: f"https://updates.example.org/u/{name}" for name in skeleton.slots}
    values |= {"address": "anna@example.org", "name": "Anna"}
    values |= {"date": "Mon, 02 Mar 2026 09:00:00 +0000", "message_id": "<1@example.org>"}
    found = email.message_from_bytes(skeleton.splice(values), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_the_same_content_gives_the_same_bytes(composer: Composer) -> None:
    content = DigestContent("en", (about(RIVER),))
    assert composer.digest(content) == composer.digest(content)


def test_a_digest_of_one_campaign_is_that_campaigns_list(composer: Composer) -> None:
    mail = read(composer.digest(DigestContent("en", (about(RIVER),))))
    assert "<cr1.updates.example.org>" in mail["List-Id"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_digest_of_several_is_the_sites_list_and_leaves_each(composer: Composer) -> None:
    message = composer.digest(DigestContent("en", (about(RIVER), about(FOREST))))
    assert "<all.updates.example.org>" in read(message)["List-Id"]
    assert {leave_slot(1), leave_slot(2)} <= Skeleton(message).slots


def test_a_digest_says_its_news_in_text_and_html(composer: Composer) -> None:
    mail = read(composer.digest(DigestContent("en", (about(RIVER, body="She **said** yes."),))))
    parts = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    texts = [part.get_content() for part in parts.values() if part is not None]
    assert len(texts) == 2
    assert all("said" in text and "The minister answers" in text for text in texts)


def test_a_long_digest_is_brief_so_that_no_mailbox_clips_it(composer: Composer) -> None:
    long = tuple(about(RIVER, body="word " * (BRIEF_ABOVE // 10 + 1)) for _ in range(2))
    assert len(composer.digest(DigestContent("en", long))) < BRIEF_ABOVE


def test_please_confirm_is_no_list_mail(composer: Composer) -> None:
    mail = read(composer.asking("confirm", "en", [RIVER], 7))
    assert not [name for name in mail if name.startswith("List-")]


def test_an_arabic_reader_has_an_arabic_frame(composer: Composer) -> None:
    html = read(composer.digest(DigestContent("ar", (about(RIVER),)))).get_body(("html",))
    assert html is not None
    assert 'dir="rtl"' in html.get_content()


def test_the_fingerprint_follows_what_mails_are_made_of(composer: Composer) -> None:
    templates = Templates([files.shipped("templates")])
    assert Composer(templates, SITE, MailSettings()).fingerprint == composer.fingerprint
    other = MailSettings(from_name="Somebody else")
    assert Composer(templates, SITE, other).fingerprint != composer.fingerprint


def test_a_relay_that_tracks_is_told_not_to(composer: Composer) -> None:
    settings = MailSettings(relay="smtps://smtp.mailgun.org:465")
    tracked = Composer(Templates([files.shipped("templates")]), SITE, settings)
    mail = read(tracked.digest(DigestContent("en", (about(RIVER),))))
    assert mail["X-Mailgun-Track"] == "no"
