"""Rows of refined tasks: one statement for each table, for one task or a thousand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    String,
    Text,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import array, is_given, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import mistake_in
from pandadb.core.tasks import attempts
from pandadb.core.tasks.changes.status_changes import REASON_LENGTH
from pandadb.core.tasks.refinement import task_columns
from pandadb.core.tasks.refinement.dataset_numbers import Numbers
from pandadb.core.tasks.refinement.dispositions import NEW
from pandadb.core.tasks.submission.takeovers import REFINABLE
from pandadb.models import (
    JediDatasets,
    JediJobParamsTemplate,
    JediOutputTemplate,
    JediTaskParams,
    JediTasks,
    TasksStatusLog,
    TTask,
)
from pandadb.models.datasets import JEDI_DATASETS_SEQ
from pandadb.models.tasks import JEDI_OUTPUT_TEMPLATE_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy import Sequence as DatabaseSequence
    from sqlalchemy.dialects.postgresql import Insert

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.dispositions import Disposition
    from pandadb.core.tasks.refinement.drafts import Draft, Row
    from pandadb.models import Base

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
PARAMS, DATASET = JediTaskParams.__table__.c, JediDatasets.__table__.c
COLUMNS = tuple(
    sorted(
        {
            *(name.lower() for name in (*task_columns.OBLIGATORY, *task_columns.DEFAULTS)),
            *task_columns.OPTIONAL.values(),
            *task_columns.EMPTY_UNLESS_GIVEN.values(),
            "attemptnr", "starttime", "currentpriority", "reqid", "ramunit", "eventservice",
            "ttcrequested", "goal", "parent_tid", "usejumbo", "workqueue_id", "gshare",
            "resource_type", "requesttype", "splitrule", "status", "oldstatus", "superstatus",
            "errordialog", "modificationtime", "statechangetime", "frozentime", "lockedby",
            "lockedtime",
        }
    )
)  # fmt: skip
"""Columns of JEDI_TASKS that a refinement writes; without a new value they keep the old one."""


UNKNOWN = "trn_unknown"
"""Type of input datasets that the catalogue does not have (yet)."""


def lock(session: Transaction, tasks: Sequence[int]) -> list[Mapping[str, Any]]:
    """Lock tasks that can be refined, by id; return them with parameters and parent's status."""
    if not tasks:
        return []
    connection, parent = connection_of(session), aliased(JediTasks.__table__)
    given = (is_given(TASK.jeditaskid), TASK.status.in_(constants(REFINABLE)))
    locked = select(TASK.jeditaskid).where(*given).order_by(TASK.jeditaskid).with_for_update()
    numbers = [*connection.scalars(locked, {"pandaids": [*tasks]})]
    found = (  # now, since a transaction that had the lock may have changed the parameters
        select(JediTasks.__table__, PARAMS.taskparams, parent.c.status.label("parent_status"))
        .outerjoin(JediTaskParams.__table__, PARAMS.jeditaskid == TASK.jeditaskid)
        .outerjoin(parent, parent.c.jeditaskid == TASK.parent_tid)
        .where(is_given(TASK.jeditaskid))
        .order_by(TASK.jeditaskid)
    )
    return [dict(row) for row in connection.execute(found, {"pandaids": numbers}).mappings()]


def write(session: Transaction, made: Sequence[Disposition], host: str, moment: datetime) -> None:
    """Write the outcomes for tasks that are locked."""
    if not made:
        return
    connection = connection_of(session)
    connection.execute(_tasks(), _task_values(made, moment))
    _copy(session, TasksStatusLog, _log(made, host, moment))
    attempts.start(session, [one.draft.number for one in made if one.begins])
    _write_unknown(session, made, moment)
    registered = [one.draft for one in made if one.is_registered]
    if registered:
        datasets, templates = _rows(session, registered, moment)
        _copy(session, JediDatasets, datasets)
        _copy(session, JediOutputTemplate, templates)
        _write_texts(session, [one for one in registered if one.task["status"] in NEW])


def _copy(session: Transaction, model: type[Base], rows: Iterable[Row]) -> None:
    """Copy rows into a table; a column that a row does not have is NULL."""
    names = [column.name for column in model.__table__.columns]
    copy_rows(session, model, names, ([row.get(name) for name in names] for row in rows))


def _task_values(made: Sequence[Disposition], moment: datetime) -> dict[str, list[Any]]:
    """Return the parameters of the statement for JEDI_TASKS and T_TASK: an array a column."""
    rows = [_task_row(one, moment) for one in made]
    columns: dict[str, list[Any]] = {f"new_{name}": [row[name] for row in rows] for name in COLUMNS}
    columns["jeditaskids"] = [one.draft.number for one in made]
    columns["defts"] = [one.deft for one in made]
    return columns


def _task_row(one: Disposition, moment: datetime) -> Row:
    """Return all columns that are written: as they are to be, or as they were."""
    task = one.draft.task
    row = {name: task[name] for name in COLUMNS} | one.values
    row |= {"status": one.status, "modificationtime": moment - one.ago}
    if one.reason is not None:
        row["errordialog"] = one.reason
    if one.status != task["status"] and not one.keeps_statechangetime:
        row["statechangetime"] = moment
    if one.is_frozen and task["frozentime"] is None:
        row["frozentime"] = moment
    return row


