"""Harvester: instances with their workers and commands."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from pandadb.services import harvester
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.rendering import render_section
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table, path_to

reading = pages_for(Role.READER)

INSTANCES = (
    Column("harvester", "Instance", "text", lambda row: path_to("/harvester", row["harvester"])),
    Column("hostname", "Host"),
    Column("sw_version", "Version"),
    Column("lastupdate", "Last heartbeat", "time"),
    Column("workers", "Workers of the last day"),
    Column("commands", "Commands"),
)
COUNTS = (
    Column("queue", "Queue"),
    Column("state", "State", "state"),
    Column("workers", "Workers", "number"),
)
WORKERS = (
    Column("workerid", "Worker", "number"),
    Column("status", "State", "state"),
    Column("computingsite", "Queue"),
    Column("batchid", "Batch id", "code"),
    Column("njobs", "Jobs", "number"),
    Column("pandaids", "PandaIDs"),
    Column("submittime", "Submitted", "time"),
    Column("lastupdate", "Changed", "time"),
    Column("diagmessage", "Message"),
)
COMMANDS = (
    Column("command_id", "Command", "number"),
    Column("harvester_id", "Instance"),
    Column("command", "Text", "code"),
    Column("status", "State", "state"),
    Column("status_date", "Since", "time"),
)


@reading.get("/harvester")
def list_instances(request: Request, database: TheDatabase) -> Response:
    """Return all instances, and the newest commands."""
    rows = [_instance(one) for one in harvester.status(database)]
    tables = [
        Table("Instances", INSTANCES, rows, empty="No Harvester has registered."),
        _commands(harvester.find_commands(database)),
    ]
    return render_section(request, "Harvester", tables)


@reading.get("/harvester/{name:path}")
def show_instance(
    request: Request,
    database: TheDatabase,
    name: str,
    before: Annotated[int | None, Query(alias="after", ge=0)] = None,
) -> Response:
    """Return an instance with its workers, page by page."""
    page = harvester.page(database, name, limit=50, before=before)
    counts = [
        {"queue": queue or None, "state": state, "workers": number}
        for queue, states in sorted(page.state.counts.items())
        for state, number in sorted(states.items())
    ]
    found = page.page
    tables = [
        Table("Workers", WORKERS, found.workers, str(found.next) if found.next else None,
              "It has reported no workers."),
        Table("Workers by queue", COUNTS, counts, empty="No worker has changed in a day."),
        _commands(harvester.find_commands(database, name)),
    ]  # fmt: skip
    facts = {column.title: _instance(page.state)[column.name] for column in INSTANCES[1:]}
    return render_section(request, name, tables, facts=facts)


def _instance(state: harvester.InstanceState) -> Row:
    known = state.instance or {}
    return {
        "harvester": state.harvester,
        "hostname": known.get("hostname"),
        "sw_version": known.get("sw_version"),
        "lastupdate": known.get("lastupdate"),
        "workers": _numbers(state.states),
        "commands": _numbers(state.commands),
    }


def _numbers(counts: dict[str, int]) -> list[str]:
    return [f"{number:,} {state}" for state, number in sorted(counts.items())]


def _commands(rows: Sequence[Row]) -> Table:
    return Table("Commands", COMMANDS, rows, empty="There are no commands.")
