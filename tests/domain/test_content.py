from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain import portable, text
from feedsvc.domain.content import (
    Addressee,
    CampaignFile,
    CampaignRecord,
    EntryStamp,
    FeedStamp,
    LetterFile,
    LetterText,
    LetterVersion,
    Revision,
    SiteRecord,
    Text,
    UpdateFile,
    UpdateRecord,
    key,
    rank,
)
from feedsvc.domain.dates import EventDate, Precision
from feedsvc.domain.tables.content import (
    CampaignKind,
    CampaignStatus,
    EditClass,
    Notify,
    UpdateStatus,
)
from feedsvc.errors import Invalid


def _taken(check: str, value: str) -> str:
    try:
        return text.line(value, "f", 100) if check == "line" else text.prose(value, "f", 2_000)
    except Invalid:
        return ""


# Whatever the doors let in: these are the texts that can be stored.
maybe_line = st.text(max_size=30).map(lambda value: _taken("line", value))
lines = maybe_line.filter(bool)
bodies = st.text(st.characters() | st.sampled_from('\n+"\\# \t='), max_size=60).map(
    lambda value: _taken("prose", value)
)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - same
    timezones=st.just(UTC),
)
counts = st.integers(1, 1_000)
event_dates = st.builds(EventDate.parse, st.sampled_from(["2017-12-07", "2017-12", "2013"]))
texts = st.builds(
    Text,
    language=st.sampled_from(["en", "ar"]),
    title=lines,
    body=bodies.filter(bool),
    summary=maybe_line,
    mail_subject=maybe_line,
)
letters = st.builds(
    LetterText,
    language=st.just("en"),
    addressees=st.lists(st.builds(Addressee, lines, maybe_line), min_size=1, max_size=3).map(tuple),
    body=bodies.filter(bool),
    salutation=maybe_line,
    closing=bodies,
)
entries = st.builds(
    EntryStamp,
    language=st.just("ar"),
    tag=st.just("tag:example.org,2017:u/1"),
    published_at=st.none() | moments,
    updated_at=st.none() | moments,
)
revisions = st.builds(
    Revision, counts, st.sampled_from(EditClass), moments, st.lists(texts, max_size=2).map(tuple)
)


@given(
    st.builds(
        CampaignFile,
        slug=st.just("a-campaign"),
        kind=st.sampled_from(CampaignKind),
        texts=texts.map(lambda one: (replace(one, mail_subject=""),)),
        status=st.sampled_from(CampaignStatus),
        short_link=st.none() | st.just("en/501"),
        occurred_on=st.none() | event_dates,
        edit_class=st.sampled_from(EditClass),
        based_on=st.none() | counts,
    )
)
def test_a_campaign_is_read_as_it_was_written(campaign: CampaignFile) -> None:
    written = portable.format_campaign(campaign)
    assert portable.parse_campaign(written, "campaign.md", campaign.slug) == campaign


@given(
    st.builds(
        UpdateFile,
        key=st.just("2017-12-07-a"),
        texts=st.tuples(texts),
        status=st.sampled_from(UpdateStatus),
        notify=st.sampled_from(Notify),
        occurred_on=st.none() | event_dates,
        publish_at=moments,
        edit_class=st.sampled_from(EditClass),
        based_on=st.none() | counts,
    )
)
def test_an_update_is_read_as_it_was_written(update: UpdateFile) -> None:
    written = portable.format_update(update)
    assert portable.parse_update(written, "u.md", update.key, "en") == update


@given(texts)
def test_a_text_in_another_language_is_read_as_it_was_written(one: Text) -> None:
    assert portable.parse_update_text(portable.format_text(one), "u.ar.md", one.language) == one


@given(st.builds(LetterFile, st.tuples(letters), st.sampled_from(EditClass), st.none() | counts))
def test_a_letter_is_read_as_it_was_written(letter: LetterFile) -> None:
    assert portable.parse_letter(portable.format_letter(letter), "letter.md", "en") == letter


@given(st.lists(lines | st.sampled_from(["11.11.11", "# 1", "\\a"])))
def test_signatories_are_read_as_they_were_written(names: list[str]) -> None:
    written = portable.format_signatories(names)
    assert portable.parse_signatories(written, "signatories.txt") == tuple(names)


