"""Each content file as text: parsed to the values of `content`, and written from them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from feedsvc.domain import beside, frontmatter, text
from feedsvc.domain.beside import NOWHERE_ELSE, Find, Lying, nowhere
from feedsvc.domain.content import (
    BODY_LIMIT_BYTES,
    DONATE_LIMIT,
    NAME_LIMIT,
    SUMMARY_LIMIT,
    TITLE_LIMIT,
    Addressee,
    CampaignFile,
    CampaignRecord,
    LetterFile,
    LetterText,
    NamedFile,
    SiteRecord,
    Text,
    UpdateFile,
    UpdateRecord,
    donate_url,
    key,
    related,
    short_link,
)
from feedsvc.domain.dates import rfc3339
from feedsvc.domain.frontmatter import FrontMatter
from feedsvc.domain.tables.content import (
    CampaignKind,
    CampaignStatus,
    EditClass,
    Notify,
    UpdateStatus,
)
from feedsvc.errors import Invalid

_COMMENT: Final = "#"
_TEXT_KEYS: Final = ("title", "summary")
_CAMPAIGN_KEYS: Final = (
    *_TEXT_KEYS,
    *("kind", "status", "language", "short_link", "occurred_on", "donate", "related"),
    *("edit_class", "based_on"),
)
_UPDATE_TEXT_KEYS: Final = (*_TEXT_KEYS, "mail_subject", "file")
_UPDATE_KEYS: Final = (
    *_UPDATE_TEXT_KEYS,
    *(
        "language",
        "occurred_on",
        "status",
        "publish_at",
        "notify",
        "edit_class",
        "edit_note",
        "based_on",
    ),
)
_LETTER_TEXT_KEYS: Final = ("salutation", "closing", "addressee")
_LETTER_KEYS: Final = (*_LETTER_TEXT_KEYS, "edit_class", "based_on")

_ADDRESSEE: Final = 'name = "…" and office = "…"'
_SHAPES: Final[dict[type[Any], TypeAdapter[Any]]] = {}
_Record = TypeVar("_Record", SiteRecord, CampaignRecord, UpdateRecord)


def parse_campaign(content: str, file: str, slug: str) -> CampaignFile:
    """Read campaign.md; the texts in other languages are put beside its own by the reader."""
    front = frontmatter.read(content, file)
    front.only(_CAMPAIGN_KEYS)
    link = front.line("short_link", default="")
    donate = front.line("donate", DONATE_LIMIT, default="")
    return CampaignFile(
        slug=key(slug, file),
        kind=front.word("kind", CampaignKind),
        texts=(_text(front, front.language("language")),),
        status=front.word("status", CampaignStatus, CampaignStatus.OPEN),
        short_link=short_link(link, front.at("short_link")) if link else None,
        occurred_on=front.date("occurred_on"),
        donate_url=donate_url(donate, front.at("donate")) if donate else "",
        related=related(front.lines("related"), front.at("related")),
        edit_class=front.word("edit_class", EditClass, EditClass.SILENT),
        based_on=front.integer("based_on"),
    )


def parse_campaign_text(content: str, file: str, language: str) -> Text:
    """Read campaign.ar.md and its like."""
    front = frontmatter.read(content, file)
    front.only(_TEXT_KEYS)
    return _text(front, language)


def format_campaign(campaign: CampaignFile) -> str:
    """Write campaign.md."""
    first = campaign.texts[0]
    values = {
        "title": first.title,
        "summary": first.summary,
        "kind": campaign.kind.value,
        "status": campaign.status.value,
        "language": first.language,
        "short_link": campaign.short_link,
        "occurred_on": str(campaign.occurred_on or ""),
        "donate": campaign.donate_url,
        "related": list(campaign.related) or None,
        "edit_class": _unless(campaign.edit_class, EditClass.SILENT),
        "based_on": campaign.based_on,
    }
    return frontmatter.write(values, first.body)


def parse_update(
    content: str, file: str, name: str, language: str, find: Find = nowhere
) -> UpdateFile:
    """Read <key>.md; `language` is the campaign's, which it is in unless it says otherwise."""
    front = frontmatter.read(content, file)
    front.only(_UPDATE_KEYS)
    update = UpdateFile(
        key=key(name, file),
        texts=(_update_text(front, front.language("language", language), find),),
        status=front.word("status", UpdateStatus, UpdateStatus.PUBLISHED),
        notify=front.word("notify", Notify, Notify.NONE),
        occurred_on=front.date("occurred_on"),
        publish_at=front.instant("publish_at"),
        edit_class=front.word("edit_class", EditClass, EditClass.SILENT),
        edit_note=front.line("edit_note", SUMMARY_LIMIT, default=""),
        based_on=front.integer("based_on"),
    )
    if update.status is UpdateStatus.SCHEDULED and update.publish_at is None:
        raise front.fault(
            "publish_at",
            "is missing: a scheduled update needs it.",
            'Write publish_at = "2026-12-07T09:00:00Z", say, or status = "draft".',
        )
    return update


