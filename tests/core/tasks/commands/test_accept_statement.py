"""Acceptance in every case there is, beside the server's rule written as plain conditions."""

from __future__ import annotations

from datetime import datetime
from itertools import count, product
from typing import TYPE_CHECKING, NamedTuple

import pytest
from sqlalchemy import insert, select

from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.states import STATES
from pandadb.models import JediTasks, ProdSysComm
from tests.task_commands import accept

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OLD = (None, "running", "scouting", "ready", "prepared", "paused")
UNITS = (None, "", "kHS06sPerEvent")
LONG_AGO = datetime(2026, 1, 1)
DOING = {
    "kill": "aborting", "finish": "finishing", "retry": "toretry", "incexec": "toincexec",
    "reassign": "toreassign", "pause": "paused",
}  # fmt: skip


class Case(NamedTuple):
    """A command, and the task that it is given to."""

    command: str
    status: str
    old: str | None
    unit: str | None


CASES = {task: Case(*one) for task, one in zip(count(1), product(COMMANDS, STATES, OLD, UNITS))}


class Outcome(NamedTuple):
    """The row of a task, and the word of its command."""

    status: str
    old: str | None
    unit: str | None
    word: str


def is_allowed(case: Case) -> bool:
    closed = (
        "finished", "done", "prepared", "broken", "tobroken", "aborted", "toabort", "aborting",
        "failed", "passed",
    )  # fmt: skip
    match case.command:
        case "retry":
            return case.status in ("finished", "failed", "aborted", "exhausted")
        case "incexec":
            return case.status in ("finished", "failed", "aborted", "exhausted", "done")
        case "pause":
            no = ("finished", "failed", "done", "aborted", "broken", "paused")
            return case.status not in no
        case "resume":
            return case.status in ("paused", "throttled", "staging")
        case "avalanche":
            return case.status == "scouting"
        case "release":
            at_work = ("scouting", "pending", "running", "ready", "assigning", "defined")
            return case.status in at_work
        case "reassign":
            return case.status not in ("failed", "aborted", "broken")
        case _:
            return case.status not in closed


def outcome(case: Case) -> Outcome:
    """Return what the server makes of a case (semantics 3.3)."""
    command, status, old, unit = case
    if not is_allowed(case):
        return Outcome(status, old, unit, f"{command} failed")
    word = f"{command}ing"
    if command == "release":
        return Outcome(status, old, unit, word)
    if command == "avalanche":
        return Outcome("scouting", None, "ava", word)
    if command == "resume" and status == "staging":
        return Outcome("staged", None, unit, word)
    if command == "retry" and status == "exhausted" and old in ("running", "scouting"):
        return Outcome("running" if old == "scouting" and unit else str(old), None, unit, word)
    if command == "resume" and old in (None, "paused"):  # no state to come back to: it waits
        return Outcome(status, old, unit, command)
    kept = ("pending", "throttled") if command in ("pause", "reassign") else ("pending",)
    before = None if status == "paused" else old if status in kept else status
    new = str(old) if command == "resume" else DOING[command]
    return Outcome(new, before, unit, word)


@pytest.mark.slow
def test_every_command_in_every_state_is_accepted_by_the_rule(session: Session) -> None:
    now = {"creationdate": LONG_AGO, "modificationtime": LONG_AGO}
    session.execute(
        insert(JediTasks),
        [
            {
                "jeditaskid": task, "status": one.status, "oldstatus": one.old,
                "walltimeunit": one.unit, "username": "x", **now,
            }
            for task, one in CASES.items()
        ],
    )  # fmt: skip
    given = [
        {"comm_task": task, "comm_owner": "DEFT", "comm_cmd": one.command}
        for task, one in CASES.items()
    ]
    session.execute(insert(ProdSysComm), given)

    accept(session)

    rows = session.execute(
        select(
            JediTasks.jeditaskid, JediTasks.status, JediTasks.oldstatus, JediTasks.walltimeunit,
            ProdSysComm.comm_cmd,
        ).join(ProdSysComm, ProdSysComm.comm_task == JediTasks.jeditaskid)
    )  # fmt: skip
    found = {row[0]: Outcome(*row[1:]) for row in rows}
    wrong = {
        CASES[t]: (one, outcome(CASES[t])) for t, one in found.items() if one != outcome(CASES[t])
    }
    assert (len(found), wrong) == (len(CASES), {})
