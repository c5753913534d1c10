"""The tree of global shares with its computing power, the order of dispatch, a share's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.shares import ranking, usage
from pandadb.core.shares import tree as share_tree
from pandadb.core.sql.validation import near, shown
from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.shares.ranking import Power
    from pandadb.core.shares.tree import Share, ShareTree
    from pandadb.core.shares.usage import QueueUsage
    from pandadb.database import Database


class UnknownShare(InvalidInput):
    """There is no such share, or it is no leaf."""


@dataclass(frozen=True)
class TreeReport:
    """The shares, and the computing power of each by name, the root included."""

    tree: ShareTree
    powers: Mapping[str, Power]

    def ranked(self) -> dict[str, Power]:
        """Return the leaves with their power in the order of dispatch.

        At each node of the tree the share that uses the least part of its target comes first.
        """
        order = ranking.order(self.tree.root, self.powers)
        return {share.name: self.powers[share.name] for share in order}


@dataclass(frozen=True)
class SharePage:
    """A share with its queues."""

    share: Share
    path: Sequence[str]
    """The shares above it from the top, and itself."""
    power: Power
    queues: Sequence[QueueUsage]
    """The PanDA queues with live jobs of the share, or of the leaves below it."""


def tree(database: Database) -> TreeReport:
    """Return all shares with target, running and queued HS06, by the statistics of jobs."""
    with database.transaction() as connection:
        found = share_tree.read(connection)
        return TreeReport(found, ranking.distribution(connection, found))


def rank(database: Database) -> dict[str, Power]:
    """Return the leaves with their power in the order of dispatch; see `TreeReport.ranked`."""
    return tree(database).ranked()


def page(database: Database, name: str) -> SharePage:
    """Return a share with its power and its PanDA queues, in three statements.

    Raises:
        UnknownShare: There is no such share.
    """
    with database.transaction() as connection:
        found = share_tree.read(connection)
        share = found.find(name)
        if share is None:
            raise unknown(name, found)
        powers = ranking.distribution(connection, found)
        queues = usage.read(connection, [leaf.name for leaf in share.leaves()])
    return SharePage(share, found.path(share), powers[share.name], queues)


def unknown(name: str, found: ShareTree) -> UnknownShare:
    """Return the error of a name that no share has, or that is no leaf, with a hint."""
    share = found.find(name)
    if share is not None:
        below = ", ".join(leaf.name for leaf in share.leaves())
        return UnknownShare(f"Share {shown(name)} is no leaf: below it are {below}")
    hint = near(name, [share.name for share in found.shares()])
    return UnknownShare(f"There is no share {shown(name)}{hint}")