@cache
def _tasks() -> Select[Any]:
    """Return the statement: JEDI_TASKS, and T_TASK where its state changes.

    Parameters must not have the names of columns, or SQLAlchemy sets these to them.
    """
    kinds = {f"new_{name}": ARRAY(_unbounded(TASK[name].type)) for name in COLUMNS}
    arrays = {name: bindparam(name, type_=kind) for name, kind in kinds.items()}
    deft = bindparam("defts", type_=ARRAY(Text))
    given = unnested("given", jeditaskid=array("jeditaskids"), deft=deft, **arrays)
    changed = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == given.c.jeditaskid)
        .values({name: given.c[f"new_{name}"] for name in COLUMNS})
        .returning(TASK.jeditaskid)
        .cte("changed")
    )
    mirrored = (
        update(TTask.__table__)
        .where(DEFT.taskid == given.c.jeditaskid, given.c.deft.is_not(None))
        .values(status=given.c.deft, timestamp=now())
        .cte("mirrored")
    )
    return select(func.count()).select_from(changed).add_cte(mirrored)


def _unbounded(kind: Any) -> Any:
    """Return a type without its width: a cast to it would cut a value."""
    return Text() if isinstance(kind, String) else kind


def _log(made: Sequence[Disposition], host: str, moment: datetime) -> Iterator[Row]:
    for one in made:
        row = _task_row(one, moment)
        for status in one.logged:
            yield {
                "jeditaskid": one.draft.number,
                "modificationtime": moment,
                "status": status,
                "modificationhost": host[:128],
                "attemptnr": row["attemptnr"],
                "reason": row["errordialog"] and row["errordialog"][:REASON_LENGTH],
            }


def _rows(
    session: Transaction, drafts: Sequence[Draft], moment: datetime
) -> tuple[list[Row], list[Row]]:
    """Return the rows of datasets and of templates, with their numbers."""
    needed = {
        "ndatasets": sum(draft.dataset_count() for draft in drafts),
        "ntemplates": sum(len(draft.templates()) for draft in drafts),
    }
    drawn = connection_of(session).execute(_draw(), needed).one()
    numbers = Numbers(iter(sorted(drawn.datasets)), iter(sorted(drawn.templates)))
    datasets, templates = [], []
    for draft in drafts:
        made = numbers.give(draft)
        times = {"creationtime": moment, "modificationtime": moment}
        datasets += [{**row, **times} for row in made.datasets]
        templates += made.templates
    return datasets, templates


@cache
def _draw() -> Select[list[int], list[int]]:
    return select(
        _next(JEDI_DATASETS_SEQ, "ndatasets").label("datasets"),
        _next(JEDI_OUTPUT_TEMPLATE_SEQ, "ntemplates").label("templates"),
    )


def _next(sequence: DatabaseSequence, name: str) -> ColumnElement[list[int]]:
    n = bindparam(name, type_=Integer)
    numbers = select(sequence.next_value()).select_from(func.generate_series(1, n).alias())
    return func.array(numbers.scalar_subquery(), type_=ARRAY(BigInteger))


def _write_texts(session: Transaction, drafts: Sequence[Draft]) -> None:
    """Write the parameters of tasks, and the templates of those of their jobs."""
    if not drafts:
        return
    connection = connection_of(session)
    numbers = [draft.number for draft in drafts]
    texts = [draft.text for draft in drafts]
    connection.execute(_texts(JediTaskParams), {"tasks": numbers, "texts": texts})
    texts = [draft.job_parameters or "" for draft in drafts]
    connection.execute(_texts(JediJobParamsTemplate), {"tasks": numbers, "texts": texts})


@cache
def _texts(model: type[JediTaskParams | JediJobParamsTemplate]) -> Insert:
    """Return the statement that writes a text of each task, where there is one already too."""
    key, text = model.__table__.c
    given = unnested("given", tasks=array("tasks"), texts=bindparam("texts", type_=ARRAY(Text)))
    rows = insert(model.__table__).from_select(
        [key.name, text.name], select(given.c.tasks, given.c.texts)
    )
    return rows.on_conflict_do_update(
        index_elements=[key], set_={text.name: rows.excluded[text.name]}
    )


def _write_unknown(session: Transaction, made: Sequence[Disposition], moment: datetime) -> None:
    """Keep the names of inputs that are unknown; forget those of tasks that are registered."""
    connection = connection_of(session)
    registered = [one.draft.number for one in made if one.is_registered]
    if registered:
        old = delete(JediDatasets.__table__).where(
            is_given(DATASET.jeditaskid), DATASET.type == UNKNOWN
        )
        connection.execute(old, {"pandaids": [*registered]})
    names = [
        (one.draft.number, name)
        for one in made
        for name in one.draft.unknown
        if mistake_in(JediDatasets, "datasetname", name) is None
    ]
    if names:
        numbers, texts = zip(*names, strict=True)
        given = {"tasks": [*numbers], "texts": [*texts], "moment": moment}
        connection.execute(_unknown(), given)


@cache
def _unknown() -> Insert:
    given = unnested("given", tasks=array("tasks"), texts=bindparam("texts", type_=ARRAY(Text)))
    moment = bindparam("moment", type_=DATASET.creationtime.type)
    row = {
        "jeditaskid": given.c.tasks,
        "datasetname": given.c.texts,
        "type": literal(UNKNOWN),
        "creationtime": moment,
        "modificationtime": moment,
        "datasetid": JEDI_DATASETS_SEQ.next_value(),
    }
    known = select(DATASET.datasetid).where(
        DATASET.jeditaskid == given.c.tasks,
        DATASET.type == UNKNOWN,
        DATASET.datasetname == given.c.texts,
    )
    rows = select(*row.values()).where(~known.exists())
    return insert(JediDatasets.__table__).from_select([*row], rows)
