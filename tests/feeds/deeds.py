"""What staff do to an update that is published, through the actions that do it."""

from typing import Any

from feedsvc.actions import revise
from feedsvc.domain.content import Text
from feedsvc.domain.tables.content import EditClass, Update
from tests.world import World


def revised(world: World, update: Update, to: EditClass, **fields: Any) -> Update:
    """Give an update another text, an hour later."""
    world.pass_time(hours=1)
    values = {"title": "Another title", "body": "Other words."} | fields
    notes = {"en": "80, not 70."} if to is EditClass.CORRECTION else {}
    made = world.write(
        revise.revise,
        update.uid,
        (Text("en", **values),),
        edit_class=to,
        based_on=update.revision,
        site=world.here.settings.site,
        by="test",
        now=world.now,
        notes=notes,
    )
    assert isinstance(made, Update)
    return made


def withdrawn(world: World, update: Update, **notes: str) -> None:
    """Take an update back, an hour later."""
    world.pass_time(hours=1)
    site = world.here.settings.site
    world.write(revise.withdraw, update.uid, site=site, by="test", now=world.now, notes=notes)
