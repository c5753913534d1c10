"""Filters combine as sets do, NULL included; patterns match as those of a shell do."""

from __future__ import annotations

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import column, select, values
from sqlalchemy.types import String

from pandadb.controller import JobFilter
from pandadb.core.jobs.search.job_choices import pandaids_of
from pandadb.core.jobs.search.job_filters.globs import is_like
from pandadb.core.jobs.search.pages import count
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    Row = dict[str, Any]
    Holds = Callable[[Row], bool]

pytestmark = pytest.mark.any_server

DAY = datetime(2026, 11, 20)
STATES = ("defined", "waiting", "activated", "running", "finished", "failed")
HOMES = {job.__tablename__: job for job in JOB_TABLES}
TEXT = st.none() | st.sampled_from(["", "a", "ab", "A", "b_", "b%"])
PATTERN = st.sampled_from(["", "a", "a*", "?", "*b*", "[ab]*", "[!a]*", "b_", "b%", "*"])
MOMENT = st.sampled_from([DAY + timedelta(hours=hour) for hour in range(3)])
NUMBER = st.none() | st.integers(0, 2)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "jobstatus": st.sampled_from(STATES),
            "jeditaskid": NUMBER,
            "attemptnr": st.integers(0, 2),
            "jobname": TEXT,
            "produsername": TEXT,
            "piloterrordiag": TEXT,
            "modificationtime": MOMENT,
        }
    ),
    max_size=12,
)


def leaf(arguments: Row, holds: Holds) -> tuple[JobFilter, Holds]:
    return JobFilter(archived=True, **arguments), holds


def like(text: str | None, pattern: str) -> bool:
    return text is not None and fnmatchcase(text, pattern)


LEAVES = st.one_of(
    st.lists(st.sampled_from(STATES), max_size=2).map(
        lambda s: leaf({"status": s}, lambda row: row["jobstatus"] in s)
    ),
    NUMBER.filter(lambda n: n is not None).map(
        lambda n: leaf({"tasks": n}, lambda row: row["jeditaskid"] == n)
    ),
    st.lists(st.integers(0, 12), max_size=4).map(
        lambda ids: leaf({"pandaids": ids}, lambda row: row["pandaid"] in ids)
    ),
    NUMBER.map(lambda n: leaf({"jeditaskid": n}, lambda row: row["jeditaskid"] == n)),
    PATTERN.map(lambda p: leaf({"name": p}, lambda row: like(row["jobname"], p))),
    PATTERN.map(lambda p: leaf({"owner": [p]}, lambda row: like(row["produsername"], p))),
    MOMENT.map(lambda m: leaf({"since": m}, lambda row: row["modificationtime"] >= m)),
    MOMENT.map(lambda m: leaf({"until": m}, lambda row: row["modificationtime"] <= m)),
    st.just(leaf({"error": "^a"}, lambda row: (row["piloterrordiag"] or "").startswith("a"))),
    st.just(leaf({}, lambda _: True)),
)


def combined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def both(pair: Any) -> tuple[JobFilter, Holds]:
        (one, holds), (other, holds_too) = pair
        return one & other, lambda row: holds(row) and holds_too(row)

    def either(pair: Any) -> tuple[JobFilter, Holds]:
        (one, holds), (other, holds_too) = pair
        return one | other, lambda row: holds(row) or holds_too(row)

    def none(part: Any) -> tuple[JobFilter, Holds]:
        one, holds = part
        return ~one, lambda row: not holds(row)

    pairs = st.tuples(parts, parts)
    return pairs.map(both) | pairs.map(either) | parts.map(none)


FILTERS = st.recursive(LEAVES, combined, max_leaves=6)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS, chosen=FILTERS, archived=st.booleans())
def test_filters_combine_as_sets_do(
    session: Session, rows: list[Row], chosen: tuple[JobFilter, Holds], archived: bool
) -> None:
    wanted, holds = chosen
    with session.begin_nested() as undone:
        for pandaid, row in enumerate(rows):
            row["pandaid"] = pandaid
            table = HOMES[home(row["jobstatus"], archived)]
            session.execute(table.__table__.insert().values(row))

        matching = [row["pandaid"] for row in rows if holds(row)]
        if not wanted.is_unconditional:
            assert pandaids_of(session, wanted) == matching
        assert count(session, wanted) == [{"jobs": len(matching)}]
        undone.rollback()


def home(jobstatus: str, archived: bool) -> str:
    if jobstatus in ("finished", "failed"):
        return "jobsarchived" if archived else "jobsarchived4"
    return "jobsdefined4" if jobstatus in ("defined", "waiting") else "jobsactive4"


LETTERS = "abc[]!-^*?\\%_.\n"


@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pattern=st.text(LETTERS, max_size=7), texts=st.lists(st.text(LETTERS, max_size=4)))
def test_a_pattern_matches_as_that_of_a_shell_does(
    session: Session, pattern: str, texts: list[str]
) -> None:
    texts = [*texts, pattern, ""]
    given = values(column("text", String), name="given").data([(one,) for one in texts])
    found = session.scalars(select(given.c.text).where(is_like(given.c.text, [pattern]))).all()

    assert sorted(found) == sorted(one for one in texts if fnmatchcase(one, pattern))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("[--0]", "."), ("[]-a]", "_"), ("[c-a]", "b"), ("[!c-a]", "b"), ("a[", "a["), ("[^a]", "^")],
)
def test_odd_sets_of_letters_match_as_in_a_shell(session: Session, pattern: str, text: str) -> None:
    given = values(column("text", String), name="given").data([(text,)])

    found = session.scalars(select(given.c.text).where(is_like(given.c.text, [pattern]))).all()
    assert bool(found) is fnmatchcase(text, pattern)
