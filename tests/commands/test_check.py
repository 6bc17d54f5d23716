"""`feedsvc check` says of every thing that it is ok, or what to do about it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dkim
import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner

from feedsvc import config, migrations
from feedsvc.commands import cli
from feedsvc.commands.check import checked, house, relay, sender
from feedsvc.commands.check.line import FAULT, OK, WARNING, Line, fault, ok, warning
from feedsvc.config import FeedSettings, MailSettings, Settings, Site
from feedsvc.domain.mime import Signer
from feedsvc.domain.mime.dkim import strings
from feedsvc.gateways.catcher import Catcher
from feedsvc.gateways.dns import Names
from feedsvc.gateways.installation import open_installation
from feedsvc.gateways.relay_probe import Findings
from feedsvc.records import facts
from tests.keys import other_pem, rsa_pem
from tests.names import BROKEN, Zone, silence, told

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIGNER = Signer(rsa_pem(), "feedsvc", "example.org")
GOOD: Zone = {
    "example.org": {
        "TXT": ['"v=spf1 include:relay.example.net -all"'],
        "MX": ["10 mx.example.org."],
    },
    "_dmarc.example.org": {"TXT": ['"v=DMARC1; p=none"']},
    SIGNER.name: {"TXT": [strings(SIGNER.record)]},
}


@pytest.fixture
def catcher() -> Iterator[tuple[Catcher, int]]:
    """Run a relay that only catches, and give its port."""
    caught = Catcher(lambda: NOW)
    with start_blocking_portal() as portal:
        yield caught, portal.call(caught.start)
        portal.call(caught.stop)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "dkim.pem"
    file.write_bytes(rsa_pem())
    file.chmod(0o600)
    return file


@pytest.fixture
def mail(key: Path) -> dict[str, Any]:
    """Settings of a sender that does everything right."""
    return {
        "from_address": "news@example.org",
        "dkim": "service",
        "dkim_selector": "feedsvc",
        "dkim_key_file": str(key),
    }


@pytest.fixture
def settings(mail: dict[str, Any], catcher: tuple[Catcher, int], tmp_path: Path) -> Settings:
    return config.read(
        None,
        site={"base_url": "https://updates.example.org"},
        database={"url": f"sqlite:///{tmp_path / 'feedsvc.db'}"},
        keys={"file": tmp_path / "feedsvc.keys"},
        mail=mail | {"relay": f"smtp://127.0.0.1:{catcher[1]}"},
    )


def verdicts(found: list[Line]) -> dict[str, str]:
    return {line.about: line.verdict for line in found}


def looked_at(mail: Mapping[str, Any], zone: Zone) -> dict[str, Line]:
    """Look at a sender's records in this zone."""
    with told(zone) as names:
        return {line.about: line for line in sender.lines(MailSettings.model_validate(mail), names)}


def changed(zone: Zone, **records: Mapping[str, list[str]]) -> Zone:
    """A zone with other records; `_` stands for the dot of a name."""
    return {**zone, **{name.replace("__", "."): kinds for name, kinds in records.items()}}


def test_a_good_sender_has_nothing_but_ok(settings: Settings) -> None:
    with told(GOOD) as names:
        found = verdicts([*checked(settings, names, now=NOW)])
    # The catcher has no PIPELINING, and the key file is made at the first start.
    assert {about for about, verdict in found.items() if verdict != OK} == {
        "extensions",
        "key file",
    }
    assert {"relay", "TLS", "probe", "SPF", "DKIM", "DMARC", "alignment", "MX", "mailboxes"} <= set(
        found
    )


def test_nothing_is_sent_unless_it_is_asked_for(
    settings: Settings, catcher: tuple[Catcher, int]
) -> None:
    with told(GOOD) as names:
        list(checked(settings, names, now=NOW))
    assert catcher[0].mails == []


def test_a_test_mail_is_sent_and_said_so(settings: Settings, catcher: tuple[Catcher, int]) -> None:
    with told(GOOD) as names:
        found = list(checked(settings, names, "anna@example.com", now=NOW))
    said = next(line.words for line in found if line.about == "probe")
    sent = catcher[0].mails[0]
    assert "handed over (250" in said
    assert (sent.recipient, sent.sender) == ("anna@example.com", "b+check@example.org")
    assert dkim.verify(sent.raw, dnsfunc=lambda _name, **_: SIGNER.record.encode())


def test_a_database_and_a_key_file_of_another_are_told(settings: Settings) -> None:
    settings.keys.file.write_text("nonsense")
    with told(GOOD) as names:
        assert verdicts([*checked(settings, names, now=NOW)])["key file"] == FAULT


