"""Verbs on queued jobs from the command line: jobs by names or options, questions, reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer

from pandadb.cli.queue.app import app
from pandadb.controller import JobController, in_standing
from pandadb.core.queue.verbs.standings import OUTCOMES, SET_PRIORITY, SET_PROPERTIES, Standing
from pandadb.models import JobControl
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from tests.controller.queued_jobs import Q, bring, fail, finish, status, take
from tests.factories import make_job
from tests.typed import pandadb

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

    Run = Callable[..., "Ended"]

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


class Ended(NamedTuple):
    """The end of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(database: Database) -> Run:
    """Run a command of queues."""

    def command(*words: object) -> Ended:
        ended = pandadb(database, "queue", *map(str, words))
        said = " ".join(ended.stderr.replace("│", " ").split())
        return Ended(ended.returncode, ended.stdout, said)

    return command


@pytest.fixture
def jobs(database: Database) -> list[int]:
    """Three ready jobs: a, b and c."""
    return [*queue.submit(database, [NewQueueJob(Q, name=name) for name in "abc"]).pandaids]


def states(database: Database, jobs: list[int]) -> list[str | None]:
    return [status(database, job) for job in jobs]


def numbers(database: Database) -> dict[str, int]:
    """Return how many jobs of queues there are in each standing."""
    mine = JobController(database)
    found = {str(one): mine.count(in_standing(one)) for one in Standing}
    return {name: number for name, number in found.items() if number}


def test_each_verb_of_the_matrix_is_a_command() -> None:
    names = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}
    verbs = {
        verb.removesuffix(" by force") for verb in {*OUTCOMES} - {SET_PRIORITY, SET_PROPERTIES}
    }

    assert {verb.replace(" ", "-") for verb in verbs} <= names


def test_jobs_are_paused_by_either_id_and_resumed_by_their_state(
    run: Run, database: Database
) -> None:
    made = queue.submit(database, [NewQueueJob(Q, name=name) for name in "ab"])
    paused = run("pause", made.pandaids[0], made.public_ids[1])
    listed = pandadb(database, "jobs", "list", "--state", "paused", "--json")
    resumed = run("resume", "--state", "paused", "--yes", "--json")

    assert (paused.code, paused.out) == (0, "Paused: 2 jobs (2 throttled).\n")
    assert [job["pandaid"] for job in json.loads(listed.stdout)["jobs"]] == [*made.pandaids]
    report = json.loads(resumed.out)
    assert (resumed.code, report["verb"], report["changed"]) == (0, "resume", [*made.pandaids])
    assert numbers(database) == {"ready": 2}


def test_a_refused_job_is_exit_code_1_and_the_others_change_unless_all_have_to(
    run: Run, database: Database, jobs: list[int]
) -> None:
    fail(database, jobs[2])
    before = numbers(database)

    none = run("pause", *jobs, "--all-or-none")
    kept = numbers(database)
    some = run("pause", *jobs)

    assert (none.code, none.out, kept) == (1, "", before)
    assert (some.code, some.out) == (1, "Paused: 2 jobs (2 throttled).\n")
    for ended in (none, some):
        assert f"Job {jobs[2]} is failed (its payload has failed)" in ended.err
    assert numbers(database) == {"paused": 2, "failed": 1}


def test_a_suspended_job_is_retried_as_the_same_attempt(
    run: Run, database: Database, jobs: list[int]
) -> None:
    bring(database, jobs[0], Standing.SUSPENDED)

    tried = run("retry", "--state", "suspended", "--dry-run", "--json")
    asked = run("retry", "--state", "suspended")
    kept = numbers(database)
    done = run("retry", "--state", "suspended", "--yes", "--json")

    assert json.loads(tried.out)["changed"] == json.loads(done.out)["changed"] == [jobs[0]]
    assert (asked.code, "pass --yes" in asked.err) == (1, True)
    assert kept["suspended"] == 1
    assert "suspended" not in numbers(database)


def test_a_failed_job_is_run_again_as_a_new_attempt(
    run: Run, database: Database, jobs: list[int]
) -> None:
    fail(database, jobs[0])

    done = run("rerun", "--state", "failed", "--error", "broken", "--yes")

    (new,) = JobController(database).list(in_standing("ready"), descending=True, limit=1).jobs
    assert done.code == 0
    assert done.out == (
        f"{jobs[0]} has a new attempt, job {new['pandaid']}\nRun again: 1 jobs (1 activated).\n"
    )
    assert numbers(database) == {"ready": 3}