def parse_update_text(
    content: str,
    file: str,
    language: str,
    find: Find = nowhere,
    otherwise: tuple[NamedFile, ...] = (),
) -> Text:
    """Read <key>.ar.md and its like; a text that says nothing of files has the first text's."""
    front = frontmatter.read(content, file)
    front.only(_UPDATE_TEXT_KEYS)
    text = _update_text(front, language, find)
    return text if "file" in front.values else replace(text, files=otherwise)


def format_update(update: UpdateFile, lying: Lying = NOWHERE_ELSE) -> str:
    """Write <key>.md."""
    first = update.texts[0]
    values = {
        "title": first.title,
        "summary": first.summary,
        "mail_subject": first.mail_subject,
        "language": first.language,
        "occurred_on": str(update.occurred_on or ""),
        "status": _unless(update.status, UpdateStatus.PUBLISHED),
        "publish_at": rfc3339(update.publish_at) if update.publish_at else None,
        "notify": update.notify.value,
        "edit_class": _unless(update.edit_class, EditClass.SILENT),
        "based_on": update.based_on,
        "file": beside.tables(first.files, lying) or None,
    }
    return frontmatter.write(values, first.body)


def format_text(words: Text, first: Text | None = None, lying: Lying = NOWHERE_ELSE) -> str:
    """Write campaign.ar.md, <key>.ar.md and their like; the first text's files need no saying."""
    others = first is not None and words.files != first.files
    values = {
        "title": words.title,
        "summary": words.summary,
        "mail_subject": words.mail_subject,
        "file": beside.tables(words.files, lying) if others else None,
    }
    return frontmatter.write(values, words.body)


def parse_letter(content: str, file: str, language: str) -> LetterFile:
    """Read letter.md, which is in the campaign's language."""
    front = frontmatter.read(content, file)
    front.only(_LETTER_KEYS)
    return LetterFile(
        texts=(_letter_text(front, language),),
        edit_class=front.word("edit_class", EditClass, EditClass.SILENT),
        based_on=front.integer("based_on"),
    )


def parse_letter_text(content: str, file: str, language: str) -> LetterText:
    """Read letter.ar.md and its like."""
    front = frontmatter.read(content, file)
    front.only(_LETTER_TEXT_KEYS)
    return _letter_text(front, language)


def format_letter(letter: LetterFile) -> str:
    """Write letter.md."""
    first = letter.texts[0]
    return frontmatter.write(
        {
            "edit_class": _unless(letter.edit_class, EditClass.SILENT),
            "based_on": letter.based_on,
            **_letter_values(first),
        },
        first.body,
    )


def format_letter_text(letter: LetterText) -> str:
    """Write letter.ar.md and its like."""
    return frontmatter.write(_letter_values(letter), letter.body)


