"""The files beside updates as feeds and pages show them."""

from collections.abc import Collection, Iterable, Mapping

from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.feeds import Enclosure
from feedsvc.domain.tables.content import RevisionText, StoredFile
from feedsvc.records import addresses

Enclosures = Mapping[tuple[int, str], tuple[Enclosure, ...]]
"""The files of texts, by revision and language."""


def of_texts(session: Session, site: Site, texts: Iterable[RevisionText]) -> Enclosures:
    """Return the files of each text in their order, titled in words; one that is gone is left out."""
    texts = list(texts)
    known = _described(session, {one["digest"] for text in texts for one in text.files})
    return {
        (text.revision_id, text.language): tuple(
            _enclosure(site, one, *known[one["digest"]])
            for one in text.files
            if one["digest"] in known
        )
        for text in texts
    }


def image(files: Iterable[Enclosure]) -> str:
    """Return the address of the first image among them, or nothing."""
    return next((one.url for one in files if one.media_type.startswith("image/")), "")


def _described(session: Session, digests: Collection[str]) -> dict[str, tuple[str, int]]:
    """Look up media type and length of files; what they hold stays where it is."""
    if not digests:
        return {}
    rows = select(StoredFile.digest, StoredFile.media_type, StoredFile.length)
    found = session.exec(rows.where(col(StoredFile.digest).in_(digests))).all()
    return {digest: (media_type, length) for digest, media_type, length in found}


def _enclosure(site: Site, file: dict[str, str], media_type: str, length: int) -> Enclosure:
    return Enclosure(
        url=addresses.file(site, file["digest"], file["name"]),
        media_type=media_type,
        length=length,
        title=file["text"],
    )
