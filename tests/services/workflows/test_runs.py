"""Sequences in WORKFLOWS: begun under a lease, resumed, cancelled, found."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.workflows import sequence_rows
from pandadb.models import Workflows, WorkflowSteps
from pandadb.services import workflows
from pandadb.services.transaction import VerbOptions
from pandadb.services.workflows import (
    AttemptKey,
    CancelRequested,
    NewSequence,
    SequenceFilter,
    SequenceLease,
    SequenceLeaseLost,
    SequenceLocked,
    SequenceNotAllowed,
    SequenceNotFound,
    owners,
    runs,
)
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server
TEXT = "### A\necho a\n### Sequence\nA.execute()\n"
SEQUENCE = NewSequence("/home/user/myseq.txt", TEXT, "user", {"verbose": "True"})
BEGUN_AT = "2026-03-01T08:00:00"


def run_step(
    database: Database, lease: SequenceLease, step: str = "A", number: int = 1, **end: Any
) -> int:
    """Run a step; without `end` it is left without one."""
    key = AttemptKey(step, number, {"X": "it's $HOME\n"}, "execute")
    step_id = workflows.begin_step(database, lease, key)
    if end:
        workflows.end_step(database, lease, step_id, begun_at=BEGUN_AT, **end)
    return step_id


def expire(database: Database) -> None:
    """Let the leases of all sequences expire, as those of a process that is gone elsewhere."""
    with database.session() as session:
        session.execute(text("UPDATE doma_panda.workflows SET lock_time = '2020-01-01'"))


def state(database: Database, lease: SequenceLease) -> str:
    return workflows.get(database, lease.workflow_id)[0].state


def test_a_sequence_is_a_row_that_no_agent_of_workflows_takes(database: Database) -> None:
    lease = workflows.begin(database, SEQUENCE)
    step_id = run_step(database, lease, status=0, output="a\n", numbers={"jobset": 7, "task": 9})
    with database.session() as session:
        row = session.scalars(select(Workflows)).one()
        step = session.scalars(select(WorkflowSteps)).one()
        assert (row.name, row.status, row.prodsourcelabel) == ("myseq.txt", *["sequence"] * 2)
        assert (row.definition_json, row.username) == (TEXT, "user")
        assert row.locked_by == lease.owner
        assert row.lock_time == row.check_time == row.start_time
        assert (step.step_id, step.name, step.member_id, step.status) == (
            step_id,
            "A",
            1,
            "submitted",
        )
        assert (step.flavor, step.target_id) == ("panda_jobs", "7")
        assert step.parameters["env"] == {"X": "it's $HOME\n"}

    workflows.take_result(database, lease, step_id, {"fields": {"Failed": 0}})
    workflows.end(database, lease, "finish")

    run, (done,) = workflows.get(database, lease.workflow_id)
    assert (run.state, run.nsteps, run.nfailed, run.owner) == ("done", 1, 0, None)
    assert run.end_time is not None
    assert (done.state, done.output, done.result) == ("done", "a\n", {"fields": {"Failed": 0}})


def test_a_second_run_of_the_same_sequence_is_refused_while_the_first_has_its_lease(
    database: Database,
) -> None:
    lease = workflows.begin(database, SEQUENCE)
    with pytest.raises(SequenceLocked, match=f"Sequence {lease.workflow_id} runs: process"):
        workflows.begin(database, SEQUENCE)
    with pytest.raises(SequenceLocked):
        workflows.resume(database, SEQUENCE)
    other = NewSequence(SEQUENCE.path, TEXT + "#", "user")
    workflows.begin(database, other)
    again = workflows.begin(database, SEQUENCE, again=True)
    workflows.end(database, lease, "finish")
    workflows.end(database, again, "finish")
    workflows.begin(database, SEQUENCE)


def test_a_sequence_that_begins_locks_none_that_have_ended(database: Database) -> None:
    lease = workflows.begin(database, SEQUENCE)
    with database.transaction() as connection:
        assert sequence_rows.of_key(connection, SEQUENCE, is_open=True) == [lease.workflow_id]
    workflows.end(database, lease, "finish")
    with database.transaction() as connection:
        assert sequence_rows.of_key(connection, SEQUENCE, is_open=True) == []
        assert sequence_rows.of_key(connection, SEQUENCE, is_open=False) == [lease.workflow_id]


def test_two_processes_that_begin_a_sequence_at_once_do_so_one_after_the_other(
    database: Database,
) -> None:
    with database.transaction() as connection:
        key = {"key": f"pandadb sequence {SEQUENCE.key}"}
        connection.execute(runs.ONE_AT_A_TIME, key)
        with meanwhile(database, lambda: workflows.begin(database, SEQUENCE)):
            connection.commit()
    assert len(workflows.find(database)) == 1


def test_a_sequence_goes_on_where_its_process_was_killed(database: Database) -> None:
    lease = workflows.begin(database, SEQUENCE)
    run_step(database, lease, status=3, output="no\n")
    run_step(database, lease, "B")
    expire(database)
    assert state(database, lease) == "interrupted"

    new, steps = workflows.resume(database, SEQUENCE)

    assert (new.workflow_id, state(database, new)) == (lease.workflow_id, "running")
    found = [(one.name, one.state, one.exit_status, one.output) for one in steps]
    assert found == [("A", "failed", 3, "no\n"), ("B", "cancelled", None, None)]
    for late in (
        lambda: workflows.renew(database, lease),
        lambda: run_step(database, lease, "C"),
        lambda: workflows.end_step(
            database, lease, steps[1].step_id, status=0, output="", begun_at=BEGUN_AT
        ),
        lambda: workflows.take_result(database, lease, steps[0].step_id, {}),
        lambda: workflows.end(database, lease, "finish"),
    ):
        with pytest.raises(SequenceLeaseLost):
            late()
    workflows.interrupt(database, lease)
    assert state(database, new) == "running", "a lease that is lost ends no other"
    workflows.interrupt(database, new)
    assert state(database, new) == "interrupted"


def test_a_lease_of_a_process_of_this_machine_that_is_gone_need_not_expire(
    database: Database,
) -> None:
    lease = workflows.begin(database, SEQUENCE)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host, _, system, _ = lease.owner.split(":")
    with database.session() as session:
        gone = f"{host}:{dead.pid}:{system}:0"
        session.execute(update(Workflows).values(locked_by=gone))
    assert owners.is_gone(gone)
    workflows.resume(database, SEQUENCE)


def test_processes_elsewhere_are_never_known_to_be_gone() -> None:
    own = owners.new_owner()
    host, pid, system, _ = own.split(":")
    assert not owners.is_gone(own)
    for other in (f"{host}:999999999:other:0", f"{host}:{pid}::0", "odd", f"{host}:x:{system}:0"):
        assert not owners.is_gone(other)


@pytest.mark.parametrize(("verb", "state"), [("fail", "failed"), ("cancel", "cancelled")])
def test_a_sequence_that_failed_or_was_cancelled_can_be_resumed(
    database: Database, verb: str, state: str
) -> None:
    lease = workflows.begin(database, SEQUENCE)
    workflows.end(database, lease, verb, "NameError: x")
    run, _ = workflows.get(database, lease.workflow_id)
    assert (run.state, run.error) == (state, "NameError: x")
    new, _ = workflows.resume(database, SEQUENCE, lease.workflow_id)
    run, _ = workflows.get(database, lease.workflow_id)
    assert (run.state, run.error, run.end_time) == ("running", None, None)
    workflows.end(database, new, "finish")


def test_what_cannot_be_resumed_is_refused(database: Database) -> None:
    with pytest.raises(SequenceNotFound, match=r"No sequence of /home/user/myseq.txt"):
        workflows.resume(database, SEQUENCE)
    with pytest.raises(SequenceNotFound, match="no sequence 12345"):
        workflows.resume(database, SEQUENCE, 12345)
    lease = workflows.begin(database, SEQUENCE)
    other = NewSequence(SEQUENCE.path, "### Sequence\n", "user")
    with pytest.raises(SequenceNotAllowed, match="had another text"):
        workflows.resume(database, other, lease.workflow_id)
    workflows.end(database, lease, "finish")
    with pytest.raises(SequenceNotAllowed, match="is done: it has ended"):
        workflows.resume(database, SEQUENCE)
    with pytest.raises(InvalidValue):
        NewSequence("/a", "", "u" * 200)


def test_the_end_that_is_repeated_since_its_commit_was_not_confirmed_is_the_same(
    database: Database,
) -> None:
    lease = workflows.begin(database, SEQUENCE)
    workflows.end(database, lease, "finish")
    workflows.end(database, lease, "finish")
    with pytest.raises(SequenceLeaseLost):
        workflows.end(database, lease, "fail")


def test_a_cancel_asks_the_process_that_runs_a_sequence(database: Database) -> None:
    lease = workflows.begin(database, SEQUENCE)
    workflows.renew(database, lease)
    done = workflows.cancel(database, [lease.workflow_id, 12345], by="operator")
    assert (done.asked, done.sequences) == ([lease.workflow_id], [])
    assert [*done.refused] == [12345]
    with pytest.raises(CancelRequested, match="is cancelled by operator"):
        workflows.renew(database, lease)
    workflows.end(database, lease, "cancel")
    again = workflows.cancel(database, lease.workflow_id, by="operator")
    assert "it is cancelled" in again.refused[lease.workflow_id]


def test_a_cancel_ends_a_sequence_without_a_process_at_once(database: Database) -> None:
    lease = workflows.begin(database, SEQUENCE)
    run_step(database, lease)
    expire(database)
    dry = workflows.cancel(database, lease.workflow_id, VerbOptions(dry_run=True), by="user")
    assert dry.sequences == [lease.workflow_id]
    assert state(database, lease) == "interrupted"
    workflows.cancel(database, lease.workflow_id, by="user")
    run, (step,) = workflows.get(database, lease.workflow_id)
    assert (run.state, run.cancel_requested_by, step.state) == ("cancelled", "user", "cancelled")


def test_sequences_are_found_by_state_name_and_user_page_by_page(database: Database) -> None:
    leases = [
        workflows.begin(database, NewSequence(f"/home/{user}/{name}", TEXT, user))
        for user, name in (("a", "one.seq"), ("a", "two.seq"), ("b", "two.seq"))
    ]
    workflows.end(database, leases[0], "fail")
    with database.session() as session:  # a workflow of PanDA's own
        session.execute(text("INSERT INTO doma_panda.workflows (workflow_id, status)"
                             " VALUES (900000, 'running')"))  # fmt: skip
    ids = [one.workflow_id for one in leases]

    def found(limit: int = 10, after: int | None = None, **chosen: Any) -> list[int]:
        page = workflows.find(database, SequenceFilter(**chosen), limit=limit, after=after)
        return [one.workflow_id for one in page]

    assert found() == ids[::-1]
    assert found(states="failed") == [ids[0]]
    assert found(states=["running", "done"], username="a") == [ids[1]]
    assert found(name="two*") == [ids[2], ids[1]]
    assert found(limit=1, after=ids[2]) == [ids[1]]
    with pytest.raises(InvalidValue, match="is it running"):
        SequenceFilter(states="runing")
    with pytest.raises(SequenceNotFound):
        workflows.get(database, 900000)


def test_names_and_output_of_any_bytes_are_kept(database: Database) -> None:
    odd = NewSequence("/home/\udcff/\udcffseq", "### Sequence\n\udcff\0", "user")
    lease = workflows.begin(database, odd)
    output = "\0 \ud800 ü\n" + "x" * 1_000_000
    run_step(database, lease, status=0, output=output)
    expire(database)
    _, (step,) = workflows.resume(database, odd)
    assert step.output == output
    assert workflows.get(database, lease.workflow_id)[0].name == "?seq"
