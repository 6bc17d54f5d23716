"""Rows of people of whom nothing is known, as nearly all are: written at once, and all alike."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from feedsvc.domain.importing.people import Person
from feedsvc.domain.tables.people import Cadence

CADENCES = {cadence: cadence.value for cadence in Cadence}

Written = Callable[[datetime | None], Any]
Row = tuple[Any, ...]


class Here(NamedTuple):
    """What all rows of a chunk have in common; `now` as the database writes it."""

    campaign_id: int
    arrival: int
    now: Any


class Rows(NamedTuple):
    """Rows by their tables."""

    signers: list[Row]
    wishes: list[Row]
    names: list[Row]


def strangers(
    new: Sequence[tuple[int, Person]], hours: tuple[int, int], here: Here, at: Written
) -> Rows:
    """Write the rows of new people, who are confirmed as of now with all that they bring."""
    campaign_id, arrival, now = here
    signers: list[Row] = []
    wishes: list[Row] = []
    names: list[Row] = []
    same = (False, *hours, now, now, now, None, 0)
    for number, (index, address, name, language, zone, domain, common, signed, _, proof) in new:
        tags = (language.sealed, zone.sealed, language.tag, zone.tag, domain)
        signers.append((number, index, address, *tags, *same))
        source, agreed, words = proof or ("", None, "")
        said = (None, None, None, source, words, at(agreed))
        wishes.append((number, campaign_id, CADENCES[common.cadence], now, now, arrival, *said))
        if name is not None:
            when = at(signed) or now
            version = common.letter_version
            names.append((campaign_id, number, index, version, name, when, now, now))
    return Rows(signers, wishes, names)
