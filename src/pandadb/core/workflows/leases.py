"""Leases of sequences: LOCKED_BY has the owner, LOCK_TIME its last sign of life.

All changes of an open sequence are made by the owner of its lease: a process that was stopped for
longer than a lease finds that it has lost it, and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, update

from pandadb.core.sql.expressions import interval, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.workflows.states import OPEN
from pandadb.errors import PandaDBError
from pandadb.models import Workflows

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

WORKFLOW = Workflows.__table__.c
LEASE = 60.0
"""Seconds without a sign of life until a lease has expired."""
MAX_OWNER = 64


class SequenceLeaseLost(PandaDBError):
    """The lease of a sequence is lost: it has ended, or another process runs it."""


@dataclass(frozen=True)
class SequenceLease:
    """The lease of a process for a sequence."""

    workflow_id: int
    owner: str


def is_live(seconds: float = LEASE) -> ColumnElement[bool]:
    """Match open sequences with a lease that has not expired."""
    fresh = WORKFLOW.lock_time > now() - interval(seconds)
    return func.coalesce(
        and_(WORKFLOW.status == OPEN, WORKFLOW.locked_by.is_not(None), fresh), False
    )


def lost(workflow_id: int) -> SequenceLeaseLost:
    """Return the error of a lost lease."""
    return SequenceLeaseLost(
        f"The lease of sequence {workflow_id} is lost: it has ended, or another process runs it"
    )


def hold(session: Transaction, lease: SequenceLease) -> None:
    """Lock the sequence of a lease until the end of the transaction.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """
    mine = (
        select(WORKFLOW.workflow_id)
        .where(*_is_mine(lease))
        .with_for_update(of=Workflows.__table__, key_share=True)
    )
    if session.execute(mine).scalar() is None:
        raise lost(lease.workflow_id)


def renew(session: Transaction, lease: SequenceLease) -> dict[str, Any]:
    """Give a sign of life; return the parameters of the sequence, a request to cancel among them.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """
    alive = update(Workflows.__table__).where(*_is_mine(lease))
    alive = alive.values(lock_time=now(), check_time=now()).returning(WORKFLOW.parameters)
    row = session.execute(alive).one_or_none()
    if row is None:
        raise lost(lease.workflow_id)
    return row.parameters or {}


def release(session: Transaction, lease: SequenceLease) -> None:
    """End a lease early: the sequence is interrupted. A lease that is lost is left."""
    free = update(Workflows.__table__).where(*_is_mine(lease))
    session.execute(free.values(locked_by=None, lock_time=None))


def _is_mine(lease: SequenceLease) -> tuple[ColumnElement[bool], ...]:
    return (
        WORKFLOW.workflow_id == lease.workflow_id,
        WORKFLOW.status == OPEN,
        WORKFLOW.locked_by == lease.owner,
    )


def live_owners(session: Transaction, workflow_ids: Collection[int]) -> dict[int, str]:
    """Return those of the sequences with a live lease, each with its owner."""
    found = select(WORKFLOW.workflow_id, WORKFLOW.locked_by).where(
        is_among(WORKFLOW.workflow_id, workflow_ids), is_live()
    )
    return {row.workflow_id: row.locked_by for row in session.execute(found)}
