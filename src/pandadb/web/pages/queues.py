"""Job queues, groups and the outbox, with their upkeep: each form has a dry run before."""

from dataclasses import asdict
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import queue
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import Identifier
from pandadb.web.operations import queue_upkeep
from pandadb.web.operations.confirmations import Attempt, attempt
from pandadb.web.operations.outcome_texts import OutcomeText
from pandadb.web.operations.parameters import missing, values_of
from pandadb.web.pages.jobs.lists import job_address
from pandadb.web.pages.jobs.verbs import TheForm, texts_of
from pandadb.web.pages.overview import QUEUES, depth_of
from pandadb.web.rendering import render, render_tables
from pandadb.web.request_state import TheDatabase, TheQueues
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
operating = pages_for(Role.OPERATOR)
MAX_EVENTS = 100


def _group_address(row: Row) -> str:
    return f"/jobs?{urlencode({'group': row['group_key']})}"


GROUPS = (
    Column("group_key", "Group", address=_group_address),
    Column("max_running", "Limit", "number"),
    Column("admitted", "With a place", "number"),
    Column("waiting", "Waiting", "number"),
)
EVENTS = (
    Column("event_id", "Event", "number"),
    Column("kind", "Kind"),
    Column("pandaid", "Job", "number", job_address),
    Column("state", "State", "state"),
    Column("created_at", "Created", "time"),
    Column("attempts", "Failures", "number"),
    Column("retry_after", "Next attempt", "time"),
    Column("last_error", "Error"),
)


@reading.get("/queues")
def show_queues(
    request: Request,
    database: TheDatabase,
    now: TheQueues,
    user: CurrentUser,
    *,
    state: str = "",
    after: Identifier = 0,
) -> Response:
    """Return the page of queues, groups, and the events of the outbox in a state."""
    events = queue.events(database, state or None, limit=MAX_EVENTS + 1, after=after)
    shown = events[:MAX_EVENTS]
    following = str(shown[-1].event_id) if len(events) > MAX_EVENTS else None
    tables = {
        "queues": Table("Queues", QUEUES, [depth_of(one) for one in now.queues],
                        empty="No queue has a job or a worker: pandadb queue submit --help"),
        "groups": Table("Groups", GROUPS, [asdict(one) for one in now.groups],
                        empty="No job is of a group: groups limit how many of their jobs run."),
        "events": Table("Events", EVENTS, [vars(one) | {"state": str(one.state)} for one in shown],
                        following, "No event matches: jobs that announce their end make some."),
    }  # fmt: skip
    return render_tables(
        request,
        "queues.html",
        tables,
        problems=now.problems,
        state=state,
        states=["", *queue.EventState],
        upkeep=[*queue_upkeep.UPKEEP] if user.role >= Role.OPERATOR else [],
    )


@operating.post("/queues/upkeep")
def keep_up(request: Request, database: TheDatabase, form: TheForm) -> Response:
    """Answer a form with the dry run of an upkeep, or, if it confirms one, with its outcome."""
    upkeep = queue_upkeep.known(str(form.get("upkeep", "")))
    texts = texts_of(form)
    values = values_of(upkeep.parameters, texts)
    lacking = missing(upkeep.parameters, values)
    if lacking:
        outcome = OutcomeText(f"Give a value: {', '.join(lacking)}.", changes=False)
        answer = Attempt(outcome, is_confirmed=False)
    else:
        answer = attempt(
            texts,
            values,
            lambda is_dry: upkeep.act(database, values, queue.VerbOptions(dry_run=is_dry)),
        )
    return render(
        request,
        "operation.html",
        heading=upkeep.name.capitalize(),
        back="/queues",
        meaning=upkeep.meaning,
        fields={"upkeep": upkeep.name, "seen": answer.seen},
        parameters=upkeep.parameters,
        values=values,
        outcome=answer.outcome,
        is_confirmed=answer.is_confirmed,
        is_dangerous=False,
    )
