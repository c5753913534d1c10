"""Rows of PANDA_DDM_RELATION, from the storages of PanDA queues (semantics 8)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pandadb.core.sites.loaded_tables import RELATIONS, TableLoad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandadb.core.sites.dumps.shapes import CricEndpoint, CricQueue
    from pandadb.core.sites.loaded_tables import Key, Row

READ, WRITE = "read_lan", "write_lan"
DEFAULT_SCOPE = "default"
Relation = tuple[str, int | None, int | None]
"""The roles of an endpoint, and its place for reading and for writing, from 1: the last of several.
"""
NONE: Relation = ("", None, None)
LETTERS = {False: "N", True: "Y"}


def relation_load(
    queues: Mapping[str, CricQueue], endpoints: Mapping[str, CricEndpoint]
) -> TableLoad:
    """Return the wanted rows of PANDA_DDM_RELATION: the relations to endpoints that are ACTIVE.

    Of two queues of one PanDA resource, the later one's relation to an endpoint counts.
    """
    rows: dict[Key, Row] = {}
    for queue in queues.values():
        rows.update(_rows(queue, endpoints))
    return TableLoad(RELATIONS, rows, lambda _key, _stamp: False, rows.keys() if rows else None)


def _rows(queue: CricQueue, endpoints: Mapping[str, CricEndpoint]) -> Iterator[tuple[Key, Row]]:
    for (name, scope), (roles, read, write) in _relations(queue).items():
        endpoint = endpoints.get(name)
        if endpoint is None:
            continue
        key = (queue.panda_resource, name, scope)
        is_local = LETTERS[endpoint.site == queue.atlas_site]
        yield key, (*key, roles, is_local, read, write, LETTERS[read == 1], LETTERS[write == 1])


def _relations(queue: CricQueue) -> dict[tuple[str, str], Relation]:
    """Return the relations of a queue by endpoint and scope, in the order of its storages."""
    found: dict[tuple[str, str], Relation] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for given, names in (queue.astorages or {}).items():
        role = READ if given.startswith(READ) else WRITE if given.startswith(WRITE) else None
        if role is None:  # pr, pw and others of old
            continue
        scope = DEFAULT_SCOPE if given == role else given.removeprefix(f"{role}_")
        for name in names:
            counts[role, scope] += 1
            order = counts[role, scope]
            roles, read, write = found.get((name, scope), NONE)
            roles = f"{roles},{role}" if roles else role
            found[name, scope] = (roles, order, write) if role == READ else (roles, read, order)
    return found
