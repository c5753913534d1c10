"""Details of jobs in their control rows: a JSON object, to which values are added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

DETAILS = JobControl.__table__.c.details


def with_values(values: Mapping[str, Any]) -> ColumnElement[Any]:
    """Return the details of a job with some values, which replace those of the same names."""
    known = func.coalesce(DETAILS, literal({}, JSONB))
    return known.op("||", return_type=JSONB())(literal({**values}, JSONB))
