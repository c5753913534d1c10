"""Sites looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.core.sql.validation import InvalidValue
from pandadb.services import sites
from pandadb.services.sites import DumpKind, SiteNotFound
from tests.site_dumps import dumps

if TYPE_CHECKING:
    from pandadb.database import Database

GB = 1024**3


@pytest.fixture
def loaded(database: Database) -> Database:
    usage = {"storage": {"used": GB, "free": 5 * GB, "updated_at": "2026-01-01 00:00:00"}}
    given = dumps("CERN", "DESY")
    given[DumpKind.SITES]["CERN"]["datapolicies"] = ["Nucleus"]
    given[DumpKind.RSE_USAGE] = {"CERN_DISK": usage}
    given[DumpKind.BLACKLIST_WRITE] = {"DESY_DISK": {}}
    given[DumpKind.TAGS] = {"CERN-GRID": {"tags": []}, "DESY-GRID": {}}
    given[DumpKind.SITE_STATS] = {"CERN": {"slots": 5}, "DESY": {"slots": 6}}
    sites.load(database, given)
    return database


def test_sites_are_listed_with_counts(loaded: Database) -> None:
    counts = {"panda_sites": 1, "endpoints": 1}
    first, second = sites.find(loaded)
    assert first == {
        "site_name": "CERN", "role": "nucleus", "tier_level": 2, **counts, "excluded": 0,
        "space_free": 5,
    }  # fmt: skip
    assert (second["site_name"], second["excluded"], second["space_free"]) == ("DESY", 1, None)
    assert [one["site_name"] for one in sites.find(loaded, role="satellite")] == ["DESY"]


@pytest.mark.parametrize("name", ["CERN", "CERN-GRID"])
def test_a_site_or_a_queue_has_what_belongs_to_it(loaded: Database, name: str) -> None:
    found = sites.get(loaded, name)
    sizes = {section: len(rows) for section, rows in found.items() if section != "site"}
    of_site = {"endpoints": 1, "stats": 1} if name == "CERN" else {"endpoints": 0, "stats": 0}
    assert sizes == {"panda_sites": 1, "relations": 1, "queues": 1, "tags": 1, **of_site}
    assert found["queues"][0]["panda_queue"] == "CERN-GRID"
    assert (found["site"] is None) == (name != "CERN")


def test_an_unknown_name_is_a_sentence_with_similar_ones(loaded: Database) -> None:
    with pytest.raises(SiteNotFound, match="no site or queue 'CERNN': is it CERN"):
        sites.get(loaded, "CERNN")
    with pytest.raises(InvalidValue, match="too long"):
        sites.get(loaded, "x" * 10_000)


def test_the_history_has_pages_and_refuses_what_is_no_page(loaded: Database) -> None:
    page = sites.history(loaded, limit=2)
    assert page.next == page.changes[-1]["change_id"]
    assert sites.history(loaded, "NOWHERE").changes == []
    assert sites.history(loaded, "CERN%").changes == []
    assert {one["row_key"] for one in sites.history(loaded, "CERN").changes} == {"CERN"}
    for wrong in ({"limit": 0}, {"before": 2**63}, {"key": "\0"}, {"table": 3}):
        with pytest.raises(InvalidValue):
            sites.history(loaded, **wrong)
