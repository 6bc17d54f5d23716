"""Content as a folder of files, and the folders that ship with the service."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import feedsvc
from feedsvc.domain import languages, portable
from feedsvc.domain.beside import Lying
from feedsvc.domain.content import (
    CampaignFile,
    CampaignRecord,
    Folder,
    LetterFile,
    LetterText,
    Site,
    SiteRecord,
    Text,
    UpdateFile,
    UpdateRecord,
    rank,
)
from feedsvc.domain.frontmatter import FILE_LIMIT_BYTES
from feedsvc.errors import Conflict, Invalid, Misconfigured, NotFound
from feedsvc.gateways import beside
from feedsvc.gateways.beside import Beside, Fetch

CAMPAIGN: Final = "campaign"
LETTER: Final = "letter"
SIGNATORIES: Final = "signatories.txt"
HISTORY: Final = "history"
_HISTORY_LIMIT_BYTES: Final = 50_000_000

_Words = TypeVar("_Words", Text, LetterText)


def shipped(name: str) -> Path:
    """Find `updates`, `templates` or `config.toml`, in a checkout or in an installed wheel."""
    package = Path(feedsvc.__file__).resolve().parent
    checkout = package.parent
    places = [package / "_share" / name]
    if (checkout / "pyproject.toml").is_file():
        places.insert(0, checkout / name)
    for place in places:
        if place.exists():
            return place
    raise Misconfigured(
        f"{name} is missing from the installation.", remedy="Install feedsvc again."
    )


def read(folder: Path) -> Site:
    """Read every campaign of a folder; an error names the file, and the line where there is one."""
    if not folder.is_dir():
        raise NotFound(
            f"There is no folder {folder}.",
            remedy="Name the folder that holds the campaigns' folders, such as updates/.",
        )
    slugs = sorted(one.name for one in folder.iterdir() if one.is_dir() and _campaign(one.name))
    if not slugs:
        raise Invalid(
            str(folder),
            "holds no folder of a campaign.",
            remedy="Name the folder that holds the campaigns' folders, such as updates/.",
        )
    return Site(
        folders=tuple(_folder(folder, slug) for slug in slugs),
        record=_record(folder, f"{HISTORY}/site.json", SiteRecord),
    )


def refuse_full(folder: Path) -> None:
    """Refuse to write where anything is: a dump must not mix with another."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} is not an empty folder.", remedy="Name an empty or a new one.")


