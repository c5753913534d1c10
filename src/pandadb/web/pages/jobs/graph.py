"""The graph of a job: all that it waits for, and all that waits for it."""

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import queue
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.drawings import flow_graphs
from pandadb.web.job_query import Identifier
from pandadb.web.pages.jobs.lists import job_address
from pandadb.web.rendering import render_table
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Table

reading = pages_for(Role.READER)
COLUMNS = (
    Column("pandaid", "PandaID", "number", job_address),
    Column("name", "Name"),
    Column("state", "State", "state"),
)


@reading.get("/jobs/{pandaid}/graph")
def show_graph(request: Request, database: TheDatabase, pandaid: Identifier) -> Response:
    """Return the page with the graph of a job of a queue."""
    found = queue.flows.around(database, pandaid)
    table = Table("Jobs", COLUMNS, found.jobs)
    drawing = flow_graphs.drawn(found.jobs, found.edges)
    return render_table(request, "jobs/graph.html", table, pandaid=pandaid, drawing=drawing)
