"""Rows of PANDA_DDM_RELATION, from the storages of PanDA queues (semantics 8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.sites.loaded_tables import RELATIONS, TableLoad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandadb.core.sites.dumps.shapes import CricEndpoint, CricQueue
    from pandadb.core.sites.loaded_tables import Key, Row

READ, WRITE = "read_lan", "write_lan"
DEFAULT_SCOPE = "default"


@dataclass
class Relation:
    """What a queue does with an endpoint in one scope."""

    roles: list[str] = field(default_factory=list)
    orders: dict[str, int] = field(default_factory=dict)
    """The place of the endpoint by role, from 1; of several, the last."""


def relation_load(
    queues: Mapping[str, CricQueue], endpoints: Mapping[str, CricEndpoint]
) -> TableLoad:
    """Return what a load wants of PANDA_DDM_RELATION: the relations to endpoints that are ACTIVE.

    Of two queues of one PanDA resource, the later one's relation to an endpoint counts.
    """
    rows: dict[Key, Row] = {}
    for queue in queues.values():
        rows.update(_rows(queue, endpoints))
    return TableLoad(RELATIONS, rows, lambda _key, _stamp: False, rows.keys() if rows else None)


def _rows(queue: CricQueue, endpoints: Mapping[str, CricEndpoint]) -> Iterator[tuple[Key, Row]]:
    for (name, scope), relation in _relations(queue).items():
        if name not in endpoints:
            continue
        read, write = relation.orders.get(READ), relation.orders.get(WRITE)
        is_local = endpoints[name].site == queue.atlas_site
        key = (queue.panda_resource, name, scope)
        letters = ["Y" if yes else "N" for yes in (is_local, read == 1, write == 1)]
        yield key, (*key, ",".join(relation.roles), letters[0], read, write, *letters[1:])


def _relations(queue: CricQueue) -> dict[tuple[str, str], Relation]:
    """Return the relations of a queue by endpoint and scope, in the order of its storages."""
    found: dict[tuple[str, str], Relation] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for given, names in (queue.astorages or {}).items():
        role = next((one for one in (READ, WRITE) if given.startswith(one)), None)
        if role is None:  # pr, pw and others of old
            continue
        scope = DEFAULT_SCOPE if given == role else given.removeprefix(f"{role}_")
        for name in names:
            counts[role, scope] += 1
            one = found.setdefault((name, scope), Relation())
            one.roles.append(role)
            one.orders[role] = counts[role, scope]
    return found
