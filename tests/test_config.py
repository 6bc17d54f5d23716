"""Settings come from the file and the environment, and a wrong one is named with its remedy."""

from pathlib import Path

import pytest

from feedsvc import config
from feedsvc.errors import Misconfigured


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_the_defaults_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.read().digest.settle_seconds == 600


def test_the_environment_overrides_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('[site]\nname = "File"\ndefault_language = "ar"\n')
    monkeypatch.setenv("FEEDSVC_SITE__NAME", "Environment")
    site = config.read(file).site
    assert (site.name, site.default_language) == ("Environment", "ar")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[site]\nnmae = 'x'\n", "site.nmae"),
        ("[stie]\nname = 'x'\n", "stie"),
        ("[digest]\ndaily_hour = 24\n", "digest.daily_hour"),
        ("[site]\nbase_url = 'updates.example.org'\n", "site.base_url"),
        ("[site]\ntime_zone = 'Mars/Base'\n", "site.time_zone"),
        ("[site]\ndefault_language = 'english!'\n", "site.default_language"),
        ("[site]\ntag_authority = 'foo bar'\n", "site.tag_authority"),
        ("[feeds]\nhub = 'https://me:secret@hub.example.org/'\n", "feeds.hub"),
        ("[database]\nurl = 'mysql://x'\n", "database.url"),
        ("[mail]\nrelay = 'relay.example.org'\n", "mail.relay"),
        ("[mail]\nrelay = 'smtp://relay.example.org'\nrelay_user = 'x'\n", "mail"),
        ("[mail]\nrelay_auth = 'xoauth2'\nrelay_user = 'x'\n", "relay_token_file"),
        ("[mail]\nrelay_auth = 'xoauth2'\nrelay_token_file = 'x'\n", "relay_user"),
        ("[mail]\nrelay_token_file = 'x'\n", "relay_auth"),
        ("[mail]\ndkim = 'service'\ndkim_selector = 'x'\n", "dkim_key_file"),
        ("[mail]\ndkim = 'service'\ndkim_key_file = 'x'\n", "dkim_selector"),
        ("[feeds]\nhub = 'http://hub.example.org/'\n", "feeds.hub"),
        ("[feeds]\nhub = ['self', 'ourselves']\n", "feeds.hub"),
        ("[feeds]\nhub = 'https://hub.example.org/>; x'\n", "feeds.hub"),
        ("[feeds]\nhub_callbacks = 'all'\n", "feeds.hub_callbacks"),
        ("[feeds]\npurge_url = 'cache:6081'\n", "feeds.purge_url"),
        ("[site\n", "TOML"),
    ],
)
def test_a_wrong_setting_is_named(file: Path, text: str, named: str) -> None:
    file.write_text(text)
    with pytest.raises(Misconfigured, match=named) as told:
        config.read(file)
    assert told.value.remedy


def test_a_variable_that_is_no_setting_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.touch()
    monkeypatch.setenv("FEEDSVC_SITE__NMAE", "x")
    with pytest.raises(Misconfigured, match="FEEDSVC_SITE__NMAE"):
        config.read(file)


def test_a_list_in_the_environment_that_is_none_is_not_blamed_on_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.touch()
    monkeypatch.setenv("FEEDSVC_HTTP__TRUSTED_PROXIES", "foo")
    with pytest.raises(Misconfigured, match="environment variable"):
        config.read(file)


def test_variables_of_the_tests_are_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.touch()
    monkeypatch.setenv("FEEDSVC_TEST_ANYTHING", "x")
    assert config.read(file).site.name


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    with pytest.raises(Misconfigured, match=r"config\.toml"):
        config.read(file)


def test_a_secret_may_stand_in_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame\n")
    file.write_text(f"[mail]\nrelay_password_file = '{tmp_path / 'password'}'\n")
    settings = config.read(file)
    assert settings.mail.password == "open sesame"
    assert "open sesame" not in repr(settings)


def test_a_secret_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.write_text("[mail]\nrelay_password_file = '/nowhere/password'\n")
    with pytest.raises(Misconfigured, match="relay_password_file"):
        _ = config.read(file).mail.password


def test_a_token_is_read_anew_each_time(file: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    auth = "relay_auth = 'xoauth2'\nrelay_user = 'news@example.org'"
    file.write_text(f"[mail]\n{auth}\nrelay_token_file = '{token}'\n")
    mail = config.read(file).mail
    for now in ("first", "second"):
        token.write_text(f"{now}\n")
        assert mail.token == now


@pytest.mark.parametrize("written", ["", "\n", "a\x01b", "a\nb", "é"])
def test_a_file_without_a_token_is_named(tmp_path: Path, written: str) -> None:
    token = tmp_path / "token"
    token.write_text(written)
    mail = config.MailSettings(relay_auth="xoauth2", relay_user="x", relay_token_file=token)
    with pytest.raises(Misconfigured, match="relay_token_file"):
        _ = mail.token


def test_mails_are_signed_for_the_senders_domain_unless_another_is_named() -> None:
    mail = config.MailSettings(from_address="news@example.org")
    assert mail.dkim_signed_by == "example.org"
    assert mail.model_copy(update={"dkim_domain": "b.org"}).dkim_signed_by == "b.org"


@pytest.mark.parametrize(
    ("relay", "port"),
    [("smtp://localhost", 25), ("smtps://a.org", 465), ("smtp+starttls://a.org:2525", 2525)],
)
def test_a_relay_has_the_port_of_its_kind(relay: str, port: int) -> None:
    assert config.MailSettings(relay=relay).relay_at.port == port


@pytest.mark.parametrize(
    ("hub", "outside", "own"),
    [
        ("''", (), False),
        ("'self'", (), True),
        ("'https://hub.example.org/'", ("https://hub.example.org/",), False),
        (
            "['self', 'https://a.org/', 'http://127.0.0.1:1/', 'https://a.org/']",
            ("https://a.org/", "http://127.0.0.1:1/"),
            True,
        ),
    ],
)
def test_a_hub_is_none_ours_anothers_or_several(
    file: Path,
    hub: str,
    outside: tuple[str, ...],
    own: bool,  # noqa: FBT001  a column of the table
) -> None:
    file.write_text(f"[feeds]\nhub = {hub}\n")
    feeds = config.read(file).feeds
    assert (feeds.outside_hubs, feeds.own_hub) == (outside, own)


@pytest.mark.parametrize("hub", ["self", '["self"]'])
def test_a_hub_may_stand_in_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch, hub: str
) -> None:
    file.touch()
    monkeypatch.setenv("FEEDSVC_FEEDS__HUB", hub)
    assert config.read(file).feeds.own_hub


def test_the_address_of_the_cache_is_not_shown(file: Path) -> None:
    file.write_text("[feeds]\npurge_url = 'http://cache.local/purge?key=opensesame'\n")
    assert "opensesame" not in repr(config.read(file))
