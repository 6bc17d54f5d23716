"""The migrations make exactly the tables that the program knows, on both databases."""

from pathlib import Path

from alembic import command
from sqlalchemy import inspect

from feedsvc import migrations
from feedsvc.domain.tables import metadata
from feedsvc.gateways.database import open_database


def test_nothing_is_left_for_autogenerate(database_url: str) -> None:
    database = open_database(database_url)
    migrations.upgrade(database.engine)
    with database.engine.begin() as connection:
        command.check(migrations.configuration(connection=connection))
    database.close()


def test_every_table_and_index_is_there(database_url: str) -> None:
    database = open_database(database_url)
    migrations.upgrade(database.engine)
    found = inspect(database.engine)
    for table in metadata.sorted_tables:
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= indexes
    database.close()


def test_a_file_with_something_in_it_is_copied_before(sqlite_url: str, tmp_path: Path) -> None:
    database = open_database(sqlite_url)
    assert migrations.bring_up_to_date(sqlite_url, database.engine) is None
    copy = migrations.bring_up_to_date(sqlite_url, database.engine)
    assert copy is not None
    assert copy.parent == tmp_path
    assert copy.stat().st_size > 0
    database.close()
