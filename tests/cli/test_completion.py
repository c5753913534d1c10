"""Values that a TAB offers."""

from __future__ import annotations

import os
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from pandadb import job_types, models
from pandadb.core.jobs.search.filters import TIMES
from pandadb.core.jobs.states import STATES
from pandadb.database import Database
from pandadb.services import jobs
from tests.databases import render

pytestmark = pytest.mark.any_server


def offered(typed: str, **environment: str) -> list[str]:
    """Return what bash would be offered at the end of a line."""
    run = subprocess.run(
        [Path(sys.executable).with_name("pandadb")],
        env={
            **{name: value for name, value in os.environ.items() if "PANDADB" not in name},
            "_PANDADB_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split(" ")) - 1),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert not run.stderr, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("jobs list --jobstatus st", ["starting", "stagein", "stageout"]),
        ("jobs move tr", ["transfer"]),
        ("queue retry --state s", ["staged", "submitted", "suspended"]),
        ("queue set-state can", ["cancelled"]),
        ("jobs list --table jobsa", ["jobsactive4", "jobsarchived4", "jobsarchived"]),
        ("jobs list --order jobst", ["jobstatus"]),
        ("jobs list --columns pandaid,jobst", ["pandaid,jobstatus"]),
        ("jobs list --timecolumn ", [*TIMES]),
        ("jobs move finish 1 --set piloterrorc", ["piloterrorcode="]),
    ],
)
def test_a_tab_offers_values(typed: str, words: list[str]) -> None:
    assert set(words) <= {*offered(f"pandadb {typed}")}


def test_a_tab_offers_the_sites_of_the_database(database: Database) -> None:
    with database.session() as session:
        session.add(models.SchedconfigJSON(panda_queue="TAB_A"))
    new = [jobs.NewJob({"computingsite": site}) for site in ("TAB_B", "TAB_C", "TAB_C", "ELSE")]
    jobs.activate(database, jobs.submit(database, new))

    assert offered(
        "pandadb jobs list --computingsite TAB_", PANDADB_URL=render(database.engine.url)
    ) == [
        "TAB_A",
        "TAB_B",
        "TAB_C",
    ]


def test_a_tab_without_a_database_offers_no_sites() -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"

    assert offered("pandadb jobs list --computingsite A", PANDADB_URL=away) == []


def test_the_types_are_those_of_the_models_and_states() -> None:
    columns = models.JobsActive4.__table__.columns

    assert [*typing.get_type_hints(job_types.JobColumns)] == [*columns.keys()]
    assert [*typing.get_args(job_types.JobStatus)] == [*STATES]
