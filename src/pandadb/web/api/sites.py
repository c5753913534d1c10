"""Sites, shares and Harvester as JSON."""

from typing import Annotated, Any

from fastapi import Query

from pandadb.services import harvester, shares, sites
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.request_state import TheDatabase

reading = api_for(Role.READER)
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=0, description="Last number of the page before")]


@reading.get("/sites")
def list_sites(database: TheDatabase, role: str | None = None) -> list[dict[str, Any]]:
    """Return the sites with the numbers of their PanDA sites and endpoints."""
    return sites.find(database, role=role)


@reading.get("/sites/{name:path}")
def get_site(database: TheDatabase, name: str) -> dict[str, Any]:
    """Return a site or a PanDA queue with all that belongs to it."""
    return sites.get(database, name)


@reading.get("/site-changes")
def list_changes(
    database: TheDatabase, name: str | None = None, limit: Limit = 100, before: Before = None
) -> dict[str, Any]:
    """Return a page of the changes of loads, the newest first."""
    page = sites.history(database, name, limit=limit, before=before)
    return {"changes": page.changes, "next": page.next}


@reading.get("/shares")
def list_shares(database: TheDatabase) -> list[dict[str, Any]]:
    """Return the shares from the top down, with targets, running and queued HS06."""
    report = shares.tree(database)
    return [
        {
            "name": share.name,
            "parent": share.parent,
            "value": share.value,
            "percent": share.percent,
            **vars(report.powers[share.name]),
        }
        for share in report.tree.root.walk()
    ]


@reading.get("/harvester")
def list_instances(database: TheDatabase) -> list[dict[str, Any]]:
    """Return the Harvester instances with the numbers of their workers."""
    return [vars(one) | {"states": one.states} for one in harvester.status(database)]


@reading.get("/harvester-workers")
def list_workers(
    database: TheDatabase, instance: str, limit: Limit = 100, before: Before = None
) -> dict[str, Any]:
    """Return a page of the workers of an instance, the largest numbers first."""
    page = harvester.find_workers(database, instance, limit=limit, before=before)
    return {"workers": page.workers, "next": page.next}
