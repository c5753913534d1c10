"""A task: its progress, datasets and files, history, commands; a flow with its graph."""

from dataclasses import replace

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from pandadb.database import Database
from pandadb.services import queue, tasks
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.drawings import bars, flow_graphs
from pandadb.web.operations import flow_verbs, task_commands
from pandadb.web.pages.jobs.lists import job_address
from pandadb.web.rendering import render_table, render_tables
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
MOST_FILES = 100


def _dataset_address(row: Row) -> str:
    return f"/tasks/{row['jeditaskid']}/datasets/{row['datasetid']}"


DATASETS = (
    Column("datasetid", "Dataset", "number", _dataset_address),
    Column("type", "Type"),
    Column("status", "State", "state"),
    Column("nfiles", "Files", "number"),
    Column("nfilestobeused", "To be used", "number"),
    Column("nfilesused", "Used", "number"),
    Column("nfilesfinished", "Finished", "number"),
    Column("nfilesfailed", "Failed", "number"),
    Column("datasetname", "Name"),
)
STATES = (
    Column("status", "State", "state"),
    Column("since", "Since", "time"),
    Column("seconds", "Seconds", "number"),
    Column("attemptnr", "Attempt", "number"),
    Column("reason", "Reason"),
    Column("modificationhost", "Host"),
)
ATTEMPTS = (
    Column("attemptnr", "Attempt", "number"),
    Column("starttime", "Begun", "time"),
    Column("startstatus", "As", "state"),
    Column("endtime", "Ended", "time"),
    Column("endstatus", "As", "state"),
)
JOBS = (
    Column("pandaid", "PandaID", "number", job_address),
    Column("name", "Name"),
    Column("state", "State", "state"),
    Column("queue", "Queue"),
    Column("currentpriority", "Priority", "number"),
    Column("attemptnr", "Attempt", "number"),
    Column("starttime", "Begun", "time"),
    Column("endtime", "Ended", "time"),
)
FILES = (
    Column("fileid", "File", "number"),
    Column("lfn", "Name"),
    Column("status", "State", "state"),
    Column("fsize", "Bytes", "number"),
    Column("nevents", "Events", "number"),
    Column("attemptnr", "Attempt", "number"),
    Column("maxattempt", "Of", "number"),
    Column("failedattempt", "Failed", "number"),
    Column("pandaid", "Job", "number", job_address),
)


@reading.get("/flows/{flow}")
def show_flow(flow: int) -> Response:
    """Redirect to the page of the task that a flow is."""
    return RedirectResponse(f"/tasks/{flow}", 303)


@reading.get("/tasks/{task}")
def show_task(request: Request, database: TheDatabase, user: CurrentUser, task: int) -> Response:
    """Return the page of a task: all that is known of it."""
    found = tasks.get(database, task)
    history = tasks.history(database, task)
    progress = tasks.task_progress(database, task)[task]
    flow = _flow(database, task)
    may_change = user.role >= Role.OPERATOR
    tables = {
        "datasets": Table("Datasets", DATASETS, found.pop("datasets"),
                          empty="The task has no datasets."),
        "states": Table("States", STATES, [vars(one) for one in history.states],
                        empty="No state was logged."),
        "attempts": Table("Attempts", ATTEMPTS, history.attempts, empty="No attempt was noted."),
        "jobs": Table("Jobs of the flow", JOBS, flow.jobs if flow else [],
                      empty="The flow has no jobs."),
    }  # fmt: skip
    return render_tables(
        request,
        "tasks/task.html",
        tables,
        task=found,
        progress=progress,
        files=[replace(one, address=None) for one in bars.by_state(progress.files)],
        jobs=_of_task(task, bars.by_state(progress.jobs)),
        flow=flow,
        drawing=flow_graphs.drawn(flow.jobs, flow.edges) if flow else None,
        last_command=history.command,
        commands=task_commands.of_status(found["status"]) if may_change and not flow else [],
        dangerous=task_commands.DANGEROUS,
        verbs=[*flow_verbs.VERBS.values()] if may_change and flow else [],
    )


def _flow(database: Database, task: int) -> queue.flows.FlowGraph | None:
    try:
        return queue.flows.get(database, task)
    except queue.flows.FlowNotFound:
        return None


def _of_task(task: int, states: list[bars.Bar]) -> list[bars.Bar]:
    """Return bars whose addresses are of the jobs of a task."""
    more = f"&jeditaskid={task}&archive=true"
    return [replace(one, address=f"{one.address}{more}") for one in states]


@reading.get("/tasks/{task}/datasets/{datasetid}")
def list_files(
    request: Request,
    database: TheDatabase,
    task: int,
    datasetid: int,
    *,
    status: str = "",
    after: int | None = None,
) -> Response:
    """Return the page with files of a dataset of a task."""
    rows = tasks.files(
        database, task, datasetid, status=status or None, limit=MOST_FILES + 1, after=after
    )
    following = str(rows[MOST_FILES - 1]["fileid"]) if len(rows) > MOST_FILES else None
    table = Table(
        f"Files of dataset {datasetid}", FILES, rows[:MOST_FILES], following,
        "No file matches: choose another state, or another dataset.",
    )  # fmt: skip
    return render_table(
        request, "tasks/files.html", table, task=task, datasetid=datasetid, state=status
    )
