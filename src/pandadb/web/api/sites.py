"""Sites, shares and Harvester as JSON."""

from typing import Annotated

from fastapi import Query

from pandadb.services import harvester, shares, sites
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.api.answers import JSONAnswer
from pandadb.web.api.row_schemas import (
    ChangePage,
    HarvesterState,
    PilotPage,
    ShareRow,
    SiteCounts,
    WholeSite,
    several,
)
from pandadb.web.request_state import TheDatabase

reading = api_for(Role.READER)
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=0, description="Last number of the page before")]


@reading.get("/sites", response_model=several(SiteCounts))
def list_sites(database: TheDatabase, role: str | None = None) -> JSONAnswer:
    """Return the sites with the numbers of their PanDA sites and endpoints."""
    return JSONAnswer(sites.find(database, role=role))


@reading.get("/sites/{name:path}", response_model=WholeSite)
def get_site(database: TheDatabase, name: str) -> JSONAnswer:
    """Return a site or a PanDA queue with all that belongs to it."""
    return JSONAnswer(sites.get(database, name))


@reading.get("/site-changes", response_model=ChangePage)
def list_changes(
    database: TheDatabase, name: str | None = None, limit: Limit = 100, before: Before = None
) -> JSONAnswer:
    """Return a page of the changes of loads, the newest first."""
    page = sites.history(database, name, limit=limit, before=before)
    return JSONAnswer({"changes": page.changes, "next": page.next})


@reading.get("/shares", response_model=several(ShareRow))
def list_shares(database: TheDatabase) -> JSONAnswer:
    """Return the shares from the top down, with targets, running and queued HS06."""
    report = shares.tree(database)
    rows = [
        {
            "name": share.name,
            "parent": share.parent,
            "value": share.value,
            "percent": share.percent,
            **vars(report.powers[share.name]),
        }
        for share in report.tree.root.walk()
    ]
    return JSONAnswer(rows)


@reading.get("/harvester", response_model=several(HarvesterState))
def list_instances(database: TheDatabase) -> JSONAnswer:
    """Return the Harvester instances with the numbers of their workers."""
    return JSONAnswer([vars(one) | {"states": one.states} for one in harvester.status(database)])


@reading.get("/harvester-workers", response_model=PilotPage)
def list_workers(
    database: TheDatabase, instance: str, limit: Limit = 100, before: Before = None
) -> JSONAnswer:
    """Return a page of the workers of an instance, the largest numbers first."""
    page = harvester.find_workers(database, instance, limit=limit, before=before)
    return JSONAnswer({"workers": page.workers, "next": page.next})