def write(folder: Path, site: Site, fetch: Fetch = beside.nothing) -> None:
    """Write every campaign to a folder that is empty or not there yet; each file in one step.

    `fetch` gives what the files beside the updates hold, one after the other.
    """
    refuse_full(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Conflict(
            f"{folder} cannot be made ({error.strerror}).", remedy="Name another folder."
        ) from error
    if site.record:
        _put(folder, f"{HISTORY}/site.json", portable.format_record(site.record).encode())
    for one in site.folders:
        for name, text in _contents(one):
            _put(folder, f"{one.campaign.slug}/{name}", text.encode())
        for name, content in beside.written(one, fetch):
            _put(folder, f"{one.campaign.slug}/{name}", content)


def _campaign(name: str) -> bool:
    return name != HISTORY and not name.startswith((".", "_"))


def _folder(root: Path, slug: str) -> Folder:
    names = _names(root, slug)
    if CAMPAIGN not in names:
        raise Invalid(
            f"{slug}/", "holds no campaign.md.", remedy="Write one, or remove the folder."
        )
    _refuse_orphans(root, slug, names)
    record = _record(root, f"{slug}/{HISTORY}/{CAMPAIGN}.json", CampaignRecord)
    campaign = _campaign_file(root, slug, names.pop(CAMPAIGN), record)
    letter, files = names.pop(LETTER, None), Beside(root, slug)
    updates = tuple(
        _update(root, slug, key, others, campaign.language, files)
        for key, others in sorted(names.items())
    )
    files.refuse_unnamed(known={SIGNATORIES, HISTORY})
    return Folder(
        campaign=campaign,
        letter=_letter(root, slug, letter, campaign, record) if letter is not None else None,
        signatories=_signatories(root, slug),
        updates=updates,
        record=record,
        contents=files.contents,
    )


def _names(root: Path, slug: str) -> dict[str, list[str]]:
    """Return the stems of a campaign's Markdown files, each with the other languages it is in."""
    first: list[str] = []
    others: list[tuple[str, str]] = []
    for path in sorted((root / slug).iterdir()):
        stem, _, language = path.name.removesuffix(".md").partition(".")
        if path.name.startswith(".") or not path.name.endswith(".md") or not path.is_file():
            continue
        if language:
            others.append((stem, _language(slug, path.name, language)))
        else:
            first.append(stem)
    for stem, language in others:
        if stem not in first:
            raise Invalid(
                f"{slug}/{stem}.{language}.md",
                f"stands alone: there is no {stem}.md.",
                remedy="Rename it, and write its language in the front matter.",
            )
    return {stem: [language for one, language in others if one == stem] for stem in first}


def _refuse_orphans(root: Path, slug: str, names: Collection[str]) -> None:
    """Refuse a record whose text is gone: an update is withdrawn, not deleted."""
    for path in sorted((root / slug / HISTORY).glob("*.json")):
        if path.stem not in names:
            raise Invalid(
                f"{slug}/{HISTORY}/{path.name}",
                f"stands alone: there is no {path.stem}.md.",
                remedy='Put that file back; to take an update back, write status = "withdrawn" in it.',
            )


def _language(slug: str, name: str, language: str) -> str:
    code = languages.code(language, f"{slug}/{name}")
    if code != language:
        raise Invalid(f"{slug}/{name}", "spells its language oddly.", remedy=f"Write .{code}.md.")
    return code


def _campaign_file(
    root: Path, slug: str, others: list[str], record: CampaignRecord | None
) -> CampaignFile:
    file = f"{slug}/{CAMPAIGN}.md"
    campaign = portable.parse_campaign(_read(root, file), file, slug)
    texts = _texts(root, f"{slug}/{CAMPAIGN}", others, portable.parse_campaign_text)
    order = record.languages if record else ()
    return replace(campaign, texts=_ordered(campaign.texts[0], texts, order, file))


def _letter(
    root: Path, slug: str, others: list[str], campaign: CampaignFile, record: CampaignRecord | None
) -> LetterFile:
    file = f"{slug}/{LETTER}.md"
    letter = portable.parse_letter(_read(root, file), file, campaign.language)
    texts = _texts(root, f"{slug}/{LETTER}", others, portable.parse_letter_text)
    newest = record.letters[-1].texts if record and record.letters else ()
    order = [text.language for text in newest]
    return replace(letter, texts=_ordered(letter.texts[0], texts, order, file))


def _update(
    root: Path, slug: str, key: str, others: list[str], language: str, files: Beside
) -> UpdateFile:
    file = f"{slug}/{key}.md"
    update = portable.parse_update(_read(root, file), file, key, language, files.find)
    parse = partial(portable.parse_update_text, find=files.find, otherwise=update.texts[0].files)
    texts = _texts(root, f"{slug}/{key}", others, parse)
    record = _record(root, f"{slug}/{HISTORY}/{key}.json", UpdateRecord)
    files.remember(record.revisions if record else ())
    newest = record.revisions[-1].texts if record and record.revisions else ()
    order = [text.language for text in newest]
    return replace(update, texts=_ordered(update.texts[0], texts, order, file), record=record)


def _texts(
    root: Path, stem: str, others: list[str], parse: Callable[[str, str, str], _Words]
) -> list[_Words]:
    return [
        parse(_read(root, f"{stem}.{language}.md"), f"{stem}.{language}.md", language)
        for language in others
    ]


def _ordered(
    first: _Words, others: list[_Words], order: Iterable[str], file: str
) -> tuple[_Words, ...]:
    if first.language in {text.language for text in others}:
        raise Invalid(
            file,
            f"is in the language {first.language!r}, and so is another file.",
            remedy="Remove one of the two.",
        )
    ranks = tuple(order)

    def place(text: _Words) -> tuple[int, str]:
        return rank(text.language, ranks)

    texts = [first]
    texts.extend(sorted(others, key=place))
    return tuple(texts)


def _signatories(root: Path, slug: str) -> tuple[str, ...]:
    file = f"{slug}/{SIGNATORIES}"
    return portable.parse_signatories(_read(root, file), file) if (root / file).exists() else ()


_Record = TypeVar("_Record", SiteRecord, CampaignRecord, UpdateRecord)


def _record(root: Path, file: str, kind: type[_Record]) -> _Record | None:
    if not (root / file).exists():
        return None
    return portable.parse_record(_read(root, file, _HISTORY_LIMIT_BYTES), file, kind)


def _read(root: Path, file: str, limit: int = FILE_LIMIT_BYTES) -> str:
    path = root / file
    if path.stat().st_size > limit:
        raise Invalid(file, f"has more than {limit} bytes.", remedy="Shorten or split it.")
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"{file}, line {number}", "is not UTF-8.", remedy="Save the file in UTF-8."
        ) from error


def _contents(one: Folder) -> Iterator[tuple[str, str]]:
    yield f"{CAMPAIGN}.md", portable.format_campaign(one.campaign)
    for text in one.campaign.texts[1:]:
        yield f"{CAMPAIGN}.{text.language}.md", portable.format_text(text)
    if one.letter:
        yield f"{LETTER}.md", portable.format_letter(one.letter)
        for letter in one.letter.texts[1:]:
            yield f"{LETTER}.{letter.language}.md", portable.format_letter_text(letter)
    if one.signatories:
        yield SIGNATORIES, portable.format_signatories(one.signatories)
    if one.record:
        yield f"{HISTORY}/{CAMPAIGN}.json", portable.format_record(one.record)
    lying = beside.lying(one)
    for update in one.updates:
        yield from _update_contents(update, lying)


def _update_contents(update: UpdateFile, lying: Lying) -> Iterator[tuple[str, str]]:
    yield f"{update.key}.md", portable.format_update(update, lying)
    for text in update.texts[1:]:
        words = portable.format_text(text, update.texts[0], lying)
        yield f"{update.key}.{text.language}.md", words
    if update.record:
        yield f"{HISTORY}/{update.key}.json", portable.format_record(update.record)


def _put(root: Path, file: str, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
