"""The tables, by subject: content, people, ledger, staff, hubs."""

from sqlmodel import SQLModel

from feedsvc.domain.tables import content, hubs, ledger, people, staff

metadata = SQLModel.metadata

__all__ = ["content", "hubs", "ledger", "metadata", "people", "staff"]
