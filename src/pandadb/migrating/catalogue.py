"""How PostgreSQL's catalogue is asked, and what is said when its answer is not the one expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, TextClause, text

from pandadb.models.base import MIRRORED, OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OURS = (*MIRRORED, OWN)
ROUNDS = 5
"""How often an expression is parsed anew until its spelling stays; PostgreSQL needs two."""


def rows(connection: Connection, query: str) -> list[Any]:
    """Return what a query finds; `:schemas` in it are ours."""
    return [*connection.execute(text(query), {"schemas": [*OURS]})]


def literal(statement: str) -> TextClause:
    """Return a statement whose colons are no parameters."""
    return text(statement.replace(":", r"\:"))


def settle(wanted: dict[str, str], found: dict[str, str], spell: Callable[[str, str], str]) -> None:
    """Replace definitions that differ by what they become when the server parses its own spelling.

    A restored dump is such a spelling: `IN` has become `= ANY ((ARRAY['a'::varchar])::text[])`
    in the first database, and `= ANY (ARRAY[('a'::varchar)::text])` in its copy.
    `spell(name, definition)` is what the server makes of a definition.
    """
    for name in wanted.keys() & found.keys():
        if wanted[name] != found[name]:
            for side in (wanted, found):
                side[name] = _settled(side[name], lambda text, name=name: spell(name, text))


def _settled(definition: str, spell: Callable[[str], str]) -> str:
    for _ in range(ROUNDS):
        before, definition = definition, spell(definition)
        if definition == before:
            break
    return definition


def differences(
    what: str, wanted: Mapping[Any, Any], found: Mapping[Any, Any], *, made_by: str | None = None
) -> Iterator[str]:
    """Say what is missing, surplus or other; long definitions are only told to differ."""
    for name in sorted({*wanted, *found}):
        if name not in found:
            yield f"{what} {name} is missing in the database"
        elif name not in wanted:
            yield f"{what} {name} is in the database only"
        elif wanted[name] != found[name]:
            yield (
                f"{what} {name} is not what its file in {made_by} makes"
                if made_by
                else f"{what} {name}: expected {wanted[name]}, found {found[name]}"
            )
