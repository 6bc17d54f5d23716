"""The DKIM key signs what the composer wrote, is made for its owner only, and a bad one is named."""

from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedsvc.config import MailSettings, Site
from feedsvc.domain.digest import AboutCampaign, AboutUpdate, DigestContent
from feedsvc.domain.mime import Signer, Skeleton
from feedsvc.domain.tables.content import CampaignKind
from feedsvc.domain.tables.ledger import NoticeKind
from feedsvc.errors import Conflict, Misconfigured
from feedsvc.gateways import dkim_key, files
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.installation import open_installation
from feedsvc.gateways.templates import Templates
from tests.keys import other_pem, rsa_pem
from tests.world import World, world

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SITE = Site(name="Updates", base_url="https://updates.example.org")
SIGNER = Signer(rsa_pem(), "feedsvc", "example.org")
COMPOSER = Composer(Templates([files.shipped("templates")]), SITE, MailSettings())
LANGUAGES = st.sampled_from(["en", "ar"])
_UNFIT = "\x85\u2028\u2029\ufdd0\ufdd1"
_LINE = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=_UNFIT), max_size=120
)
_BODY = st.text(st.characters(codec="utf-8", exclude_characters="\ufdd0\ufdd1\0"), max_size=200)


def digest(language: str, title: str, body: str) -> bytes:
    """Compose a digest of one update."""
    campaign = AboutCampaign(1, "r1", "river", title, language, CampaignKind.PETITION)
    update = AboutUpdate(
        campaign=campaign,
        uid="u7",
        key="answer",
        kind=NoticeKind.NEWS,
        language=language,
        title=title,
        summary="",
        body=body,
        mail_subject="",
        date="2017-12-07",
    )
    return COMPOSER.digest(DigestContent(language, (update,)))


def spliced(stored: bytes, name: str) -> bytes:
    skeleton = Skeleton(stored)
    values = {slot: f"https://updates.example.org/u/{slot}" for slot in skeleton.slots}
    values |= {"address": "anna@example.org", "name": name}
    values |= {"date": "Mon, 02 Mar 2026 09:00:00 +0000", "message_id": "<1@example.org>"}
    return skeleton.splice(values)


def believed(message: bytes) -> bool:
    return bool(dkim.verify(message, dnsfunc=lambda _name, **_: SIGNER.record.encode()))


@given(LANGUAGES, _LINE, _BODY, _LINE)
@example("ar", "إغلاق معسكر غوانتانامو", "خبر  \t طويل\n\n  - أ\n", "محمد عبد الله")
@example("en", "日本国憲法第九条", "    code\n\n\tmore  code  \n\n\n", 'Zoë "Z" O’Neil  Ğöze')
@example("en", "." * 100, "From me\n.\n" + "x" * 200, "👩‍👩‍👧‍👦")
def test_a_mail_of_the_composer_is_believed(
    language: str, title: str, body: str, name: str
) -> None:
    assert believed(SIGNER.sign(spliced(digest(language, title, body), name), AT))


def test_please_confirm_is_believed() -> None:
    river = AboutCampaign(1, "r1", "river", "River", "en", CampaignKind.PETITION)
    assert believed(SIGNER.sign(spliced(COMPOSER.asking("confirm", "en", [river], 7), "Anna"), AT))


def test_a_key_that_was_made_signs_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key.pem"
    dkim_key.create(file)
    assert dkim_key.read(file, "feedsvc", "example.org").bits == 2048
    assert file.stat().st_mode & 0o777 == 0o600
    assert not dkim_key.readable_by_others(file)


def test_an_existing_key_is_never_touched(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("precious")
    with pytest.raises(Conflict):
        dkim_key.create(file)
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    ("pem", "words"), [(b"nonsense", "private key"), (other_pem(), "RSA"), (None, "cannot read")]
)
def test_a_key_that_cannot_sign_is_named_with_a_remedy(
    tmp_path: Path, pem: bytes | None, words: str
) -> None:
    file = tmp_path / "key.pem"
    if pem is not None:
        file.write_bytes(pem)
    with pytest.raises(Misconfigured, match=words) as told:
        dkim_key.read(file, "feedsvc", "example.org")
    assert "key.pem" in told.value.problem
    assert "openssl" in told.value.remedy


@pytest.mark.parametrize(
    ("selector", "domain", "named"),
    [("no good", "example.org", "dkim_selector"), ("feedsvc", "no good", "dkim_domain")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, selector: str, domain: str, named: str) -> None:
    dkim_key.create(tmp_path / "key.pem")
    with pytest.raises(Misconfigured, match=named):
        dkim_key.read(tmp_path / "key.pem", selector, domain)


@pytest.mark.parametrize("dkim", ["relay", "off"])
def test_where_we_do_not_sign_there_is_no_signer(dkim: str) -> None:
    assert dkim_key.signer(MailSettings.model_validate({"dkim": dkim})) is None


@pytest.fixture
def signing(sqlite_url: str, tmp_path: Path) -> World:
    file = tmp_path / "key.pem"
    dkim_key.create(file)
    mail = {"dkim": "service", "dkim_selector": "feedsvc", "dkim_key_file": file}
    with world(sqlite_url, tmp_path, mail=mail | {"from_address": "news@example.org"}) as made:
        return made


def test_an_installation_that_signs_has_a_signer(signing: World) -> None:
    here = open_installation(signing.here.settings)
    here.close()
    assert here.dkim is not None
    assert here.dkim.name == "feedsvc._domainkey.example.org"
