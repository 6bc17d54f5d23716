"""The schema and its history: Alembic, run from the program, never by hand."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

FOLDER = Path(__file__).parent


def upgrade(engine: Engine) -> None:
    """Bring the schema up to date; one that is up to date is left alone."""
    with engine.begin() as connection:
        command.upgrade(configuration(connection=connection), "head")


def revision(engine: Engine) -> str | None:
    """The revision that the database is at; None: it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that this program wants."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    if head is None:
        raise RuntimeError("The package holds no migrations.")
    return head


def empty(engine: Engine) -> bool:
    """Whether nothing was ever stored here."""
    return not inspect(engine).get_table_names()


def configuration(**attributes: object) -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config
