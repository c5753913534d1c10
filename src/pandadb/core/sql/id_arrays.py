"""Many ids in one statement: as arrays, so that it is the same for one and for ten thousand."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    TypeDecorator,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal,
    select,
)
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import (
        BindParameter,
        ColumnElement,
        Dialect,
        Select,
        SQLColumnExpression,
        TableValuedAlias,
    )

    from pandadb.models.jobs.all_tables import JobTable


class IdArray(TypeDecorator[Any]):
    """An array of ids, as numbers or as text: see `written`."""

    impl = ARRAY(BigInteger)
    cache_ok = True

    @override
    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return the function that leaves text as it is, and takes numbers as an array does."""
        process = super().bind_processor(dialect)
        if process is None:
            return None
        return lambda value: value if isinstance(value, str) else process(value)


def array(name: str) -> BindParameter[Any]:
    """Return a parameter that is an array of ids."""
    return bindparam(name, type_=IdArray())


def written(ids: Iterable[int]) -> str:
    """Write an array of ids as PostgreSQL reads it: psycopg takes a microsecond for each.

    Raises:
        ValueError, TypeError: One of them is no whole number; a text could be several.
    """
    return f"{{{','.join([f'{pandaid:d}' for pandaid in ids])}}}"


def unnested(name: str, **columns: ColumnElement[Any]) -> TableValuedAlias:
    """Return parameters that are arrays of the same length as a table, each as a column."""
    types = {key: typing.cast("ARRAY[Any]", p.type).item_type for key, p in columns.items()}
    return (
        func.unnest(*columns.values())
        .table_valued(*(column(key, kind) for key, kind in types.items()))
        .render_derived(name)
    )


def by_id(job: JobTable) -> ColumnElement[bool]:
    """Choose jobs by the parameter `pandaids`."""
    return is_given(job.__table__.c.pandaid)


def unseen(parameter: BindParameter[Any]) -> ColumnElement[Any]:
    """Hide the value of a parameter from the planner: it does not see through the subquery.

    So it has no reason to plan a prepared statement anew for each value, which takes longer than
    one job to move.
    """
    return select(parameter).scalar_subquery()


def is_given(pandaid: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether an id is in the parameter `pandaids`; by the id's index, however many."""
    given = unseen(array("pandaids"))
    return pandaid == func.any(cast(given, ARRAY(BigInteger)))  # or ANY would look at its rows


def is_among(pandaid: SQLColumnExpression[Any], pandaids: Iterable[int]) -> ColumnElement[bool]:
    """Return whether an id is one of those, in a statement that is made for them."""
    return pandaid == any_(literal([*pandaids], ARRAY(BigInteger)))


def is_one_of(pandaid: ColumnElement[int], chosen: Select[Any]) -> ColumnElement[bool]:
    """Return whether an id is one of the selected; as an array, so that the id's index is used."""
    return pandaid == func.any(func.array(chosen.scalar_subquery()))


def is_hashed_in(pandaid: ColumnElement[Any], chosen: Select[Any]) -> ColumnElement[bool]:
    """Return whether an id is one of the selected, by a hash table: for ids without an index.

    It may be a tuple of columns, too.

    The planner cannot make a join of it, which would be a nested loop where it expects few rows.
    """
    return func.coalesce(pandaid.in_(chosen), false())
