"""How PostgreSQL's catalogue is asked, and what is said when its answer is not the one expected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import ProgrammingError
from typing_extensions import override

from pandadb.models.base import MIRRORED_SCHEMAS, PANDADB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

OUR_SCHEMAS = (*MIRRORED_SCHEMAS, PANDADB)
MISSING, SURPLUS = "is missing in the database", "is in the database only"
ROUNDS = 5
"""How often an expression is parsed anew until its spelling stays; PostgreSQL needs two."""


class Difference(NamedTuple):
    """What is not in the database as the models, `sql/` and the revisions have it."""

    kind: str
    """The kind of object: table, column, index, view, …"""
    name: str
    """With its schema; of a column, CHECK or rule also with its table."""
    sentence: str

    @override
    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


def rows(connection: Connection, query: str, **words: str | None) -> list[Any]:
    """Return what a query finds; `:schemas` in it are ours."""
    return [*connection.execute(text(query), {"schemas": [*OUR_SCHEMAS], **words})]


def literal(statement: str) -> TextClause:
    """Return a statement whose colons are no parameters."""
    return text(statement.replace(":", r"\:"))


def settle(
    wanted: dict[str, str], found: dict[str, str], spell: Callable[[str, str], str | None]
) -> None:
    """Replace definitions that differ by what they become when the server parses its own spelling.

    A restored dump is such a spelling: `IN` has become `= ANY ((ARRAY['a'::varchar])::text[])`
    in the first database, and `= ANY (ARRAY[('a'::varchar)::text])` in its copy.
    `spell(name, definition)` is what the server makes of a definition.
    """
    for name in wanted.keys() & found.keys():
        if wanted[name] != found[name]:
            for side in (wanted, found):
                side[name] = _settled(side[name], partial(spell, name))


def _settled(definition: str, spell: Callable[[str], str | None]) -> str:
    for _ in range(ROUNDS):
        before, definition = definition, spell(definition) or definition
        if definition == before:
            break
    return definition


def try_out(connection: Connection, statements: Iterable[TextClause], query: str) -> str | None:
    """Return what a query finds after statements that are undone; None if the server refuses them.

    It does so where they name a table or a column that is missing, which is reported as such.
    """
    with connection.begin_nested() as attempt:
        try:
            for statement in statements:
                connection.execute(statement)
            found: str | None = connection.scalar(text(query))
        except ProgrammingError:
            found = None
        attempt.rollback()
    return found


def try_on_copy(connection: Connection, table: str, statement: str, query: str) -> str | None:
    """Return what a query finds after a statement on `drift_copy`, an empty copy of a table.

    None if the server refuses it, see `try_out`.
    """
    made = text(f"CREATE TEMP TABLE drift_copy (LIKE {table})")
    return try_out(connection, (made, literal(statement)), query)


def differences(
    what: str, wanted: Mapping[Any, Any], found: Mapping[Any, Any], *, made_by: str | None = None
) -> Iterator[Difference]:
    """Return what is missing, surplus or other; long definitions are only reported to differ."""
    kind = what.removesuffix(" of")
    for name in sorted({*wanted, *found}):
        if name not in found:
            sentence = f"{what} {name} {MISSING}"
        elif name not in wanted:
            sentence = f"{what} {name} {SURPLUS}"
        elif wanted[name] == found[name]:
            continue
        elif made_by:
            sentence = f"{what} {name} is not what its file in {made_by} makes"
        else:
            sentence = f"{what} {name}: expected {wanted[name]}, found {found[name]}"
        yield Difference(kind, name, sentence)
