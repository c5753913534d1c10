"""New jobs: what the database or a worker cannot take is refused by name, and nothing is sent."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobControl, JobParamsTable, JobsActive4
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob, read_jobs

if TYPE_CHECKING:
    from pandadb.database import Database

NUL, SURROGATE = "a\0b", "\udcff"
HOSTILE: dict[str, list[Any]] = {
    "queue": [5, None, NUL, SURROGATE, "q" * 129, ["q"]],
    "name": [5, NUL, SURROGATE, "n" * 257],
    "argv": [[], "ls -l", [5], [NUL], [SURROGATE], 5, [None]],
    "handler": ["", 5, NUL, SURROGATE],
    "arguments": [5, [1], {5: 1}, {"a": math.nan}, {"a": object()}, {"a": SURROGATE}, {"a": NUL}],
    "env": [{"A": 5}, {"A=B": "x"}, {"": "x"}, {"A": NUL}, {5: "x"}, ["A=B"], {NUL: "x"}],
    "inputs": [{"a": 5}, {5: "a"}, "text", {"a": NUL}],
    "timeout": [0, -1, math.nan, math.inf, "5", True, 1e300],
    "priority": ["1", 1.5, True, 2**31, -(2**31) - 1],
    "parents": ["A", [1.5], [True], [0], [-1], [2**63], [NUL], 5, [None]],
    "on_failure": ["x", None, 5, []],
    "group": [5, NUL, "g" * 129],
    "run_after": ["2026-01-01", 5, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(1, 1, 1)],
    "delay": [-1, math.nan, math.inf, "5", None, True],
    "dedupe_key": [5, NUL, "k" * 257],
    "max_attempts": [0, 1001, "2", True, 1.0],
    "backoff": [-1, "2", 1.5],
    "backoff_limit": [-1, None, 10**9],
    "username": [5, NUL, "u" * 251],
    "metadata": [5, "text", {5: 1}, {"a": NUL}, {"a": math.inf}],
    "resources": [5, [1], {"a": {1, 2}}],
    "exec_config": [{1, 2}, SURROGATE, math.nan],
    "columns": [
        {"no_such_column": 1},
        {"corecount": "x"},
        {"pandaid": 5},
        {"lockedby": "x"},
        {"computingsite": "x"},
        {"attemptnr": 2},
        {"MAXATTEMPT": 2},
    ],
    "files": [[{"no_such_column": 1}], [{"lfn": 5}]],
}
OF_TABLES = ("columns", "files")
BAD = [(field, value) for field, values in HOSTILE.items() for value in values
       if field not in OF_TABLES]  # fmt: skip


def test_a_value_that_cannot_be_is_refused(subtests: pytest.Subtests) -> None:
    for number, (field, value) in enumerate(BAD):
        named = pytest.raises(InvalidValue, match=field.partition("_")[0])
        with subtests.test(f"{field}-{number}"), named:
            NewQueueJob(**{"queue": "demo", field: value})


@pytest.mark.parametrize("field", OF_TABLES)
def test_columns_that_cannot_be_are_refused_and_nothing_is_stored(
    database: Database, field: str
) -> None:
    for value in HOSTILE[field]:
        given: Any = {"queue": "demo", field: value}
        with pytest.raises(InvalidValue):
            queue.submit(database, [NewQueueJob("demo", "A"), NewQueueJob(**given)])
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(JobsActive4)) == 0
        assert session.scalar(select(func.count()).select_from(JobControl)) == 0


def test_odd_but_good_values_come_back_as_they_were(database: Database) -> None:
    argv = ["sh", "-c", "echo \"$HOME\" '; \\ ü\n\t'", "", "%s {} :x"]
    env = {"A": "x=y\nz", "ü": "'\""}
    job = NewQueueJob("demo", "ü'\"%\\", argv=argv, env=env, inputs={"a b": "1\r\n"}, timeout=0.5)
    (pandaid,) = queue.submit(database, [job]).pandaids

    (lease,) = queue.claim(database, "demo", 1, owner="w")

    wanted = {"argv": argv, "env": env, "inputs": {"a b": "1\r\n"}, "timeout": 0.5}
    assert (lease.pandaid, lease.name, lease.parameters) == (pandaid, "ü'\"%\\", wanted)
    with database.session() as session:
        stored = session.scalars(select(JobParamsTable.jobparameters)).one()
    assert json.loads(stored or "") == wanted


def test_the_longest_names_are_taken(database: Database) -> None:
    job = NewQueueJob(
        "ü" * 128, "n" * 256, handler="h", group="g" * 128, dedupe_key="k" * 256, priority=2**31 - 1
    )
    (pandaid,) = queue.submit(database, [job]).pandaids
    (lease,) = queue.claim(database, "ü" * 128, 1, owner="w" * 128)
    assert lease.pandaid == pandaid


def test_jobs_are_read_from_json() -> None:
    text = json.dumps(
        [
            {"name": "A", "argv": ["true"], "run_after": "2026-01-01T12:00:00+02:00"},
            {"name": "B", "handler": "h", "parents": ["A"], "queue": "other"},
        ]
    )
    first, second = read_jobs(text, queue="demo")
    assert (first.queue, second.queue) == ("demo", "other")
    assert first.run_after == dt.datetime(2026, 1, 1, 10)
    assert read_jobs('{"queue": "demo"}') == [NewQueueJob("demo")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "This is no JSON"),
        ("[" * 100_000, "This is no JSON"),
        ("5", "array of objects, not 5"),
        ("[5]", "Job number 1: it has to be an object"),
        ('[{"queue": "q"}, {}]', "Job number 2: it has no queue"),
        ('[{"queue": "q", "parent": []}]', "'parent' is no field: is it parents?"),
        ('[{"queue": "q", "run_after": "soon"}]', "run_after is no time: 'soon'"),
        ('[{"queue": "q", "argv": "ls"}]', "Job number 1: argv has to be a list of words"),
        ('[{"queue": "q", "priority": NaN}]', "priority has to be a whole number"),
    ],
)
def test_json_that_is_no_jobs_is_refused_with_the_number_of_the_job(text: str, said: str) -> None:
    with pytest.raises(InvalidValue) as error:
        read_jobs(text)
    assert said in str(error.value)
