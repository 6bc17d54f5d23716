"""The tables, by subject: content, people, doors, ledger, staff, hubs."""

from sqlmodel import SQLModel

from feedsvc.domain.tables import content, doors, hubs, ledger, people, staff

metadata = SQLModel.metadata

__all__ = ["content", "doors", "hubs", "ledger", "metadata", "people", "staff"]
