"""JEDI_TASKS.splitrule of many tasks changed in one statement; until `split_rules` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, bindparam, func, update

from pandadb.core.sql.id_arrays import is_given, written
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

TASK = JediTasks.__table__.c


def put(session: Transaction, tasks: Sequence[int], code: str, value: str | None) -> int:
    """Put a rule at the end of the tasks' rules, instead of its earlier value; return how many.

    None takes the rule away.
    """
    new = _without()
    if value is not None:
        added = func.concat(bindparam("code", type_=String), "=", bindparam("value", type_=String))
        new = func.concat_ws(",", func.nullif(new, ""), added)
    statement = update(JediTasks.__table__).where(is_given(TASK.jeditaskid)).values(splitrule=new)
    given = {"pandaids": written(tasks), "code": code, "value": value}
    return session.execute(statement, given).rowcount


def remove(session: Transaction, tasks: Sequence[int], code: str) -> int:
    """Take a rule away from the tasks that have it; return how many."""
    if not tasks:
        return 0
    has = TASK.splitrule.op("~")(_pattern())
    statement = (
        update(JediTasks.__table__)
        .where(is_given(TASK.jeditaskid), has)
        .values(splitrule=_without())
    )
    return session.execute(statement, {"pandaids": written(tasks), "code": code}).rowcount


def _pattern() -> ColumnElement[Any]:
    return func.concat("(^|,)", bindparam("code", type_=String), "=")


def _without() -> ColumnElement[Any]:
    """Return the rules without those of a code."""
    rule = func.concat("(^|,)", bindparam("code", type_=String), "=[^,]*")
    kept = func.regexp_replace(func.coalesce(TASK.splitrule, ""), rule, "", "g")
    return func.ltrim(kept, ",")
