"""The migrations make exactly the tables that the program knows, on both databases."""

from pathlib import Path

from alembic import command
from sqlalchemy import inspect, text

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


def test_what_was_published_before_is_in_archives_and_plain_feeds_after(
    database_url: str,
) -> None:
    database = open_database(database_url)
    with database.engine.begin() as connection:
        command.upgrade(migrations.configuration(connection=connection), "0003")
        for statement in BEFORE:
            connection.execute(text(statement))
    migrations.upgrade(database.engine)
    with database.engine.connect() as connection:
        found = connection.execute(text(AFTER)).all()
        ended = connection.execute(text("SELECT slug, ended_at IS NULL FROM campaign")).all()
    database.close()
    assert [tuple(row[:4]) for row in found] == [
        ("t:l/en", "launch", True, 1),
        ("t:u/ar", "update", False, 2),
        ("t:u/en", "update", True, 3),
    ]
    assert [bool(row[4]) for row in found] == [True, False, False]
    assert sorted((slug, bool(living)) for slug, living in ended) == [
        ("over", False),
        ("river", True),
    ]


AFTER = """
    SELECT entry.tag, entry.kind, entry.plain, appearance.place,
        CAST(appearance.page AS VARCHAR(9)) <> 'null'
    FROM appearance JOIN entry ON entry.id = appearance.entry_id ORDER BY appearance.place
"""
CAMPAIGN = """
    INSERT INTO campaign (id, uid, slug, kind, status, language, published_at, updated_at,
        revision, last_arrival, signatures)
    VALUES ({}, '{}', '{}', 'statement', '{}', 'en', '2020-01-01', '2020-01-02', 1, 1, 0)
"""
ENTRY = """
    INSERT INTO entry (campaign_id, update_id, language, tag, published_at, updated_at)
    VALUES (1, {}, '{}', '{}', '{}', '2020-01-03')
"""
TEXT = """
    INSERT INTO revision_text (revision_id, language, position, title, body, summary, mail_subject)
    VALUES (1, '{}', {}, 'T', 'B', '', '')
"""
BEFORE = (
    CAMPAIGN.format(1, "a", "river", "open"),
    CAMPAIGN.format(2, "b", "over", "withdrawn"),
    """INSERT INTO campaign_text (campaign_id, language, position, title, summary, body)
       VALUES (1, 'en', 0, 'River', '', 'Words')""",
    """INSERT INTO "update" (id, uid, campaign_id, key, status, notify, revision, created_at)
       VALUES (1, 'u', 1, 'news', 'published', 'none', 1, '2020-01-02')""",
    """INSERT INTO revision (id, update_id, number, edit_class, created_at)
       VALUES (1, 1, 1, 'silent', '2020-01-02')""",
    TEXT.format("ar", 0),
    TEXT.format("en", 1),
    ENTRY.format("NULL", "en", "t:l/en", "2020-01-01"),
    ENTRY.format("1", "ar", "t:u/ar", "2020-01-02"),
    ENTRY.format("1", "en", "t:u/en", "2020-01-02"),
)