def test_a_key_file_that_is_missing_is_no_small_thing_once_something_was_sealed(
    settings: Settings,
) -> None:
    here = open_installation(settings)
    migrations.upgrade(here.database.engine)
    here.database.write_now(facts.recognise, here.keys)
    here.close()
    settings.keys.file.unlink()
    with told(GOOD) as names:
        found = [line for line in checked(settings, names, now=NOW) if line.verdict == FAULT]
    assert [line.about for line in found] == ["key file"]
    assert "put your copy of it back" in found[0].words


def test_a_relay_that_is_away_does_not_keep_the_names_from_being_read(
    settings: Settings, tmp_path: Path
) -> None:
    away = settings.mail.model_copy(update={"relay": "smtp://127.0.0.1:1"})
    with told(GOOD) as names:
        found = verdicts([*checked(settings.model_copy(update={"mail": away}), names, now=NOW)])
    assert (found["relay"], found["SPF"]) == (FAULT, OK)


def test_a_sender_for_trying_out_is_not_looked_up(settings: Settings) -> None:
    update = {"from_address": "news@localhost", "dkim": "off"}
    trying = settings.model_copy(update={"mail": settings.mail.model_copy(update=update)})
    with told({}) as names:
        found = verdicts([*checked(trying, names, now=NOW)])
    assert found["sender"] == WARNING
    assert FAULT not in found.values()


@pytest.mark.parametrize(
    ("records", "verdict", "words"),
    [
        ([], FAULT, "no record: set example.org TXT"),
        (['"v=spf1 -all"', '"v=spf1 a -all"'], FAULT, "2 records"),
        (['"v=spf1 +all"'], WARNING, "anybody"),
        (['"v=spf1 ~all"', '"google-site-verification=x"'], OK, "~all"),
    ],
)
def test_spf_is_one_record_of_the_bounce_domain(
    mail: dict[str, Any], records: list[str], verdict: str, words: str
) -> None:
    line = looked_at(mail, changed(GOOD, example__org={"TXT": records} if records else {}))["SPF"]
    assert (line.verdict, words in line.words) == (verdict, True)


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        (None, FAULT, "no record: set feedsvc._domainkey.example.org TXT"),
        (strings(Signer(rsa_pem(1024), "x", "y.org").record), FAULT, "another key"),
        ('"v=DKIM1; p="', FAULT, "another key"),
        (strings(f"{SIGNER.record}; t=y"), WARNING, "t=y"),
        (strings(SIGNER.record.replace("p=", "p= ")), OK, "our key"),
    ],
)
def test_the_record_of_our_key_is_compared(
    mail: dict[str, Any], record: str | None, verdict: str, words: str
) -> None:
    zone = changed(GOOD, **{SIGNER.name.replace(".", "__"): {"TXT": [record]} if record else {}})
    line = looked_at(mail, zone)["DKIM"]
    assert (line.verdict, words in line.words) == (verdict, True)


@pytest.mark.parametrize(
    ("settings", "verdict", "words"),
    [
        ({"dkim": "off"}, FAULT, "nobody signs"),
        ({"dkim": "relay"}, WARNING, "d=example.org"),
        ({"dkim": "relay", "dkim_selector": "feedsvc"}, OK, "key of the relay"),
        ({"dkim": "relay", "dkim_selector": "other"}, FAULT, "no record"),
    ],
)
def test_whoever_signs_is_looked_for(settings: dict[str, str], verdict: str, words: str) -> None:
    line = looked_at({"from_address": "news@example.org"} | settings, GOOD)["DKIM"]
    assert (line.verdict, words in line.words) == (verdict, True)