def test_a_rerun_by_force_takes_children_that_have_begun(run: Run, database: Database) -> None:
    given = [NewQueueJob(Q, name="A"), NewQueueJob(Q, name="B", parents=["A"])]
    parent, child = queue.submit(database, given).pandaids
    finish(database, parent)
    finish(database, child)

    refused = run("rerun", parent)
    forced = run("rerun", parent, "--force", "--json")

    assert (refused.code, refused.out) == (1, "Run again: 0 jobs (-).\n")
    assert (forced.code, len(json.loads(forced.out)["related"])) == (0, 1)
    assert numbers(database) == {"ready": 1, "waiting": 1}


def test_stop_is_for_ready_jobs_and_those_in_flight_and_notes_the_user(
    run: Run, database: Database
) -> None:
    given = [NewQueueJob(Q, name="A"), NewQueueJob(Q, name="B", parents=["A"])]
    parent, child = queue.submit(database, given).pandaids

    stopped = run("stop", parent, child, "--by", "ann")
    cancelled = run("cancel", "--state", "waiting", "--yes")

    assert (stopped.code, stopped.out) == (1, "Stopped: 1 jobs (1 cancelled).\n")
    assert f"Job {child} is waiting" in stopped.err
    assert (cancelled.code, cancelled.out) == (0, "Cancelled: 1 jobs (1 cancelled).\n")
    assert numbers(database) == {"cancelled": 2}
    with database.session() as session:
        by = session.connection().exec_driver_sql(
            "SELECT DISTINCT taskbuffererrordiag FROM doma_panda.jobsarchived4 "
            f"WHERE pandaid = {parent}"
        )
        assert "ann" in str(by.scalar())


def test_a_running_job_that_is_stopped_ends_with_its_payload(
    run: Run, database: Database, jobs: list[int]
) -> None:
    lease = take(database, jobs[0])
    queue.start(database, [lease])

    done = run("stop", jobs[0])

    assert (done.code, done.out) == (0, "Stopped: 1 jobs (1 running).\n")
    assert status(database, jobs[0]) == "running"
    (beat,) = [*queue.heartbeat(database, [lease]).values()]
    assert beat.cancel_requested


def test_jobs_are_given_a_state_after_a_question(
    run: Run, database: Database, jobs: list[int]
) -> None:
    asked = run("set-state", "failed", jobs[0])
    unknown = run("set-state", "asleep", jobs[0], "--yes")
    kept = states(database, jobs)
    done = run("set-state", "failed", jobs[0], "--yes")

    assert (asked.code, "pass --yes" in asked.err) == (1, True)
    assert (unknown.code, "There is no state 'asleep'" in unknown.err) == (2, True)
    assert kept == ["activated"] * 3
    assert (done.code, done.out) == (0, "Set: 1 jobs (1 failed).\n")
    assert status(database, jobs[0]) == "failed"


def test_an_unknown_state_of_the_filter_is_invalid(run: Run, jobs: list[int]) -> None:
    ended = run("pause", "--state", "asleep", "--yes")

    assert (ended.code, "There is no state 'asleep'" in ended.err) == (2, True)


def test_even_one_named_job_is_deleted_after_a_question_only(
    run: Run, database: Database, jobs: list[int]
) -> None:
    tried = run("delete", jobs[0], "--dry-run")
    asked = run("delete", jobs[0])
    kept = numbers(database)
    done = run("delete", jobs[0], "--yes")

    assert (tried.code, tried.out) == (0, "Would be deleted: 1 jobs (1 deleted).\n")
    assert (asked.code, "pass --yes" in asked.err, kept) == (1, True, {"ready": 3})
    assert (done.code, done.out) == (0, "Deleted: 1 jobs (1 deleted).\n")
    assert states(database, jobs) == [None, "activated", "activated"]


