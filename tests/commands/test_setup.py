"""`feedsvc init` writes settings that can be read, keys that fit, and the records to set."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feedsvc import config
from feedsvc.commands import cli
from feedsvc.errors import Conflict
from feedsvc.gateways import dkim_key

ANSWERS = {
    "--name": "Peace",
    "--base-url": "https://updates.example.org",
    "--relay": "smtps://relay.example.org",
    "--sender": "news@example.org",
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(**more: str) -> Any:
    """Run `feedsvc init` with these answers."""
    options = ANSWERS | {f"--{name.replace('_', '-')}": value for name, value in more.items()}
    arguments = [word for pair in options.items() for word in pair]
    return CliRunner().invoke(cli, ["init", *arguments], catch_exceptions=False)


def test_the_answers_are_read_back() -> None:
    assert init().exit_code == 0
    settings = config.read()
    assert (settings.site.name, settings.mail.from_address) == ("Peace", "news@example.org")
    assert (settings.mail.dkim, settings.keys.file.exists()) == ("off", True)


def test_with_a_selector_mails_are_signed_with_a_key_of_its_own() -> None:
    said = init(dkim_selector="feedsvc").output
    mail = config.read().mail
    signer = dkim_key.signer(mail)
    assert signer is not None
    assert mail.dkim_key_file is not None
    assert not dkim_key.readable_by_others(mail.dkim_key_file)
    record = re.search(r"feedsvc\._domainkey\.example\.org\. TXT (.*)", said)
    assert record
    assert "".join(re.findall(r'"([^"]*)"', record[1])) == signer.record


def test_a_key_that_is_there_is_used_again() -> None:
    init(dkim_selector="feedsvc")
    before = Path("data/dkim-feedsvc.pem").read_bytes()
    Path("config.toml").unlink()
    assert init(dkim_selector="feedsvc").exit_code == 0
    assert Path("data/dkim-feedsvc.pem").read_bytes() == before


WRONG = {
    "dkim_selector": "../key",
    "sender": "news",
    "base_url": "updates.example.org",
    "relay": "smtp://relay.example.org",
}


@pytest.mark.parametrize(("question", "answer"), WRONG.items())
def test_a_wrong_answer_is_refused_and_leaves_nothing_behind(question: str, answer: str) -> None:
    refused = init(**{question: answer})
    assert (refused.exit_code, f"--{question.replace('_', '-')}" in refused.output) == (2, True)
    assert not list(Path().iterdir())


def test_a_wrong_answer_is_asked_for_again_before_the_next_question() -> None:
    typed = "Peace\nupdates\nhttps://updates.example.org\nsmtps://r.example.org\nnews@example.org\n"
    said = CliRunner().invoke(cli, ["init"], input=typed, catch_exceptions=False).output
    assert said.index("'updates': ") < said.index("Relay (")
    assert config.read().site.base_url == "https://updates.example.org"


def test_the_settings_are_for_their_owner_only() -> None:
    init()
    assert stat.S_IMODE(Path("config.toml").stat().st_mode) == 0o600


def test_settings_that_are_there_are_never_touched() -> None:
    Path("config.toml").write_text("[site]\n")
    with pytest.raises(Conflict):
        init()
    assert Path("config.toml").read_text() == "[site]\n"


def test_settings_that_are_there_are_found_before_anything_is_asked() -> None:
    Path("config.toml").write_text("[site]\n")
    with pytest.raises(Conflict):
        CliRunner().invoke(cli, ["init"], input="", catch_exceptions=False)
