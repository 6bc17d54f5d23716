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


def bring_up_to_date(url: str, engine: Engine) -> Path | None:
    """Migrate; a SQLite file with something in it is copied first, and the copy is returned."""
    copy = _copied(url, engine) if url.startswith("sqlite") and not empty(engine) else None
    upgrade(engine)
    return copy


def _copied(url: str, engine: Engine) -> Path:
    file = Path(url.removeprefix("sqlite:///"))
    copy = file.with_suffix(f".before-{newest()}.db")
    copy.unlink(missing_ok=True)
    connection = engine.raw_connection()  # VACUUM wants no transaction, and the engine begins one
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(copy),))
    finally:
        connection.close()
    copy.chmod(0o600)
    return copy
