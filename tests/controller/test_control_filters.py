"""Filters on what the job queue knows of jobs: groups, leases, workers, holds, metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from pandadb.controller import JobFilter
from pandadb.core.jobs.search.job_choices import pandaids_of
from pandadb.core.jobs.search.pages import UnknownJob, find
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobControl, MetaTable
from pandadb.services import queue, selection
from pandadb.services.queue import NewQueueJob
from tests.factories import make_archived, make_job
from tests.plans import plans

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database

pytestmark = pytest.mark.slow

Q = "demo"


def submitted(database: Database, **given: Any) -> int:
    (pandaid,) = queue.submit(database, [NewQueueJob(Q, handler="nothing", **given)]).pandaids
    return pandaid


def ids(database: Database, **chosen: Any) -> list[int]:
    with database.session() as session:
        return pandaids_of(session, JobFilter(**chosen))


def test_jobs_are_found_by_group_and_whether_they_are_controlled(database: Database) -> None:
    one, other = submitted(database, group="run 5"), submitted(database, group="run 6")
    with database.session() as session:
        foreign = make_job(session, "activated")

    assert ids(database, groups="run 5") == [one]
    assert ids(database, groups=["run *"]) == [one, other]
    assert ids(database, controlled=True) == [one, other]
    assert ids(database, controlled=False) == [foreign]


def test_jobs_are_found_by_their_lease_and_its_worker(database: Database) -> None:
    taken, free = submitted(database, priority=5), submitted(database)
    queue.claim(database, Q, 1, owner="host1:77:abc")

    assert ids(database, leased=True) == [taken]
    assert ids(database, leased=False) == [free]
    assert ids(database, worker="host1:*") == [taken]
    assert ids(database, worker=["host2:*", "host1:77:abc"]) == [taken]
    assert ids(database, worker="host1") == []
    assert ids(database, worker="*") == [taken]  # the other one has the submitter's host


def test_jobs_that_a_user_holds_are_found(database: Database) -> None:
    held, other = submitted(database), submitted(database)
    with database.session() as session:
        session.execute(update(JobControl).where(JobControl.pandaid == held).values(held=True))

    assert ids(database, held=True) == [held]
    assert ids(database, held=False) == [other]


def test_ended_jobs_are_found_by_the_queue_of_their_next_attempt(database: Database) -> None:
    queue.register(database, "a worker", ["other"], 1)
    moved, stayed = submitted(database), submitted(database)
    for lease in queue.claim(database, Q, 2, owner="host1:77:abc"):
        queue.finish(database, queue.Success(lease))
    selection.update(database, JobFilter(pandaids=[moved]), queue="other")

    assert ids(database, next_queue="other") == [moved]
    assert ids(database, next_queue=["o*", Q]) == [moved, stayed]
    assert ids(database, queue=Q) == [moved, stayed]  # where they ran


METADATA = {"run": 5, "sample": {"name": "Fe", "tags": ["a", "b"]}, "good": True, "note": None}


@pytest.mark.parametrize(
    "wanted",
    [
        {"run": 5},
        {"run": 5.0, "good": True},
        {"sample.name": "Fe"},
        {"sample": {"tags": ["a", "b"], "name": "Fe"}},
        {"sample.tags": ["a", "b"]},
        {"note": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["controlled", "own", "archived"])
def test_metadata_of_any_job_is_compared_as_json(
    database: Database, wanted: dict[str, Any], kind: str
) -> None:
    made = _with_metadata(database, kind, METADATA)
    _with_metadata(database, kind, {"run": "5", "good": 1, "sample.name": "Fe", "note": "x"})

    assert ids(database, metadata=wanted, archived=True) == [made]


def _with_metadata(database: Database, kind: str, metadata: dict[str, Any]) -> int:
    if kind == "controlled":
        return submitted(database, metadata=metadata)

    with database.session() as session:
        if kind == "archived":
            pandaid = make_archived(session, "finished")
            session.execute(
                text("UPDATE doma_pandaarch.metatable_arch SET metadata = :m WHERE pandaid = :p"),
                {"m": json.dumps(metadata), "p": pandaid},
            )
            return pandaid
        pandaid = make_job(session, "running")
        session.add(MetaTable(pandaid=pandaid, metadata_=json.dumps(metadata)))
    return pandaid


def test_null_is_the_value_of_metadata_that_is_missing(database: Database) -> None:
    queued = submitted(database, metadata={"run": 5})
    with database.session() as session:
        own, other = make_job(session, "running"), make_job(session, "running")
        session.add(MetaTable(pandaid=other, metadata_='{"note": "x"}'))

    assert ids(database, metadata={"note": None}) == [queued, own]
    assert ids(database, metadata={"note": None, "run": 5}) == [queued]


@pytest.mark.parametrize("broken", ["<xml/>", '{"run": 5', '{"run": "\\u0000"}', "[" * 9000, ""])
def test_metadata_that_is_no_json_has_no_values(session: Session, broken: str) -> None:
    pandaid = make_job(session, "running")
    session.add(MetaTable(pandaid=pandaid, metadata_=broken))
    session.flush()

    assert pandaids_of(session, JobFilter(metadata={"run": 5})) == []
    assert pandaids_of(session, ~JobFilter(metadata={"run": 5})) == [pandaid]


def test_the_control_row_decides_not_the_result_of_the_job(database: Database) -> None:
    made = submitted(database, metadata={"run": 5})
    with database.session() as session:
        session.add(MetaTable(pandaid=made, metadata_='{"run": 6}'))

    assert ids(database, metadata={"run": 6}) == []
    assert ids(database, metadata={"run": 5}) == [made]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"metadata": {"x": {1, 2}}}, "metadata x has to be a value of JSON"),
        ({"metadata": {"x": float("nan")}}, "metadata x has to be a value of JSON"),
        ({"metadata": {"x": "a\0"}}, "metadata x cannot have a NUL"),
        ({"metadata": {"x": "\ud800"}}, "metadata x has bytes in it that are not UTF-8"),
        ({"metadata": {5: "x"}}, "a name of metadata has to be text"),
        ({"leased": "yes"}, "leased has to be True or False, not 'yes'"),
        ({"groups": 5}, "groups has to be text"),
    ],
    ids=str,
)
def test_invalid_conditions_are_sentences(chosen: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        JobFilter(**chosen)


def test_jobs_are_named_by_public_ids_too(database: Database) -> None:
    one, other = submitted(database), submitted(database)
    with database.session() as session:
        names = dict(session.execute(select(JobControl.pandaid, JobControl.public_id)).all())

        assert pandaids_of(session, names[one]) == [one]
        assert pandaids_of(session, [names[other], str(one), other]) == [one, other]
        with pytest.raises(UnknownJob, match="Job 'bcdfghjkmnpq' is unknown"):
            pandaids_of(session, ["bcdfghjkmnpq", one])
    assert ids(database, public_ids=names[one]) == [one]


def test_a_query_with_control_rows_is_shown_as_sql(database: Database) -> None:
    made = submitted(database, group="g", metadata={"a": {"b": "it's {x,y}"}})
    chosen = JobFilter(groups="g", metadata={"a.b": "it's {x,y}"}, leased=False, worker="z*")

    with database.session() as session:
        sql = chosen.as_sql().replace(":", "\\:")
        assert session.execute(text(sql)).all() == []
        without = (JobFilter(groups="g", metadata={"a.b": "it's {x,y}"})).as_sql()
        assert [row.pandaid for row in session.execute(text(without.replace(":", "\\:")))] == [made]


FILLED = (
    "INSERT INTO pandadb.job_control (pandaid, public_id, queue, kind)"
    " SELECT number, number, 'q', 'none' FROM generate_series(1, 5000) AS number",
    "INSERT INTO pandadb.job_lease (pandaid, token, until, owner)"
    " SELECT number, number, now(), number FROM generate_series(1, 5000) AS number",
    "ANALYZE pandadb.job_control, pandadb.job_lease",
)


@pytest.mark.parametrize(
    "chosen",
    [{"public_ids": "x"}, {"leased": True}, {"worker": "x"}, {"metadata": {"a": 1}}],
    ids=str,
)
def test_control_rows_and_metadata_are_looked_up_by_indexes(
    session: Session, chosen: dict[str, Any]
) -> None:
    for filled in FILLED:  # or a short table is read as a whole
        session.execute(text(filled))

    (plan,) = plans(session, lambda: find(session, JobFilter(tasks=5, **chosen), limit=10))

    for table in ("job_control", "job_lease", "metatable"):
        assert f"Seq Scan on {table}" not in plan