@given(
    st.builds(
        CampaignRecord,
        uid=st.just("c1"),
        published_at=moments,
        updated_at=moments,
        revision=counts,
        last_arrival=counts,
        languages=st.just(("en", "ar")),
        entries=st.tuples(entries),
        letters=st.tuples(st.builds(LetterVersion, counts, moments, st.tuples(letters))),
        feed=st.none() | st.builds(FeedStamp, counts, moments),
    )
)
def test_the_record_of_a_campaign_is_read_as_it_was_written(record: CampaignRecord) -> None:
    written = portable.format_record(record)
    assert portable.parse_record(written, "campaign.json", CampaignRecord) == record


@given(
    st.builds(
        UpdateRecord,
        uid=st.just("u1"),
        created_at=moments,
        revisions=st.lists(revisions, max_size=3).map(tuple),
        published_at=st.none() | moments,
        updated_at=st.none() | moments,
        withdrawn_at=st.none() | moments,
        arrival=st.none() | counts,
        entries=st.tuples(entries),
    )
)
def test_the_record_of_an_update_is_read_as_it_was_written(record: UpdateRecord) -> None:
    written = portable.format_record(record)
    assert portable.parse_record(written, "u.json", UpdateRecord) == record


def update(front: str, body: str = "Words.") -> UpdateFile:
    return portable.parse_update(f"+++\n{front}\n+++\n\n{body}\n", "c/u.md", "u", "en")


def test_a_new_file_is_published_history_that_mails_nobody() -> None:
    made = update('title = "A"')
    assert (made.status, made.notify, made.edit_class, made.based_on) == (
        UpdateStatus.PUBLISHED,
        Notify.NONE,
        EditClass.SILENT,
        None,
    )


def test_dates_and_instants_may_stand_without_quotes() -> None:
    made = update('title = "A"\noccurred_on = 2017-12-07\npublish_at = 2026-12-07T09:00:00+11:00')
    assert made.occurred_on == EventDate.parse("2017-12-07")
    assert made.publish_at == datetime(2026, 12, 6, 22, tzinfo=UTC)


def test_a_year_may_stand_without_quotes() -> None:
    made = update('title = "A"\noccurred_on = 2013')
    assert made.occurred_on is not None
    assert made.occurred_on.precision is Precision.YEAR


@pytest.mark.parametrize(
    ("front", "error"),
    [
        ('titel = "A"', r'^c/u\.md, line 2, titel: is not a key .* Did you mean "title"\?'),
        ('title = "A"\ncolour = "red"', r"line 3, colour: .* Known are: title, summary"),
        ("", r'^c/u\.md, title: is missing\. Add a line title = "…"'),
        ('title = ""', r"line 2, title: is empty"),
        ('title = "a\\u0007b"', r"line 2, title: holds U\+0007"),
        ("title = 3", r'line 2, title: is not text\. Put it in quotes: title = "…"'),
        ('title = "A"\ntitle = "B"', r"^c/u\.md, line 3: is not TOML"),
        ('title = "A', r"^c/u\.md, line 2: is not TOML"),
        ("title = “A”", r"line 2: is not TOML: .* straight quotes"),
        (
            'title = "A"\nnotify = "all"',
            r'line 3, notify: cannot be \'all\'.*"subscribers", "none"',
        ),
        ('title = "A"\noccurred_on = "10/04/2017"', r"line 3, occurred_on: .*Write 2017-04-10 or"),
        ('title = "A"\nbased_on = "3"', r"line 3, based_on: is not a whole number"),
        ('title = "A"\nbased_on = true', r"line 3, based_on: is not a whole number"),
        ('title = "A"\npublish_at = 2026-12-07T09:00:00', r"line 3, publish_at: .*no time zone"),
        ('title = "A"\nlanguage = "klingon"', r"line 3, language: .*not a language code"),
        ('title = "A"\nstatus = "scheduled"', r"publish_at: is missing: a scheduled update"),
    ],
)
def test_a_mistake_is_named_with_its_file_its_line_and_its_remedy(front: str, error: str) -> None:
    with pytest.raises(Invalid, match=error):
        update(front)


def test_an_update_without_words_is_refused() -> None:
    with pytest.raises(Invalid, match=r"c/u\.md, text: is empty\. Write it below"):
        update('title = "A"', body="")


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(Invalid, match="has 40001 bytes; at most 40000"):
        update('title = "A"', body="x" * 40_001)


