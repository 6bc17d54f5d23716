"""The tables, by subject: content, people, ledger, staff."""

from sqlmodel import SQLModel

from feedsvc.domain.tables import content, ledger, people, staff

metadata = SQLModel.metadata

__all__ = ["content", "ledger", "metadata", "people", "staff"]
