"""The tree of global shares: GLOBAL_SHARES, and the part of each in everything (semantics 7.2).

The value of a share is its weight among its siblings. The server remembers leaves that are gone
until it is started again, and reads the table in no order; here each reading begins anew, and
siblings come in the order of their numbers (`queue_id`), those without one last, by name.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.sql.transaction import connection_of
from pandadb.models import GlobalShares

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

ROOT_SHARE = "root"
"""The share of all tasks and jobs where there are none: the root of the tree."""
UNDEFINED_SHARE = "Undefined"
"""The share of tasks and jobs that match no leaf."""
RESERVED_NAMES = (ROOT_SHARE, UNDEFINED_SHARE)
PATTERN_COLUMNS = (
    "prodsourcelabel", "workinggroup", "campaign", "processingtype", "transpath", "rtype",
)  # fmt: skip
"""Columns with a pattern, in the order in which they are checked."""
SHARE = GlobalShares.__table__.c


@dataclass(frozen=True)
class Share:
    """A node of the tree."""

    name: str
    value: int
    """The weight among its siblings."""
    percent: float
    """Its part of everything."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """The patterns by column; those of inner nodes are not used."""
    parent: str | None = None
    queue_id: int | None = None
    vo: str | None = None
    is_throttled: bool = True
    """Whether JEDI limits the jobs of the share."""
    children: Sequence[Share] = ()

    def walk(self) -> Iterator[Share]:
        """Yield the share and all below it, from the top down."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Share]:
        """Yield the leaves below the share, or itself."""
        return (share for share in self.walk() if not share.children)


@dataclass(frozen=True)
class ShareTree:
    """The root with all shares below it."""

    root: Share
    unreachable: Sequence[str] = ()
    """Shares without a way to the top: their parent is missing, or they are in a cycle."""

    def shares(self) -> Iterator[Share]:
        """Yield all shares but the root, from the top down."""
        return (share for share in self.root.walk() if share is not self.root)

    def leaves(self) -> list[Share]:
        """Return the shares that work may belong to, in the order in which they are tried."""
        return [*self.root.leaves()]

    def find(self, name: str) -> Share | None:
        """Return the share of a name."""
        return next((share for share in self.root.walk() if share.name == name), None)

    def path(self, share: Share) -> list[str]:
        """Return the names of the shares above a share from the top, and its own."""
        above = [one.name for one in self.shares() if share in one.walk()]
        return above or [share.name]


def read(session: Transaction) -> ShareTree:
    """Read the tree."""
    rows = connection_of(session).execute(select(*SHARE)).mappings()
    return grow([dict(row) for row in rows])


def leaves(session: Transaction) -> list[Share]:
    """Return the shares that work may belong to, in the order in which they are tried."""
    return read(session).leaves()


def grow(rows: Iterable[Mapping[str, Any]]) -> ShareTree:
    """Make the tree of rows of GLOBAL_SHARES."""
    below: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    names = []
    for row in sorted(rows, key=order_of):
        below[row["parent"]].append(row)
        names.append(row["name"])
    children = tuple(_branches(below, None, 100.0))
    tree = ShareTree(Share(ROOT_SHARE, 100, 100.0, children=children))
    reached = {share.name for share in tree.shares()}
    return ShareTree(tree.root, [name for name in names if name not in reached])


def order_of(row: Mapping[str, Any]) -> tuple[bool, int, str]:
    """Return the key by which siblings are sorted."""
    number = row["queue_id"]
    return number is None, number or 0, row["name"]


def _branches(
    below: Mapping[str | None, Sequence[Mapping[str, Any]]], parent: str | None, percent: float
) -> Iterator[Share]:
    """Yield the children of a share with all below them: they divide its part by their values."""
    siblings = below.get(parent, ())
    total = sum(row["value"] for row in siblings)
    for row in siblings:
        part = row["value"] * (percent / total) if total else 0.0
        yield Share(
            row["name"],
            row["value"],
            part,
            {name: row[name] for name in PATTERN_COLUMNS if row[name] is not None},
            parent,
            row["queue_id"],
            row["vo"],
            row["throttled"] != "N",
            tuple(_branches(below, row["name"], part)),
        )
