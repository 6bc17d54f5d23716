"""The database: actions go in as plain functions, and are durable when they come out."""

from feedsvc.gateways.database.bulk import among, instants, read_instant, store
from feedsvc.gateways.database.database import Database, journalled, open_database
from feedsvc.gateways.database.engines import Lost, make_engine
from feedsvc.gateways.database.plain import (
    Plain,
    day_of,
    execute,
    execute_many,
    fetch,
    instant_of,
    on_sqlite,
    plain,
)

__all__ = [
    "Database",
    "Lost",
    "Plain",
    "among",
    "day_of",
    "execute",
    "execute_many",
    "fetch",
    "instant_of",
    "instants",
    "journalled",
    "make_engine",
    "on_sqlite",
    "open_database",
    "plain",
    "read_instant",
    "store",
]
