"""Datasets of a task that are due for a feed, and the settings of their task."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, exists, func, literal, or_, select, text

from pandadb.core.datasets.attributes import SEQUENCE_NUMBERS, InputDataset
from pandadb.core.datasets.dataset_types import INPUTS, PRODUCED
from pandadb.core.datasets.feeds.dataset_feeds import TO_UPDATE
from pandadb.core.datasets.feeds.feed_context import MUTABLE
from pandadb.core.sql.expressions import now
from pandadb.core.tasks.feeds.feed_parameters import read_parameters, settings_of
from pandadb.core.tasks.feeds.segment_files import segment_choices
from pandadb.core.tasks.split_rules import has_rule, parse_rules, rule_number
from pandadb.models import JediDatasetContents, JediDatasets, JediTaskParams, JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.datasets.feeds.feed_settings import FeedSettings
    from pandadb.core.sql.transaction import Transaction

TASK, DATASET, FILE = (m.__table__.c for m in (JediTasks, JediDatasets, JediDatasetContents))
ADDING = ("running", "scouting", "ready", "defined")
"""States of tasks that get further files of mutable datasets."""
PARENT_ENDED = ("done", "finished", "broken", "aborted", "failed")
CONSTITUENT = "in_constituent"
"""The type of a dataset that an input container is made of."""
TASK_COLUMNS = (
    "jeditaskid", "status", "oldstatus", "splitrule", "parent_tid", "vo", "prodsourcelabel",
    "cloud", "nucleus", "errordialog", "lockedby",
)  # fmt: skip


@dataclass(frozen=True)
class FeedPlan:
    """A task with the datasets that are due, masters first, and all that their feed depends on."""

    task: Mapping[str, Any]
    rules: Mapping[str, str]
    """Codes of the split rule, with their values."""
    parameters: Mapping[str, Any]
    settings: FeedSettings
    datasets: Sequence[InputDataset] = ()
    constituents: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """Of a dataset, by its number: the names and numbers of those that it is made of."""
    follows_parent: bool = False
    """Whether the parent task runs, and the task does not wait for it (NW)."""
    parent_outputs: frozenset[str] = frozenset()
    """Names of datasets and containers that such a parent writes."""
    is_staged: bool = False
    """Whether no input of the task is still being staged."""

    @property
    def jeditaskid(self) -> int:
        """The number of the task."""
        return int(self.task["jeditaskid"])

    @property
    def takes_files(self) -> bool:
        """Whether the task takes files: not while it runs and has been on hold before that."""
        return bool(self.task["status"] == "defined" or self.task["oldstatus"] != "defined")

    def has(self, code: str) -> bool:
        """Return whether the split rule has a code."""
        return has_rule(self.rules, code)

    def stages(self, dataset: InputDataset) -> bool:
        """Return whether the files of a dataset are staged from tape first (IS)."""
        if rule_number(self.rules, "IS") != 1 or dataset.is_never_staged:
            return False
        if not (dataset.is_master or dataset.is_sequence):
            return False
        return not (self.is_staged and (dataset.row["nfiles"] or 0) > 0)

    def is_written_by_parent(self, dataset: InputDataset) -> bool:
        """Return whether the parent task that runs writes a dataset."""
        return bool({dataset.name, dataset.name.rsplit(":", 1)[-1]} & self.parent_outputs)


def plan(
    session: Transaction, task: int, *, vo: str | None = None, label: str | None = None
) -> FeedPlan | None:
    """Return the plan of a task of a VO and label; None if nothing is due.

    Due are the datasets to be read of a task that is defined, mutable ones of a task that runs, and
    the numbers of either (`seq_number`); nothing, while another agent has the task or a dataset.

    Raises:
        InvalidValue: The parameters of the task are not usable.
    """
    given = {"task": task, "vo": vo, "label": label}
    rows = [InputDataset(row._asdict()) for row in session.execute(_due(), given)]
    if not rows:
        return None
    found = session.execute(_task(), {"task": task}).one()._asdict()
    parameters = read_parameters(found["taskparams"])
    rules = parse_rules(found["splitrule"])
    settings = replace(
        settings_of(parameters, rules), own_choices=segment_choices(parameters, rules, rows)
    )
    follows = has_rule(rules, "NW") and _runs(session, found["parent_tid"], task)
    return FeedPlan(
        task={name: found[name] for name in TASK_COLUMNS},
        rules=rules,
        parameters=parameters,
        settings=settings,
        datasets=rows,
        constituents=_constituents(session, task),
        follows_parent=follows,
        parent_outputs=_outputs(session, found["parent_tid"]) if follows else frozenset(),
        is_staged=not session.scalar(_staging(), {"task": task}),
    )


@cache
def _task() -> Select[Any]:
    parameters = JediTaskParams.__table__
    return (
        select(*(TASK[name] for name in TASK_COLUMNS), parameters.c.taskparams)
        .outerjoin(parameters, parameters.c.jeditaskid == TASK.jeditaskid)
        .where(TASK.jeditaskid == bindparam("task"))
    )


@cache
def _due() -> Select[Any]:
    """Return the statement of the due datasets, with the numbers if there are others."""
    first = (
        select(DATASET.datasetid)
        .join(TASK.jeditaskid.table, TASK.jeditaskid == DATASET.jeditaskid)
        .where(TASK.jeditaskid == bindparam("task"), *_is_due())
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    numbers = and_(
        DATASET.datasetname == SEQUENCE_NUMBERS, exists(select(literal(1)).select_from(first))
    )
    due = DATASET.datasetid.in_(select(first.c.datasetid))
    return (
        select(*DATASET)
        .where(DATASET.jeditaskid == bindparam("task"), or_(due, numbers))
        .order_by(DATASET.masterid.is_not(None), DATASET.datasetid)
    )


def _is_due() -> Sequence[ColumnElement[bool]]:
    other = JediDatasets.__table__.alias("other").c
    pending = exists().where(
        other.jeditaskid == TASK.jeditaskid,
        other.type.in_(INPUTS),
        other.status == "pending",
    )
    to_read = and_(TASK.status == "defined", DATASET.status.in_(TO_UPDATE))
    adding = and_(
        TASK.status.in_(ADDING), DATASET.state == MUTABLE, DATASET.statechecktime <= now()
    )
    return (
        *(_is_any(TASK[column], name) for column, name in PLACES.items()),
        or_(TASK.lockedtime.is_(None), TASK.lockedtime < now() - text("interval '10 minutes'")),
        TASK.lockedby.is_(None),
        DATASET.lockedby.is_(None),
        DATASET.type.in_(INPUTS),
        or_(to_read, adding),
        ~pending,
    )


PLACES = {"vo": "vo", "prodsourcelabel": "label"}
"""Columns of a task, and the parameters that choose by them."""


def _is_any(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    given = bindparam(name, type_=column.type)
    return or_(func.coalesce(given, "any") == "any", column == given)


def _constituents(session: Transaction, task: int) -> dict[int, dict[str, int]]:
    rows = session.execute(
        select(DATASET.masterid, DATASET.datasetname, DATASET.datasetid).where(
            DATASET.jeditaskid == task, DATASET.type == CONSTITUENT
        )
    )
    found: dict[int, dict[str, int]] = {}
    for master, name, number in rows:
        found.setdefault(master, {})[name] = number
    return found


def _runs(session: Transaction, parent: int | None, task: int) -> bool:
    """Return whether the parent of a task exists and has not ended."""
    if parent in (None, task):
        return False
    status = session.scalar(select(TASK.status).where(TASK.jeditaskid == parent))
    return status is not None and status not in PARENT_ENDED


def _outputs(session: Transaction, parent: int) -> frozenset[str]:
    rows = session.execute(
        select(DATASET.datasetname, DATASET.containername).where(
            DATASET.jeditaskid == parent, DATASET.type.in_(PRODUCED)
        )
    )
    names = set()
    for dataset, container in rows:
        names.add(dataset)
        if container:
            names |= {container.rstrip("/"), f"{container.rstrip('/')}/"}
    return frozenset(names)


@cache
def _staging() -> Select[Any]:
    """Return the statement that counts the files of input that are being staged."""
    same = and_(DATASET.jeditaskid == FILE.jeditaskid, DATASET.datasetid == FILE.datasetid)
    return (
        select(func.count())
        .select_from(FILE.fileid.table)
        .join(DATASET.datasetid.table, same)
        .where(
            DATASET.jeditaskid == bindparam("task"),
            DATASET.type.in_(INPUTS),
            FILE.status == "staging",
        )
    )
