"""GLOBAL_SHARES changed: the difference of two trees, checked and then written as a whole.

Readers have the old tree until the new one stands. The rows are written anew in the order in
which leaves are tried, since the server reads the table without an order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, text

from pandadb.core.shares import definitions, tree
from pandadb.core.shares.definitions import COLUMNS, OPTIONAL, InvalidShares
from pandadb.core.shares.tree import SHARE
from pandadb.core.sql.transaction import connection_of, schema_of
from pandadb.core.sql.validation import check_given, check_names, near, shown
from pandadb.models import GlobalShares, JediWorkQueue
from pandadb.models.queues import JEDI_WORK_QUEUE_SEQ

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

    Row = Mapping[str, Any]

TABLE = GlobalShares.__table__
QUEUE = JediWorkQueue.__table__.c
LOCK = "LOCK TABLE {schema}.global_shares IN SHARE ROW EXCLUSIVE MODE"
"""Against others that write; readers go on."""


@dataclass
class ShareDiff:
    """The difference between two trees of shares."""

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    """New shares by name, with their columns."""
    changed: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    """Columns of other shares, each with the former and the new value."""
    removed: list[str] = field(default_factory=list)
    percents: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Shares with another part of everything: the former and the new one, in per cent."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def replace(session: Transaction, shares: Sequence[Row]) -> ShareDiff:
    """Make these shares all that there are; return the difference.

    Columns that a share leaves out are NULL; but its number (`queue_id`) stays, and a new share has
    the next one of the sequence that work queues have.

    Raises:
        InvalidShares: The shares are no tree; the sentence names the share.
    """
    definitions.check(shares)
    before = _lock(session)
    queues = _queue_ids(session)
    numbers = {row["name"]: row["queue_id"] for row in before}
    taken = {*queues, *(share.get("queue_id") for share in shares), *numbers.values()}
    after = []
    for share in shares:
        row = {**dict.fromkeys(OPTIONAL), **share}
        if row["queue_id"] is None:
            row["queue_id"] = numbers.get(row["name"])
        if row["queue_id"] is None:
            row["queue_id"] = _next_number(session, taken)
        after.append(row)
    return _write(session, before, after, queues)


def change(session: Transaction, name: str, values: Row) -> ShareDiff:
    """Set columns of a share; return the difference.

    Raises:
        InvalidShares: There is no such share, or the shares would be no tree.
        InvalidValue: There is no such column, or its value does not fit.
    """
    check_given(values, ["name"], "the file of all shares")
    check_names(GlobalShares, values)
    before = _lock(session)
    own = next((row for row in before if row["name"] == name), None)
    if own is None:
        hint = near(name, [row["name"] for row in before])
        raise InvalidShares(f"there is no share {shown(name)}{hint}")
    changed = {**own, **values}
    definitions.check([changed])
    after = [changed if row is own else row for row in before]
    return _write(session, before, after, _queue_ids(session))


def _next_number(session: Transaction, taken: Collection[int | None]) -> int:
    """Return the next number of the sequence of work queues that is not taken."""
    while True:
        number = int(connection_of(session).scalar(select(JEDI_WORK_QUEUE_SEQ.next_value())) or 0)
        if number not in taken:
            return number


def _lock(session: Transaction) -> list[dict[str, Any]]:
    """Lock the table against other changes; return its rows."""
    connection = connection_of(session)
    schema = connection.dialect.identifier_preparer.quote(schema_of(session, TABLE.schema))
    connection.execute(text(LOCK.format(schema=schema)))
    rows = connection.execute(select(*SHARE)).mappings()
    return sorted((dict(row) for row in rows), key=tree.order_of)


def _queue_ids(session: Transaction) -> dict[int, str]:
    rows = connection_of(session).execute(select(QUEUE.queue_id, QUEUE.queue_name))
    return {row.queue_id: row.queue_name for row in rows}


def _write(
    session: Transaction, before: Sequence[Row], after: Sequence[Row], queues: Mapping[int, str]
) -> ShareDiff:
    definitions.check_tree(after, queues)
    found = difference(before, after)
    if found:
        connection = connection_of(session)
        connection.execute(delete(TABLE))
        connection.execute(insert(TABLE), sorted(after, key=tree.order_of))
    return found


def difference(before: Sequence[Row], after: Sequence[Row]) -> ShareDiff:
    """Return the difference of two trees."""
    old, new = ({row["name"]: row for row in rows} for rows in (before, after))
    found = ShareDiff(
        added={name: dict(row) for name, row in new.items() if name not in old},
        removed=[name for name in old if name not in new],
    )
    for name in new.keys() & old.keys():
        columns = [one for one in COLUMNS if old[name][one] != new[name][one]]
        if columns:
            found.changed[name] = {one: (old[name][one], new[name][one]) for one in columns}
    parts = [
        {share.name: share.percent for share in tree.grow(one).shares()} for one in (before, after)
    ]
    for name in {**parts[0], **parts[1]}:
        pair = parts[0].get(name), parts[1].get(name)
        if pair[0] != pair[1]:
            found.percents[name] = pair
    return found