@pytest.mark.parametrize(
    ("records", "verdict", "words"),
    [
        ([], FAULT, "no record: set _dmarc.example.org TXT"),
        (['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], FAULT, "2 records"),
        (['"v=DMARC1; rua=mailto:a@example.org"'], WARNING, "p="),
        (['"v=DMARC1; p=reject; rua=mailto:a@example.org"'], OK, "p=reject"),
    ],
)
def test_dmarc_is_one_record_with_a_policy(
    mail: dict[str, Any], records: list[str], verdict: str, words: str
) -> None:
    zone = changed(GOOD, _dmarc__example__org={"TXT": records} if records else {})
    line = looked_at(mail, zone)["DMARC"]
    assert (line.verdict, words in line.words) == (verdict, True)


def test_a_tag_that_means_nothing_any_more_is_no_reason_to_refuse(mail: dict[str, Any]) -> None:
    zone = changed(GOOD, _dmarc__example__org={"TXT": ['"v=DMARC1; p=reject; pct=50"']})
    found = looked_at(mail, zone)
    assert (found["DMARC"].verdict, found["DMARC tags"].verdict) == (OK, WARNING)
    assert sender.verdict([*found.values()]).verdict == OK


def test_the_organisations_policy_holds_for_the_domains_below_it() -> None:
    below = {"from_address": "news@updates.example.org", "dkim": "relay"}
    line = looked_at(below, GOOD)["DMARC"]
    assert (line.verdict, line.words) == (OK, "_dmarc.example.org says p=none")


@pytest.mark.parametrize(
    ("settings", "policy", "verdict"),
    [
        ({"bounce_domain": "b.example.org"}, "", OK),
        ({"bounce_domain": "b.example.org", "dkim_domain": "d.example.org"}, "", OK),
        ({"bounce_domain": "b.example.org"}, "aspf=s", WARNING),
        ({"dkim_domain": "d.example.org"}, "adkim=s", WARNING),
        ({"bounce_domain": "relay.example.net"}, "", WARNING),
        ({"dkim": "off"}, "", WARNING),
        ({"bounce_domain": "example.net", "dkim_domain": "example.net"}, "", FAULT),
        ({"bounce_domain": "example.net", "dkim": "off"}, "", FAULT),
    ],
)
def test_one_of_spf_and_dkim_must_speak_for_the_sender(
    settings: dict[str, str], policy: str, verdict: str
) -> None:
    zone = changed(GOOD, _dmarc__example__org={"TXT": [f'"v=DMARC1; p=none; {policy}"']})
    mail = {"from_address": "news@example.org", "dkim": "relay"} | settings
    assert looked_at(mail, zone)["alignment"].verdict == verdict


@pytest.mark.parametrize("records", [{}, {"MX": ["0 ."]}])
def test_bounces_want_a_server(mail: dict[str, Any], records: dict[str, list[str]]) -> None:
    assert looked_at(mail, changed(GOOD, example__org=records))["MX"].verdict == WARNING


def test_what_cannot_be_told_is_a_warning_with_a_remedy(mail: dict[str, Any]) -> None:
    found = looked_at(mail, changed(GOOD, example__org={BROKEN: []}))
    assert (found["SPF"].verdict, found["DKIM"].verdict) == (WARNING, OK)
    assert "check again" in found["SPF"].words


def test_a_silent_name_server_is_no_fault_of_the_sender(settings: Settings) -> None:
    with silence() as names:
        found = verdicts([*checked(settings, names, now=NOW)])
    assert found["mailboxes"] == WARNING
    assert FAULT not in found.values()


def test_a_key_that_cannot_sign_is_one_fault_among_the_lines(
    mail: dict[str, Any], key: Path
) -> None:
    key.write_bytes(other_pem())
    found = looked_at(mail, GOOD)
    assert (found["DKIM"].verdict, found["SPF"].verdict) == (FAULT, OK)


@pytest.mark.parametrize(
    ("mode", "bits", "verdict"), [(0o600, 2048, OK), (0o640, 2048, FAULT), (0o600, 1024, WARNING)]
)
def test_the_signing_key_is_looked_at(
    settings: Settings, key: Path, mode: int, bits: int, verdict: str
) -> None:
    key.write_bytes(rsa_pem(bits))
    key.chmod(mode)
    with told(GOOD) as names:
        assert verdicts([*checked(settings, names, now=NOW)])["DKIM key"] == verdict


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ({"4.4.8.8.in-addr.arpa": {"PTR": ["a.org."]}, "a.org": {"A": ["8.8.4.4"]}}, OK),
        ({"4.4.8.8.in-addr.arpa": {"PTR": ["a.org."]}, "a.org": {"A": ["8.8.8.8"]}}, WARNING),
        ({}, WARNING),
    ],
)
def test_an_address_has_a_name_that_leads_back(records: Zone, verdict: str) -> None:
    with told(records) as names:
        assert [line.verdict for line in sender.pointer("8.8.4.4", names)] == [verdict]


