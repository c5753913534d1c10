"""Dead letters: messages that could not be worked on; looked at, replayed, dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.gateway import dead_letters as rows
from pandadb.core.sql.validation import check_number, ids
from pandadb.errors import InvalidInput
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.gateway.dead_letters import DeadLetter
    from pandadb.database import Database

MAX_LETTERS = 10_000


class UnknownDeadLetter(InvalidInput):
    """There is no such dead letter."""


def dead_letters(
    database: Database, *, limit: int = 100, after: int = 0, replayed: bool = False
) -> list[DeadLetter]:
    """Return dead letters in their order, above a number, without headers and bodies.

    Those that were replayed are left out, unless `replayed`.

    Raises:
        InvalidValue: A number is beyond its limits.
    """
    check_number("limit", limit, 1, MAX_LETTERS)
    with database.transaction() as connection:
        return rows.listed(connection, limit=limit, after=after, replayed=replayed)


def dead_letter(database: Database, dead_letter_id: int) -> DeadLetter:
    """Return a dead letter, with its headers and its body.

    Raises:
        UnknownDeadLetter: There is none of this number.
    """
    with database.transaction() as connection:
        found = rows.find(connection, dead_letter_id)
    if found is None:
        raise UnknownDeadLetter(f"There is no dead letter {dead_letter_id}")
    return found


def note_replayed(database: Database, dead_letter_id: int) -> None:
    """Note that a dead letter was received once more."""
    with database.transaction() as connection:
        rows.note_replayed(connection, dead_letter_id)


def drop_dead_letters(
    database: Database, dead_letter_ids: Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> list[int]:
    """Delete dead letters; return the numbers of those that there were.

    Raises:
        InvalidValue: A number is no whole number.
    """
    wanted = ids([*dead_letter_ids], "dead_letter_id")
    with transaction(database, options) as connection:
        return rows.drop(connection, wanted)