def test_a_character_in_the_text_is_named_with_the_line_of_the_file() -> None:
    with pytest.raises(Invalid, match=r"c/u\.md: holds U\+0007 .* in line 6 at position 2"):
        update('title = "A"', body="a\nb\x07")


@pytest.mark.parametrize("content", ["", "Words.", '---\ntitle = "A"\n---\n', '+++\ntitle = "A"\n'])
def test_a_file_without_front_matter_is_refused(content: str) -> None:
    with pytest.raises(Invalid, match=r"u\.md"):
        portable.parse_update(content, "u.md", "u", "en")


def test_a_file_may_come_from_windows() -> None:
    made = portable.parse_update('\ufeff+++\r\ntitle = "A"\r\n+++\r\na\r\nb\r\n', "u.md", "u", "en")
    assert made.texts[0].body == "a\nb"


@pytest.mark.parametrize("front", ["", "addressee = 3", 'addressee = ["A"]', "[[addressee]]"])
def test_a_letter_needs_somebody_to_go_to(front: str) -> None:
    with pytest.raises(Invalid, match=r"letter\.md, .*(addressee|name)"):
        portable.parse_letter(f"+++\n{front}\n+++\n\nWords.\n", "letter.md", "en")


def test_a_signatory_keeps_its_spaces_inside_and_its_place() -> None:
    read = portable.parse_signatories("# three\n11.11.11\n\nA\u00a0–\u00a0B\r\n\\# 1\n", "s.txt")
    assert read == ("11.11.11", "A\u00a0–\u00a0B", "# 1")


def test_a_signatory_that_cannot_be_shown_is_named_with_its_line() -> None:
    with pytest.raises(Invalid, match=r"s\.txt, line 2: holds U\+202E"):
        portable.parse_signatories("A\nB\u202e\n", "s.txt")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "the whole: Invalid JSON"),
        ('{"feed": {"version": 1}}', "feed.updated_at: "),
        ('{"feed": {"version": 1, "updated_at": "2017-01-01T00:00:00"}}', "feed.updated_at: "),
        ('{"colour": "red"}', "colour: "),
    ],
)
def test_a_record_that_was_altered_is_refused(content: str, error: str) -> None:
    with pytest.raises(Invalid, match=rf"site\.json: {error}.*Put the file back"):
        portable.parse_record(content, "site.json", SiteRecord)


def test_a_record_holds_no_character_that_a_text_may_not_hold() -> None:
    moment = datetime(2017, 1, 1, tzinfo=UTC)
    revision = Revision(1, EditClass.SILENT, moment, (Text("en", "a\x07"),))
    written = portable.format_record(UpdateRecord("u1", moment, (revision,)))
    with pytest.raises(Invalid, match=r"u\.json: holds U\+0007"):
        portable.parse_record(written, "u.json", UpdateRecord)


@pytest.mark.parametrize("name", ["a", "2017-12-07-un-mechanism", "501"])
def test_a_key_is_small_letters_digits_and_hyphens(name: str) -> None:
    assert key(name, "key") == name


@pytest.mark.parametrize(
    "name", ["", "A", "a.b", "a_b", "-a", "a--b", "a/b", "..", "letter", "history", "a" * 81, "é"]
)
def test_what_cannot_end_an_address_is_no_key(name: str) -> None:
    with pytest.raises(Invalid, match=r"key: .*Write at most 80 small letters"):
        key(name, "key")


@pytest.mark.parametrize("link", ["en 501", "../x?y", "a" * 41])
def test_a_short_link_is_a_path_that_needs_no_escaping(link: str) -> None:
    content = f'+++\ntitle = "A"\nkind = "statement"\nlanguage = "en"\nshort_link = "{link}"\n+++\n'
    with pytest.raises(Invalid, match=r"campaign\.md, line 5, short_link: .*such as en/501"):
        portable.parse_campaign(content, "campaign.md", "a")


def test_languages_stand_in_the_order_that_is_known_and_then_by_name() -> None:
    order = ["fr", "ar"]
    assert sorted(["de", "ar", "fr", "cs"], key=lambda one: rank(one, order)) == [
        *("fr", "ar", "cs", "de")
    ]
