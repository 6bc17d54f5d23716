"""Look after campaigns."""

from typing import Annotated

import typer

from feedsvc import app
from feedsvc.actions import campaigns
from feedsvc.commands.keys import BY
from feedsvc.commands.opening import ConfigFile, installation


def rename(
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help="What it is called in addresses now.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    config_file: ConfigFile = None,
) -> None:
    """Give a campaign another address. Whoever comes with the old one is sent on, for ever.

    Its entries in the feeds keep their ids. If you keep content as files, rename its folder, too.
    """
    with installation(config_file) as here:
        here.database.write_now(campaigns.rename_campaign, slug, new, by=BY, now=app.utc_now())
        base = here.settings.site.base_url
    typer.echo(f"{base}/c/{new}")
