"""Tasks that are refined again, after incexec: input that they do not have yet is appended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, select, update

from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import array, is_given, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.refinement.parameter_rules import keep_without_scouts
from pandadb.core.tasks.refinement.task_columns import SCOUT_COLUMNS
from pandadb.core.tasks.split_rules import format_rules
from pandadb.models import JediDatasets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.dispositions import Disposition

DATASET = JediDatasets.__table__.c
INPUTS = ("input", "pseudo_input", "in_constituent")
TO_READ = ("defined", "toupdate")
"""States of datasets with contents to be read."""
BACK = timedelta(hours=6)
"""So far back is `modificationtime`, so that the next agent takes the task at once."""
AGAIN = "rerefine"


@dataclass(frozen=True)
class Leftover:
    """The work that is left with the datasets that a task had before."""

    changes: dict[int, str]
    """Datasets with their new states."""
    has_input: bool
    has_contents_to_read: bool


def append(session: Transaction, made: Sequence[Disposition]) -> None:
    """Set the dispositions of tasks that are refined again, by the input that they have.

    A dataset with files left that is no input any more is `removed`, and `defined` if it is input
    again. With new input, or contents to read, the task is `defined`; else `ready` if it has files
    left, or `prepared`.
    """
    again = [one for one in made if one.is_registered and one.draft.task["status"] == AGAIN]
    if not again:
        return
    found: dict[int, list[Row[Any]]] = {one.draft.number: [] for one in again}
    query = (
        select(JediDatasets.__table__)
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(constants(INPUTS)))
        .order_by(DATASET.datasetid)
        .with_for_update()
    )
    connection = connection_of(session)
    for row in connection.execute(query, {"pandaids": [*found]}):
        found[row.jeditaskid].append(row)
    changes: dict[int, str] = {}
    for one in again:
        changes |= _set_disposition(one, found[one.draft.number])
    if changes:
        ids = {"datasetids": [*changes], "statuses": [*changes.values()]}
        connection.execute(_statuses(), {**ids, "pandaids": [*found]})


def _set_disposition(one: Disposition, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """Set the disposition of a task; return the datasets with new states."""
    draft = one.draft
    inputs = [row for row in rows if row.type != "in_constituent"]
    left = leftover(inputs, {row["datasetname"] for row in draft.masters})
    has_masters = bool(draft.masters)
    old = {row.datasetname for row in inputs}
    parts = {row.datasetname for row in rows if row.type == "in_constituent"}
    draft.masters = [row for row in draft.masters if row["datasetname"] not in old]
    draft.constituents = [row for row in draft.constituents if row["datasetname"] not in parts]
    draft.containers = {}
    for row in inputs:
        draft.containers.setdefault(row.containername, row.datasetid)
    draft.outputs = []
    keep_without_scouts(draft)
    one.values = {name: value for name, value in one.values.items() if name not in SCOUT_COLUMNS}
    one.values |= {"splitrule": format_rules(draft.rules), "lockedby": None, "lockedtime": None}
    _set_status(one, left, has_masters=has_masters)
    return left.changes


def _set_status(one: Disposition, left: Leftover, *, has_masters: bool) -> None:
    if not left.has_input and not one.draft.masters:
        one.status = "prepared"
    elif has_masters or left.has_contents_to_read:
        one.status, one.deft = "defined", "registered"
    else:
        one.status = one.deft = "ready"
    if one.deft is not None:
        one.values["superstatus"] = one.deft
    one.ago, one.begins, one.keeps_statechangetime = BACK, False, False
    one.logged = [AGAIN, one.status]  # the server logs the state that it comes from, too


def leftover(rows: Sequence[Any], names: set[str]) -> Leftover:
    """Return the work that is left with datasets of a task with input of those names."""
    changes: dict[int, str] = {}
    has_input = has_contents_to_read = False
    for row in rows:
        free = (row.nfilestobeused or 0) - (row.nfilesused or 0)
        is_known = row.nfilestobeused is not None and row.nfilesused is not None
        is_open = (is_known and free > 0) or (is_known and row.status in TO_READ)
        if row.masterid is not None or not is_open:
            has_input |= row.datasetname in names and row.status in TO_READ
            continue
        status = row.status
        if status == "removed" and row.datasetname in names:
            status = "defined"
        elif status != "removed" and row.datasetname not in names:
            status = "removed"
        if status != row.status:
            changes[row.datasetid] = status
        has_input |= status != "removed"
        has_contents_to_read |= status in TO_READ
    return Leftover(changes, has_input, has_contents_to_read)


@cache
def _statuses() -> Update:
    texts = bindparam("statuses", type_=ARRAY(Text))
    given = unnested("given", datasetid=array("datasetids"), status=texts)
    return (
        update(JediDatasets.__table__)
        .where(is_given(DATASET.jeditaskid), DATASET.datasetid == given.c.datasetid)
        .values(status=given.c.status)
    )
