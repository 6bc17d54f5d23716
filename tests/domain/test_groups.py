"""Domains of the large providers go together; every other stands for itself."""

import pytest

from feedsvc.domain import groups
from feedsvc.domain.sealing import fresh_keys


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("gmail.com", "gmail"),
        ("GoogleMail.com", "gmail"),
        ("outlook.com", "microsoft"),
        ("outlook.com.au", "microsoft"),
        ("hotmail.co.uk", "microsoft"),
        ("live.nl", "microsoft"),
        ("msn.com", "microsoft"),
        ("yahoo.com", "yahoo"),
        ("yahoo.co.in", "yahoo"),
        ("yahoo.com.br", "yahoo"),
        ("ymail.com", "yahoo"),
        ("aol.de", "yahoo"),
        ("icloud.com", "icloud"),
        ("me.com", "icloud"),
        ("mac.com.", "icloud"),
        ("example.org", "example.org"),
        ("Example.ORG", "example.org"),
        ("yahoo.co.jp", "yahoo.co.jp"),
        ("notgmail.com", "notgmail.com"),
        ("gmail.com.example.org", "gmail.com.example.org"),
        ("live.example.org", "live.example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("", ""),
    ],
)
def test_a_domain_belongs_to_its_provider_or_to_itself(domain: str, group: str) -> None:
    assert groups.group_of(domain) == group


def test_addresses_of_one_provider_share_a_tag_that_can_be_named() -> None:
    keys = fresh_keys()
    tags = {groups.tag(address, keys) for address in ("a@gmail.com", "b@GOOGLEMAIL.com")}
    assert [groups.names(keys)[tag] for tag in tags] == ["gmail"]


def test_other_domains_have_tags_of_their_own_without_a_name() -> None:
    keys = fresh_keys()
    tags = {groups.tag(address, keys) for address in ("a@example.org", "a@example.com")}
    assert len(tags) == 2
    assert tags.isdisjoint(groups.names(keys))


def test_names_cover_the_large_providers() -> None:
    assert sorted(groups.names(fresh_keys()).values()) == ["gmail", "icloud", "microsoft", "yahoo"]
