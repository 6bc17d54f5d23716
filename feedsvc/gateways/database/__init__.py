"""The database: actions go in as plain functions, and are durable when they come out."""

from feedsvc.gateways.database.database import Database, journalled, open_database
from feedsvc.gateways.database.engines import Lost, make_engine

__all__ = ["Database", "Lost", "journalled", "make_engine", "open_database"]
