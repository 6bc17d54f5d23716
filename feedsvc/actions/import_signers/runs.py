"""How far the import of a file has come: remembered with each chunk, so that it goes on there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from sqlmodel import Session, col, select, update

from feedsvc.domain.importing.people import Person
from feedsvc.domain.tables.content import Campaign, CampaignKind
from feedsvc.domain.tables.doors import ImportRun
from feedsvc.errors import Conflict
from feedsvc.gateways.database import execute, plain
from feedsvc.records import audit, campaigns

WHAT = "import signers"

_ADVANCE = plain(
    """
    UPDATE import_run SET lines = :lines, bytes_read = :place, stored = :stored, counts = :counts,
    refused_bytes = :refused, asked_until = :asked
    WHERE id = :run AND bytes_read = :was AND stored = :were AND started_at = :started
    """
)


@dataclass(frozen=True)
class Run:
    """An import under way; `id` is None where nothing can be remembered."""

    id: int | None
    campaign_id: int
    slug: str
    petition: bool
    lines: int
    place: int
    stored: int
    counts: Counter[str]
    refused_bytes: int
    asked_until: datetime | None
    started_at: datetime


@dataclass(frozen=True)
class Chunk:
    """Some people of a list, what was counted beside them, and how far the list was worked off."""

    people: Sequence[Person]
    beside: Counter[str]
    lines: int
    place: int
    stored: int = 0
    refused_bytes: int = 0


def begin(session: Session, slug: str, file: bytes | None, *, by: str, now: datetime) -> Run:
    """Begin the import of a file, or go on with it; one that was finished begins anew."""
    campaign = campaigns.named(session, slug)
    if file is None:
        audit.note(session, by, WHAT, slug, now, "begun, from standard input")
        return _run(ImportRun(campaign_id=campaign.id or 0, file=b"", started_at=now), campaign)
    mine = select(ImportRun).where(ImportRun.file == file, ImportRun.campaign_id == campaign.id)
    run = session.exec(mine.with_for_update()).first()
    if run is None or run.ended_at is not None:
        audit.note(session, by, WHAT, slug, now, "begun")
        run = _anew(run or ImportRun(file=file, campaign_id=campaign.id or 0, started_at=now), now)
        session.add(run)
        session.flush()
    return _run(run, campaign)


def foresee(session: Session, slug: str, *, now: datetime) -> Run:
    """Begin an import that stores nothing."""
    campaign = campaigns.named(session, slug)
    return _run(ImportRun(campaign_id=campaign.id or 0, file=b"", started_at=now), campaign)


def advance(
    session: Session,
    run: Run,
    chunk: Chunk,
    counts: Mapping[str, int],
    asked_until: datetime | None,
) -> Run:
    """Remember how far it has come; raises Conflict when it has come elsewhere meanwhile."""
    after = replace(
        run,
        lines=chunk.lines,
        place=chunk.place,
        stored=chunk.stored,
        counts=run.counts + Counter(counts),
        refused_bytes=chunk.refused_bytes,
        asked_until=asked_until,
    )
    if run.id is None:
        return after
    values = {
        "lines": after.lines,
        "place": after.place,
        "stored": after.stored,
        "counts": orjson.dumps({str(what): n for what, n in after.counts.items()}).decode(),
        "refused": after.refused_bytes,
        "asked": asked_until,
    }
    here = {"run": run.id, "was": run.place, "were": run.stored, "started": run.started_at}
    if not execute(session, _ADVANCE, **values, **here):
        raise Conflict(
            "This file is being imported by somebody else.",
            remedy="Wait until that is done; then look at what it says.",
        )
    return after


def finish(session: Session, run: Run, *, by: str, now: datetime) -> None:
    """Note that a list has been read to its end."""
    if run.id is not None:
        over = update(ImportRun).where(col(ImportRun.id) == run.id)
        session.execute(over.values(ended_at=now))
    told = ", ".join(f"{what} {number}" for what, number in sorted(run.counts.items()) if number)
    audit.note(session, by, WHAT, run.slug, now, told or "nobody")


def _anew(run: ImportRun, now: datetime) -> ImportRun:
    run.lines = run.bytes_read = run.stored = run.refused_bytes = 0
    run.counts, run.asked_until = {}, None
    run.started_at, run.ended_at = now, None
    return run


def _run(run: ImportRun, campaign: Campaign) -> Run:
    return Run(
        run.id,
        run.campaign_id,
        campaign.slug,
        campaign.kind is CampaignKind.PETITION,
        run.lines,
        run.bytes_read,
        run.stored,
        Counter(run.counts),
        run.refused_bytes,
        run.asked_until,
        run.started_at,
    )
