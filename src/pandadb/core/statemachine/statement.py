"""The statement that carries rows through a transition, within their table or to another one.

Its parts are: `picked`, the rows that are chosen and locked; `moment`, the time at which all are
locked; `moved`, which changes the rows where they are, or deletes (`gone`) and inserts them. No
part joins another: rows that are picked are locked and so are moved, and all times are the same.
The planner has no numbers of rows to guess in tables that are empty now and full in a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ARRAY, String, bindparam, case, delete, func, insert, select, tuple_, update

from pandadb.core.sql.expressions import constant, constants
from pandadb.core.sql.id_arrays import array, is_one_of, unnested
from pandadb.core.sql.transaction import Lock
from pandadb.core.statemachine.effects import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import CTE, ColumnElement, FromClause, TableValuedAlias
    from sqlalchemy.types import TypeEngine

    from pandadb.core.statemachine.effects import Columns
    from pandadb.core.statemachine.machine import Machine, Transition


@dataclass(frozen=True)
class Carrying:
    """A transition out of one table into one table, and the columns that a caller sets."""

    step: Transition
    source: Any
    target: Any
    values: tuple[str, ...] = ()
    """Columns that the caller sets, as parameters of their names."""
    lock: Lock = Lock.WAIT
    each: bool = False
    """Whether each row has values of its own, as arrays beside the ids; only within one table."""
    returned: tuple[str, ...] = ()
    """Columns that `moved` returns as they are then; only within one table."""
    machine: Machine[Any] = field(kw_only=True)

    def given_values(self) -> dict[str, Any]:
        """Return the columns that the caller sets for all rows alike, each as a parameter."""
        columns = self.source.__table__.c
        alike = () if self.each else self.values
        return {name: bindparam(name, type_=columns[name].type) for name in alike}


class Parts(NamedTuple):
    """The common table expressions of a statement, and the columns of the rows as they were."""

    ctes: list[CTE]
    was: Columns


def picked(carrying: Carrying, columns: Iterable[str], *chosen: ColumnElement[bool]) -> CTE:
    """Return the part that chooses rows in the sources of the transition, and locks them by key."""
    machine, step, lock = carrying.machine, carrying.step, carrying.lock
    row = carrying.source.__table__.c
    state = row[machine.column].collate("C")  # no index has that: rows are found by `chosen`
    return (
        select(*(row[name] for name in columns))
        .where(
            *chosen,
            state.in_(constants(machine.sources_in(step, carrying.source))),
            *(guard.of(row) for guard in step.guards),
        )
        .order_by(*(row[name] for name in machine.key))
        .with_for_update(skip_locked=lock is Lock.SKIP, nowait=lock is Lock.NOWAIT)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )


def moving(carrying: Carrying, rows: CTE) -> Parts:
    """Return the parts that change or carry picked rows: `moment` first, then `moved`."""
    if carrying.source is carrying.target:
        was, moved = rows.c, [_changed(carrying, rows)]
    else:
        gone = _gone(carrying, rows)
        was, moved = gone.c, [_arrived(carrying, gone)]
    return Parts([_moment_of(rows), *moved], was)


def _moment_of(rows: CTE) -> CTE:
    at = func.max(func.timezone("UTC", func.clock_timestamp())).label("at")  # after the last lock
    return select(at).select_from(rows).cte("moment").prefix_with("MATERIALIZED")


def _changed(carrying: Carrying, rows: CTE) -> CTE:
    """Change the rows in the table where they are."""
    table = carrying.target.__table__
    new = _new_values(carrying, table.c)
    changed = update(table).where(_is_in(table.c, rows, carrying.machine.key))
    if carrying.each:
        given = _own_values(carrying)
        new |= {name: given.c[name] for name in carrying.values}
        (key,) = carrying.machine.key
        changed = changed.where(table.c[key] == given.c[key])
    changed = changed.values(new)
    if carrying.returned:
        changed = changed.returning(*(table.c[name] for name in carrying.returned))
    return changed.cte("moved")


def _gone(carrying: Carrying, rows: CTE) -> CTE:
    """Delete the rows, with all columns returned."""
    table = carrying.source.__table__
    found = _is_in(table.c, rows, carrying.machine.key)
    return delete(table).where(found).returning(*table.c).cte("gone")


def _arrived(carrying: Carrying, gone: CTE) -> CTE:
    """Insert the rows into the other table, with all their columns."""
    new = {**dict(gone.c.items()), **_new_values(carrying, gone.c)}
    return insert(carrying.target.__table__).from_select([*new], select(*new.values())).cte("moved")


def _is_in(row: Columns, rows: FromClause, key: tuple[str, ...]) -> ColumnElement[bool]:
    """Match rows whose key was picked; as an array where it is one column, for its index."""
    if len(key) == 1:
        return is_one_of(row[key[0]], select(rows.c[key[0]]))
    return tuple_(*(row[name] for name in key)).in_(select(*(rows.c[name] for name in key)))


def _new_values(carrying: Carrying, row: Columns) -> dict[str, Any]:
    """Return the columns that the statement sets, of a row as it was."""
    machine, step = carrying.machine, carrying.step
    target = constant(step.target)
    entered = {
        name: case((row[machine.column] == target, row[name]), else_=moment())
        for name in machine.entered_at
    }
    changed = (name for name in machine.changed_at if name not in step.effects)
    return {
        **entered,
        **{name: effect.of(row, name) for name, effect in step.effects.items()},
        **carrying.given_values(),
        machine.column: target,
        **dict.fromkeys(changed, moment()),
    }


def _own_values(carrying: Carrying) -> TableValuedAlias:
    """Return the values of each row as a table, made of one array for each column."""
    columns = carrying.source.__table__.c
    types = {name: _unbounded(columns[name].type) for name in carrying.values}
    arrays = {name: bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()}
    (key,) = carrying.machine.key
    return unnested("given", **{key: array(f"{key}s")}, **arrays)


def _unbounded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a type without its width: a cast would cut a longer value silently."""
    return String() if isinstance(kind, String) else kind
