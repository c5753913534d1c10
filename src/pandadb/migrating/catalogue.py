"""How PostgreSQL's catalogue is asked, and what is said when its answer is not the one expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from pandadb.models.base import MIRRORED, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OURS = (*MIRRORED, OWN)


def rows(connection: Connection, query: str) -> list[Any]:
    """Return what a query finds; `:schemas` in it are ours."""
    return [*connection.execute(text(query), {"schemas": [*OURS]})]


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
