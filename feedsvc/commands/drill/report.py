"""The promises of the README beside what the drill found."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from feedsvc.commands.drill.exercise import KILL, OUTAGE, SIGTERM
from feedsvc.commands.drill.rehearsal import Findings

RETURN_SECONDS = 5.0
EXIT_SECONDS = 35.0


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, what was found, and whether it was kept."""

    about: str
    found: str
    promised: str
    kept: bool


def promises(found: Findings) -> list[Promise]:
    """Hold what was found against what is promised."""
    return [*_kills(found), *_sigterms(found), *_outage(found), *_end(found)]


def table(found: Findings) -> Table:
    """Lay the promises out."""
    made = Table("", "found", "promised", "", title=_title(found), title_justify="left")
    for one in promises(found):
        colour, word = ("green", "ok") if one.kept else ("bold red", "BROKEN")
        made.add_row(one.about, one.found, one.promised, f"[{colour}]{word}[/{colour}]")
    return made


def _title(found: Findings) -> str:
    orders = found.orders
    kind = "SQLite, one worker" if orders.workers == 1 else "PostgreSQL, two workers"
    return (
        f"{orders.signers:,} signers, {orders.connections} connections, {kind}, seed {orders.seed}"
    )


def _kills(found: Findings) -> Iterator[Promise]:
    verdict, orders = found.verdict, found.orders
    allowed = orders.connections * found.kills
    repeats, most = verdict.repeats[KILL], verdict.most_at_once.get(KILL, 0)
    each = f" ({repeats / found.kills:.1f} a kill, {most} at most)" if found.kills else ""
    slowest = max(found.returns, default=0.0)
    yield Promise("kills", f"{found.kills}", f"{orders.kills} asked for", _all_made(found))
    yield Promise("lost", f"{verdict.lost}", "0", verdict.lost == 0)
    yield Promise(
        "repeats by kills",
        f"{repeats}{each}",
        f"≤ {allowed}, {orders.connections} a kill",
        repeats <= allowed and most <= orders.connections,
    )
    yield Promise(
        "most copies of a mail",
        f"{verdict.most_copies}",
        "1 + its crashes",
        verdict.unexcused == 0,
    )
    yield Promise("copies that differ", f"{verdict.changed}", "0", verdict.changed == 0)
    yield Promise("strangers mailed", f"{verdict.strangers}", "0", verdict.strangers == 0)
    yield Promise(
        "next mail on restart", _seconds(slowest), f"≤ {RETURN_SECONDS:.0f} s", _prompt(found)
    )


def _sigterms(found: Findings) -> Iterator[Promise]:
    repeats, slowest = found.verdict.repeats[SIGTERM], max(found.exits, default=0.0)
    yield Promise(f"repeats by {found.sigterms} SIGTERMs", f"{repeats}", "0", repeats == 0)
    yield Promise(
        "exit after SIGTERM",
        f"{_seconds(slowest)}, code {', '.join(map(str, sorted(found.codes)))}",
        f"≤ {EXIT_SECONDS:.0f} s, code 0",
        slowest <= EXIT_SECONDS and found.codes <= {0},
    )


def _outage(found: Findings) -> Iterator[Promise]:
    orders = found.orders
    repeats, allowed = found.verdict.repeats[OUTAGE], orders.connections * orders.workers
    if orders.outages:
        yield Promise(
            "repeats by an outage",
            f"{repeats}",
            f"≤ {allowed}",
            repeats <= allowed * orders.outages,
        )


def _end(found: Findings) -> Iterator[Promise]:
    books = found.books
    parts = {
        "sent": books.sent,
        "in hand": sum(books.in_hand.values()),
        "refused": sum(books.refused.values()),
        "unknown": books.unknown,
        "withheld": sum(books.withheld.values()),
    }
    words = " + ".join(f"{name} {number}" for name, number in parts.items() if number)
    yield Promise(
        "books",
        f"eligible {books.eligible} = {words or 0}",
        "balanced, 0 refused",
        _balanced(found) and found.settled and not (parts["in hand"] or parts["refused"]),
    )


def _all_made(found: Findings) -> bool:
    return (found.kills, found.sigterms) == (found.orders.kills, found.orders.sigterms)


def _prompt(found: Findings) -> bool:
    """Whether every start was followed by a mail, in time."""
    starts = found.kills + found.sigterms
    return len(found.returns) == starts and max(found.returns, default=0.0) <= RETURN_SECONDS


def _balanced(found: Findings) -> bool:
    return found.books.balanced and found.books.eligible == found.orders.signers


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s at most"
