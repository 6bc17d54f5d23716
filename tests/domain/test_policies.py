"""Records of a sender are read as the RFCs have them."""

import pytest

from feedsvc.domain import policies


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["v=spf1 -all"], 1),
        (["V=SPF1"], 1),
        (["v=spf10 -all"], 0),
        (["v=spf2.0/pra -all"], 0),
        (["v=spf1 -all", "v=spf1 +all"], 2),
        (["google-site-verification=x"], 0),
    ],
)
def test_an_spf_record_begins_with_its_version(texts: list[str], found: int) -> None:
    assert len(policies.spf_records(texts)) == found


@pytest.mark.parametrize(
    ("record", "anybody"),
    [
        ("v=spf1 +all", True),
        ("v=spf1 a ALL", True),
        ("v=spf1 -all", False),
        ("v=spf1 ~all", False),
        ("v=spf1 include:all.example.org -all", False),
    ],
)
def test_plus_all_lets_anybody_send(record: str, *, anybody: bool) -> None:
    assert policies.lets_anybody_send(record) is anybody


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=DMARC1; p=none", 1),
        ("v = DMARC1;p=none", 1),
        ("v=DMARC1", 1),
        ("v=dmarc1; p=none", 0),
        ("p=none; v=DMARC1", 0),
        ("v=DMARC12; p=none", 0),
    ],
)
def test_a_dmarc_record_begins_with_its_version(text: str, found: int) -> None:
    assert len(policies.dmarc_records([text])) == found


def test_tags_are_read_with_any_blanks() -> None:
    assert policies.tags(" v=DMARC1 ;P = none; rua=mailto:a@b.org?x=1;;") == {
        "v": "DMARC1",
        "p": "none",
        "rua": "mailto:a@b.org?x=1",
    }


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("Example.org", ["example.org", "org"]),
        ("a.b.example.org", ["a.b.example.org", "b.example.org", "example.org", "org"]),
    ],
)
def test_the_walk_goes_up_label_by_label(domain: str, asked: list[str]) -> None:
    assert list(policies.walk(domain)) == asked


@pytest.mark.parametrize(("labels", "asked"), [(7, 7), (8, 8), (9, 8), (40, 8)])
def test_the_walk_asks_eight_times_at_most(labels: int, asked: int) -> None:
    names = list(policies.walk(".".join("abcdefghij"[i % 10] for i in range(labels))))
    assert len(names) == asked
    assert [name.count(".") + 1 for name in names[1:]] == list(range(min(labels - 1, 7), 0, -1))


@pytest.mark.parametrize(
    ("domain", "found", "organisation"),
    [
        ("b.example.org", {"example.org": "", "b.example.org": ""}, "example.org"),
        ("b.example.org", {}, "b.example.org"),
        ("b.example.org", {"b.example.org": "n", "example.org": ""}, "b.example.org"),
        ("a.b.example.co.uk", {"co.uk": "y"}, "example.co.uk"),
        ("a.example.bank", {"a.example.bank": "", "bank": "y"}, "example.bank"),
        ("bank", {"bank": "y"}, "bank"),
        ("x.gov.example", {"gov.example": "y", "x.gov.example": ""}, "x.gov.example"),
    ],
)
def test_the_organisation_is_found_by_its_records(
    domain: str, found: dict[str, str], organisation: str
) -> None:
    records = {name: {"psd": psd} if psd else {} for name, psd in found.items()}
    assert policies.organisation(domain, records) == organisation
