"""Harvester instances: their register and their heartbeats; HARVESTER_INSTANCES, semantics 9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.harvester.commands import command_locks
from pandadb.core.harvester.worker_reports import read_time
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import InvalidValue, check_columns, near, shown
from pandadb.errors import PandaDBError
from pandadb.models import HarvesterInstances

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

INSTANCE = HarvesterInstances.__table__.c
PAYLOAD = ("description", "starttime", "sw_version", "commit_stamp")
"""Columns that a heartbeat may set, beside its owner and host."""
COMMANDS = "commands"
"""The key of a heartbeat's payload with the commands that are to be paced by locks."""
AUTOMATIC = "automatic"
"""The description of an instance that its first heartbeat has registered."""


class UnknownInstance(PandaDBError):
    """A Harvester instance that is not registered."""


def check_instance(harvester: Any) -> None:
    """See that a value can be the name of an instance.

    Raises:
        InvalidValue: It cannot.
    """
    check_columns(HarvesterInstances, {"harvester_id": harvester})
    if not harvester:
        raise InvalidValue("harvester_id cannot be empty")


def register(session: Transaction, harvesters: Iterable[str], description: str | None) -> list[str]:
    """Register instances that are not yet; return these."""
    rows = [{"harvester_id": name, "description": description} for name in sorted({*harvesters})]
    statement = insert(HarvesterInstances.__table__).values(rows).on_conflict_do_nothing()
    return sorted(session.scalars(statement.returning(INSTANCE.harvester_id)))


def read_payload(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Return the values of columns and the commands to be paced of a heartbeat's payload.

    A command is its name, its queue and its resource type.

    Raises:
        InvalidValue: A key is no column that a heartbeat may set, or a value does not fit.
    """
    values = {}
    for key, value in data.items():
        name = key.lower() if isinstance(key, str) else key
        if name == COMMANDS:
            continue
        if name not in PAYLOAD:
            raise InvalidValue(f"a heartbeat cannot set {shown(key)}{near(str(key), PAYLOAD)}")
        values[name] = read_time(name, value) if name == "starttime" else value
    check_columns(HarvesterInstances, values)
    return values, [command_locks.read_lock(one) for one in data.get(COMMANDS, ())]


def hear(
    session: Transaction, harvester: str, owner: str, host: str, data: Mapping[str, Any]
) -> bool:
    """Note a heartbeat of an instance; return whether the instance is new.

    The payload of the first heartbeat is left to the next one, as by panda-server.

    Raises:
        InvalidValue: A value does not fit its column; nothing was changed.
    """
    check_instance(harvester)
    check_columns(HarvesterInstances, {"owner": owner, "hostname": host})
    values, locks = read_payload(data)
    beat = {"owner": owner, "hostname": host, "lastupdate": now()}
    is_known = update(HarvesterInstances.__table__).where(INSTANCE.harvester_id == harvester)
    is_known = is_known.values(**beat, **values).returning(INSTANCE.harvester_id)
    is_new = session.scalar(is_known) is None and _begin(session, harvester, beat)
    if not is_new:
        session.execute(is_known)
    command_locks.add(session, harvester, locks)
    return is_new


def _begin(session: Transaction, harvester: str, beat: Mapping[str, Any]) -> bool:
    """Register an instance by its first heartbeat, unless another one has just done that."""
    row = {"harvester_id": harvester, "description": AUTOMATIC, **beat}
    statement = insert(HarvesterInstances.__table__).values(row).on_conflict_do_nothing()
    return session.scalar(statement.returning(INSTANCE.harvester_id)) is not None


def check_known(session: Transaction, harvesters: Iterable[str]) -> None:
    """See that instances are registered.

    Raises:
        UnknownInstance: One is not; the sentence names those that are.
    """
    known = session.scalars(select(INSTANCE.harvester_id).order_by(INSTANCE.harvester_id)).all()
    for name in harvesters:
        if name not in known:
            raise UnknownInstance(f"Harvester {shown(name)} is not registered{_those(known)}")


def no_trace(session: Transaction, harvester: str) -> UnknownInstance:
    """Return the error of an instance that is not registered and has no workers."""
    known = session.scalars(select(INSTANCE.harvester_id).order_by(INSTANCE.harvester_id)).all()
    name = f"Harvester {shown(harvester)}"
    return UnknownInstance(f"{name} is not registered, and has no workers{_those(known)}")


def _those(known: Sequence[str]) -> str:
    return f": there are {', '.join(known[:10])}" if known else ""
