"""When statistics are due, and what they are called."""

from __future__ import annotations

from datetime import datetime

import pytest

from pandadb.core.statistics.catalog import TABLES, UnknownStatistics, chosen

pytestmark = pytest.mark.any_server

BY_NAME = {table.name: table for table in TABLES}


@pytest.mark.parametrize(
    ("name", "last", "now", "due"),
    [
        ("jobs_share_stats", "2026-11-29 10:00:59", "2026-11-29 10:01:00", True),
        ("jobs_share_stats", "2026-11-29 10:01:00", "2026-11-29 10:01:59", False),
        ("total_walltime_cache", "2026-11-29 10:04:59", "2026-11-29 10:05:00", True),
        ("total_walltime_cache", "2026-11-29 10:05:00", "2026-11-29 10:09:59", False),
        ("worker_node_metrics", "2026-11-29 07:59:00", "2026-11-29 08:00:00", True),
        ("worker_node_metrics", "2026-11-29 08:00:00", "2026-11-30 07:59:59", False),
    ],
)
def test_statistics_are_due_when_an_interval_begins(
    name: str, last: str, now: str, due: bool
) -> None:
    then, today = map(datetime.fromisoformat, (last, now))

    assert BY_NAME[name].is_due(then, today) is due
    assert BY_NAME[name].is_due(None, today)


def test_names_are_chosen_once_each_and_in_the_order_of_refreshes() -> None:
    names = ["typical_num_input", "doma_panda.JOB_STATS_HP", "job_stats_hp"]

    assert [table.name for table in chosen(names)] == ["job_stats_hp", "typical_num_input"]
    assert chosen([]) == [*TABLES]


@pytest.mark.parametrize("name", ["", "jobsactive4", "doma_pandaarch.job_stats_hp", "é", "x" * 99])
def test_another_name_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(
        UnknownStatistics, match="there are jedi_aux_status_mintaskid, job_stats_hp"
    ):
        chosen([name])
