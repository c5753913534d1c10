"""Jobs that take ranges of events: what they are told of them, and their rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.events import special_handling as stored
from pandadb.core.events.kinds import JobKind, TaskKind
from pandadb.core.generation.job_request import JobRequest, NotGenerated
from pandadb.core.generation.jobs import (
    event_ranges,
    event_service,
    job_columns,
    special_handling,
)
from pandadb.core.generation.slices import Queue
from pandadb.core.generation.task_rules import rules_of
from pandadb.core.sql.validation import InvalidValue
from tests.core.generation.rows import task as task_row
from tests.core.generation.test_job_values import request_of, slice_of

EVENTS, CLONES, FINE = TaskKind.EVENT_SERVICE, TaskKind.JOB_CLONING, TaskKind.FINE_GRAINED
QUEUE = Queue("Q", facts={"maxtime": 0, "corecount": 1})


def ranges(request: JobRequest, *files: dict[str, Any]) -> str:
    return event_ranges.ranges(request, slice_of(request, *files, queue=QUEUE), 3)


@pytest.mark.parametrize(
    ("rules", "file", "text"),
    [
        ("ES=10", {"nevents": 100}, "a/0/99/10/10/0"),
        ("ES=10,XA=4", {"nevents": 100}, "a/0/99/10/4/0"),
        ("ES=10,XA=0", {"nevents": 100}, "a/0/99/10/0/0"),
        ("ES=10,FT=5", {"nevents": 100, "firstevent": 105}, "a/0/99/10/10/100"),
        ("ES=10,FT=5", {"nevents": 100}, "a/0/99/10/10/0"),
        ("ES=10,IF=1", {"nevents": 100, "firstevent": 105}, "a/0/99/10/10"),
        ("ES=10", {"nevents": 100, "startevent": 40, "endevent": 59}, "a/40/59/10/10/0"),
        ("ES=10", {"nevents": 0}, "a/0/0/10/10/0"),
        ("UC=1,ES=1", {"nevents": 100}, "a/0/99/100/10/0"),
        ("UC=1,ES=1", {"nevents": 100, "startevent": 40, "endevent": 59}, "a/40/59/20/10/0"),
        ("FP=1", {"nevents": 7}, "a/0/6/1/10/0"),
    ],
)
def test_ranges_of_a_file_are_told_in_parts(rules: str, file: dict[str, Any], text: str) -> None:
    request = request_of(rules, eventservice=int(EVENTS))
    assert ranges(request, {"lfn": "a", **file}) == f"es:3:{text}"


def test_clones_have_ranges_of_the_first_file_alone() -> None:
    files = {"lfn": "b", "nevents": 9}, {"lfn": "a", "nevents": 9}
    clones = request_of("UC=2,ES=1", eventservice=int(CLONES))
    assert ranges(clones, *files) == "es:3:b/0/8/9/10/0"
    consumers = request_of("ES=3", eventservice=int(EVENTS))
    assert ranges(consumers, *files) == "es:3:b/0/8/3/10/0^a/0/8/3/10/0"


@pytest.mark.parametrize(
    ("rules", "file", "reason"),
    [
        ("EC=2", {"nevents": 100}, r"events of a range \(ES\)"),
        ("ES=0", {"nevents": 100}, r"events of a range \(ES\)"),
        ("ES=10", {"nevents": None}, "number of events of a is not known"),
        ("ES=10", {"lfn": "a/b", "nevents": 1}, "cannot be that of a file with ranges"),
        ("ES=10", {"lfn": "a,b", "nevents": 1}, "cannot be that of a file with ranges"),
    ],
)
def test_ranges_that_cannot_be_told_make_no_job(
    rules: str, file: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NotGenerated, match=reason):
        ranges(request_of(rules, eventservice=int(EVENTS)), {"lfn": "a", **file})


@given(
    files=st.dictionaries(
        st.text("abc._-", min_size=1, max_size=9),
        st.tuples(st.integers(0, 50), st.integers(1, 500)),
        min_size=1,
        max_size=5,
    ),
    length=st.integers(1, 60),
    attempts=st.integers(1, 20),
)
def test_the_submission_reads_the_ranges_that_the_generation_tells(
    files: dict[str, tuple[int, int]], length: int, attempts: int
) -> None:
    request = request_of(f"ES={length},XA={attempts},EC=2", eventservice=int(EVENTS))
    rows = [
        {"lfn": lfn, "startevent": start, "endevent": start + n - 1, "nevents": 1000}
        for lfn, (start, n) in files.items()
    ]
    text = special_handling.of_job(request, slice_of(request, *rows, queue=QUEUE), None, 7)
    read = stored.decode(text)
    assert (read.index, read.specialhandling) == ("7", stored.EVENT_SERVICE)
    assert read.files == {
        lfn: stored.FileEvents(n, length, start, attempts) for lfn, (start, n) in files.items()
    }


@pytest.mark.parametrize(
    ("rules", "task", "kind"),
    [
        ("ES=1", {"eventservice": 1}, JobKind.EVENT_SERVICE),
        ("ES=1,UC=1", {"eventservice": 2}, JobKind.EVENT_SERVICE),
        ("ES=1", {"eventservice": 1, "usejumbo": "W"}, JobKind.CO_JUMBO),
        ("ES=1", {"eventservice": 1, "usejumbo": "D"}, JobKind.CO_JUMBO),
        ("FP=1", {"eventservice": 3}, JobKind.FINE_GRAINED),
        ("ES=1,EC=2", {"eventservice": 0}, None),
        ("ES=1,EC=2", {"eventservice": None}, None),
    ],
)
def test_jobs_are_of_the_kind_of_their_task(
    rules: str, task: dict[str, Any], kind: JobKind | None
) -> None:
    assert event_service.kind_of_jobs(request_of(rules, **task), QUEUE) == kind


def test_a_queue_for_all_jobs_gets_ordinary_ones_with_the_rule_for_that() -> None:
    every = Queue("E", facts={"jobseed": "all"})
    request = request_of("ES=1,EC=2,SE=1", eventservice=1)
    assert event_service.consumers_at(request, QUEUE) == 2
    assert event_service.consumers_at(request, every) is None
    assert event_service.kind_of_jobs(request, every) is None
    assert event_service.serves(request_of("ES=1", eventservice=1), every)


@pytest.mark.parametrize(
    ("rules", "task", "last"),
    [
        ("ES=1", 1, 5), ("ES=1,XA=7", 1, 9), ("ES=1,XA=7,XJ=0", 1, 2), ("ES=1,XJ=4", 2, 6),
        ("FP=1,XJ=4", 3, 2), ("XJ=4", 0, 2),
    ],
)  # fmt: skip
def test_jobs_of_the_event_service_have_further_attempts(rules: str, task: int, last: int) -> None:
    request = request_of(rules, eventservice=task)
    assert event_service.last_attempt(request, QUEUE, 2) == last


def test_attributes_of_events_come_before_the_others() -> None:
    request = request_of("ES=5,EC=1,UC=2,DY=3,ME=1,SC=1,AP=1,UZ=1", eventservice=2, cloud="WORLD")
    one = slice_of(request, {"lfn": "a", "nevents": 5}, queue=QUEUE)
    assert special_handling.of_job(request, one, None, 0) == (
        "es:0:a/0/4/5/10/0,sc:2,dy,mo,rs,hc:,ap,uz"
    )


def test_a_consumer_has_resources_of_its_queue_and_attributes_of_the_first() -> None:
    request = request_of(
        "ES=5,EC=2,NS=2", eventservice=1, cputime=100, cputimeunit="HS06sPerEvent", cloud="WORLD",
        ramcount=1000, ramunit="MBPerCore", baseramcount=0, cpuefficiency=100,
    )  # fmt: skip
    first = Queue("A", facts={"corecount": 1, "corepower": 10, "cloud": "XX"})
    second = Queue("B", facts={"corecount": 4, "corepower": 5, "cloud": "YY"})
    one = slice_of(request, {"lfn": "a", "nevents": 100, "fsize": 1}, queue=first)
    columns = job_columns.of_slice(request, one, 0)
    other = job_columns.of_consumer(request, columns, one, second)
    changed = {name for name in columns if columns[name] != other[name]}
    assert changed == {
        "computingsite", "corecount", "hs06", "minramcount", "maxwalltime", "maxcpucount",
    }  # fmt: skip
    assert (other["corecount"], other["maxwalltime"]) == (4, 500)


@pytest.mark.parametrize("state", ["R", "P", "L"])
def test_jumbo_jobs_are_refused_by_name(state: str) -> None:
    with pytest.raises(InvalidValue, match=rf"task 1 .*jumbo jobs \(USEJUMBO {state}\)"):
        rules_of(task_row("ES=1", eventservice=1, usejumbo=state))


def test_no_consumers_are_refused() -> None:
    with pytest.raises(InvalidValue, match="no input has a consumer with EC=0"):
        rules_of(task_row("ES=1,EC=0", eventservice=1))
    assert rules_of(task_row("EC=0", eventservice=0)) == {"EC": "0"}
