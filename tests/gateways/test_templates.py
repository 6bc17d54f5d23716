"""Pages and mails say what they should, in every language, and never half of it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from feedsvc.errors import Misconfigured
from feedsvc.gateways.templates import Templates, date_words, inline, size_words
from feedsvc.records.history import Word

SHIPPED = Path(__file__).parents[2] / "templates"
BASE = "https://updates.example.org"
LANGUAGES = ["en", "ar"]

Values = dict[str, Any]


def slot(name: str) -> str:
    return f"\ufdd0{name}\ufdd1"


SITE = {
    "name": "Updates & more",
    "base_url": BASE,
    "home": f"{BASE}/",
    "me": f"{BASE}/me",
    "postal_address": "1 Long Street\nTown",
    "contact": "us@example.org",
}
FEEDS = {kind: f"{BASE}/c/khan-sheikhoun.{kind}" for kind in ("atom", "rss", "json")}
NOTE = {
    "anchor": "correction-2",
    "day": "2017-12-08",
    "text": "80, not 70.",
    "language": "en",
    "direction": "ltr",
}
UPDATE = {
    "title": "A mechanism <now>",
    "summary": "In short.",
    "html": "<p>The text.</p>",
    "url": f"{BASE}/c/khan-sheikhoun/mechanism",
    "date_words": "7 December 2017",
    "language": "en",
    "direction": "ltr",
    "status": "published",
    "superseded": False,
    "notes": [NOTE],
    "files": [
        {
            "url": f"{BASE}/files/0a/resolution.pdf",
            "title": "The resolution & its <vote>",
            "media_type": "application/pdf",
            "length": 1_234_567,
        }
    ],
}
LINK = {
    "title": "Justice for Khan Sheikhoun",
    "url": f"{BASE}/c/khan-sheikhoun",
    "language": "en",
    "direction": "ltr",
}
STANDING = LINK | {"kind": "petition", "status": "open", "signatures": 1234}
LETTER = {
    "version": 1,
    "addressees": [{"name": "Julie Bishop", "office": "Foreign Minister"}],
    "salutation": "Dear Minister,",
    "html": "<p>Please support it.</p>",
    "closing": "Yours sincerely",
    "language": "en",
    "direction": "ltr",
}
PETITION = STANDING | {
    "slug": "khan-sheikhoun",
    "date_words": "April 2017",
    "summary": "What it is about.",
    "html": "<p>What happened.</p>",
    "signatories": ["Relief & Reconciliation", "11.11.11"],
    "letter": LETTER,
    "feeds": FEEDS,
}
FORM = {
    "problem": "",
    "email": "",
    "name": "",
    "updates": False,
    "cadence": "immediate",
    "time_zone": "",
    "follow": False,
    "token": "t",
    "passcode": "",
}
LISTED = ("title", "url", "html", "date_words", "language", "direction", "status", "files")
TOLD = {key: UPDATE[key] for key in ("title", "url", "date_words", "language", "direction")}
LATEST = {key: TOLD[key] for key in ("title", "url", "language", "direction")} | {
    "day": "2017-12-07"
}

TOLD_OF = {
    **{key: UPDATE[key] for key in ("title", "url", "language", "direction")},
    "kind": "news",
    "word": "sent",
    "when": "2 March 2026, 09:00",
}
MINE = {
    "address": "anna@example.org",
    "language": "en",
    "hour": 8,
    "weekday": 0,
    "discreet": False,
    "stopped": False,
    "earliest": "2026-03-03",
    "latest": "2028-03-03",
    "wishes": [
        {
            "campaign": LINK | {"id": 1},
            "state": "live",
            "day": "2 March 2026",
            "cadence": "daily",
            "paused": "",
        }
    ],
    "told": [TOLD_OF],
    "of_told": 2,
    "times": [{"zone": "Europe/London", "words": "09:00 Monday", "own": True}],
    "zones": ["Europe/London"],
    "weekdays": ["Monday"],
}
NEXT = {
    "address": f"{BASE}/s/en/501",
    "signatories": 0,
    "donate_url": "https://give.example.org/?to=a&b",
    "shares": [{"name": "mail", "url": "mailto:?body=x"}, {"name": "X", "url": "https://x.com/"}],
    "related": [LINK | {"kind": "petition", "status": "open"}],
}

PAGES: dict[str, Values] = {
    "campaigns": {"campaigns": [STANDING | {"summary": "In short."}], "feeds": FEEDS},
    "campaign": {
        "campaign": PETITION,
        "updates": [{key: UPDATE[key] for key in LISTED}],
        "form": FORM,
    },
    "update": {"campaign": LINK | {"feeds": FEEDS, "status": "open"}, "update": UPDATE},
    "signed": {"campaign": STANDING | {"latest": LATEST, "next": NEXT}},
    "confirm": {"campaigns": [LINK]},
    "confirmed": {
        "said": {"signed": True, "follows": True},
        "campaigns": [STANDING | {"feeds": FEEDS, "latest": LATEST, "next": NEXT}],
    },
    "leave": {"campaigns": [LINK]},
    "left": {
        "campaigns": [LINK],
        "everything": False,
        "left_at": "2026-03-02T09:00:00+00:00",
        "already": False,
        "thanked": False,
    },
    "returned": {"campaigns": [LINK], "done": True},
    "kept": {"campaigns": [LINK], "instead": "pause", "until": "7 December 2017"},
    "gone": {"why": "withdrawn", "notes": [NOTE]},
    "never": {"done": False},
    "ask_link": {"asked": False, "problem": "email", "email": "anna@"},
    "erase": {"done": False, "path": "/me/x"},
    "move": {"old": True, "state": "agreed"},
    "me": {
        "path": "/me/x",
        "saved": "saved",
        "problem": "",
        "sender": "Updates",
        "me": MINE,
    },
    "problem": {"problem": {"title": "Gone", "detail": "It is old.", "remedy": "Sign again."}},
    "outbox": {"mails": [{"recipient": "a@b", "subject": "S", "when": "now", "url": "/outbox/1"}]},
    "outbox_mail": {
        "mail": {"subject": "S", "headers": [("To", "a@b")], "text": "T", "html": "<b>H</b>"}
    },
}
ENTRY = TOLD | {
    "summary": "In short.",
    "html": "<p>The text.</p>",
    "text": "The text.",
    "kind": "news",
    "campaign": LINK | {"slug": "khan-sheikhoun"},
}
DIGEST: Values = {
    "entries": [ENTRY],
    "campaigns": [LINK | {"leave_url": slot("leave_1")}],
    "slot": {
        name: slot(name) for name in ("signed_on", "leave_url", "leave_all_url", "preferences_url")
    },
    "mail_subject": None,
    "brief": False,
}
OTHER = LINK | {"title": "بيان", "language": "ar", "direction": "rtl", "url": f"{BASE}/c/other"}
SEVERAL = DIGEST | {
    "entries": [ENTRY, ENTRY | {"title": "Another", "campaign": OTHER | {"slug": "other"}}],
    "campaigns": [*DIGEST["campaigns"], OTHER | {"leave_url": slot("leave_2")}],
}
CONFIRM: Values = {
    "campaigns": [LINK],
    "days": 7,
    "slot": {"confirm_url": slot("confirm_url"), "never_url": slot("never_url")},
}
WELCOME: Values = {
    "campaigns": [
        LINK
        | {"leave_url": slot("leave_1"), "standing": slot("standing_1")}
        | {"feeds": FEEDS, "latest": LATEST}
    ],
    "slot": {name: slot(name) for name in ("leave_url", "leave_all_url", "preferences_url")},
}
DISCREET: Values = {
    "me_url": f"{BASE}/me",
    "home_url": f"{BASE}/",
    "entries": [
        {"url": f"{BASE}/n/{number}", "kind": kind}
        for number, kind in enumerate(("news", "correction", "withdrawal"))
    ],
    "slot": {"leave_url": slot("leave_url"), "leave_all_url": slot("leave_all_url")},
}
ME = slot("me_url")
LINK_MAIL: Values = {"minutes": 30, "slot": {"me_url": ME}}
KNOWN: Values = {"campaign": LINK | {"kind": "petition"}, "minutes": 30, "slot": {"me_url": ME}}
MOVE_FROM: Values = {
    "days": 7,
    "slot": {"move_url": slot("move_url"), "new_address": slot("new_address")},
}
MOVE_TO: Values = {"days": 7, "known": False, "slot": {"move_url": slot("move_url")}}
MAILS = {
    "digest": DIGEST,
    "discreet": DISCREET,
    "confirm": CONFIRM,
    "reminder": CONFIRM,
    "invitation": CONFIRM,
    "link": LINK_MAIL,
    "known": KNOWN,
    "move_from": MOVE_FROM,
    "move_to": MOVE_TO,
    "welcome": WELCOME,
}
DAY = "7 December 2017"
SAID = {"note": "80 & more.", "note_language": "en", "note_direction": "ltr"}
NOTICES: dict[str, tuple[Values, Values]] = {
    "withdrawn": ({"date": DAY}, SAID),
    "withdrawal": ({"date": DAY}, SAID | {"campaign": "Justice", "date": DAY}),
    "correction": ({"title": "Mechanism"}, SAID | {"date": DAY, "url": BASE}),
    "end": ({}, {"campaign": "Justice"}),
}
UNTIDY = re.compile(r"[ \t]$|\n{4}|&\w+;", re.MULTILINE)
PARTS = ("subject.txt", "body.txt", "body.html")
RENDERED = {f"pages/{name}.html": values for name, values in PAGES.items()} | {
    f"mail/{name}/{part}": values for name, values in MAILS.items() for part in PARTS
}
RENDERED |= {f"feeds/{name}/title.txt": values[0] for name, values in NOTICES.items()}
RENDERED |= {f"feeds/{name}/body.html": values[1] for name, values in NOTICES.items()}


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates([SHIPPED])


def page(templates: Templates, name: str, language: str = "en", **other: object) -> str:
    values = {"site": SITE} | PAGES[name] | other
    return templates.render(f"pages/{name}.html", language, **values)


def mail(templates: Templates, name: str, language: str = "en", **other: object) -> list[str]:
    values = {"site": SITE} | MAILS[name] | other
    return [templates.render(f"mail/{name}/{part}", language, **values) for part in PARTS]


def without_each(values: Values) -> Iterator[tuple[str, Values]]:
    """The same values again and again, each time with another one left out."""
    for path in _paths(values):
        fewer = deepcopy(values)
        inner: Any = fewer
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        yield ".".join(map(str, path)), fewer


def _paths(values: Values | list[Any]) -> Iterator[tuple[Any, ...]]:
    steps = values.items() if isinstance(values, dict) else enumerate(values)
    for step, value in steps:
        if isinstance(values, dict):
            yield (step,)
        if isinstance(value, dict | list):
            yield from ((step, *rest) for rest in _paths(value))


def messages() -> set[str | tuple[str, ...]]:
    """Every message that a template says."""
    kinds = ["**.html", "**.txt"]
    methods = [(kind, "jinja2.ext:babel_extract") for kind in kinds]
    options = {kind: {"trimmed": "true", "silent": "false"} for kind in kinds}
    found = extract_from_dir(SHIPPED, methods, options)
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", RENDERED)
def test_renders_in_each_language(templates: Templates, name: str, language: str) -> None:
    text = templates.render(name, language, site=SITE, **RENDERED[name])
    assert text.strip()
    assert "&amp;amp;" not in text
    if name.endswith(".html"):
        outer = "p" if name.startswith("feeds/") else "html"
        assert f'<{outer} lang="{language}"' in text


@pytest.mark.parametrize("name", PAGES)
def test_page_fails_when_any_value_is_missing(templates: Templates, name: str) -> None:
    complaints = set(complaining(templates, [f"pages/{name}.html"], PAGES[name]))
    assert {path for path, _ in without_each(PAGES[name])} == complaints


@pytest.mark.parametrize("name", NOTICES)
def test_notice_fails_when_any_value_is_missing(templates: Templates, name: str) -> None:
    for part, values in zip(("title.txt", "body.html"), NOTICES[name], strict=True):
        complaints = set(complaining(templates, [f"feeds/{name}/{part}"], values))
        assert {path for path, _ in without_each(values)} == complaints


@pytest.mark.parametrize("name", MAILS)
def test_mail_fails_when_any_value_is_missing(templates: Templates, name: str) -> None:
    several = {
        "digest": [DIGEST, SEVERAL, SEVERAL | {"brief": True}],
        "welcome": [WELCOME | {"campaigns": WELCOME["campaigns"] * 2}],
    }
    variants = several.get(name, [MAILS[name]])
    parts = [f"mail/{name}/{part}" for part in PARTS]
    complaints = {path for values in variants for path in complaining(templates, parts, values)}
    assert {path for values in variants for path, _ in without_each(values)} == complaints


def complaining(templates: Templates, names: list[str], values: Values) -> Iterator[str]:
    """The values without which at least one of these templates fails."""
    for path, fewer in without_each(values):
        for name in names:
            try:
                templates.render(name, "en", site=SITE, **fewer)
            except UndefinedError:
                yield path


def test_arabic_says_every_message() -> None:
    with (SHIPPED / "locale/ar/LC_MESSAGES/feedsvc.po").open("rb") as file:
        catalogue = read_po(file, locale="ar")
    said = {message.id for message in catalogue if message.id and all(message.string or [""])}
    assert said == messages()


def test_arabic_keeps_the_placeholders_of_each_message() -> None:
    with (SHIPPED / "locale/ar/LC_MESSAGES/feedsvc.po").open("rb") as file:
        catalogue = read_po(file, locale="ar")
    for message in catalogue:
        if isinstance(message.id, str) and isinstance(message.string, str):
            assert placeholders(message.string) == placeholders(message.id)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


def test_arabic_reads_right_to_left(templates: Templates) -> None:
    assert '<html lang="ar" dir="rtl">' in page(templates, "campaign", "ar")


def test_entry_keeps_its_own_language_and_direction(templates: Templates) -> None:
    own = {"language": "ar", "direction": "rtl"}
    html = mail(templates, "digest", entries=[ENTRY | own])[2]
    assert '<div lang="ar" dir="rtl">' in html


@pytest.mark.parametrize(("count", "words"), [(1, "شخص واحد"), (2, "شخصان"), (11, "11 شخصًا")])
def test_arabic_counts_as_arabic_does(templates: Templates, count: int, words: str) -> None:
    assert words in page(templates, "campaign", "ar", campaign=PETITION | {"signatures": count})


@pytest.mark.parametrize(
    ("language", "offered"), [("ar-SY", "ar"), ("en-GB", "en"), ("fr", "en"), ("ar", "ar")]
)
def test_language_falls_back_to_its_root_then_english(
    templates: Templates, language: str, offered: str
) -> None:
    assert templates.nearest(language) == offered


@pytest.mark.parametrize(
    ("value", "language", "words"),
    [
        ("2017-12-07", "en", "7 December 2017"),
        ("2017-12", "en", "December 2017"),
        ("2013", "en", "2013"),
        (date(2017, 12, 7), "ar", "7 ديسمبر 2017"),
    ],
)
def test_date_is_said_as_precisely_as_it_is_known(value: object, language: str, words: str) -> None:
    assert date_words(value, language) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (1, "1 kB"),
        (1_499, "1.5 kB"),
        (9_960, "10 kB"),
        (12_345, "12 kB"),
        (999_400, "1 MB"),
        (1_234_567, "1.2 MB"),
        (10_000_000, "10 MB"),
    ],
)
def test_size_is_said_in_thousands_and_millions(length: int, words: str) -> None:
    assert size_words(length, "en") == words


def test_titles_and_names_are_escaped(templates: Templates) -> None:
    html = page(templates, "campaign")
    assert "A mechanism &lt;now&gt;" in html
    assert '<bdi dir="auto">Relief &amp; Reconciliation</bdi>' in html


def test_signatories_stand_in_order_as_written(templates: Templates) -> None:
    names = ["Zweite", "Syrians سوريايون من أجل", "11.11.11", "ASML/Syria"]
    html = page(templates, "campaign", campaign=PETITION | {"signatories": names})
    assert re.findall(r'<li><bdi dir="auto">(.*?)</bdi></li>', html) == names


@pytest.mark.parametrize("name", ["campaigns", "campaign", "update"])
def test_feeds_are_announced_in_order_and_told_apart(templates: Templates, name: str) -> None:
    html = page(templates, name)
    found = re.findall(r'<link rel="alternate" type="(.*?)" title="(.*?)" href="(.*?)">', html)
    assert [kind for kind, _, _ in found] == [
        "application/atom+xml",
        "application/rss+xml",
        "application/feed+json",
    ]
    assert len({title for _, title, _ in found}) == 3
    assert all(html.count(f'href="{address}"') == 2 for _, _, address in found)


def test_only_an_open_petition_can_be_signed(templates: Templates) -> None:
    assert 'name="name"' in page(templates, "campaign")
    assert 'name="name"' not in page(templates, "campaign", campaign=PETITION | {"status": "won"})
    statement = page(templates, "campaign", campaign=PETITION | {"kind": "statement"})
    assert "Sign this petition" not in statement
    assert "Tell me when there is news" in statement


def test_nobody_is_signed_up_for_news_by_default(templates: Templates) -> None:
    assert " checked" not in page(templates, "campaign")


@pytest.mark.parametrize("name", PAGES)
def test_page_has_one_heading_and_no_script_or_style_but_ours(
    templates: Templates, name: str
) -> None:
    html = page(templates, name)
    assert html.count("<h1") == 1
    assert html.count("<style>") == 1
    assert f"<style>{templates.style}</style>" in html
    ours = f"<script>{templates.script}</script>" if name == "campaign" else ""
    assert not re.search(r"<script|\sstyle=|\son\w+=", html.replace(ours, ""))


@pytest.mark.parametrize("name", ["confirm", "erase", "leave", "never"])
def test_page_that_asks_posts_to_its_own_address(templates: Templates, name: str) -> None:
    assert '<form class="buttons" method="post">' in page(templates, name)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [("news", "As asked"), ("correction", "Correction: A"), ("withdrawal", "Withdrawn: A")],
)
def test_subject_says_the_kind_of_notice(templates: Templates, kind: str, subject: str) -> None:
    entries = [ENTRY | {"title": "A", "kind": kind}]
    assert mail(templates, "digest", entries=entries, mail_subject="As asked")[0] == subject


def test_subject_of_several_updates_counts_them(templates: Templates) -> None:
    of_one = mail(templates, "digest", entries=[ENTRY, ENTRY])[0]
    assert of_one == "2 updates: Justice for Khan Sheikhoun"
    assert mail(templates, "digest", **SEVERAL)[0] == "2 updates from Updates & more"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("digest", DIGEST),
        ("digest", SEVERAL),
        ("digest", DIGEST | {"brief": True}),
        ("discreet", {}),
    ],
)
def test_both_parts_of_a_digest_have_the_same_links(
    templates: Templates, name: str, values: Values, language: str
) -> None:
    _, text, html = mail(templates, name, language, **values)
    lines = [line for line in text.splitlines() if line.startswith(("https://", "\ufdd0"))]
    assert set(lines) | {f"{BASE}/"} == set(re.findall(r'href="(.*?)"', html))


def test_digest_of_several_campaigns_leaves_each_or_all(templates: Templates) -> None:
    for part in mail(templates, "digest", **SEVERAL)[1:]:
        wanted = [slot(name) for name in ("leave_1", "leave_2", "leave_url", "leave_all_url")]
        assert [marker for marker in wanted if marker in part] == wanted


def test_brief_digest_gives_summaries_and_the_way_out_first(templates: Templates) -> None:
    _, text, html = mail(templates, "digest", brief=True)
    assert "The text." not in text + html
    assert "In short." in text
    assert html.index(slot("leave_url")) < html.index("You get this mail")


def test_text_part_has_no_trailing_blanks_or_gaping_holes(templates: Templates) -> None:
    for values in (DIGEST, SEVERAL, DIGEST | {"brief": True}):
        assert not UNTIDY.search(mail(templates, "digest", **values)[1])
    assert not UNTIDY.search(mail(templates, "discreet")[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_discreet_mail_names_nobody(templates: Templates, language: str) -> None:
    for part in mail(templates, "discreet", language):
        assert not any(word in part for word in ("Updates", "Long Street"))


@pytest.mark.parametrize("name", MAILS)
def test_inlined_mail_stands_without_its_style(templates: Templates, name: str) -> None:
    html = inline(mail(templates, name, "ar")[2])
    bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    assert html.count("<h1") == 1
    for tag in re.findall(r"<(?:table|td)\b.*?>", bare):
        assert 'lang="ar"' in tag
        assert 'dir="rtl"' in tag
        assert tag.startswith("<td") or 'role="presentation"' in tag
    for style in re.findall(r'<td[^>]* style="(.*?)"', bare):
        assert {"color", "background-color"} <= set(re.findall(r"([\w-]+):", style))


@pytest.mark.parametrize("name", MAILS)
def test_inlining_keeps_slots_and_the_rules_for_the_dark(templates: Templates, name: str) -> None:
    html = mail(templates, name)[2]
    markers = re.compile("\ufdd0.*?\ufdd1")
    assert markers.findall(inline(html)) == markers.findall(html)
    assert "prefers-color-scheme: dark" in inline(html)


def test_inlines_in_many_threads_at_once(templates: Templates) -> None:
    def compose(number: int) -> str:
        return inline(mail(templates, "digest", LANGUAGES[number % 2])[2])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(compose, range(80)))) == 2


def test_operators_folder_stands_in_front(tmp_path: Path) -> None:
    write(tmp_path / "pages/left.html", "Farewell, {{ name }}")
    templates = Templates([tmp_path, SHIPPED])
    assert templates.render("pages/left.html", "en", name="Ann") == "Farewell, Ann"
    assert "Thank you" in page(templates, "confirmed")


def test_operators_catalogue_wins_message_by_message(tmp_path: Path) -> None:
    catalogue = 'msgid ""\nmsgstr "Language: ar\\n"\n\nmsgid "Campaigns"\nmsgstr "حملاتنا"\n'
    write(tmp_path / "locale/ar/LC_MESSAGES/feedsvc.po", catalogue)
    html = page(Templates([tmp_path, SHIPPED]), "campaigns", "ar")
    assert "حملاتنا" in html
    assert "تابع جميع التحديثات" in html


def test_fingerprint_tells_every_change(tmp_path: Path) -> None:
    shipped = Templates([SHIPPED]).fingerprint()
    write(tmp_path / "mail/digest/subject.txt", "Other")
    assert Templates([SHIPPED]).fingerprint() == shipped
    assert Templates([tmp_path, SHIPPED]).fingerprint() != shipped


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pages/left.html", "{% if %}"),
        ("pages/left.html", "{{ name|nonsense }}"),
        ("locale/ar/LC_MESSAGES/feedsvc.po", "msgid nonsense"),
        ("locale/ar/LC_MESSAGES/feedsvc.po", 'msgid "%(a)s"\nmsgstr "%(b)s"\n'),
        ("locale/xx/LC_MESSAGES/feedsvc.po", 'msgid "a"\nmsgstr "b"\n'),
    ],
)
def test_faulty_file_of_the_operator_is_told_at_the_start(
    tmp_path: Path, name: str, text: str
) -> None:
    write(tmp_path / name, text)
    with pytest.raises(Misconfigured):
        Templates([tmp_path, SHIPPED])


def test_missing_folder_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no folder of templates"):
        Templates([tmp_path / "nowhere", SHIPPED])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


def test_who_only_follows_is_not_told_that_they_signed(templates: Templates) -> None:
    for part in mail(templates, "digest")[1:]:
        assert "you asked on" in part
        assert "you signed" not in part


def test_each_word_about_an_update_is_said_in_words_of_its_own(templates: Templates) -> None:
    said = {
        page(templates, "me", language, me=MINE | {"told": [TOLD_OF | {"word": word.value}]})
        for word in Word
        for language in LANGUAGES
    }
    assert len(said) == len(Word) * len(LANGUAGES)
