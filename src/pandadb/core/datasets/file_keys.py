"""The key of a file of a task, and of its dataset, in all tables that have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_

if TYPE_CHECKING:
    from pandadb.core.statemachine.effects import Columns

KEY = ("jeditaskid", "datasetid", "fileid")
"""The key of a file of a task."""


def same_file(one: Columns, other: Columns) -> ColumnElement[bool]:
    """Return whether two rows are of the same file of a task."""
    return and_(*(one[name] == other[name] for name in KEY))


def same_dataset(one: Columns, other: Columns) -> ColumnElement[bool]:
    """Return whether two rows are of the same dataset of a task, or of files of it."""
    return and_(*(one[name] == other[name] for name in KEY[:2]))
