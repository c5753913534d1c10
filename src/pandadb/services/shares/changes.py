"""Global shares changed: one of them, or all from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.shares import changes, definitions
from pandadb.core.sql import validation
from pandadb.core.sql.validation import InvalidValue, shown
from pandadb.models import GlobalShares
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandadb.core.shares.changes import ShareDiff
    from pandadb.database import Database


def change(
    database: Database,
    name: str,
    values: Mapping[str, Any],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> ShareDiff:
    """Set columns of a share, such as its value; return the difference, with all new percents.

    Live tasks and jobs keep their shares: see `reassign_tasks_by_rules`.

    Raises:
        InvalidShares: There is no such share, or the shares would be no tree.
        InvalidValue: There is no such column, or its value does not fit.
    """
    with transaction(database, options) as connection:
        return changes.change(connection, name, values)


def parse_values(assignments: Iterable[str]) -> dict[str, Any]:
    """Return the values of columns of a share, of texts such as `value=30`; NULL is None.

    Raises:
        InvalidValue: A text is no COLUMN=VALUE, there is no such column, or the value is none.
    """
    values: dict[str, Any] = {}
    for word in assignments:
        name, equals, text = word.partition("=")
        if not equals:
            raise InvalidValue(f"{shown(word)} is not COLUMN=VALUE")
        values[name] = validation.from_text(GlobalShares, name, text)
    return values


def load(database: Database, text: str, options: VerbOptions = DEFAULT_OPTIONS) -> ShareDiff:
    """Make the shares of a text, JSON or YAML, all that there are; return the difference.

    Of two loads at once the second one waits, and compares with the shares of the first.

    Raises:
        InvalidShares: The text cannot be read, or its shares are no tree; nothing was changed.
    """
    shares = definitions.parse(text)
    definitions.check(shares)
    with transaction(database, options) as connection:
        return changes.replace(connection, shares)
