"""Staff keys are made, listed and taken back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from feedsvc.actions import keys
from feedsvc.domain.tables.staff import AuditLine, Scope, StaffKey
from feedsvc.errors import Conflict, Invalid, NotFound
from tests.world import World

ADMIN = [Scope.ADMIN]


def make(world: World, name: str = "Ann", **limits: Any) -> tuple[StaffKey, str]:
    made: tuple[StaffKey, str] = world.write(
        keys.create_key, name, by="test", now=world.now, **({"scopes": ADMIN} | limits)
    )
    return made


def test_the_database_holds_only_the_hash_of_a_secret(here_and_now: World) -> None:
    key, secret = make(here_and_now)
    stored = here_and_now.read(lambda s: s.exec(select(StaffKey)).one())
    assert stored.secret_hash == keys.hashed(secret)
    assert secret not in str(stored.model_dump())
    assert key.usable(here_and_now.now)


def test_a_secret_cannot_be_guessed(here_and_now: World) -> None:
    secrets = {make(here_and_now, f"key {n}")[1] for n in range(5)}
    assert len(secrets) == 5
    assert all(len(secret.removeprefix(keys.PREFIX)) == 43 for secret in secrets)


def test_a_key_can_end_by_itself(here_and_now: World) -> None:
    key, _ = make(here_and_now, days=7)
    assert not key.usable(here_and_now.now + timedelta(days=7))


def test_revoking_twice_changes_nothing(here_and_now: World) -> None:
    make(here_and_now)
    for _ in range(2):
        here_and_now.write(keys.revoke_key, "Ann", by="test", now=here_and_now.now)
        here_and_now.pass_time(hours=1)
    [(key, _)] = here_and_now.read(keys.list_keys)
    assert key.revoked_at == here_and_now.now - timedelta(hours=2)


def test_making_and_revoking_are_audited(here_and_now: World) -> None:
    make(here_and_now)
    here_and_now.write(keys.revoke_key, "Ann", by="test", now=here_and_now.now)
    lines = here_and_now.read(lambda s: s.exec(select(AuditLine).order_by("id")).all())
    assert [(line.what, line.about) for line in lines] == [
        ("create key", "Ann"),
        ("revoke key", "Ann"),
    ]


def test_a_list_names_the_campaign_of_each_key(here_and_now: World) -> None:
    here_and_now.campaign("river")
    make(here_and_now, "everywhere")
    make(here_and_now, "one", campaign="river")
    found = here_and_now.read(keys.list_keys)
    assert [(key.name, slug) for key, slug in found] == [("everywhere", None), ("one", "river")]


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({"scopes": []}, Invalid),
        ({"days": 0}, Invalid),
        ({"name": "two\nlines"}, Invalid),
        ({"name": ""}, Invalid),
        ({"campaign": "nowhere"}, NotFound),
        ({"name": "taken"}, Conflict),
    ],
)
def test_a_key_that_cannot_be_is_refused(
    here_and_now: World, limits: dict[str, Any], error: type[Exception]
) -> None:
    make(here_and_now, "taken")
    with pytest.raises(error):
        make(here_and_now, **limits)


def test_an_unknown_key_cannot_be_revoked(here_and_now: World) -> None:
    with pytest.raises(NotFound, match="key list"):
        here_and_now.write(keys.revoke_key, "nobody", by="test", now=here_and_now.now)
