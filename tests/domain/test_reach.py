"""Whom a stranger may let us call: the public internet, named in one way only."""

import pytest

from feedsvc.domain.reach import Callbacks, public, unfit
from tests.push.spellings import LOOPBACK, OTHERS


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1"),
        *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8"),
        *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255"),
        *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
        *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1", "2001::1"),
        *("2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::"),
        *("3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1"),
        *("2606:4700::1%eth0", "ff02::1", "not-an-address"),
    ],
)
def test_an_address_within_is_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"),
        *("192.167.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.254"),
        *("2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"),
    ],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://reader.example/callback",
        "https://reader.example",
        "https://reader.example?x=1",
        "https://Reader.example:443/a%20b/c?d=e&f=%2F",
        "https://a-b.c_d.example:8443/~x/(y)",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/callback",
        "https://[2606:4700::1111]:8443/callback",
    ],
)
def test_a_plain_https_url_is_fit(url: str) -> None:
    assert unfit(url, Callbacks.HTTPS) == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "reader.example",
        "//reader.example/",
        "ftp://reader.example/",
        "file:///etc/passwd",
        "gopher://reader.example/",
        "https:reader.example",
        "https:///reader.example",
        "https://",
        "https://user@reader.example/",
        "https://user:word@reader.example/",
        "https://reader.example@127.0.0.1/",
        "https://reader.example\\@127.0.0.1/",
        "https://reader.example/#fragment",
        "https://reader.example/a b",
        "https://reader.example/a\r\nHost: x",
        "https://reader.example/a\x00",
        "https://reader.example/\u00e9",
        "https://bücher.example/",
        "https://reader.example:0x50/",
        "https://reader.example:99999999/",
        "https://reader..example/",
        "https://.example/",
        "https://-reader.example/",
        f"https://reader.example/{'x' * 2048}",
        f"https://{'a' * 254}/",
    ],
)
def test_what_could_be_read_in_two_ways_is_unfit(url: str) -> None:
    assert unfit(url, Callbacks.ANY)


@pytest.mark.parametrize("port", [0, 21, 22, 25, 110, 143, 465, 587, 993, 65_536])
def test_a_port_that_does_not_belong_to_the_web_is_unfit(port: int) -> None:
    assert unfit(f"https://reader.example:{port}/", Callbacks.HTTPS)


def test_http_is_called_only_when_it_is_allowed() -> None:
    url = "http://reader.example/"
    assert [bool(unfit(url, allowed)) for allowed in Callbacks] == [True, False, False]


@pytest.mark.parametrize("host", [*LOOPBACK, *OTHERS])
def test_a_spelling_of_a_private_address_is_unfit_unless_it_is_a_name(host: str) -> None:
    name = host.lower() in {"localhost", "localhost.localdomain", "x.localhost"}
    assert bool(unfit(f"https://{host}/", Callbacks.HTTPS)) is not name
