"""Names are told by a real server; what is not told is an outage, and is said to be one."""

import pytest

from feedsvc.errors import Unavailable
from tests.names import BROKEN, Zone, name_server, silence, told

ZONE: Zone = {
    "example.org": {
        "TXT": ['"v=spf1 " "-all"', '"other"'],
        "MX": ["20 second.example.org.", "10 first.example.org."],
        "A": ["192.0.2.1"],
        "AAAA": ["2001:db8:0::1"],
    },
    "null.example.org": {"MX": ["0 ."]},
    "broken.example.org": {BROKEN: []},
    "1.2.0.192.in-addr.arpa": {"PTR": ["example.org."]},
    "_dmarc.example.org": {"TXT": ['"v=DMARC1; p=none"', '"unrelated"']},
    "_dmarc.b.example.org": {"TXT": ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']},
    "_dmarc.c.example.org": {"TXT": ['"v=DMARC1; p=none; psd=n"']},
}


def test_the_strings_of_a_text_are_joined() -> None:
    with told(ZONE) as names:
        assert sorted(names.texts("example.org")) == ["other", "v=spf1 -all"]


def test_a_name_that_is_not_there_has_no_records() -> None:
    with told(ZONE) as names:
        assert (names.texts("example.com"), names.exchangers("_dmarc.example.org")) == ([], [])


def test_the_preferred_server_comes_first() -> None:
    with told(ZONE) as names:
        assert names.exchangers("example.org") == ["first.example.org", "second.example.org"]


def test_a_domain_may_say_that_it_takes_no_mail() -> None:
    with told(ZONE) as names:
        assert names.exchangers("null.example.org") in ([""], ["."], ["@"])


def test_an_address_leads_to_a_name_and_back() -> None:
    with told(ZONE) as names:
        assert names.pointers("192.0.2.1") == ["example.org"]
        assert names.addresses("example.org") == {"192.0.2.1", "2001:db8::1"}


def test_the_walk_goes_up_and_passes_by_what_is_there_twice() -> None:
    with told(ZONE) as names:
        assert names.dmarc("a.b.example.org") == {"example.org": {"v": "DMARC1", "p": "none"}}


def test_the_walk_ends_where_somebody_is_in_charge() -> None:
    with name_server(ZONE) as server:
        assert set(server.names.dmarc("a.c.example.org")) == {"c.example.org"}
        assert ("_dmarc.example.org", "TXT") not in server.asked


def test_a_name_is_asked_for_once() -> None:
    with name_server(ZONE) as server:
        names = server.names
        assert names.texts("example.org") == names.texts("example.org")
        assert server.asked == [("example.org", "TXT")]


def test_a_name_that_cannot_be_told_leaves_the_others() -> None:
    with told(ZONE) as names:
        with pytest.raises(Unavailable, match=r"broken\.example\.org"):
            names.texts("broken.example.org")
        assert names.texts("example.org")


def test_a_silent_server_is_asked_once_only() -> None:
    with silence() as names:
        for _ in range(20):
            with pytest.raises(Unavailable, match="does not answer") as said:
                names.texts("example.org")
            assert said.value.remedy