@pytest.mark.parametrize("address", ["", "127.0.0.1", "10.0.0.1", "fe80::1"])
def test_an_address_of_ours_needs_no_name(address: str) -> None:
    assert list(sender.pointer(address, Names())) == []


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ([ok("SPF", ""), ok("DKIM", ""), warning("MX", "")], OK, "nothing found"),
        ([fault("SPF", ""), warning("DKIM", "")], FAULT, "because of SPF"),
        ([warning("DKIM", ""), ok("SPF", "")], WARNING, "see DKIM"),
        ([fault("links", "")], FAULT, "links"),
    ],
)
def test_a_last_line_says_what_large_mailboxes_will_do(
    found: list[Line], verdict: str, words: str
) -> None:
    line = sender.verdict(found)
    assert (line.verdict, words in line.words) == (verdict, True)


@pytest.mark.parametrize(("days", "verdict"), [(13, WARNING), (15, OK)])
def test_a_certificate_that_ends_soon_is_a_warning(days: int, verdict: str) -> None:
    settings = Settings(mail=MailSettings(relay="smtps://relay.example.org"))
    ends = NOW.replace(day=NOW.day + days)
    found = Findings(step="QUIT", tls="TLSv1.3", expires=ends)
    assert verdicts([*relay.lines(settings, found, "", NOW)])["TLS"] == verdict


@pytest.mark.parametrize(
    ("step", "code", "about", "verdict"),
    [
        ("connect", None, "relay", FAULT),
        ("EHLO", 502, "probe", FAULT),
        ("AUTH", 535, "probe", FAULT),
        ("MAIL", 550, "probe", FAULT),
        ("RCPT", 550, "probe", FAULT),
        ("RCPT", 450, "probe", WARNING),
        ("DATA", 554, "probe", FAULT),
    ],
)
def test_trouble_with_the_relay_has_a_remedy(
    step: str, code: int | None, about: str, verdict: str
) -> None:
    found = Findings(step=step, code=code, trouble="no")
    line = [*relay.lines(Settings(), found, "", NOW)][-1]
    assert (line.about, line.verdict) == (about, verdict)
    assert relay.REMEDIES[step] in line.words


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        ("certificate verify failed: certificate has expired", "a valid certificate"),
        ("SMTP STARTTLS extension not supported by server.", "smtps://"),
        ("Connect call failed", "may reach it"),
    ],
)
def test_a_relay_that_is_not_reached_has_a_remedy(trouble: str, remedy: str) -> None:
    line = next(relay.lines(Settings(), Findings(trouble=trouble), "", NOW))
    assert (line.verdict, remedy in line.words) == (FAULT, True)


def test_without_pipelining_it_is_said_to_be_slow() -> None:
    found = Findings(step="QUIT", extensions={"size": "10240000"})
    lines = {line.about: line for line in relay.lines(Settings(), found, "", NOW)}
    assert lines["extensions"].verdict == WARNING
    assert "SIZE 10240000" in lines["extensions"].words


@pytest.mark.parametrize(
    ("host", "verdict"), [("smtp.mailgun.org", OK), ("smtp.brevo.com", WARNING)]
)
def test_a_relay_that_tracks_is_told_or_its_owner_is(host: str, verdict: str) -> None:
    settings = Settings(mail=MailSettings(relay=f"smtps://{host}"))
    assert verdicts([*house.tracking(settings)])["tracking"] == verdict


@pytest.mark.parametrize(
    ("feeds", "base_url", "verdicts_of_hub"),
    [
        (FeedSettings(hub="self", hub_callbacks="any"), "https://updates.example.org", [FAULT]),
        (FeedSettings(hub="self", hub_callbacks="any"), "http://127.0.0.1:8000", []),
        (FeedSettings(hub="self"), "https://updates.example.org", []),
    ],
)
def test_a_hub_that_calls_anybody_is_a_fault_in_public(
    feeds: FeedSettings, base_url: str, verdicts_of_hub: list[str]
) -> None:
    settings = Settings(site=Site(base_url=base_url), feeds=feeds)
    assert [line.verdict for line in house.hub(settings)] == verdicts_of_hub


def test_the_command_ends_with_1_on_a_fault(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    port = settings.mail.relay_at.port
    keys, url = settings.keys.file, settings.database.url
    lines = [f'mail.relay = "smtp://127.0.0.1:{port}"', f'keys.file = "{keys}"']
    file.write_text("\n".join([*lines, f'database.url = "{url}"']))
    fine = CliRunner().invoke(cli, ["check", "--config", str(file)], catch_exceptions=False)
    keys.write_text("nonsense")
    wrong = CliRunner().invoke(cli, ["check", "--config", str(file)], catch_exceptions=False)
    assert (fine.exit_code, wrong.exit_code) == (0, 1)
    assert "fault   key file" in wrong.output
