"""Sites and PanDA queues: the list, one with all that belongs to it, and its changes."""

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response

from pandadb.services import sites
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.rendering import render_section
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table, path_to

reading = pages_for(Role.READER)


def _columns(*names: str, kind: Any = "text") -> tuple[Column, ...]:
    return tuple(Column(name, name.replace("_", " ").capitalize(), kind) for name in names)


def _site_address(row: Row) -> str | None:
    return path_to("/sites", row["site_name"])


SITES = (
    Column("site_name", "Site", "text", _site_address),
    Column("role", "Role"),
    Column("tier_level", "Tier", "number"),
    Column("panda_sites", "PanDA sites", "number"),
    Column("endpoints", "Endpoints", "number"),
    Column("excluded", "Excluded", "number"),
    Column("space_free", "Free GB", "number"),
)
QUEUES = (
    Column("panda_queue", "Queue"),
    *_columns("status", "type", "capability", "corecount", "maxrss", "maxtime", "last_update"),
)
SECTIONS = {
    "panda_sites": ("PanDA sites", _columns("panda_site_name", "site_name")),
    "endpoints": (
        "Endpoints",
        _columns(
            "ddm_endpoint_name", "type", "is_tape", "blacklisted_write", "blacklisted_read",
            "space_total", "space_free", "space_timestamp",
        ),
    ),
    "relations": (
        "Relations",
        _columns(
            "panda_site_name", "ddm_endpoint_name", "scope", "roles", "order_read", "order_write"
        ),
    ),
    "stats": ("Figures", _columns("key", "value", "ts")),
}  # fmt: skip
CHANGES = (
    *_columns("change_id", kind="number"),
    *_columns("changed_at", kind="time"),
    *_columns("table_name", "row_key", "kind", "row_before", "row_after"),
)


@reading.get("/sites")
def list_sites(
    request: Request,
    database: TheDatabase,
    role: str | None = None,
    before: Annotated[int | None, Query(alias="after", ge=0)] = None,
) -> Response:
    """Return the sites, and the newest changes of all of them."""
    found = sites.find(database, role=role or None)
    tables = [
        Table("Sites", SITES, found, empty="There are no sites: pandadb sites load."),
        _changes(database, None, before),
    ]
    return render_section(request, "Sites", tables)


@reading.get("/sites/{name:path}")
def show_site(
    request: Request,
    database: TheDatabase,
    name: str,
    before: Annotated[int | None, Query(alias="after", ge=0)] = None,
) -> Response:
    """Return a site or a queue, with its queues, endpoints, relations, figures and changes."""
    found = sites.get(database, name)
    rows = [{**_fields(one["data"]), **one} for one in found["queues"]]
    tables = [Table("Queues", QUEUES, rows, empty="No queue belongs to it.")]
    for section, (title, columns) in SECTIONS.items():
        tables.append(Table(title, columns, found[section], empty=f"{title}: none."))
    tables.append(_changes(database, name, before))
    return render_section(request, name, tables, facts=found["site"] or None)


def _fields(data: Any) -> dict[str, Any]:
    known = data if isinstance(data, dict) else {}
    return {column.name: known.get(column.name) for column in QUEUES}


def _changes(database: Any, name: str | None, before: int | None) -> Table:
    page = sites.history(database, name, limit=50, before=before)
    return Table(
        "Changes", CHANGES, page.changes, str(page.next) if page.next else None,
        "No load has changed a row.",
    )  # fmt: skip
