"""Sequences and steps carried through a transition, each in one statement."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, bindparam, select

from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.statemachine import statement as machine_statement
from pandadb.core.statemachine.statement import Carrying
from pandadb.core.workflows.states import SEQUENCES, STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.machine import Machine, Transition


def carry(
    session: Transaction,
    verb: str,
    workflow_ids: Sequence[int],
    *,
    owner: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> list[int]:
    """Carry sequences through a verb; return those that were in its sources.

    With an owner those alone whose lease is its. `values` are further columns.
    """
    (step,) = SEQUENCES.steps(verb)
    given = dict(values or {})
    statement = _statement(SEQUENCES, step, tuple(given), owner is not None)
    parameters = {**given, "pandaids": [*workflow_ids], "owner": owner}
    return sorted(connection_of(session).scalars(statement, parameters))


def carry_step(
    session: Transaction, verb: str, step_ids: Sequence[int], values: Mapping[str, Any]
) -> list[int]:
    """Carry steps through a verb; return those that were in its sources."""
    (step,) = STEPS.steps(verb)
    statement = _statement(STEPS, step, tuple(values), owned=False)
    parameters = {**values, "pandaids": [*step_ids]}
    return sorted(connection_of(session).scalars(statement, parameters))


@lru_cache(64)
def _statement(
    machine: Machine[Any], step: Transition, values: tuple[str, ...], owned: bool
) -> Select[Any]:
    (model,) = machine.state(step.target).tables
    (key,) = machine.key
    row = model.__table__.c
    mine = [row.locked_by == bindparam("owner", type_=String)] if owned else []
    carrying = Carrying(step, model, model, values, machine=machine)
    picked = machine_statement.picked(carrying, (key, "status"), is_given(row[key]), *mine)
    return select(picked.c[key]).add_cte(*machine_statement.moving(carrying, picked).ctes)
