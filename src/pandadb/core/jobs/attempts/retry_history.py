"""The chain of attempts: JEDI_JOB_RETRY_HISTORY, semantics 4.6."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    String,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import aliased

from pandadb.core.sql.id_arrays import array, unnested
from pandadb.models import JediJobRetryHistory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

JOBSETS = ("jobset_id", "jobset_retry", "jobset_map")


def note(session: Transaction, follows: Sequence[tuple[int, int, int]], relationtype: str) -> None:
    """Note (task, old job, new job): the new is another attempt of the old; once for each pair.

    The origin that is noted with it is that of the old job, or the old job itself.
    """
    if follows:
        tasks, old, new = (list(ids) for ids in zip(*follows, strict=True))
        given = {"tasks": tasks, "old": old, "new": new, "relationtype": relationtype}
        session.execute(_note(), given)


def origins(
    session: Transaction, follows: Sequence[tuple[int | None, int]]
) -> dict[tuple[int | None, int], int]:
    """Return for each (task, job) the first job of its chain of attempts; without one, itself."""
    if not follows:
        return {}
    tasks, old = (list(ids) for ids in zip(*follows, strict=True))
    rows = session.execute(_origins(), {"tasks": tasks, "old": old})
    return {(task, job): origin for task, job, origin in rows}


@cache
def _origins() -> Select[Any]:
    given = unnested("given", jeditaskid=array("tasks"), old=array("old")).c
    return select(given.jeditaskid, given.old, _origin(given))


def _origin(given: Columns) -> ColumnElement[int]:
    before = aliased(JediJobRetryHistory)
    known = select(func.min(before.originpandaid)).where(
        before.jeditaskid == given.jeditaskid,
        before.newpandaid == given.old,
        func.coalesce(before.relationtype, "").not_in(JOBSETS),
    )
    return func.coalesce(known.scalar_subquery(), given.old)


@cache
def _note() -> Select[int]:
    given = unnested("given", jeditaskid=array("tasks"), old=array("old"), new=array("new")).c
    known = aliased(JediJobRetryHistory)
    rows = select(
        given.jeditaskid,
        given.old,
        given.new,
        _origin(given),
        bindparam("relationtype", type_=String),
    ).where(
        ~exists().where(
            known.jeditaskid == given.jeditaskid,
            known.oldpandaid == given.old,
            known.newpandaid == given.new,
        )
    )
    names = ["jeditaskid", "oldpandaid", "newpandaid", "originpandaid", "relationtype"]
    noted = insert(JediJobRetryHistory.__table__).from_select(names, rows).cte("noted")
    return select(literal(1)).add_cte(noted)