def parse_signatories(content: str, file: str) -> tuple[str, ...]:
    """Read signatories.txt: a name a line, in order, verbatim; `# ` begins a comment."""
    whole = content.removeprefix("\ufeff").replace("\r\n", "\n")
    return tuple(
        text.line(row.removeprefix("\\"), f"{file}, line {number}", NAME_LIMIT)
        for number, row in enumerate(whole.split("\n"), start=1)
        if row.strip() and not row.startswith(_COMMENT)
    )


def format_signatories(names: Iterable[str]) -> str:
    """Write signatories.txt; a name that looks like a comment gets a backslash in front."""
    return "".join(f"\\{name}\n" if name[0] in f"{_COMMENT}\\" else f"{name}\n" for name in names)


def parse_record(content: str, file: str, kind: type[_Record]) -> _Record:
    """Read a file of the history folder."""
    try:
        record: _Record = _shape(kind).validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise Invalid(
            file,
            f"{place}: {first['msg']}.",
            remedy="Put the file back as `feedsvc dump` wrote it, or remove it to start afresh.",
        ) from error
    _refuse_unclean(content, file)
    return record


def format_record(record: SiteRecord | CampaignRecord | UpdateRecord) -> str:
    """Write a file of the history folder."""
    return _shape(type(record)).dump_json(record, indent=2, exclude_none=True).decode() + "\n"


def _shape(kind: type[Any]) -> TypeAdapter[Any]:
    """Return what reads and writes a kind of record; to make one takes longer than to use it."""
    if kind not in _SHAPES:
        _SHAPES[kind] = TypeAdapter(kind)
    return _SHAPES[kind]


def _refuse_unclean(content: str, file: str) -> None:
    """Refuse in a record, escaped or not, the characters that no text may hold."""
    strings = [json.loads(content)]
    while strings:
        value = strings.pop()
        if isinstance(value, dict | list):
            strings.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, str) and value:
            text.prose(value, file, BODY_LIMIT_BYTES)


def _text(front: FrontMatter, language: str) -> Text:
    return Text(
        language=language,
        title=front.line("title", TITLE_LIMIT),
        body=text.prose(front.body, f"{front.file}, text", BODY_LIMIT_BYTES) if front.body else "",
        summary=front.line("summary", SUMMARY_LIMIT, default=""),
        mail_subject=front.line("mail_subject", TITLE_LIMIT, default=""),
    )


def _update_text(front: FrontMatter, language: str, find: Find) -> Text:
    if not front.body:
        raise Invalid(f"{front.file}, text", "is empty.", remedy="Write it below the second +++.")
    return replace(_text(front, language), files=beside.named(front, find))


def _letter_text(front: FrontMatter, language: str) -> LetterText:
    return LetterText(
        language=language,
        addressees=tuple(_addressees(front)),
        body=text.prose(front.body, f"{front.file}, text", BODY_LIMIT_BYTES),
        salutation=front.line("salutation", default=""),
        closing=front.prose("closing", BODY_LIMIT_BYTES, default=""),
    )


def _addressees(front: FrontMatter) -> Iterable[Addressee]:
    tables = front.tables("addressee", _ADDRESSEE)
    if not tables:
        raise front.fault("addressee", "is missing.", f"Add [[addressee]], then {_ADDRESSEE}.")
    for one in tables:
        one.only(("name", "office"))
        yield Addressee(one.line("name", NAME_LIMIT), one.line("office", NAME_LIMIT, default=""))


def _letter_values(letter: LetterText) -> dict[str, object]:
    return {
        "salutation": letter.salutation,
        "closing": letter.closing,
        "addressee": [
            {"name": one.name, "office": one.office} if one.office else {"name": one.name}
            for one in letter.addressees
        ],
    }


def _unless(word: str, usual: str) -> str | None:
    return None if word == usual else str(word)
