"""The scenarios of the public comparison of job queues on PostgreSQL, a tenth as long."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pandadb.database import Database
from pandadb.services.schema import upgrade
from tests.chaos.measurement import run
from tests.chaos.phases import SCENARIOS
from tests.databases import Server, made_template, temporary_database
from tests.servers import mortal_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.phases import Scenario
    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server


@pytest.fixture(scope="session")
def own_server(pytestconfig: pytest.Config) -> Iterator[PrivateServer]:
    """A server of our own, which may be killed."""
    choice = pytestconfig.getoption("--postgres")
    with mortal_server("" if "://" in choice else choice) as server:
        yield server


@pytest.fixture
def own_url(own_server: PrivateServer) -> Iterator[str]:
    """The URL of a new migrated database on it."""
    there = Server(own_server.url(), "pandadb_test_chaos_", file_copy=True)
    template = made_template(there, "template", migrate)
    with temporary_database(there, template) as url:
        yield url


def migrate(url: str) -> None:
    with closing(Database(url)) as database:
        upgrade(database)


ALWAYS = (
    "worker killed",
    "PostgreSQL killed",
    "connections terminated",
)
"""Scenarios of each run; the others with `--thorough`."""


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name.replace(" ", "_"))
def test_no_job_is_lost_or_doubled_and_work_goes_on(
    scenario: Scenario,
    own_server: PrivateServer,
    own_url: str,
    pytestconfig: pytest.Config,
) -> None:
    if scenario.name not in ALWAYS and not pytestconfig.getoption("--thorough"):
        pytest.skip("--thorough runs all scenarios")
    outcome = run(scenario, own_server, own_url)
    print(outcome)  # noqa: T201 - shown when it fails
    assert (outcome.lost, outcome.doubled) == (0, 0)
    assert outcome.jobs > 100  # few if other tests take the processors
    assert outcome.resumed < 5
    assert outcome.recovered >= 0.9
