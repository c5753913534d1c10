"""Jobs found: each once, wherever it is, in any order, and nothing that does not fit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pandadb.core.jobs.csv_import.insertion import JobConflict, present
from pandadb.core.jobs.search.filters import Filter, places
from pandadb.core.jobs.search.histories import history
from pandadb.core.jobs.search.pages import UnknownJob, count, find, get
from pandadb.core.jobs.search.pagination import Cursor, InvalidCursor, Order
from pandadb.core.jobs.states import STATES
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.statemachine.machine import UnknownState
from pandadb.models import JobsActive4, JobsArchived
from pandadb.models.jobs.all_tables import JOB_TABLES, UNARCHIVED_TABLES
from tests.factories import make_archived, make_copy, make_job, make_satellites
from tests.plans import plans

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAY = datetime(2026, 11, 20)
NAMES = [c.name for c in JobsActive4.__table__.c]


def ids(session: Session, **chosen: Any) -> list[int]:
    return [job["pandaid"] for job in find(session, Filter(**chosen)).jobs]


@pytest.mark.parametrize("jobstatus", STATES)
def test_a_job_is_got_from_wherever_it_is_with_all_that_belongs_to_it(
    session: Session, jobstatus: str
) -> None:
    pandaid = make_job(session, jobstatus, computingsite="CERN")
    make_satellites(session, pandaid)

    job = get(session, pandaid)

    assert {*job} == {*NAMES, "table", "files"}
    assert (job["pandaid"], job["jobstatus"], job["computingsite"]) == (pandaid, jobstatus, "CERN")
    assert job["table"] == STATES[jobstatus].tables[0].__tablename__
    assert (job["jobparameters"], job["metadata"]) == ("--events 10", "{}")
    assert [file["type"] for file in job["files"]] == ["input", "output", "log"]


def test_an_archived_job_has_what_is_archived_with_it(session: Session) -> None:
    pandaid = make_archived(session, "finished", computingsite="CERN")
    make_satellites(session, pandaid)  # which are not gone yet

    job = get(session, pandaid)

    assert (job["table"], job["computingsite"]) == ("jobsarchived", "CERN")
    assert (job["jobparameters"], job["metadata"]) == ("--events 10", "{}")
    assert [file["type"] for file in job["files"]] == ["output"]


def test_an_archived_job_has_what_has_not_been_archived_yet(session: Session) -> None:
    pandaid = make_archived(session, "finished", satellites=False)
    make_satellites(session, pandaid)

    assert len(get(session, pandaid)["files"]) == 3


def test_an_unknown_job_is_a_sentence(session: Session) -> None:
    with pytest.raises(UnknownJob, match="Job 5 is unknown: no table has it"):
        get(session, 5)
    with pytest.raises(InvalidValue, match="pandaid is too large"):
        get(session, 2**63)


def test_get_uses_an_index_in_every_table(session: Session) -> None:
    pandaid = make_archived(session, "finished", satellites=False)

    live, *others = plans(session, lambda: get(session, pandaid))

    assert live.count(f"Index Cond: (pandaid = '{pandaid}'::bigint)") == len(JOB_TABLES) - 1
    for table in ("jobsarchived", "filestable_arch", "jobparamstable_arch", "metatable_arch"):
        assert any(f" on {table}" in plan for plan in others)
    for plan in (live, *others):
        assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("chosen", "other"),
    [
        ({"jobstatus": "running"}, {"jobstatus": "sent"}),
        ({"computingsite": "CERN_A%"}, {"computingsite": "CERNXA%"}),
        ({"jeditaskid": 7}, {"jeditaskid": 8}),
        ({"produsername": "ann"}, {"produsername": "bob"}),
        ({"prodsourcelabel": "user"}, {"prodsourcelabel": "test"}),
        ({"gshare": "User"}, {"gshare": None}),
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_filter_chooses_by_what_a_job_is(
    session: Session, chosen: dict[str, Any], other: dict[str, Any]
) -> None:
    wanted = make_job(session, **{"jobstatus": "running"} | chosen)
    make_job(session, **{"jobstatus": "running"} | other)

    assert ids(session, **chosen) == [wanted]
    assert count(session, Filter(**chosen)) == [{"jobs": 1}]


def test_a_star_stands_for_any_characters_and_nothing_else_is_special(session: Session) -> None:
    wanted = [make_job(session, "sent", computingsite=f"A_\\%{end}") for end in ("", "X", "YY")]
    make_job(session, "sent", computingsite="AX\\%")

    assert ids(session, computingsite="A_\\%*") == wanted
    assert ids(session, computingsite="*_*X") == wanted[1:2]


def test_a_filter_takes_many_states_and_jobs_and_none_of_them_is_none(session: Session) -> None:
    jobs = [make_job(session, state) for state in ("defined", "running", "finished", "sent")]

    assert ids(session, jobstatus=("running", "finished")) == jobs[1:3]
    assert ids(session, pandaids=jobs[2:]) == jobs[2:]
    assert ids(session, pandaids=[]) == ids(session, jobstatus=[]) == ids(session, tables=[]) == []
    assert count(session, Filter(jobstatus=[])) == count(session, Filter(jeditaskid=5))
    assert count(session, Filter(jobstatus=[]), ["table"]) == []


def test_only_the_tables_that_may_hold_the_states_are_read() -> None:
    def read(**chosen: Any) -> list[str]:
        return [job.__tablename__ for job in places(Filter(**chosen))]

    assert read(jobstatus="running", archive=True) == ["jobsactive4"]
    assert read(jobstatus="waiting") == ["jobsdefined4", "jobswaiting4"]
    assert read(jobstatus=("sent", "finished")) == ["jobsactive4", "jobsarchived4"]
    assert read(jobstatus="finished", archive=True) == ["jobsarchived4", "jobsarchived"]
    assert read(tables=["jobsarchived"]) == ["jobsarchived"]
    assert read() == [job.__tablename__ for job in UNARCHIVED_TABLES]


def test_times_are_from_the_first_to_before_the_last(session: Session) -> None:
    hours = [DAY + timedelta(hours=hour) for hour in range(4)]
    jobs = [make_job(session, "finished", modificationtime=time) for time in hours]
    late = make_job(session, "finished", endtime=DAY)

    assert ids(session, since=hours[1], until=hours[3]) == jobs[1:3]
    assert ids(session, since=DAY, timecolumn="endtime") == [late]


def test_errors_are_found_by_component_and_code_and_by_what_they_say(session: Session) -> None:
    pilot = make_job(session, "failed", piloterrorcode=1305, piloterrordiag="Lost [Heartbeat]")
    ddm = make_job(session, "failed", ddmerrorcode=1305, ddmerrordiag="no space left")

    assert ids(session, errorcode="pilot=1305") == [pilot]
    assert ids(session, errorcode=1305) == ids(session, errorcode="1305") == [pilot, ddm]
    assert ids(session, errortext=r"\[heartbeat\]") == []
    assert ids(session, errortext=r"(?i)\[heartbeat\]$") == [pilot]
    assert ids(session, errortext="^no|^Lost") == [pilot, ddm]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"jobstatus": "runing"}, "There is no state 'runing'"),
        ({"jeditaskid": "seven"}, "jeditaskid has to be a whole number"),
        ({"pandaids": [2**63]}, "pandaid is too large"),
        ({"produsername": "a\0b"}, "cannot have a NUL"),
        ({"computingsite": "\udcff"}, "computingsite has bytes in it that are not UTF-8"),
        ({"timecolumn": "creationhost"}, "no time of a job: those are creationtime"),
        ({"since": DAY.astimezone()}, "has to be naive UTC"),
        ({"errorcode": "pilto=5"}, "No component 'pilto' reports errors: is it pilot?"),
        ({"errorcode": "pilot=soon"}, "errorcode has to be a number"),
        ({"errorcode": "pilot=9999999999"}, "piloterrorcode is too large"),
        ({"tables": ["jobsactive"]}, "no table of jobs 'jobsactive': is it jobsactive4?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_filter_that_cannot_be_is_a_sentence(chosen: dict[str, Any], sentence: str) -> None:
    with pytest.raises((InvalidValue, UnknownState), match=sentence.replace("?", r"\?")):
        Filter(**chosen)


def test_what_cannot_be_listed_is_a_sentence(session: Session) -> None:
    with pytest.raises(InvalidValue, match="no column 'computingsit': is it computingsite"):
        find(session, Filter(), columns=["computingsit"])
    with pytest.raises(InvalidValue, match="no column 'pandid': is it pandaid"):
        Order("pandid")
    with pytest.raises(InvalidValue, match="no column 'statuss'"):
        count(session, Filter(), ["statuss"])
    with pytest.raises(InvalidValue, match="limit has to be from 1"):
        find(session, Filter(), limit=0)
    with pytest.raises(InvalidValue, match=r"errortext '\(' is no regular expression: paren"):
        find(session, Filter(errortext="("))


def test_values_are_never_sql(session: Session) -> None:
    make_job(session, "running")
    assert ids(session, produsername="x' OR '1'='1", errortext="'", computingsite="';*") == []


def test_of_a_job_that_is_being_archived_the_live_row_counts(session: Session) -> None:
    copied = make_job(session, "finished", modificationtime=DAY, computingsite="NEW")
    make_copy(session, copied, computingsite="OLD")
    archived = make_archived(session, "finished", computingsite="OLD")

    both = Filter(archive=True)
    assert [job["table"] for job in find(session, both).jobs] == ["jobsarchived4", "jobsarchived"]
    assert count(session, both) == [{"jobs": 2}]
    assert ids(session, computingsite="OLD", archive=True) == [archived]
    assert ids(session, tables=["jobsarchived"]) == [copied, archived]
    assert get(session, copied)["computingsite"] == "NEW"
    assert history(session, copied).attempts[0].computingsite == "NEW"


def test_of_copies_the_one_that_lives_counts_and_every_owner_is_asked(session: Session) -> None:
    running = make_job(session, "running", jeditaskid=4)
    make_job(session, "finished", pandaid=running, jeditaskid=5)

    assert get(session, running)["table"] == "jobsactive4"
    assert history(session, running).attempts[0].table == "jobsactive4"
    for owner, other, place in ((4, 5, "jobsarchived4"), (5, 4, "jobsactive4")):
        with pytest.raises(JobConflict, match=f"is in {place} already, as a job of task {other}"):
            present(session, [running], owner)


def test_a_full_page_that_is_the_last_says_so(session: Session) -> None:
    make_job(session, "sent")

    assert find(session, Filter(), limit=1).next is None


def test_jobs_are_counted_by_any_columns_the_most_first(session: Session) -> None:
    for jobstatus, site in (("sent", "A"), ("running", "A"), ("sent", None), ("sent", "A")):
        make_job(session, jobstatus, computingsite=site)
    make_archived(session, "finished")

    assert count(session, Filter(), ["jobstatus", "computingsite"]) == [
        {"jobstatus": "sent", "computingsite": "A", "jobs": 2},
        {"jobstatus": "running", "computingsite": "A", "jobs": 1},
        {"jobstatus": "sent", "computingsite": None, "jobs": 1},
    ]
    assert count(session, Filter(archive=True), ["table"]) == [
        {"table": "jobsactive4", "jobs": 4},
        {"table": "jobsarchived", "jobs": 1},
    ]
    assert count(session, Filter()) == [{"jobs": 4}]
    assert count(session, Filter(jeditaskid=5)) == [{"jobs": 0}]
    assert count(session, Filter(jeditaskid=5), ["table"]) == []


def test_the_columns_that_are_asked_for_are_listed(session: Session) -> None:
    pandaid = make_job(session, "running")

    (job,) = find(session, Filter(), columns=["jobstatus", "table", "pandaid"]).jobs
    assert job == {"table": "jobsactive4", "jobstatus": "running", "pandaid": pandaid}
    (job,) = find(session, Filter()).jobs
    assert [*job] == ["table", *NAMES]


NO_CURSORS = (
    "", "x", "ä", "bnVsbA", "W10", "W1tdLDEsMiwzXQ",
    "WyJwYW5kYWlkIiwgZmFsc2UsIDFlNDAwLCAxXQ", "WyJwYW5kYWlkIiwgZmFsc2UsIDUsIDFd",
    "WyJzdGFydHRpbWUiLCBmYWxzZSwgdHJ1ZSwgMV0",
)  # fmt: skip
"""The last ones have infinity, a number and true where a cursor has a text."""


@pytest.mark.parametrize("cursor", [*NO_CURSORS, "1" * 5000])
def test_what_is_no_cursor_is_refused(session: Session, cursor: str) -> None:
    with pytest.raises(InvalidCursor, match="is no cursor"):
        find(session, Filter(), after=cursor)


@pytest.mark.parametrize(
    ("column", "value"),
    [("jeditaskid", 2**70), ("starttime", "soon"), ("meancorecount", "Infinity"), ("vo", "\0")],
)
def test_a_cursor_with_a_value_that_its_column_cannot_have_is_refused(
    session: Session, column: str, value: Any
) -> None:
    order = Order(column)
    with pytest.raises(InvalidCursor, match="is no cursor"):
        find(session, Filter(), order=order, after=str(Cursor(order, value, 5)))


def test_a_cursor_is_good_for_its_order_only(session: Session) -> None:
    cursor = str(Cursor(Order("starttime", True), DAY, 5))

    with pytest.raises(InvalidCursor, match="of jobs by starttime, descending"):
        find(session, Filter(), order=Order("starttime"), after=cursor)


TEXTS = st.none() | st.sampled_from(["", "a", "ab", "a ", "B", "ä"])
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "jeditaskid": st.none() | st.integers(1, 3),
    "computingsite": TEXTS,
    "minramunit": TEXTS,
    "starttime": st.none() | st.sampled_from([DAY, DAY + timedelta(microseconds=1)]),
    "meancorecount": st.none() | st.decimals("-1", "1", places=2),
    "currentpriority": st.integers(-1, 1),
    "transexitcode": TEXTS,
}
JOBS = st.lists(
    st.tuples(st.sampled_from(JOB_TABLES), st.booleans(), st.fixed_dictionaries(COLUMNS)),
    max_size=15,
)


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    jobs=JOBS,
    order=st.builds(Order, st.sampled_from([*COLUMNS, "pandaid", "nevents"]), st.booleans()),
    limit=st.integers(1, 6),
)
def test_paging_in_any_order_yields_every_job_once_as_one_big_page_does(
    session: Session, jobs: list[Any], order: Order, limit: int
) -> None:
    chosen, shown = Filter(archive=True), ["pandaid", *COLUMNS, "nevents"]
    with session.begin_nested() as undone:
        for pandaid, (table, copied, values) in enumerate(jobs):
            row = {"pandaid": pandaid, "modificationtime": DAY, **values}
            session.execute(table.__table__.insert().values(row))
            if copied and table.__tablename__ == "jobsarchived4":
                session.execute(JobsArchived.__table__.insert().values(row))

        whole = find(session, chosen, columns=shown, order=order)
        pages, after = [], None
        for _ in range(len(jobs) + 1):
            page = find(session, chosen, columns=shown, order=order, limit=limit, after=after)
            pages += page.jobs
            after = page.next
            if after is None:
                break
        total = count(session, chosen)
        undone.rollback()

    assert pages == whole.jobs
    assert after is None
    assert sorted(job["pandaid"] for job in whole.jobs) == [*range(len(jobs))]
    assert whole.next is None
    assert total == [{"jobs": len(jobs)}]
    values = [job[order.column] for job in whole.jobs]
    nulls = [value is None for value in values]
    assert nulls == sorted(nulls, reverse=order.descending)
