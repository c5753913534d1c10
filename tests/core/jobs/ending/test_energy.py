"""Jobs that end have used HS06 seconds and grams of CO2, as far as their queue is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs import advances
from pandadb.models import CarbonRegionEmissions, JediTasks, JobsArchived4, SchedconfigJSON
from tests.factories import make_job, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7
BEGIN = datetime(2026, 1, 1, 12)
TIMES = {"starttime": BEGIN, "endtime": BEGIN + timedelta(hours=2)}
SITE = {"corepower": 10, "coreenergy": "20", "region": "CH"}


def given(session: Session, **data: Any) -> None:
    session.add(SchedconfigJSON(panda_queue="CERN", data={**SITE, **data}))
    session.flush()


def carbon(session: Session, region: str, *values: tuple[int, int]) -> None:
    for hours, value in values:
        when = BEGIN + timedelta(hours=hours)
        session.add(CarbonRegionEmissions(region=region, timestamp=when, value=value))
    session.flush()


def ended(session: Session, verb: str = "finish", **columns: Any) -> tuple[Any, ...]:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, **{"computingsite": "CERN", **TIMES, **columns})
    advances.advance(session, verb, [job], host="here")
    names = (JobsArchived4.hs06sec, JobsArchived4.gco2_regional, JobsArchived4.gco2_global)
    return tuple(session.execute(select(*names)).one())


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"actualcorecount": 4, "corecount": 8}, 288_000),
        ({"corecount": 8, "jobmetrics": "a=1 coreCount=2"}, 144_000),
        ({"corecount": 8}, 576_000),
        ({"corecount": 0}, 72_000),
        ({}, 72_000),
        ({"endtime": BEGIN - timedelta(1)}, 0),
        ({"starttime": None}, None),
        ({"starttime": datetime(1970, 1, 1)}, None),
        ({"computingsite": "NOWHERE"}, None),
        ({"actualcorecount": 2**31 - 1}, 999_999_999),
    ],
)
def test_hs06_seconds_are_of_wall_time_cores_and_power(
    session: Session, columns: dict[str, Any], wanted: int | None
) -> None:
    given(session)
    assert ended(session, **columns)[0] == wanted


@pytest.mark.parametrize("power", ["12.5", 12.5])
def test_the_power_is_a_number_or_a_text(session: Session, power: Any) -> None:
    given(session, corepower=power)
    assert ended(session)[0] == 90_000


@pytest.mark.parametrize("power", ["much", None, {}])
def test_a_power_that_is_no_number_is_not_known(session: Session, power: Any) -> None:
    given(session, corepower=power)
    assert ended(session)[0] is None


@pytest.mark.parametrize("verb", ["fail", "kill hard"])
def test_jobs_of_jedi_have_used_it_whatever_their_end(session: Session, verb: str) -> None:
    given(session)
    assert ended(session, verb)[0] == 72_000


def test_co2_is_that_of_the_values_while_the_job_ran(session: Session) -> None:
    given(session)
    carbon(session, "CH", (-9, 999), (-1, 100), (1, 300), (5, 999))
    carbon(session, "GRID", (-9, 50))

    _, regional, worldwide = ended(session, actualcorecount=2)

    assert regional == Decimal("16.00")  # kWh: 2 cores of 20 W in two hours, at 100 and 300 g
    assert worldwide == Decimal("4.00")


def test_a_queue_that_is_not_known_has_the_average_and_ten_watts(session: Session) -> None:
    carbon(session, "GRID", (-9, 100))

    assert ended(session, computingsite="NOWHERE") == (None, Decimal("2.00"), Decimal("2.00"))


def test_a_queue_without_a_region_has_no_regional_value(session: Session) -> None:
    given(session, region=None)
    carbon(session, "GRID", (-9, 100))

    assert ended(session)[1:] == (None, Decimal("4.00"))


@pytest.mark.parametrize(
    ("verb", "times", "wanted"),
    [("finish", TIMES, 72_000), ("kill hard", TIMES, None), ("finish", {"endtime": None}, None)],
)
def test_other_jobs_have_used_it_if_they_end_by_themselves(
    session: Session, verb: str, times: dict[str, Any], wanted: int | None
) -> None:
    given(session)
    job = make_job(session, "running", computingsite="CERN", **{**TIMES, **times})
    advances.advance(session, verb, [job], host="here")

    assert session.scalar(select(JobsArchived4.hs06sec)) == wanted


def test_late_jobs_of_a_task_that_has_ended_are_as_others(session: Session) -> None:
    given(session)
    make_task(session, TASK, files=1)
    session.execute(update(JediTasks).values(status="done"))
    job = make_task_job(session, TASK, 0, computingsite="CERN", **TIMES)
    advances.advance(session, "kill hard", [job], host="here")

    assert session.scalar(select(JobsArchived4.hs06sec)) is None
