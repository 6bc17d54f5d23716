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
        ("[database]\nurl = 'mysql://x'\n", "database.url"),
        ("[mail]\nrelay = 'relay.example.org'\n", "mail.relay"),
        ("[mail]\nrelay = 'smtp://relay.example.org'\nrelay_user = 'x'\n", "mail"),
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


@pytest.mark.parametrize(
    ("relay", "port"),
    [("smtp://localhost", 25), ("smtps://a.org", 465), ("smtp+starttls://a.org:2525", 2525)],
)
def test_a_relay_has_the_port_of_its_kind(relay: str, port: int) -> None:
    assert config.MailSettings(relay=relay).relay_at.port == port
