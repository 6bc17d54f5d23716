"""Steer a mailing: pause it, let it go on, cancel it."""

from collections.abc import Callable
from typing import Annotated

import typer

from feedsvc import app
from feedsvc.actions import steer
from feedsvc.commands.books import in_words
from feedsvc.commands.keys import BY
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.records.books import books

UpdateId = Annotated[
    str, typer.Argument(metavar="UPDATE", help="The id of the update; `feedsvc books` lists them.")
]


def pause(update: UpdateId, config_file: ConfigFile = None) -> None:
    """Pause the mailing of an update. No mail of it starts any more, until it is resumed."""
    typer.echo(_steered(update, steer.pause, config_file))


def resume(update: UpdateId, config_file: ConfigFile = None) -> None:
    """Let a mailing go on that was paused or has halted, and try again what was held.

    One that has halted begins with a small share again.
    """
    typer.echo(_steered(update, steer.resume, config_file))


def cancel(
    update: UpdateId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Cancel the mailing of an update: who was not sent it will not be. There is no way back."""
    if not yes and (waiting := _waiting(update, config_file)):
        question = f"{waiting} people wait for this mail and will not get it. Cancel for good?"
        typer.confirm(question, abort=True, err=True)
    typer.echo(_steered(update, steer.cancel, config_file))


def _waiting(update: str, config_file: ConfigFile) -> int:
    """Count who is still to be mailed; nobody: there is nothing to ask about."""
    with installation(config_file) as here:
        found = here.database.read_now(books, update)
    return sum(sum(one.in_hand.values()) for one in found)


def _steered(update: str, order: Callable[..., None], config_file: ConfigFile) -> str:
    with installation(config_file) as here:
        now = app.utc_now()
        here.database.write_now(order, update, by=BY, now=now)
        found = here.database.read_now(books, update, now=now)
    return "\n".join(map(in_words, found))
