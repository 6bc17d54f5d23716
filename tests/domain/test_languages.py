import pytest

from feedsvc.domain.languages import code, direction, pick, preferred
from feedsvc.errors import Invalid


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("en", "en"),
        ("EN-au", "en-AU"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("ar", "ar"),
    ],
)
def test_a_code_is_written_as_bcp_47_writes_it(given: str, kept: str) -> None:
    assert code(given) == kept


@pytest.mark.parametrize(
    "value", ["", "english", "e", "xx", "en_AU", "en-", "en\n-AU", "../ar", "en-x-y"]
)
def test_what_names_no_language_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match=r'language: .*Write "en", "ar"'):
        code(value)


@pytest.mark.parametrize(
    ("language", "way"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("ar-SY", "rtl"),
        ("he", "rtl"),
        ("fa", "rtl"),
        ("ckb", "rtl"),
        ("az-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("zh-Hant", "ltr"),
    ],
)
def test_a_language_has_a_direction(language: str, way: str) -> None:
    assert direction(language) == way


@pytest.mark.parametrize(
    ("available", "wanted", "campaign", "picked"),
    [
        (["en", "ar"], "ar", "en", "ar"),
        (["en", "ar"], "ar-SY", "en", "ar"),
        (["ar", "en"], "fr", "en", "en"),
        (["ar", "fr"], "de", "en", "ar"),
        (["ar", "en-AU"], "en-GB", "ar", "en-AU"),
        (["ar", "en"], None, "en", "en"),
    ],
)
def test_a_reader_gets_their_language_or_the_campaigns_or_the_first(
    available: list[str], wanted: str | None, campaign: str, picked: str
) -> None:
    assert pick(available, wanted, campaign) == picked


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("ar", "ar"),
        ("ar-SY,en;q=0.8", "ar"),
        ("fr;q=0.9, en;q=0.2, ar;q=0.5", "ar"),
        ("fr, *;q=0.1", "en"),
        ("en;q=0, *", "ar"),
        ("fr", None),
        ("", None),
        ("ar;q=0", None),
        (";;,q=,é;q=x,ar;q=7", None),
        (",".join(["fr"] * 10_000), None),
    ],
)
def test_the_browser_is_asked_which_language_it_likes(header: str, chosen: str | None) -> None:
    assert preferred(header, ["en", "ar"]) == chosen
