"""What scouts used, as values of their task: rules over jobs, without a database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.tasks.ending.scout_jobs import Finished
from pandadb.core.tasks.ending.scout_values import (
    Preset,
    Ranks,
    efficiency,
    measure,
    median_efficiency,
    percentile,
)

START = datetime(2026, 11, 1)
MB = 1024 * 1024


def finished(pandaid: int = 1, seconds: int = 3000, **columns: Any) -> Finished:
    usual = {
        "jeditaskid": 1, "input_mb": 100.0, "input_bytes": 100 * MB, "events": 100,
        "is_pseudo": False, "corepower": 10.0, "pandaid": pandaid, "computingsite": "Q",
        "starttime": START, "endtime": START + timedelta(seconds=seconds),
        "cpuconsumptiontime": 2700, "actualcorecount": 1, "corecount": 1,
        "outputfilebytes": 5 * MB, "inputfilebytes": 100 * MB, "maxpss": 1_500_000,
        "jobmetrics": None, "totrbytes": None, "totwbytes": None, "memory_leak": None,
        "memory_leak_x2": None,
    }  # fmt: skip
    return Finished(**{**usual, **columns})


def columns(*jobs: Finished, ranks: Ranks | None = None, **preset: Any) -> dict[str, Any]:
    return measure(jobs, Preset(**preset), ranks or Ranks()).columns


def test_jobs_give_all_values_of_a_task() -> None:
    assert columns(finished(), ramunit="MBPerCore", outdiskunit="kB", basewalltime=60) == {
        "outdiskcount": 51, "outdiskunit": "kB", "walltime": 0, "walltimeunit": "kSI2kseconds",
        "cputime": 441, "iointensity": 36, "iointensityunit": "kBPerS", "ramcount": 1611,
        "ramunit": "MBPerCore", "workdiskcount": 0, "workdiskunit": "MB",
    }  # fmt: skip


def test_no_jobs_give_no_more_than_the_unit_of_the_wall_time() -> None:
    assert columns() == {"walltimeunit": "kSI2kseconds"}


@pytest.mark.parametrize(
    ("job", "preset", "column", "value"),
    [
        ({"events": 9}, {}, "outdiskcount", None),
        ({"outputfilebytes": None}, {}, "outdiskcount", None),
        ({"outputfilebytes": 100 * 1024 * MB}, {}, "outdiskcount", 10 * 1024),
        ({}, {"outdiskunit": "kBFixed"}, "outdiskcount", None),
        ({}, {"outdiskunit": "MBPerEvent"}, "outdiskunit", "kBPerEvent"),
        ({"cpuconsumptiontime": 7200}, {}, "walltime", 108),
        ({"cpuconsumptiontime": 7200}, {"walltime": 200}, "walltime", 200),
        ({"cpuconsumptiontime": 7200}, {"walltime": -1}, "walltime", -1),
        ({}, {"cputimeunit": "HS06sPerEventFixed"}, "cputime", None),
        ({"events": 9}, {}, "cputime", None),
        ({"events": 9, "is_pseudo": True}, {}, "cputime", 5000),
        ({"events": 9, "seconds": 22_000}, {}, "cputime", 36_667),
        ({"corepower": None}, {}, "cputime", 450),
        ({"events": 100_000}, {}, "cputime", 450),
        ({"events": 100_000}, {}, "cputimeunit", "mHS06sPerEvent"),
        ({}, {"cpuefficiency": 0, "cputimeunit": "HS06sPerEvent"}, "cputime", 0),
        ({"totrbytes": 300_000, "totwbytes": 1}, {}, "diskio", 100),
        ({"memory_leak": 1001, "actualcorecount": 2}, {}, "memory_leak_core", 501),
        ({"memory_leak_x2": 12.5}, {}, "memory_leak_x2", 12),
        ({}, {"ramunit": "MBPerCoreFixed"}, "ramcount", None),
        ({"maxpss": 0, "jobmetrics": "vmPeakMax=2048000"}, {"ramunit": "MB"}, "ramcount", 2200),
        ({"maxpss": 0, "jobmetrics": "vmPeakMax=9"}, {"ramunit": "MBPerCore"}, "ramcount", None),
        ({"actualcorecount": 4}, {"ramunit": "MBPerCore", "baseramcount": 500}, "ramcount", 265),
        ({"jobmetrics": f"workDirSize={7 * MB}"}, {}, "workdiskcount", 7),
        ({"jobmetrics": f"workDirSize={7 * MB}"}, {"library_mb": 9.5}, "workdiskcount", 9),
        ({}, {"workdiskcount": 500}, "workdiskcount", 500),
    ],
)  # fmt: skip
def test_each_value_has_its_rule(
    job: dict[str, Any], preset: dict[str, Any], column: str, value: Any
) -> None:
    assert columns(finished(**job), **preset).get(column) == value


def test_settings_of_the_server_bound_the_values() -> None:
    jobs = [finished(n, maxpss=n * 1_000_000, totrbytes=10**9, totwbytes=0) for n in (1, 2, 3)]
    ranks = Ranks(memory=50, memory_margin=0, most_diskio=20)

    assert columns(*jobs, ranks=ranks)["ramcount"] == 1953
    assert columns(*jobs, ranks=ranks)["diskio"] == 20
    assert columns(*jobs, ranks=Ranks(least_memory=9000))["ramcount"] == 9000


def test_the_first_of_equal_jobs_is_the_one_that_gave_a_value() -> None:
    tags = measure([finished(7), finished(8)], Preset(), Ranks()).tags

    assert tags == {
        7: ["outDiskCount", "walltime", "cpuTime", "ioIntensity", "ramCount", "cpuEfficiency"]
    }


@pytest.mark.parametrize(
    ("job", "value"),
    [
        ({}, 90),
        ({"actualcorecount": 2}, 45),
        ({"actualcorecount": None, "jobmetrics": "coreCount=3"}, 30),
        ({"actualcorecount": None, "corecount": None}, 90),
        ({"starttime": None}, None),
        ({"seconds": 0}, None),
        ({"actualcorecount": 0}, None),
    ],
)
def test_the_efficiency_is_that_of_all_cores(job: dict[str, Any], value: float | None) -> None:
    assert efficiency(finished(**job)) == value
    assert median_efficiency([finished(**job)]) == value


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(0, 100))
def test_a_percentile_lies_between_the_two_values_beside_it(numbers: list[int], rank: int) -> None:
    value, beside = percentile([(number, 1) for number in numbers], rank)

    assert min(beside) - 1e-6 <= value <= max(beside) + 1e-6
    assert {*beside} <= {*numbers}
    assert percentile([(number, 1) for number in numbers], 100)[0] == max(numbers)
