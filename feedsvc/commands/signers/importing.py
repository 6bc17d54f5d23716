"""Take a list of signers in: `feedsvc signers import`."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy.exc import IntegrityError

from feedsvc import __version__, app
from feedsvc.actions import import_signers as importing
from feedsvc.actions.import_signers import Chunk, Run, Verdict
from feedsvc.commands.keys import BY
from feedsvc.commands.opening import ConfigFile, installation, interrupted
from feedsvc.commands.signers import files
from feedsvc.commands.signers.apart import AGAIN, LONG, Listing, go_on, read_apart
from feedsvc.commands.signers.chunks import Part
from feedsvc.domain.importing import columns, moments
from feedsvc.domain.importing.moments import Order
from feedsvc.domain.importing.rows import Reading
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.lists import records
from feedsvc.gateways.lists.records import Form, Source
from feedsvc.gateways.lists.refused import Refused

TRIES = 5
HOUR = timedelta(hours=1)
TURN = 0.002
"""Seconds between two chunks, in which others write who wait."""

NAMES = {"name", "first_name", "last_name"}

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON; - for standard input.")]
Campaign = Annotated[
    str, typer.Option(metavar="SLUG", help="The campaign that they signed or follow.")
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar='"COLUMN=FIELD"',
        help="What a column is, when its name does not tell; without FIELD it is passed over.",
    ),
]
Source_ = Annotated[
    str, typer.Option(metavar="TEXT", help="Where all of them agreed to mail, such as a form.")
]
Date = Annotated[str, typer.Option(metavar="DATE", help="When all of them agreed to mail.")]
Words = Annotated[str, typer.Option(metavar="TEXT", help="The words that they agreed to.")]
Pace = Annotated[int, typer.Option(min=1, help="How many are asked to confirm in an hour.")]
Format = Annotated[Form | None, typer.Option("--format", help="When the ending does not tell.")]
DateOrder = Annotated[
    Order | None, typer.Option(help="Which number of 03/04/2017 is the day; refused without.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; store nothing.")]


def import_signers(
    file: File,
    campaign: Campaign,
    form: Format = None,
    map_: Map = None,
    *,
    consent_source: Source_ = "",
    consent_date: Date = "",
    consent_text: Words = "",
    date_order: DateOrder = None,
    ask_per_hour: Pace = 500,
    dry_run: DryRun = False,
    config_file: ConfigFile = None,
) -> None:
    """Take a list of signers in, from CSV or NDJSON.

    A row with a consent source and a consent date (in columns, or for all by --consent-source and
    --consent-date) is confirmed as of now. Any other is asked to confirm, so many in an hour.

    Whoever has left stays away, unless their consent is newer. Suppressed addresses stay suppressed;
    who was erased, or asked never to be written to, is kept out.

    Somebody who is there already, or twice in the list, is merged: an open subscription keeps its
    cadence, language and confirmation; one that waits for a yes is confirmed by a row with consent;
    a name fills an empty name. Where nothing of this is to be done it is unchanged.

    Refused lines go to FILE.refused.csv, to be mended and imported again. An import that was
    interrupted goes on where it was when it is run again with the same options.
    """
    now = app.utc_now()
    if consent_date:
        moments.past(consent_date, "--consent-date", date_order, now)
    form, told = files.form_of(file, form), columns.told(map_ or ())
    consent = (consent_source, consent_date, consent_text)
    with interrupted(AGAIN), installation(config_file) as here, files.opened(file) as stream:
        said = (form, sorted(told.items()), consent, date_order, __version__)
        known = files.digest(here.keys, stream, *said)
        source = records.read(stream, form, told)
        site = here.settings.site
        run = _begun(here, campaign, None if dry_run else known, dry_run=dry_run)
        place = (site.default_language, site.time_zone, run.started_at)  # it reads the same again
        reading = Reading(*place, run.petition, date_order, *consent)
        _tell_columns(source, reading)
        begins = (run.lines, run.place, run.stored)
        keys = here.settings.keys.file
        listing = Listing(file, form, told, reading, keys, campaign, begins)
        if any(begins):
            done = _rows(run.counts.total())
            typer.echo(f"Going on after {done}, where it was interrupted.", err=True)
        refused = Refused(
            files.refused(file, dry_run=dry_run), source.columns.header, run.refused_bytes
        )
        gap = HOUR / ask_per_hour
        take = _foretelling(here) if dry_run else partial(_take, here, gap)
        begun, before = time.monotonic(), run.counts.total()
        gc.freeze()  # what is there by now stays: nobody need look through it again and again
        with closing(refused), _read(listing, source, files.size(stream)) as parts:
            run = _all(run, _chunks(parts, refused), take, files.size(stream))
        if not dry_run:
            here.database.write_now(importing.finish, run, by=BY, now=app.utc_now())
    _tell(run, run.counts.total() - before, time.monotonic() - begun, dry_run=dry_run)
    if run.counts[Verdict.REFUSED]:
        typer.echo(f"Refused lines are in {refused.path}, each with its reason.")


def _begun(here: Installation, campaign: str, known: bytes | None, *, dry_run: bool) -> Run:
    now = app.utc_now()
    if dry_run:
        return here.database.read_now(importing.foresee, campaign, now=now)
    return here.database.write_now(importing.begin, campaign, known, by=BY, now=now)


@contextmanager
def _read(listing: Listing, source: Source, size: int | None) -> Iterator[Iterator[Part]]:
    """Read the list: a long one by another process, meanwhile."""
    if size is not None and size - listing.begins[1] >= LONG:
        with read_apart(listing) as parts:
            yield parts
    else:
        go_on(source, listing.begins)
        yield listing.parts(source)


def _chunks(parts: Iterator[Part], refused: Refused) -> Iterator[Chunk]:
    """Give out what was read. Refused lines of a chunk are durable before."""
    for part in parts:
        size = refused.add(part.refused)
        yield Chunk(part.people, part.beside, part.lines, part.place, part.stored, size)
        refused.size = size


def _take(here: Installation, gap: timedelta, run: Run, chunk: Chunk) -> Run:
    """Take a chunk in; when somebody signs up at this very moment, again."""
    digest = here.settings.digest
    for _ in range(TRIES):
        try:
            taken = here.database.write_now(
                importing.take, run, chunk, digest=digest, gap=gap, now=app.utc_now()
            )
        except IntegrityError:
            continue
        time.sleep(TURN)
        return taken
    raise Unavailable("The same people are signing up again and again.", remedy="Try again.")


def _foretelling(here: Installation) -> Callable[[Run, Chunk], Run]:
    seen: set[bytes] = set()
    return lambda run, chunk: here.database.read_now(
        importing.foretell, run, chunk, seen, now=app.utc_now()
    )


def _all(
    run: Run, parts: Iterator[Chunk], take: Callable[[Run, Chunk], Run], size: int | None
) -> Run:
    """Take chunk after chunk in, with a bar."""
    with _bar(size) as show:
        for chunk in parts:
            run = take(run, chunk)
            show(run)
    return run


@contextmanager
def _bar(size: int | None) -> Iterator[Callable[[Run], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("importing", total=size)
        yield lambda run: bars.update(
            task, completed=run.place, description=_rows(run.counts.total())
        )


def _tell_columns(source: Source, reading: Reading) -> None:
    """Say what was made of the header, and when everybody will be asked because of it."""
    found = source.columns
    taken = (f"{found.header[place]} is {field}" for field, place in found.places.items())
    typer.echo(f"Columns: {', '.join(taken)}.", err=True)
    if found.passed_over:
        typer.echo(f"Passed over: {', '.join(found.passed_over)}.", err=True)
    if not reading.names and found.places.keys() & NAMES:
        typer.echo("A statement is signed by organisations: names are not kept.", err=True)
    proof = [
        name
        for name, said in (
            ("source", "consent_source" in found.places or reading.consent_source),
            ("date", "consent_date" in found.places or reading.consent_date),
        )
        if not said
    ]
    if proof:
        typer.echo(
            f"There is no consent {' and no consent '.join(proof)}, so everybody is asked to "
            "confirm; see --consent-source and --consent-date.",
            err=True,
        )


def _tell(run: Run, rows: int, seconds: float, *, dry_run: bool) -> None:
    """Say what became of the rows."""
    counts: Counter[str] = run.counts
    would = (
        "would be stored; nothing was" if dry_run else f"{rows / max(seconds, 1e-3):,.0f} a second"
    )
    typer.echo(f"{run.slug}: {_rows(counts.total())} ({would})")
    for verdict in Verdict:
        if counts[verdict] or verdict in {Verdict.ADDED, Verdict.ASKED, Verdict.MERGED}:
            typer.echo(f"  {counts[verdict]:>12,}  {verdict}")


def _rows(number: int) -> str:
    return f"{number:,} row" + ("" if number == 1 else "s")
