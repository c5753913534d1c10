"""After any sequence of feeds, losses and ends of jobs the counters are those of a recount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from pandadb.core.datasets import recounts
from pandadb.core.tasks import file_losses
from pandadb.models import JediDatasets, JediTasks
from tests.fed_tasks import (
    MASTER,
    OUTPUT,
    TASK,
    add_file,
    catalogue_of,
    feed_task,
    files_of,
    make_fed_task,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.models import JediDatasetContents

NUMBERS = st.sets(st.integers(0, 12), max_size=10)
FEEDS = st.tuples(st.just("feed"), NUMBERS)
LOSSES = st.tuples(st.sampled_from(["lose", "lose for parent"]), NUMBERS)
ENDS = st.tuples(st.sampled_from(["finish", "fail"]), NUMBERS)
RULES = ("NF=2", "NF=1,US=2", "UE=1,NE=30", "RC=1,NF=2", "UE=1,NE=30,US=2")


def chosen(session: Session, numbers: set[int]) -> list[JediDatasetContents]:
    """Return files that jobs could be made for."""
    ready = [one for one in files_of(session) if one.status == "ready"]
    ready = [one for one in ready if (one.maxattempt or 0) > (one.attemptnr or 0)]
    return [one for k, one in enumerate(ready) if k in numbers]


def fail(session: Session, numbers: set[int]) -> None:
    """Let jobs fail that read one ready file each, at its last attempt."""
    for file in chosen(session, numbers):
        file.attemptnr = file.maxattempt
    recounted(session)


def recounted(session: Session) -> None:
    """Count as jobs do by themselves when they end: that is not of interest here."""
    session.flush()
    recounts.recount(session, [TASK])
    session.expire_all()


def finish(session: Session, numbers: set[int]) -> None:
    """Let jobs finish that read one ready file each, as the generator and jobs would do."""
    for file in chosen(session, numbers):
        job = 1000 + file.fileid * 10 + (file.attemptnr or 0)
        file.status, file.pandaid = "finished", job
        file.attemptnr = (file.attemptnr or 0) + 1
        add_file(
            session, 10**9 + job, "finished", datasetid=OUTPUT, type="output", lfn=f"o.{job}",
            pandaid=job, outpandaid=job, nevents=5,
        )  # fmt: skip
    recounted(session)


def lose(session: Session, numbers: set[int], *, for_parent: bool) -> None:
    made = [one.lfn for one in files_of(session, OUTPUT) if one.status == "finished"]
    lost = [name for k, name in enumerate(made) if k in numbers]
    file_losses.lose(
        session, "out", lost, user="somebody", production=True, recover_parent=for_parent,
        host="here",
    )  # fmt: skip
    session.expire_all()


def feed(session: Session, numbers: set[int]) -> None:
    session.execute(update(JediTasks).values(status="defined", oldstatus=None))
    changed = update(JediDatasets).where(JediDatasets.datasetid == MASTER)
    session.execute(changed.values(status="toupdate"))
    feed_task(session, catalogue_of(numbers, state="open"))


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rule=st.sampled_from(RULES),
    steps=st.lists(st.one_of(FEEDS, LOSSES, ENDS), min_size=1, max_size=8),
)
def test_counters_equal_the_recount(
    session: Session, rule: str, steps: list[tuple[str, set[int]]]
) -> None:
    with session.begin_nested() as savepoint:
        make_fed_task(session, rule, {"nEventsPerJob": 30})
        for step, numbers in steps:
            if step == "feed":
                feed(session, numbers)
            elif step in ("finish", "fail"):
                (finish if step == "finish" else fail)(session, numbers)
            else:
                lose(session, numbers, for_parent=step != "lose")
            session.flush()
            assert recounts.recount(session, [TASK], repair=False) == []
        savepoint.rollback()
        session.expunge_all()
