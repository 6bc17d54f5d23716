"""An import looks people up one by one: a chunk costs the same in a campaign of any size."""

from pathlib import Path

import pytest
from sqlalchemy import text

from feedsvc.actions.import_signers import known
from feedsvc.gateways.database import Plain
from tests.world import world

LOOKS = {name: value for name, value in vars(known).items() if isinstance(value, Plain)}


@pytest.mark.parametrize("name", LOOKS)
def test_nothing_looks_through_a_whole_campaign(sqlite_url: str, tmp_path: Path, name: str) -> None:
    look = text("EXPLAIN QUERY PLAN " + LOOKS[name].sqlite % ", ".join(["NULL"] * 400))
    with world(sqlite_url, tmp_path) as here:
        plan = here.read(lambda session: session.execute(look, {"campaign": 1}).all())
    steps = " ".join(step for *_, step in plan)
    assert "SEARCH" in steps
    assert "SCAN" not in steps
    assert "(campaign_id=?)" not in steps
