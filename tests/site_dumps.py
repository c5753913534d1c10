"""Small dumps of sites, for tests; and what the tables have of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.sites.loaded_tables import (
    ENDPOINTS,
    PANDA_SITES,
    QUEUES,
    RELATIONS,
    SCHEDCONFIG,
    SITES,
    STATS,
    TAGS,
)
from pandadb.services.sites import DumpKind

if TYPE_CHECKING:
    from pandadb.database import Database

TABLES = (SITES, PANDA_SITES, ENDPOINTS, RELATIONS, QUEUES, SCHEDCONFIG, TAGS, STATS)


def site(name: str, **changes: Any) -> dict[str, Any]:
    """Return an active site with an endpoint and a PanDA site."""
    return {
        "state": "ACTIVE",
        "tier_level": 2,
        "datapolicies": [],
        "ddmendpoints": {f"{name}_DISK": {"state": "ACTIVE"}},
        "presources": {"pool": {f"{name}-GRID": {"state": "ACTIVE"}}},
    } | changes


def endpoint(name: str, **changes: Any) -> dict[str, Any]:
    """Return an active endpoint of a site."""
    fields = {"state": "ACTIVE", "token": "DISK", "site": name, "type": "DISK", "is_tape": False}
    return fields | changes


def queue(name: str, **changes: Any) -> dict[str, Any]:
    """Return a queue of a site that is online."""
    return {
        "panda_resource": f"{name}-GRID",
        "atlas_site": name,
        "status": "online",
        "corecount": 8,
        "astorages": {"read_lan": [f"{name}_DISK"], "write_lan": [f"{name}_DISK"]},
    } | changes


def dumps(*names: str) -> dict[DumpKind, Any]:
    """Return dumps of all that sites need."""
    return {
        DumpKind.SITES: {name: site(name) for name in names},
        DumpKind.DDM_ENDPOINTS: {f"{name}_DISK": endpoint(name) for name in names},
        DumpKind.PANDA_QUEUES: {f"{name}-GRID": queue(name) for name in names},
    }


def content(database: Database) -> dict[str, list[Any]]:
    """Return the rows of all tables, without the times of loads."""
    times = {"last_update", "lastmod", "ts"}
    found = {}
    with database.transaction() as connection:
        for table in TABLES:
            columns = [one for one in table.model.__table__.columns if one.name not in times]
            rows = connection.execute(select(*columns)).all()
            found[table.name] = sorted(map(tuple, rows), key=repr)
    return found
