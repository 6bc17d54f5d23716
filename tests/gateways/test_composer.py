"""A digest is composed once, with slots for whatever differs between its readers."""

import email
import re
from email.message import EmailMessage
from email.policy import default
from functools import partial

import pytest

from feedsvc.config import MailSettings, Site
from feedsvc.domain.digest import AboutCampaign, AboutUpdate, DigestContent, digest_key
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.tables.content import CampaignKind
from feedsvc.domain.tables.ledger import MailKind, NoticeKind
from feedsvc.gateways import files
from feedsvc.gateways.composer import BRIEF_ABOVE, Composer, leave_slot
from feedsvc.gateways.templates import Templates

RIVER = AboutCampaign(1, "r1", "river", "Save the river", "en", CampaignKind.PETITION)
FOREST = AboutCampaign(2, "f2", "forest", "Save the forest", "en", CampaignKind.STATEMENT)
SITE = Site(
    name="Rivers & Forests",
    base_url="https://updates.example.org",
    postal_address="1 Long Street",
)
TELLING = re.compile(
    r"river|forest|\bcr1\b|\bcf2\b|minister|answer|Rivers & Forests|Street", re.IGNORECASE
)


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(Templates([files.shipped("templates")]), SITE, MailSettings())


def about(
    campaign: AboutCampaign, title: str = "The minister answers", body: str = "Yes."
) -> AboutUpdate:
    return AboutUpdate(
        campaign=campaign,
        uid="u7",
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
    values |= {"address": "anna@example.org", "name": "Anna", "signed_on": "2 March 2026"}
    values |= {"date": "Mon, 02 Mar 2026 09:00:00 +0000", "message_id": "<1@example.org>"}
    found = email.message_from_bytes(skeleton.splice(values), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def parts(mail: EmailMessage) -> list[str]:
    """Read the parts of a mail, plain text first."""
    return [str(part.get_content()) for part in mail.iter_parts()]


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


@pytest.mark.parametrize("discreet", [False, True])
def test_links_of_a_mail_open_in_its_language(composer: Composer, *, discreet: bool) -> None:
    arabic = read(composer.digest(DigestContent("ar", (about(RIVER),)), discreet=discreet))
    english = read(composer.digest(DigestContent("en", (about(RIVER),)), discreet=discreet))
    ours = r"https://updates\.example\.org/(?:c|n|u|me)\b[^\s\"<]*"
    asked = [re.findall(ours, part) for part in parts(arabic)]
    assert all(found and all(one.endswith("?lang=ar") for one in found) for found in asked)
    assert not any("?lang=" in part for part in parts(english))
    assert arabic["List-Unsubscribe"] == "<https://updates.example.org/u/leave_url>"


def test_a_digest_greets_without_a_name_and_is_addressed_with_it(composer: Composer) -> None:
    mail = read(composer.digest(DigestContent("en", (about(RIVER),))))
    assert mail["To"] == "Anna <anna@example.org>"
    assert all("Hello," in part and "Anna" not in part for part in parts(mail))


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("campaigns", [[RIVER], [RIVER, FOREST]])
def test_a_discreet_digest_tells_nothing(
    composer: Composer, campaigns: list[AboutCampaign], language: str
) -> None:
    content = DigestContent(language, tuple(map(about, campaigns)))
    mail = read(composer.digest(content, discreet=True))
    said = [f"{name}: {value}" for name, value in mail.items()] + parts(mail)
    assert not [words for words in said if TELLING.search(words)]


def test_a_discreet_digest_says_where_the_news_is(composer: Composer) -> None:
    mail = read(composer.digest(DigestContent("en", (about(RIVER),)), discreet=True))
    assert all("https://updates.example.org/n/u7" in part for part in parts(mail))


def test_a_discreet_digest_is_a_neutral_list_with_one_click(composer: Composer) -> None:
    mail = read(composer.digest(DigestContent("en", (about(RIVER),)), discreet=True))
    assert mail["From"] == "Updates <updates@localhost>"
    assert mail["Subject"] == "There is news"
    assert mail["List-Id"] == "Updates <all.updates.example.org>"
    assert mail["Feedback-ID"] == "all:digest:feedsvc"
    assert mail["List-Unsubscribe"] == "<https://updates.example.org/u/leave_url>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_headers_of_a_discreet_digest_are_those_of_any(composer: Composer) -> None:
    content = DigestContent("en", (about(RIVER),))
    plain, discreet = (read(composer.digest(content, discreet=how)) for how in (False, True))
    assert plain.keys() == discreet.keys()


def test_a_discreet_digest_is_another_than_the_plain_one() -> None:
    key = partial(digest_key, MailKind.DIGEST, "en", [(1, 1, "en")], "print")
    assert len({key(), key(discreet=False), key(discreet=True)}) == 2


def test_a_long_digest_is_brief_so_that_no_mailbox_clips_it(composer: Composer) -> None:
    long = tuple(about(RIVER, body="word " * (BRIEF_ABOVE // 10 + 1)) for _ in range(2))
    assert len(composer.digest(DigestContent("en", long))) < BRIEF_ABOVE


@pytest.mark.parametrize(
    ("updates", "levels"),
    [
        ((about(RIVER, body="# Great"),), ["h1", "h2"]),
        ((about(RIVER, body="# Great"),) * 2, ["h2", "h3"] * 2),
        ((about(RIVER, body="# Great"), about(FOREST, body="# Great")), ["h3", "h4"] * 2),
    ],
)
def test_no_heading_in_an_update_is_greater_than_its_title(
    composer: Composer, updates: tuple[AboutUpdate, ...], levels: list[str]
) -> None:
    html = parts(read(composer.digest(DigestContent("en", updates))))[1]
    body = html[html.index("Hello,") :]
    assert re.findall(r"<(h\d)[^>]*>(?:The minister answers|Great)<", body) == levels


def test_please_confirm_is_no_list_mail(composer: Composer) -> None:
    mail = read(composer.asking("confirm", "en", [RIVER], 7))
    assert not [name for name in mail if name.startswith("List-")]


@pytest.mark.parametrize("name", ["confirm", "reminder", "invitation"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_discreet_question_does_not_tell_what_about_nor_who_asks(
    composer: Composer, name: str, language: str
) -> None:
    said = composer.asking(name, language, [RIVER], 7, discreet=True)
    body = read(said).get_body(("plain",))
    html = read(said).get_body(("html",))
    assert body is not None
    assert html is not None
    told = " ".join((str(read(said)["From"]), body.get_content(), html.get_content()))
    assert not [word for word in (RIVER.title, RIVER.slug, SITE.name) if word in told]


def test_an_arabic_reader_has_an_arabic_frame(composer: Composer) -> None:
    html = read(composer.digest(DigestContent("ar", (about(RIVER),)))).get_body(("html",))
    assert html is not None
    assert 'dir="rtl"' in html.get_content()


def test_the_fingerprint_follows_what_mails_are_made_of(composer: Composer) -> None:
    templates = Templates([files.shipped("templates")])
    assert Composer(templates, SITE, MailSettings()).fingerprint == composer.fingerprint
    for name in ("from_name", "discreet_name", "reply_to"):
        other = MailSettings.model_validate({name: "Somebody else"})
        assert Composer(templates, SITE, other).fingerprint != composer.fingerprint


def test_a_relay_that_tracks_is_told_not_to(composer: Composer) -> None:
    settings = MailSettings(relay="smtps://smtp.mailgun.org:465")
    tracked = Composer(Templates([files.shipped("templates")]), SITE, settings)
    mail = read(tracked.digest(DigestContent("en", (about(RIVER),))))
    assert mail["X-Mailgun-Track"] == "no"