@pytest.mark.parametrize("answer", [True, False])
def test_the_question_of_a_deletion_names_the_number(
    run: Run, database: Database, jobs: list[int], monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    questions = []

    def confirm(question: str, **_: object) -> None:
        questions.append(question)
        if not answer:
            raise typer.Abort

    monkeypatch.setattr("pandadb.cli.confirm._can_be_asked", lambda: True)
    monkeypatch.setattr(typer, "confirm", confirm)
    by_names = run("delete", *jobs[:2])
    by_filter = run("delete", "--computingsite", Q)

    assert questions == ["Delete 2 jobs?", f"Delete {1 if answer else 3} jobs?"]
    assert (by_names.code, by_filter.code) == ((0, 0) if answer else (1, 1))
    assert numbers(database) == ({} if answer else {"ready": 3})


def test_more_jobs_than_the_limit_are_refused_before_any_question(
    run: Run, database: Database
) -> None:
    jobs = queue.submit(database, [NewQueueJob(Q)] * 11).pandaids

    refused = [
        run("delete", *jobs, "--yes"),
        run("delete", "--computingsite", Q),
        run("delete", "--computingsite", Q, "--dry-run"),
        run("pause", "--computingsite", Q, "--limit", 5),
    ]
    many = run("delete", "--computingsite", Q, "--limit", 11, "--yes")

    for ended, limit in zip(refused, (10, 10, 10, 5), strict=True):
        assert (ended.code, ended.out) == (1, "")
        assert f"would take 11 jobs, and the limit is {limit}" in ended.err.lower()
    assert (many.code, many.out) == (0, "Deleted: 11 jobs (11 deleted).\n")


def test_jobs_of_workers_are_deleted_with_cancel_and_the_last_of_a_flow_with_it(
    run: Run, database: Database
) -> None:
    made = queue.submit(database, [NewQueueJob(Q, name="A")], flow="f")
    take(database, made.pandaids[0])

    held = run("delete", *made.pandaids, "--yes")
    last = run("delete", *made.pandaids, "--yes", "--cancel")
    gone = run("delete", *made.pandaids, "--yes", "--cancel", "--whole-flows")

    assert (held.code, f"Job {made.pandaids[0]} is claimed" in held.err) == (1, True)
    assert (last.code, "is the last job of its flow" in last.err) == (1, True)
    assert (gone.code, numbers(database)) == (0, {})


def test_jobs_and_options_have_to_match_both_and_none_is_exit_code_3(
    run: Run, database: Database, jobs: list[int]
) -> None:
    one = run("pause", *jobs, "--name", "b", "--yes", "--json")
    none = run("pause", "--name", "x", "--yes")

    assert json.loads(one.out)["changed"] == [jobs[1]]
    assert (none.code, none.out) == (3, "Paused: 0 jobs (-).\n")


def test_jobs_that_are_not_of_a_queue_match_no_filter(run: Run, database: Database) -> None:
    with database.session() as session:
        job = make_job(session, "activated", computingsite=Q)

    by_filter = run("stop", "--computingsite", Q, "--yes")
    by_name = run("stop", job)

    assert by_filter.code == 3
    assert (by_name.code, "no job of a queue has that PandaID now" in by_name.err) == (1, True)
    assert status(database, job) == "activated"


@pytest.mark.parametrize(
    "verb", ["pause", "resume", "stop", "cancel", "rerun", "retry", "delete", "set-state"]
)
def test_without_a_job_or_an_option_no_verb_begins(
    run: Run, database: Database, jobs: list[int], verb: str
) -> None:
    words = ["failed"] if verb == "set-state" else []
    ended = run(verb, *words, "--yes")

    assert (ended.code, "or by at least one option such as" in ended.err) == (2, True)
    assert states(database, jobs) == ["activated"] * 3


def test_a_session_with_a_lock_is_ended_if_that_is_asked_for(
    run: Run, database: Database, jobs: list[int]
) -> None:
    with database.engine.connect() as other:
        control = JobControl.__table__
        other.execute(control.select().where(control.c.pandaid == jobs[0]).with_for_update())
        locked = run("pause", jobs[0])
        forced = run("pause", jobs[0], "--break-locks", "--all-or-none")
        other.invalidate()

    assert (locked.code, f"Job {jobs[0]} is locked by another transaction" in locked.err) == (
        1,
        True,
    )
    assert (forced.code, forced.out) == (0, "Paused: 1 jobs (1 throttled).\n")
