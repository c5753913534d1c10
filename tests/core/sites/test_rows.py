"""Rows that dumps make: the rules of the configurator (semantics 8)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.dumps.sample_dumps import generate
from pandadb.core.sites.dumps.shapes import CricEndpoint, CricQueue
from pandadb.core.sites.loaded_tables import ENDPOINTS, SCHEDCONFIG
from pandadb.core.sites.rows.network_metrics import Metric, checked, metrics_of
from pandadb.core.sites.rows.relation_rows import relation_load
from pandadb.core.sites.rows.schedconfig_rows import schedconfig_load
from pandadb.core.sites.rows.site_rows import GB, SiteDumps, site_loads
from pandadb.core.sql.validation import InvalidValue
from tests.site_dumps import dumps, endpoint

pytestmark = pytest.mark.any_server

NOW = datetime(2026, 1, 1, 12)


def endpoint_row(**more: Any) -> dict[str, Any]:
    """Return the row of the endpoint of a site A, with more dumps."""
    loads = site_loads(SiteDumps.of({**dumps("A"), **more}))
    return dict(zip(ENDPOINTS.columns, loads[2].rows["A_DISK",], strict=True))


@pytest.mark.parametrize(
    ("used", "gb"),
    [(0.4, 0), (0.5, 1), (1.5, 2), (2.5, 3), (-1.5, -2), (-0.4, 0), (10**6 + 0.49, 10**6)],
)
def test_space_is_rounded_half_away_from_zero(used: float, gb: int) -> None:
    usage = {"used": used * GB, "free": GB, "updated_at": "2026-01-01 00:00:00"}
    row = endpoint_row(rse_usage={"A_DISK": {"storage": usage}})
    assert (row["space_used"], row["space_free"]) == (gb, 1)
    assert row["space_timestamp"] == datetime(2026, 1, 1)


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_the_total_space_is_the_rounded_sum_and_not_the_sum_of_rounded_ones(
    used: int, free: int
) -> None:
    usage = {"used": used, "free": free, "updated_at": "2026-01-01 00:00:00"}
    row = endpoint_row(rse_usage={"A_DISK": {"storage": usage}})
    assert row["space_total"] == int(
        Decimal(repr(used / GB + free / GB)).to_integral("ROUND_HALF_UP")
    )


@pytest.mark.parametrize(
    "storage", [None, {}, {"used": 1, "free": 1}, {"used": 1, "free": 1, "updated_at": "today"}]
)
def test_space_that_is_not_known_whole_is_null(storage: Any) -> None:
    row = endpoint_row(rse_usage={"A_DISK": {"storage": storage, "expired": {"used": GB}}})
    assert [row[f"space_{name}"] for name in ("used", "free", "total", "timestamp")] == [None] * 4
    assert (row["space_expired"], row["space_min_free"]) == (1, 0)


def test_an_endpoint_is_excluded_from_writing_by_the_list_or_without_one_by_its_status() -> None:
    off = {"A_DISK": {"write_wan": {"status": {"value": "OFF"}}}}
    by_status = endpoint_row(blacklist_full=off)
    by_list = endpoint_row(blacklist_full=off, blacklist_write=[])
    assert (by_status["blacklisted"], by_status["blacklisted_write"]) == ("Y", "Y")
    assert (by_list["blacklisted"], by_list["blacklisted_write"]) == ("N", "N")
    assert by_list["detailed_status"] == {"write_wan": "OFF"}


def test_an_endpoint_whose_exclusions_have_no_status_is_left_as_it_is() -> None:
    given = SiteDumps.of({**dumps("A"), DumpKind.BLACKLIST_FULL: {"A_DISK": {"read_wan": {}}}})
    load = site_loads(given)[2]
    assert load.rows == {}
    assert load.keeps(("A_DISK",), None)
    assert given.skipped == {"A_DISK": "an activity in its exclusions has no status"}


def test_a_panda_site_that_the_dump_of_queues_lacks_goes() -> None:
    given = dumps("A", "B")
    del given[DumpKind.PANDA_QUEUES]["B-GRID"]
    load = site_loads(SiteDumps.of(given))[1]
    assert [*load.rows] == [("A-GRID",)]
    assert not load.keeps(("B-GRID",), None)


def relations(**storages: list[str]) -> dict[Any, Any]:
    given = {"Q": CricQueue(panda_resource="Q", atlas_site="A", astorages=storages)}
    endpoints = {name: CricEndpoint(**endpoint(name[0])) for name in ("A1", "A2", "B1")}
    return {key[1:]: row[3:] for key, row in relation_load(given, endpoints).rows.items()}


def test_relations_have_roles_and_orders_by_scope() -> None:
    found = relations(
        read_lan=["B1", "A1"],
        write_lan=["A1"],
        read_lan_analysis=["A2"],
        pr=["A2"],
        read_wan=["B1"],
    )
    assert found == {
        ("B1", "default"): ("read_lan", "N", 1, None, "Y", "N"),
        ("A1", "default"): ("read_lan,write_lan", "Y", 2, 1, "N", "Y"),
        ("A2", "analysis"): ("read_lan", "Y", 1, None, "Y", "N"),
    }


def test_an_endpoint_that_is_not_active_takes_a_place_but_has_no_relation() -> None:
    assert relations(write_lan=["GONE", "A1"]) == {
        ("A1", "default"): ("write_lan", "Y", None, 2, "N", "N")
    }


def test_a_queue_without_storages_does_not_cost_the_others_their_relations() -> None:
    """The server removes all relations then [bug]."""
    given = {
        "P": CricQueue(panda_resource="P"),
        "Q": CricQueue(panda_resource="Q", astorages={"read_lan": ["A1"]}),
    }
    rows = relation_load(given, {"A1": CricEndpoint(**endpoint("A"))}).rows
    assert [*rows] == [("Q", "A1", "default")]


def schedconfig(**fields: Any) -> dict[str, Any]:
    load = schedconfig_load({DumpKind.PANDA_QUEUES: {"Q": fields}})
    return dict(zip(SCHEDCONFIG.columns, load.rows["Q",], strict=True))


def test_fields_of_a_queue_go_to_the_columns_of_their_names() -> None:
    row = schedconfig(
        atlas_site="A", status="online", corecount=8, maxrss="4000", corepower=11.25,
        releases=["1", "2"], allow_lan=True, comment="quiet", memory=None,
    )  # fmt: skip
    wanted = {
        "nickname": "Q", "name": "default", "site": "A", "status": "online", "corecount": 8,
        "maxrss": 4000, "corepower": Decimal("11.25"), "releases": "1,2", "comment_": "quiet",
        "memory": 0, "tspace": datetime(1970, 1, 1), "system": "",
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "value", [10**6, 10**40, "1e999999999", "eight", [8], {"a": 1}, 2.5, True, "NaN"]
)
def test_what_a_column_cannot_hold_is_left_out(value: Any) -> None:
    assert schedconfig(corecount=value)["corecount"] is None
    assert schedconfig(cloud={"a": value})["cloud"] is None


NWS = {
    "files": {
        "done": {"Express": {"1h": 3, "6h": 20, "timestamp": "2026-01-01T11:45:00"}},
        "queued": {"Production Input": {"latest": 7, "timestamp": "2026-01-01T11:00:00"}},
    },
    "mbps": {
        "fts": {"1h": 1, "1d": 1, "timestamp": "2026-01-01T11:45:00"},
        "rucio": {"1h": 12.5, "1d": 9, "1w": 8, "timestamp": "2026-01-01T11:45:00"},
    },
}  # fmt: skip


def test_metrics_of_the_last_half_hour_are_loaded_and_malformed_ones_left_out() -> None:
    skipped: dict[str, str] = {}
    given = {
        DumpKind.NWS: {"A:B": NWS, "A:Z": NWS, "A": NWS, "UNKNOWN:B": {}},
        DumpKind.COST_MATRIX: [
            {"src": "A", "dst": "B", "closeness": 3}, {"src": "A", "dst": "Z", "closeness": 3},
            {"src": "A"}, {"src": [], "dst": "B", "closeness": 1},
        ],
    }  # fmt: skip
    found = metrics_of(given, {"A", "B"}, NOW, skipped)
    at = datetime(2026, 1, 1, 11, 45)
    assert {(one.key, one.value, one.ts) for one in found} == {
        ("Express_done_1h", 3, at), ("Express_done_6h", 20, at),
        ("rucio_mbps_1h", Decimal("12.5"), at), ("rucio_mbps_1d", 9, at),
        ("rucio_mbps_1w", 8, at), ("fts_mbps_1h", 1, at), ("fts_mbps_1d", 1, at),
        ("AGIS_closeness", 3, NOW),
    }  # fmt: skip
    assert {(one.src, one.dst) for one in found} == {("A", "B")}
    assert [*skipped] == ["A:Z", "A", "cost_matrix 3", "cost_matrix 4"]


def test_a_system_without_a_time_does_not_cost_the_others_their_rates() -> None:
    """The server leaves out all systems that come after it [bug]."""
    rates = {"mbps": {"fts": {"1h": 1}, "rucio": NWS["mbps"]["rucio"]}}
    found = metrics_of({DumpKind.NWS: {"A:B": rates}}, {"A", "B"}, NOW, {})
    assert [one.key for one in found] == ["rucio_mbps_1h", "rucio_mbps_1d", "rucio_mbps_1w"]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (["A", "B", "k", 1], "metric 1 has 4 fields, not 5"),
        (["A" * 10_000, "B", "k", 1, NOW], "src is too long: 10000 characters, 256 fit"),
        (["A\0", "B", "k", 1, NOW], "src cannot have a NUL character"),
        (["A", "B", "k", "one", NOW], "value has to be a number, not 'one'"),
        (["A", "B", "k", float("nan"), NOW], "value has to be a number, not nan"),
        (["A", None, "k", 1, NOW], "dst has to have a value"),
        (["A", "B", "k", 1, "today"], "ts has to be a time, not 'today'"),
    ],
)
def test_a_metric_that_does_not_fit_is_a_sentence(metric: list[Any], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        checked([metric])


def test_a_metric_has_the_value_that_is_written() -> None:
    assert checked([["A", "B", "k", 0.1, "2026-01-01 12:00:00"]]) == [
        Metric("A", "B", "k", Decimal("0.1"), NOW)
    ]


def test_made_up_sites_are_the_same_for_the_same_seed_and_not_for_another() -> None:
    assert generate(30, seed=5) == generate(30, seed=5)
    assert generate(30, seed=5) != generate(30, seed=6)
    assert len(generate()[DumpKind.SITES]) == 100
    with pytest.raises(InvalidValue, match="number has to be from 1 to 100,000, not 0"):
        generate(0)
