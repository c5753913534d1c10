"""Conditions of a task's registration beside its parameters: its parent, its name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, select

from pandadb.core.sql.id_arrays import unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.submission.name_locks import lock_names
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.drafts import Draft

TASK = JediTasks.__table__.c
GOOD_PARENTS = ("done", "finished")
BAD_PARENTS = ("broken", "aborted", "failed")


def parent_state(status: str | None) -> str:
    """Return the state of a parent, given its status, to a child: None is a task unknown."""
    if status is None:
        return "unknown"
    if status in GOOD_PARENTS:
        return "completed"
    return "corrupted" if status in BAD_PARENTS else "running"


def duplicates(session: Transaction, drafts: Sequence[Draft]) -> dict[int, list[int]]:
    """Return for each task with `uniqueTaskName` the other tasks of its user with its name.

    Of several such tasks that are refined at once, the first has the name.
    """
    unique = {
        draft.number: (draft.values["username"], draft.values["taskname"])
        for draft in drafts
        if draft.parameters.get("uniqueTaskName")
    }
    if not unique:
        return {}
    # Not the names that requests lock: these wait for rows of tasks, and these are locked here.
    lock_names(session, {f"refined {name}" for _, name in unique.values()})
    named: dict[tuple[str, str], list[int]] = {}
    pairs = sorted(set(unique.values()))
    given = {"users": [user for user, _ in pairs], "names": [name for _, name in pairs]}
    for row in connection_of(session).execute(_namesakes(), given):
        named.setdefault((row.username, row.taskname), []).append(row.jeditaskid)
    found: dict[int, list[int]] = {}
    for number, key in unique.items():
        others = named.setdefault(key, [])
        if earlier := sorted({*others} - {number}):
            found[number] = earlier
        else:
            others.append(number)
    return found


@cache
def _namesakes() -> Select[Any]:
    texts = {name: bindparam(name, type_=ARRAY(Text)) for name in ("users", "names")}
    given = unnested("given", **texts)
    return select(TASK.jeditaskid, TASK.username, TASK.taskname).where(
        TASK.username == given.c.users, TASK.taskname == given.c.names
    )
