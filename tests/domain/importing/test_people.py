"""People of a list are sealed with the newest key, whatever has been sealed before."""

from datetime import UTC, datetime

from feedsvc.domain.importing.people import Person, Sealing
from feedsvc.domain.importing.rows import Reading
from feedsvc.domain.sealing import fresh_keys, with_another

READING = Reading("en", "Europe/London", datetime(2026, 3, 2, tzinfo=UTC))


def person(sealing: Sealing, address: str) -> Person:
    return sealing.person(READING.row({"email": address}))


def test_what_many_have_in_common_is_sealed_once() -> None:
    sealing = Sealing(fresh_keys())
    anna, bea = person(sealing, "anna@example.org"), person(sealing, "bea@example.org")
    assert (anna.language, anna.zone) == (bea.language, bea.zone)


def test_a_key_that_comes_while_a_list_is_read_seals_all_that_follows() -> None:
    keys = with_another(fresh_keys())
    sealing = Sealing(keys)
    person(sealing, "anna@example.org")
    keys.current = 2
    bea = person(sealing, "bea@example.org")
    assert [one[0] for one in (bea.address, bea.language.sealed, bea.zone.sealed)] == [2, 2, 2]
