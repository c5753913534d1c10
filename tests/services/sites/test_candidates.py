"""Queues for a job: one reason for each other queue, the first in the order of the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, text

from pandadb.core.sites.queue_candidates import REASONS
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import SchedconfigJSON, SWTags
from pandadb.services import sites
from pandadb.services.sites import DumpKind, JobNotFound
from tests.factories import make_job
from tests.site_dumps import dumps, queue

if TYPE_CHECKING:
    from pandadb.database import Database

JOB: dict[str, Any] = {
    "vo": "atlas",
    "prodsourcelabel": "managed",
    "corecount": 8,
    "minramcount": 16_000,
    "maxdiskcount": 50_000,
    "maxwalltime": 40_000,
    "atlasrelease": "Atlas-23.0.9",
    "cmtconfig": "x86_64-el9@gpu",
}
QUEUE: dict[str, Any] = {
    "status": "online",
    "vo_name": "atlas",
    "type": "unified",
    "capability": "ucore",
    "corecount": 16,
    "maxrss": 32_000,
    "minrss": 0,
    "maxwdir": 160_000,
    "maxtime": 100_000,
    "mintime": 0,
    "releases": ["AUTO"],
}
TAGS = {"cmtconfigs": ["x86_64-el9"], "tags": [{"release": "23.0.9"}]}


def give(database: Database, fields: dict[str, Any], tags: Any = TAGS) -> None:
    """Give the database a queue at a site A whose endpoint is there."""
    sites.load(database, {
        **dumps("A"),
        DumpKind.PANDA_QUEUES: {"Q": queue("A", **QUEUE) | fields},
        DumpKind.TAGS: {"Q": tags},
    }, force=True)  # fmt: skip


def job(database: Database, status: str = "activated", **columns: Any) -> int:
    with database.session() as session:
        pandaid = make_job(session, status, **{**JOB, **columns})
        session.commit()
        return pandaid


def found(database: Database, pandaid: int) -> tuple[str | None, str | None]:
    (one,) = sites.candidates(database, pandaid)
    assert (one.queue, one.site) == ("Q", "A")
    return one.reason, one.text


@pytest.mark.parametrize("status", ["defined", "activated", "running", "finished"])
def test_a_queue_that_fits_is_a_candidate_wherever_the_job_is(
    database: Database, status: str
) -> None:
    give(database, {})
    assert found(database, job(database, status)) == (None, None)


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("status", {"status": "brokeroff"}, {}, "is brokeroff, not online"),
    ("status", {"status": None}, {}, "is without a status, not online"),
    ("vo", {}, {"vo": "cms"}, "is of the VO atlas, the job of cms"),
    ("label", {"type": "analysis"}, {}, "is for analysis, the job's label is managed"),
    ("label", {"type": "production"}, {"prodsourcelabel": "user"}, "is for production"),
    ("cores", {}, {"corecount": 32}, "has slots of 16 cores, the job has 32"),
    ("cores", {"capability": "mcore"}, {"corecount": 1}, "has slots of 16 cores, the job has 1"),
    (
        "cores",
        {"capability": "score", "corecount": None},
        {},
        "has slots of 1 cores, the job has 8",
    ),
    ("memory", {"maxrss": 31_000}, {}, "has 15500 MB of memory, the job needs 16000"),
    ("memory", {}, {"minramcount": 17, "minramunit": "GB"}, "the job needs 17408"),
    ("large-memory", {"minrss": 40_000, "maxrss": 0}, {}, "of 20000 MB of memory and more"),
    ("disk", {"maxwdir": 99_000}, {}, "has 49500 MB of scratch space, the job needs 50000"),
    ("walltime", {"maxtime": 39_999}, {}, "ends jobs after 39999 s, the job takes 40000"),
    ("walltime", {"maxtime": 99}, {"maxwalltime": None, "maxcpucount": 800}, "takes 100"),
    ("short-walltime", {"mintime": 50_000}, {}, "is for jobs of 50000 s and more"),
    ("release", {}, {"atlasrelease": "Atlas-23.0"}, "does not have the release 23.0"),
    ("release", {"releases": ["24.0.1"]}, {}, "does not have the release 23.0.9"),
    ("platform", {}, {"cmtconfig": "aarch64-el9"}, "does not have the platform aarch64-el9"),
]


@pytest.mark.parametrize(("reason", "fields", "columns", "words"), REFUSALS)
def test_a_queue_that_does_not_fit_has_its_reason(
    database: Database, reason: str, fields: dict[str, Any], columns: dict[str, Any], words: str
) -> None:
    give(database, fields)
    name, sentence = found(database, job(database, **columns))
    assert name == reason
    assert sentence is not None
    assert words in sentence


def test_a_queue_that_writes_to_an_excluded_endpoint_has_its_reason(database: Database) -> None:
    given = {**dumps("A"), DumpKind.BLACKLIST_WRITE: ["A_DISK"]}
    given[DumpKind.PANDA_QUEUES] = {"Q": queue("A", corecount=8)}
    sites.load(database, given)
    assert found(database, job(database)) == (
        "storage",
        "writes to A_DISK, which is excluded from writing",
    )


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ({"maxrss": 0, "maxwdir": 0, "maxtime": 0}, {"minramcount": 10**9, "maxwalltime": 10**9}),
        ({"maxrss": None, "maxtime": "", "releases": []}, {}),
        ({"vo_name": None, "type": None, "releases": ["ANY"]}, {"prodsourcelabel": "user"}),
        ({"maxrss": "many", "maxwdir": [1], "maxtime": {"a": 1}, "mintime": -5}, {}),
        ({}, {"atlasrelease": "NULL", "cmtconfig": None, "maxwalltime": None, "minramcount": 0}),
        ({}, {"atlasrelease": "Atlas-1", "cmtconfig": "other", "container_name": "docker://a"}),
        ({"capability": "mcore", "corecount": 8, "maxrss": 16_000, "maxwdir": 50_000}, {}),
        ({"corecount": 0, "capability": "score", "maxrss": 0, "maxwdir": 0}, {"corecount": None}),
    ],
)
def test_what_is_not_set_or_is_no_number_is_no_limit(
    database: Database, fields: dict[str, Any], columns: dict[str, Any]
) -> None:
    give(database, fields)
    assert found(database, job(database, **columns)) == (None, None)


def test_the_first_reason_counts(database: Database) -> None:
    give(database, {"status": "offline", "vo_name": "cms", "maxrss": 1})
    assert found(database, job(database))[0] == "status"
    give(database, {"maxrss": 1, "maxwdir": 1, "maxtime": 1})
    assert found(database, job(database))[0] == "memory"


def test_candidates_come_first_and_take_one_statement(database: Database) -> None:
    given = sites.generate(100)
    sites.load(database, given)
    pandaid = job(database, corecount=1, minramcount=2000, maxdiskcount=1000, cmtconfig=None)
    sent: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *args: sent.append(args[2]), named=False
    )
    all_queues = sites.candidates(database, pandaid)
    assert len([one for one in sent if "jobsactive4" in one]) == len(sent) == 1
    assert len(all_queues) == 200
    fitting = [one.reason is None for one in all_queues]
    assert fitting == sorted(fitting, reverse=True)
    assert {one.reason for one in all_queues} <= {None, *(reason.name for reason in REASONS)}
    online = {
        name for name, one in given[DumpKind.PANDA_QUEUES].items() if one["status"] == "online"
    }
    assert {one.queue for one in all_queues if one.reason != "status"} == online


def test_queues_written_by_hand_do_not_stop_the_others(database: Database) -> None:
    give(database, {})
    rows = [
        {"panda_queue": name, "data": data}
        for name, data in (("X", None), ("Y", ["status"]), ("Z", "online"))
    ]
    with database.transaction() as connection:
        connection.execute(insert(SchedconfigJSON.__table__), rows)
        tags = [{"panda_queue": "Q", "data": "no JSON"}, {"panda_queue": "Q", "data": None}]
        connection.execute(insert(SWTags.__table__), tags)
    assert [one.queue for one in sites.candidates(database, job(database))] == ["Q", "X", "Y", "Z"]


def test_a_job_without_any_queue_has_no_candidates(database: Database) -> None:
    assert sites.candidates(database, job(database)) == []


def test_a_job_that_is_not_there_is_a_sentence(database: Database) -> None:
    with pytest.raises(JobNotFound, match="job 5 is in no table before the archive"):
        sites.candidates(database, 5)
    with pytest.raises(InvalidValue):
        sites.candidates(database, True)


SHARED = [HealthCheck.function_scoped_fixture]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.lists(st.text(max_size=5), max_size=3), st.dictionaries(st.text(max_size=3), st.none()),
).filter(lambda value: "\\u0000" not in repr(value) and "\\x00" not in repr(value))  # fmt: skip
FIELDS = st.dictionaries(st.sampled_from([*QUEUE, "panda_resource", "atlas_site"]), VALUES)


@pytest.mark.slow
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FIELDS)
def test_whatever_a_queue_has_there_is_an_answer(
    database: Database, fields: dict[str, Any]
) -> None:
    with database.transaction() as connection:
        connection.execute(text("TRUNCATE doma_panda.schedconfig_json"))
        connection.execute(
            insert(SchedconfigJSON.__table__), [{"panda_queue": "Q", "data": {**QUEUE, **fields}}]
        )
    (one,) = sites.candidates(database, job(database))
    assert (one.reason is None) == (one.text is None)
