"""Column types, keys and indexes that both databases understand."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, ForeignKey, Index, Integer, text
from sqlmodel import Field

BIG = BigInteger().with_variant(Integer, "sqlite")
WORD_LENGTH = 24


def number() -> Any:
    """Make a primary key that the database counts up."""
    return Field(default=None, primary_key=True, sa_type=BIG)


def refers(target: str, **options: Any) -> Any:
    """Point at the row of another table, such as `campaign.id`."""
    return Field(sa_type=BIG, sa_column_args=[ForeignKey(target)], **options)


def word(kind: type[StrEnum], **options: Any) -> Any:
    """Store one word of `kind` as text, so that a new word needs no migration."""
    values = Enum(
        kind,
        native_enum=False,
        length=WORD_LENGTH,
        values_callable=lambda words: [one.value for one in words],
    )
    return Field(sa_type=values, **options)


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Index only the rows for which `where` holds."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
