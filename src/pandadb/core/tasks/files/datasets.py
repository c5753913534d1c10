"""Datasets of tasks: locked and read, and written each with its own values."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, bindparam, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_given, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row, Update

    from pandadb.core.sql.transaction import Transaction

DATASET = JediDatasets.__table__.c


def lock(
    session: Transaction, tasks: Iterable[int], types: Sequence[str] | None = None
) -> Sequence[Row[Any]]:
    """Lock the datasets of tasks, those of some types or all, in the order of ids; return them."""
    chosen = (
        select(*DATASET)
        .where(is_given(DATASET.jeditaskid))
        .order_by(DATASET.jeditaskid, DATASET.datasetid)
        .with_for_update()
    )
    if types is not None:
        chosen = chosen.where(DATASET.type.in_(types))
    return connection_of(session).execute(chosen, {"pandaids": [*tasks]}).all()


def write(
    session: Transaction,
    changes: Mapping[tuple[int, int], Mapping[str, Any]],
    *,
    is_dated: bool = True,
) -> None:
    """Write columns of datasets, each dataset its own values and all the same columns.

    `is_dated` sets `modificationtime`; retries leave it as it is.
    """
    if not changes:
        return
    names = tuple(next(iter(changes.values())))
    parameters: dict[str, Any] = {
        name: [values[name] for values in changes.values()] for name in names
    }
    parameters |= {"tasks": [task for task, _ in changes], "ids": [ids for _, ids in changes]}
    connection_of(session).execute(_statement(names, is_dated), parameters)


@lru_cache(32)
def _statement(names: tuple[str, ...], is_dated: bool) -> Update:
    own = {name: bindparam(name, type_=ARRAY(_unbounded(name))) for name in names}
    given = unnested("given", jeditaskid=array("tasks"), datasetid=array("ids"), **own)
    dated = {"modificationtime": now()} if is_dated else {}
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == given.c.jeditaskid, DATASET.datasetid == given.c.datasetid)
        .values({name: given.c[name] for name in names} | dated)
    )


def _unbounded(name: str) -> Any:
    """Return the type of a column without its width: a cast would cut a longer value silently."""
    kind = DATASET[name].type
    return String() if isinstance(kind, String) else kind
