"""The row of a flow: a task of the type flow, left alone by the agents of tasks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from pandadb.core.control import flow_locks
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue, check_columns, check_text
from pandadb.core.tasks.submission import name_locks, requests
from pandadb.errors import PandaDBError
from pandadb.models import FlowJobs, JediTaskParams, JediTasks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pandadb.core.sql.transaction import Transaction

TASK, PARAMS, MEMBER = (one.__table__.c for one in (JediTasks, JediTaskParams, FlowJobs))
FLOW = "flow"
"""The `status` and the `tasktype` of flows: no agent of tasks takes a task with this status."""
IS_FLOW = (TASK.status == FLOW, TASK.tasktype == FLOW)
STOPPED = "stopped"
"""The `superstatus` of a flow that was stopped and not resumed; NULL otherwise."""
OWNER = "pandadb"
"""The `vo` and the `lockedby` of flows: agents take only tasks that nobody has locked."""
USER = "nobody"
MAX_NAME = 256


class FlowNotFound(PandaDBError):
    """A flow that JEDI_TASKS does not have."""


class FlowNotAllowed(PandaDBError):
    """The state of a flow, or of its jobs, forbids the verb."""


class FlowExists(PandaDBError):
    """A flow is to be the only one of its name, and there is one."""


@dataclass(frozen=True)
class NewFlow:
    """A flow to submit, with values for those of its jobs that have none of their own.

    Raises:
        InvalidValue: A value is malformed.
    """

    name: str
    username: str | None = None
    queue: str = ""
    priority: int | None = None
    resources: Mapping[str, Any] | None = None
    exec_config: str | Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    allows_outer_parents: bool = False
    """Whether jobs may wait for jobs of other flows, or of none."""
    is_unique: bool = False
    """Whether it is refused if there is a flow of its name: so a submission can be repeated."""

    def __post_init__(self) -> None:
        check_text("name", self.name)
        if not self.name:
            raise InvalidValue("A flow needs a name")
        check_columns(JediTasks, {"taskname": self.name})
        if self.username is not None:
            check_columns(JediTasks, {"username": self.username})
        if self.priority is not None:
            check_columns(JediTasks, {"taskpriority": self.priority})


@dataclass(frozen=True)
class FlowRow:
    """A flow that there is."""

    jeditaskid: int
    name: str
    is_stopped: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The values of its submission: see `NewFlow`."""


def create(session: Transaction, new: NewFlow) -> int:
    """Insert the rows of a flow; return its number.

    Raises:
        FlowExists: There is a flow of its name, and it is to be the only one.
        NumberTaken: The sequence of tasks is behind its tables.
    """
    if new.is_unique:
        _refuse_second(session, new.name)
    number = requests.next_number(session)
    row = {
        "jeditaskid": number,
        "taskname": new.name,
        "status": FLOW,
        "tasktype": FLOW,
        "prodsourcelabel": FLOW,
        "vo": OWNER,
        "lockedby": OWNER,
        "username": new.username or USER,
        "site": new.queue or None,
        "taskpriority": new.priority,
        "currentpriority": new.priority,
        **dict.fromkeys(("creationdate", "modificationtime", "statechangetime"), now()),
    }
    session.execute(insert(JediTasks.__table__).values(row))
    given = {name: value for name, value in asdict(new).items() if value is not None}
    parameters = {"jeditaskid": number, "taskparams": json.dumps(given)}
    session.execute(insert(JediTaskParams.__table__).values(parameters))
    return number


def _refuse_second(session: Transaction, name: str) -> None:
    """Refuse a name that a flow has; of two calls at once the second waits for the first."""
    name_locks.lock_names(session, [name])
    found = select(TASK.jeditaskid).where(TASK.taskname == name, *IS_FLOW).limit(1)
    if number := session.execute(found).scalar():
        raise FlowExists(f"There is a flow {name!r} already, with the number {number}")


def lock(session: Transaction, flows: Collection[int], how: Lock = Lock.WAIT) -> dict[int, FlowRow]:
    """Lock flows, before all other rows of theirs; return those that there are.

    With SKIP those are left out that another transaction has locked.

    Raises:
        FlowLocked: Another transaction has locked one of them for longer than the lock timeout.
    """
    return _read(session, flow_locks.lock(session, flows, how))


def lock_one(session: Transaction, flow: int) -> FlowRow:
    """Lock a flow; return it.

    Raises:
        FlowNotFound: There is none.
        FlowLocked: See `lock`.
    """
    found = lock(session, [flow])
    if flow not in found:
        raise FlowNotFound(f"There is no flow {flow}")
    return found[flow]


def _read(session: Transaction, flows: Collection[int]) -> dict[int, FlowRow]:
    found = (
        select(TASK.jeditaskid, TASK.taskname, TASK.superstatus, PARAMS.taskparams)
        .outerjoin(PARAMS.jeditaskid.table, PARAMS.jeditaskid == TASK.jeditaskid)
        .where(is_among(TASK.jeditaskid, flows), *IS_FLOW)
    )
    return {
        flow: FlowRow(flow, name, superstatus == STOPPED, json.loads(text or "{}"))
        for flow, name, superstatus, text in session.execute(found)
    }


def note_stop(session: Transaction, flow: int, *, stopped: bool) -> None:
    """Note that a locked flow is stopped, or goes on."""
    changed = update(JediTasks.__table__).where(TASK.jeditaskid == flow)
    values = {"superstatus": STOPPED if stopped else None, "modificationtime": now()}
    session.execute(changed.values(values))


def go_on(session: Transaction, flows: Collection[int]) -> None:
    """Note that locked flows go on that were stopped, and none of whose jobs is stopped now."""
    found = select(TASK.jeditaskid).where(
        is_among(TASK.jeditaskid, flows), *IS_FLOW, TASK.superstatus == STOPPED
    )
    stopped = {*session.scalars(found)} if flows else set()
    if stopped:
        mine = select(MEMBER.jeditaskid).where(
            is_among(MEMBER.jeditaskid, stopped), MEMBER.state == STOPPED
        )
        for flow in sorted(stopped - {*session.scalars(mine)}):
            note_stop(session, flow, stopped=False)


def touch(session: Transaction, flow: int) -> None:
    """Set the time of the last change of a locked flow."""
    changed = update(JediTasks.__table__).where(TASK.jeditaskid == flow)
    session.execute(changed.values(modificationtime=now()))
