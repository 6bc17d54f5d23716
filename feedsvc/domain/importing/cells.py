"""Cells that a spreadsheet would run (CWE-1236): made harmless when written, and restored when read."""

from typing import Final

_RUN: Final = ("=", "+", "-", "@", "\t", "\r")


def neutral(cell: str) -> str:
    """Write a cell so that no spreadsheet runs it: an apostrophe stands before it."""
    return "'" + cell if cell.lstrip("'").startswith(_RUN) else cell


def bare(cell: str) -> str:
    """Take off the apostrophe that `neutral` has put before a cell."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_RUN) else cell
