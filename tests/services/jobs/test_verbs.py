"""The verbs of the jobs service: one job or many, in one transaction, with an answer for each."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import event, literal_column, select, update

from pandadb.cli.jobs import change
from pandadb.core.jobs.refusals import JobsLocked, RefusalReason, Refused
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.statemachine.machine import UnknownVerb
from pandadb.database import Database
from pandadb.models import FilesTable4, JobsActive4, JobsArchived4, JobsDefined4
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Heartbeat, NewJob, VerbOptions
from tests.factories import make_job, make_satellites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def job(database: Database) -> int:
    with database.session() as session:
        return make_job(session, "defined")


@pytest.fixture
def locked(database: Database, job: int) -> Iterator[int]:
    """A job that somebody else has."""
    with database.session() as session:
        session.execute(select(JobsDefined4).where(JobsDefined4.pandaid == job).with_for_update())
        yield job


def test_a_whole_life(database: Database) -> None:
    new = NewJob({"computingsite": "CERN", "prodsourcelabel": "user"}, [{"type": "log"}], "-n 5")
    (job,) = jobs.submit(database, [new])
    jobs.assign(database, job, dispatchdblock="dis.1")
    jobs.activate(database, job)

    (taken,) = jobs.dispatch(
        database, DispatchRequest("CERN"), options=VerbOptions(host="node"), batchid="b.1"
    )
    assert (taken.pandaid, taken.parameters, taken.job["batchid"]) == (job, "-n 5", "b.1")
    for state in ("starting", "running", "finished"):
        jobs.heartbeat(database, [Heartbeat(job, state)])
    jobs.transfer(database, job)
    jobs.finish(database, job)

    with database.session() as session:
        ended = session.scalars(select(JobsArchived4)).one()
        assert (ended.pandaid, ended.jobstatus, ended.dispatchdblock) == (job, "finished", "dis.1")


def test_jobs_end_with_a_report_on_their_files(database: Database) -> None:
    files = [{"type": "output", "lfn": "a.root"}, {"type": "log", "lfn": "a.log"}]
    first, second = jobs.submit(database, [NewJob({}, files), NewJob({}, files)])
    jobs.finish(database, first, files={"a.root": {"fsize": 7, "guid": "G"}})
    reports = {second: {"log": {"status": "ready"}}}
    jobs.advance(database, "fail", [second], files=reports)

    with database.session() as session:
        asked = select(FilesTable4.lfn, FilesTable4.fsize, FilesTable4.status)
        found = [tuple(row) for row in session.execute(asked.order_by(FilesTable4.row_id))]
    assert found == [
        ("a.root", 7, "unknown"),
        ("a.log", 0, "unknown"),
        ("a.root", 0, "failed"),
        ("a.log", 0, "ready"),
    ]


@pytest.mark.parametrize("verb", ["hold", "cancel", "kill", "activate"])
def test_other_verbs_take_no_report(database: Database, job: int, verb: str) -> None:
    with pytest.raises(InvalidValue, match="takes no report"):
        jobs.advance(database, verb, job, files={"output": {}})


def test_the_priority_of_users_jobs_may_be_given(database: Database) -> None:
    new = [NewJob({"prodsourcelabel": label}) for label in ("user", "panda", "managed")]
    jobs.submit(database, new, priority_offset=500)

    with database.session() as session:
        priorities = select(JobsDefined4.currentpriority).order_by(JobsDefined4.pandaid)
        assert session.scalars(priorities).all() == [500, 2500, 0]


def test_many_jobs_get_an_answer_each(database: Database, job: int) -> None:
    done = jobs.activate(database, [job, 5])

    assert (done.jobs, done.before) == ({job: "activated"}, {job: "defined"})
    assert done.refused[5].reason is RefusalReason.UNKNOWN


def test_one_job_that_cannot_go_is_an_error_that_says_what_can(
    database: Database, job: int
) -> None:
    with pytest.raises(Refused, match=r"defined, which hold is not for: from there reset, assign"):
        jobs.hold(database, job)


def test_a_bad_value_changes_nothing(database: Database, job: int) -> None:
    with pytest.raises(InvalidValue, match="cloud is too long"):
        jobs.assign(database, job, cloud="x" * 51)

    with database.session() as session:
        assert session.get_one(JobsDefined4, job).jobstatus == "defined"


def test_a_dispatch_is_a_transaction_by_itself(database: Database) -> None:
    said = []

    def note(*given: Any) -> None:
        said.append(given[1].connection.info.transaction_status)

    event.listen(database.engine, "after_cursor_execute", note)
    jobs.dispatch(database, DispatchRequest("CERN"))

    assert {*said} == {TransactionStatus.IDLE}


def test_a_column_that_there_is_not_is_given_to_nobody(database: Database) -> None:
    with pytest.raises(InvalidValue, match="no column 'cloudy': is it cloud"):
        jobs.dispatch(database, DispatchRequest("CERN", columns=["cloudy"]))


def test_a_dry_run_answers_and_changes_nothing(database: Database, job: int) -> None:
    assert jobs.activate(database, [job], VerbOptions(dry_run=True)).jobs == {job: "activated"}

    with database.session() as session:
        assert session.get_one(JobsDefined4, job).jobstatus == "defined"


def test_jobs_with_times_that_python_does_not_have_are_taken_with_these_times(
    database: Database,
) -> None:
    times = ["infinity", "-infinity", "10000-01-01", "0001-01-01 BC", "2026-01-02 03:04:05.06"]
    with database.session() as session:
        for time in times:
            job = make_job(session, "activated", computingsite="CERN")
            make_satellites(session, job)
            for model in (JobsActive4, FilesTable4):
                changed = update(model).where(model.pandaid == job)
                session.execute(changed.values(creationtime=literal_column(f"'{time}'")))

    found = jobs.dispatch(database, DispatchRequest("CERN", len(times)))

    first, last = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)
    nearest = [last, first, last, first, datetime(2026, 1, 2, 3, 4, 5, 60_000)]
    assert [one.job["creationtime"] for one in found] == nearest
    assert [one.files[0]["creationtime"] for one in found] == nearest
    said = ["infinity", "-infinity", "10000-01-01 00:00:00", "0001-01-01 00:00:00 BC"]
    assert [str(one.job["creationtime"]) for one in found][:4] == said
    assert [str(one.files[0]["creationtime"]) for one in found][:4] == [
        time.replace(" 00", "T00") for time in said
    ]


@pytest.mark.parametrize("options", [VerbOptions(lock=Lock.NOWAIT), VerbOptions(patience=0.1)])
def test_nobody_waits_longer_than_asked(
    database: Database, locked: int, options: VerbOptions
) -> None:
    with pytest.raises(JobsLocked):
        jobs.activate(database, [locked], options)


def test_waiting_jobs_are_where_the_setting_says(database: Database, job: int) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    with Database(url, waiting_table="jobsdefined4") as beside_a_server:
        jobs.wait(beside_a_server, job)

    with database.session() as session:
        assert session.get_one(JobsDefined4, job).jobstatus == "waiting"


@pytest.mark.parametrize("column", ["pandaid", "jobstatus", "modificationtime", "statechangetime"])
def test_no_verb_takes_a_value_for_a_column_that_it_sets_itself(
    database: Database, job: int, column: str
) -> None:
    value = {"pandaid": 5, "jobstatus": "failed"}.get(column, datetime(2026, 1, 1))

    with pytest.raises(InvalidValue, match=f"{column} is set by the verb"):
        jobs.activate(database, job, **{column: value})
    with pytest.raises(InvalidValue, match=f"{column} is set by the dispatch"):
        jobs.dispatch(database, DispatchRequest("CERN"), **{column: value})
    with database.session() as session:
        assert session.get_one(JobsDefined4, job).jobstatus == "defined"


VERBS_OF_IDS: list[Callable[[Database, Any], Any]] = [
    jobs.activate,
    jobs.finish,
    jobs.retry,
    lambda database, given: jobs.advance(database, "reset", given),
    lambda database, given: jobs.retry(database, given, same=True),
    lambda database, given: jobs.kill(database, given, by="me"),
    lambda _database, given: jobs.Filter(pandaids=given),
]


@pytest.mark.parametrize("verb", VERBS_OF_IDS)
def test_what_is_no_pandaid_is_a_sentence_of_every_verb(
    worker_database: Database, verb: Any
) -> None:
    for given in ("12", ["12"], [1.5], [True], [None], [2**63], [-(2**63) - 1], [b"1"], [[1]], 1.5):
        with pytest.raises(InvalidValue, match=r"pandaid (has to|is too large)"):
            verb(worker_database, given)


@pytest.mark.parametrize("look", [jobs.get, jobs.history])
@pytest.mark.parametrize("given", ["12", 1.5, True, 2**63])
def test_what_is_no_pandaid_is_not_looked_for(
    worker_database: Database, look: Any, given: Any
) -> None:
    with pytest.raises(InvalidValue, match=r"pandaid (has to|is too large)"):
        look(worker_database, given)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"njobs": -1}, "njobs has to be from 0 to 1,000,000, not -1"),
        ({"njobs": 2**31 - 1}, "njobs has to be from 0 to 1,000,000, not 2147483647"),
        ({"njobs": "5"}, "njobs has to be a whole number, not '5'"),
        ({"njobs": True}, "njobs has to be a whole number, not True"),
        ({"njobs": None}, "njobs has to be a whole number, not None"),
        ({"memory": 2**63}, "memory is too large"),
        ({"walltime": "5"}, "walltime has to be a whole number, not '5'"),
        ({"disk": 1.5}, "disk has to be a whole number, not 1.5"),
        ({"jeditaskid": 2**63}, "jeditaskid is too large"),
        ({"computingsite": None}, "computingsite has to have a value"),
        ({"produsername": "a\0"}, "produsername cannot have a NUL character"),
        ({"labels": [5]}, "a label has to be text, not 5"),
    ],
)
def test_what_no_worker_can_want_is_a_sentence(wanted: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        DispatchRequest(**{"computingsite": "CERN", **wanted})


@pytest.mark.parametrize("worker", [("h", "5"), ("h", 2**63), ("h" * 51, 5), "h1", ("h",)])
def test_what_is_no_worker_is_a_sentence(worker_database: Database, worker: Any) -> None:
    with pytest.raises(InvalidValue, match=r"workerid|harvesterid|worker has to be"):
        jobs.dispatch(worker_database, DispatchRequest("CERN"), worker=worker)


def test_one_label_is_one_label_and_not_its_letters(database: Database) -> None:
    with database.session() as session:
        job = make_job(session, "activated", computingsite="CERN", prodsourcelabel="user")

    taken = jobs.dispatch(database, DispatchRequest("CERN", labels="user", columns="vo"))

    assert [{**one.job} for one in taken] == [{"pandaid": job, "vo": None}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[{"replaces": "12"}]', "job 1: replaces has to be a list of PandaIDs, not '12'"),
        ('[{"replaces": [1.5]}]', "replaces has to be a list of PandaIDs: number 1 is 1.5"),
        ('[{"parameters": ["a"]}]', "job 1: parameters has to be text, not ['a']"),
        ('[{"parameters": null}]', "job 1: parameters has to be text, not None"),
        ('[{"metadata": {}}]', "job 1: metadata has to be text, not {}"),
        ('[{"metadata": "a\\u0000"}]', "job 1: metadata cannot have a NUL character in it"),
        ('[{"files": 5}]', "job 1: files has to be a list of files"),
        ('[{"files": [["lfn"]]}]', "job 1: files has to be a list of files"),
        ('[{"vo": "a", "vo": "b"}]', "this is not JSON: 'vo' is there twice in one object"),
        ('{"vo": ' + "[" * 100_000, "this is not JSON: it is nested too deeply"),
        ("9" * 5000, "this is not JSON"),
    ],
)
def test_json_of_the_wrong_shape_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidValue) as error:
        jobs.read(text)

    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[{"nevents": NaN}]', "nevents has to be a whole number, not nan"),
        ('[{"vo": Infinity}]', "vo has to be text, not inf"),
        ('[{"vo": {"a": [1]}}]', "vo has to be text, not {'a': [1]}"),
        ('[{"files": [{"fsize": -Infinity}]}]', "fsize has to be a whole number, not -inf"),
    ],
)
def test_what_json_has_that_no_column_takes_is_a_sentence_with_its_name(
    worker_database: Database, text: str, sentence: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        jobs.submit(worker_database, jobs.read(text))

    assert sentence in str(error.value)


@pytest.mark.parametrize("limit", [-1, 2**31, "5", None, 1.5, True])
def test_a_limit_is_a_number(worker_database: Database, limit: Any) -> None:
    for ask in (jobs.find, jobs.expire):
        with pytest.raises(InvalidValue, match="limit has to be "):
            ask(worker_database, limit=limit)


@pytest.mark.parametrize(
    ("by", "hint"),
    [("jobstatsu", "jobstatus"), ("site", "computingsite"), ("task", "taskid"),
     ("tabel", "table"), ("JobStatus", "jobstatus"), (5, "")],
)  # fmt: skip
def test_an_unknown_column_suggests_the_right_one(
    worker_database: Database, by: Any, hint: str
) -> None:
    for ask in (
        lambda: jobs.count(worker_database, by=[by]),
        lambda: jobs.find(worker_database, columns=[by]),
    ):
        with pytest.raises(InvalidValue, match=f"no column '?{by}'?.*{hint}"):
            ask()


def test_jobs_are_counted_by_one_column(database: Database, job: int) -> None:
    assert jobs.count(database, by="jobstatus") == [{"jobstatus": "defined", "jobs": 1}]


def test_a_job_that_is_killed_softly_goes_on_until_its_pilot_asks(database: Database) -> None:
    with database.session() as session:
        job = make_job(session, "running")

    assert jobs.kill(database, job, by="me", code=2).told == [job]
    answer = jobs.heartbeat(database, [Heartbeat(job, "running")])[job]

    assert answer.command == "tobekilled"
    with database.session() as session:
        assert session.get_one(JobsActive4, job).jobstatus == "running"


@pytest.mark.parametrize("verb", ["kill", "cancel"])
def test_only_a_job_that_a_kill_has_told_is_cancelled(database: Database, verb: str) -> None:
    with database.session() as session:
        free = make_job(session, "holding")
        told = make_job(
            session, "holding", commandtopilot="tobekilled", taskbuffererrordiag="Killed by ann"
        )

    done = jobs.advance(database, verb, [free, told, 5], piloterrorcode=1)

    assert (done.jobs, {*done.refused}) == ({told: "cancelled"}, {5, free})
    with database.session() as session:
        ended = session.scalars(select(JobsArchived4)).one()
        assert (ended.jobstatus, ended.taskbuffererrordiag) == ("cancelled", "Killed by ann")
        assert (ended.piloterrorcode, ended.pandaid) == (1, told)
    with pytest.raises(Refused, match="jobs are killed by `jobs kill`, with a code"):
        jobs.advance(database, verb, free)


@pytest.mark.parametrize("verb", ["kill hard", "close", "close hard"])
def test_no_verb_goes_past_the_kill_codes(database: Database, job: int, verb: str) -> None:
    assert verb not in jobs.VERBS
    with pytest.raises(UnknownVerb, match="killed and closed by `jobs kill`, with a code"):
        jobs.advance(database, verb, job)


def test_jobs_are_closed_by_a_code_that_closes(database: Database, job: int) -> None:
    with pytest.raises(InvalidValue, match="9 does not close jobs: these do: 2, 4, 10, 51, 55, 60"):
        jobs.close(database, job, code=9)

    assert jobs.close(database, job, code=51).jobs == {job: "closed"}

    with database.session() as session:
        ended = session.scalars(select(JobsArchived4)).one()
        assert (ended.jobstatus, ended.jobsubstatus, ended.taskbuffererrorcode) == (
            "closed", "toreassign", 100,
        )  # fmt: skip


@pytest.mark.parametrize("verb", jobs.VERBS)
def test_a_verb_of_the_transitions_is_a_function_and_is_in_the_help(verb: str) -> None:
    assert verb in jobs.__all__, f"services/jobs has no function for the transition {verb!r}"
    assert getattr(jobs, verb).__doc__, f"jobs.{verb} has no docstring"
    words = re.findall(r"\w+", change.move.__doc__ or "")
    assert verb in words, f"the help of `jobs move` does not name {verb!r}"
