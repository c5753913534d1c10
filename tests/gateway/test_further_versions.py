"""Further versions of runs: what they have of the version before, and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pandadb.gateway import operators
from pandadb.gateway.keys import is_true
from tests.gateway.sites import Site

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

ARGUMENTS: dict[str, Any] = {
    "standard_vars": {"a": None, "mixed": [1, "x", [2]], "number": 1},
    "advanced_vars": {"a": {"b": 1.5}},
}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def test_a_run_that_is_done_again_has_the_variables_of_its_message(site: Site) -> None:
    site.submit(site.pending(reduction_arguments=ARGUMENTS))
    (run,) = site.runs()
    operators.rerun(site.database, site.settings, run.key)
    variables = operators.changed_variables(run, {"number": "7"})
    operators.rerun(site.database, site.settings, run.key, variables=variables)

    _, same, changed = (one.body["reduction_arguments"] for one in site.runs())

    assert same == ARGUMENTS
    assert changed == {**ARGUMENTS, "standard_vars": {**ARGUMENTS["standard_vars"], "number": 7}}


def test_events_of_a_run_that_is_done_again_have_what_was_given_for_it(site: Site) -> None:
    site.submit(site.pending(overwrite=True, description="first", started_by=12))
    (run,) = site.runs()
    operators.rerun(site.database, site.settings, run.key)
    operators.rerun(site.database, site.settings, run.key, overwrite=True, started_by=7)

    names = ("overwrite", "description", "started_by")
    given = [{name: one.body.get(name) for name in names} for one in site.runs()]

    assert given[1] == {"overwrite": None, "description": None, "started_by": None}
    assert given[2] == {"overwrite": True, "description": None, "started_by": 7}


def test_a_run_that_is_tried_again_has_the_same_user(site: Site) -> None:
    site.data().unlink()
    site.submit(site.pending(started_by=12))
    with site.worker():
        site.ended()

    assert [one.started_by for one in site.runs()] == [12, 12]


@pytest.mark.parametrize("value", [True, 1, -1, 0.5, "true", "yes", " 1 ", "text", [0], {"a": 0}])
def test_values_that_are_true(value: Any) -> None:
    assert is_true(value)


@pytest.mark.parametrize("value", [None, False, 0, "", " ", "False", "no", "0", "off", [], {}])
def test_values_that_are_not_true(value: Any) -> None:
    assert not is_true(value)
