"""Files of a dataset of a task, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns, check_number
from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

FILE = JediDatasetContents.__table__.c
COLUMNS = (
    "fileid", "lfn", "scope", "type", "status", "fsize", "nevents", "startevent", "endevent",
    "attemptnr", "maxattempt", "failedattempt", "pandaid", "outpandaid",
)  # fmt: skip
MAX_PAGE = 100_000


def find(
    session: Transaction,
    task: int,
    datasetid: int,
    *,
    status: str | None = None,
    limit: int = 100,
    after: int | None = None,
) -> list[dict[str, Any]]:
    """Return files of a dataset by ascending id, those after a file (keyset pagination).

    Raises:
        InvalidValue: The limit is not from 1 to 100,000, or a number is no id.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    given = {"jeditaskid": task, "datasetid": datasetid, "fileid": after, "status": status}
    check_columns(JediDatasetContents, {n: one for n, one in given.items() if one is not None})
    query = select(*(FILE[name] for name in COLUMNS)).where(
        FILE.jeditaskid == task, FILE.datasetid == datasetid
    )
    if status is not None:
        query = query.where(FILE.status == status)
    if after is not None:
        query = query.where(FILE.fileid > after)
    rows = connection_of(session).execute(query.order_by(FILE.fileid).limit(limit))
    return [dict(row) for row in rows.mappings()]
