"""Loads of sites: differences, the history, refusals, two configurators at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, insert, select, text, update

from pandadb.core.generation.picking import queue_configurations
from pandadb.core.sites import site_loads
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    DdmEndpoint,
    NetworkMatrixKV,
    NetworkMatrixKVTemp,
    SchedConfig,
    SchedconfigJSON,
    Site,
    SiteChange,
    SWTags,
)
from pandadb.services import grants, sites
from pandadb.services.sites import ChangeKind, DumpKind, Part, TooFewLoaded, VerbOptions
from tests.site_dumps import content, dumps, endpoint, queue, site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pandadb.database import Database

ASSIGNED = "SELECT pg_current_xact_id_if_assigned()::text"
DRY = VerbOptions(dry_run=True)


@pytest.fixture
def written(database: Database) -> Iterator[list[int]]:
    """The ids of transactions that have written something."""
    found: list[int] = []

    def note(connection: Connection) -> None:
        number = connection.exec_driver_sql(
            "SELECT pg_current_xact_id_if_assigned()::text"
        ).scalar()
        if number is not None:
            found.append(int(number))

    event.listen(database.engine, "commit", note)
    yield found
    event.remove(database.engine, "commit", note)


def changed(report: sites.LoadReport, table: str) -> list[tuple[str, ...]]:
    return [(str(one.kind), *map(str, one.key)) for one in report.changes if one.table == table]


def test_sites_are_loaded_with_all_that_belongs_to_them(database: Database) -> None:
    report = sites.load(database, dumps("A", "B"))
    assert {one.kind for one in report.changes} == {ChangeKind.ADDED}
    found = content(database)
    assert found["site"] == [("A", "satellite", 2, None), ("B", "satellite", 2, None)]
    assert [row[:2] for row in found["panda_site"]] == [("A-GRID", "A"), ("B-GRID", "B")]
    assert len(found["ddm_endpoint"]) == len(found["panda_ddm_relation"]) == 2
    assert found["schedconfig_json"][0] == ("A-GRID", queue("A"))
    assert len(found["schedconfig"]) == 2


def test_a_load_without_changes_writes_nothing(database: Database, written: list[int]) -> None:
    given = sites.generate(20)
    sites.load(database, given)
    assert len(written) == 1
    again = sites.load(database, given)
    assert (again.changes, again.refreshed, bool(again.network)) == ([], 0, False)
    assert len(written) == 1


def test_a_dry_run_reports_what_the_load_changes_and_changes_nothing(
    database: Database, written: list[int]
) -> None:
    first, second = sites.generate(20), sites.generate(25, seed=2)
    planned = sites.load(database, first, options=DRY)
    assert content(database)["site"] == []
    assert sites.load(database, first) == planned
    before = content(database)
    planned = sites.load(database, second, options=DRY)
    assert content(database) == before
    assert len(written) == 1
    done = sites.load(database, second)
    assert done.changes == planned.changes
    assert done.network == planned.network


def test_a_changed_row_is_reported_column_by_column(database: Database) -> None:
    given = dumps("A")
    sites.load(database, given)
    given[DumpKind.SITES]["A"]["datapolicies"] = ["Nucleus"]
    given[DumpKind.PANDA_QUEUES]["A-GRID"] |= {"status": "test", "new": [1]}
    report = sites.load(database, given)
    found = {one.table: (one.kind, one.before, one.after) for one in report.changes}
    assert found == {
        "site": (ChangeKind.CHANGED, {"role": "satellite"}, {"role": "nucleus"}),
        "schedconfig_json": (
            ChangeKind.CHANGED,
            {"data": {"status": "online"}},
            {"data": {"status": "test", "new": [1]}},
        ),
        "schedconfig": (ChangeKind.CHANGED, {"status": "online"}, {"status": "test"}),
    }
    page = sites.history(database, "A-GRID", limit=1)
    assert page.changes[0]["table_name"] == "schedconfig"
    assert page.changes[0]["row_after"] == {"status": "test"}
    assert page.next is not None
    rest = sites.history(database, "A-GRID", before=page.next).changes
    assert [one["kind"] for one in rest] == ["changed", "added", "added", "added", "added"]


def test_each_change_is_in_the_history_with_its_time(database: Database) -> None:
    begun = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    report = sites.load(database, sites.generate(10))
    number = sum(one.table != "site_stats" for one in report.changes)
    page = sites.history(database, since=begun, limit=1000)
    assert len(page.changes) == number
    assert len({one["changed_at"] for one in page.changes}) == 1
    assert {one["kind"] for one in page.changes} == {"added"}
    assert sites.history(database, table="SITE").changes[0]["row_before"] is None


@pytest.mark.parametrize("number", [True, 1.0])
def test_a_value_of_another_type_is_a_change(database: Database, number: Any) -> None:
    given = dumps("A")
    given[DumpKind.PANDA_QUEUES]["A-GRID"]["flag"] = 1
    sites.load(database, given)
    given[DumpKind.PANDA_QUEUES]["A-GRID"]["flag"] = number
    report = sites.load(database, given, parts=[Part.QUEUES])
    assert [(one.before, one.after) for one in report.changes] == [
        ({"data": {"flag": 1}}, {"data": {"flag": number}})
    ]


def test_json_that_is_written_in_another_way_is_no_change(database: Database) -> None:
    sites.load(database, dumps("A"))
    with database.transaction() as connection:
        rewritten = text(
            "UPDATE doma_panda.schedconfig_json SET data = jsonb_pretty(data::jsonb)::json"
            " WHERE false OR panda_queue = 'A-GRID'"
        )
        spaced = text("UPDATE doma_panda.schedconfig_json SET data = (' ' || data::text)::json")
        connection.execute(spaced)
    assert not sites.load(database, dumps("A"))
    with database.transaction() as connection:
        connection.execute(rewritten)  # in another order, which relations depend on
    assert changed(sites.load(database, dumps("A")), "schedconfig_json") == [("changed", "A-GRID")]


def test_what_the_dumps_lack_is_removed_but_a_queue_stays_for_a_week(database: Database) -> None:
    sites.load(database, dumps("A", "B"))
    report = sites.load(database, dumps("A"))
    found = content(database)
    assert [row[0] for row in found["site"]] == ["A"]
    assert [row[0] for row in found["ddm_endpoint"]] == ["A_DISK"]
    assert [row[0] for row in found["schedconfig_json"]] == ["A-GRID", "B-GRID"]
    assert changed(report, "panda_ddm_relation") == [("removed", "B-GRID", "B_DISK", "default")]
    age(database, "B-GRID", timedelta(days=9))
    report = sites.load(database, dumps("A"))
    assert changed(report, "schedconfig_json") == [("removed", "B-GRID")]
    assert report.changes[0].before == {"panda_queue": "B-GRID", "data": queue("B")}


def age(database: Database, name: str, by: timedelta) -> None:
    table = SchedconfigJSON.__table__
    with database.transaction() as connection:
        older = update(table).values(last_update=table.c.last_update - by)
        connection.execute(older.where(table.c.panda_queue == name))


def test_an_unchanged_queue_of_yesterday_gets_the_time_of_the_load(database: Database) -> None:
    sites.load(database, dumps("A", "B"))
    age(database, "A-GRID", timedelta(days=2))
    report = sites.load(database, dumps("A", "B"))
    assert (report.changes, report.refreshed) == ([], 1)
    with database.transaction() as connection:
        oldest = connection.scalar(select(func.min(SchedconfigJSON.__table__.c.last_update)))
    assert oldest is not None
    assert oldest > datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    assert sites.load(database, dumps("A", "B"), refresh=timedelta(0)).refreshed == 2


@pytest.mark.parametrize(
    ("part", "kind", "table"),
    [
        (Part.SITES, DumpKind.SITES, "SITE"),
        (Part.SITES, DumpKind.DDM_ENDPOINTS, "DDM_ENDPOINT"),
        (Part.SITES, DumpKind.PANDA_QUEUES, "PANDA_SITE"),
        (Part.QUEUES, DumpKind.PANDA_QUEUES, "SCHEDCONFIG_JSON"),
        (Part.SCHEDCONFIG, DumpKind.PANDA_QUEUES, "SCHEDCONFIG"),
        (Part.TAGS, DumpKind.TAGS, "SW_TAGS"),
    ],
)
def test_a_set_that_is_empty_or_under_half_of_the_known_is_refused_without_force(
    database: Database, part: Part, kind: DumpKind, table: str
) -> None:
    """The server removes all sites then [bug]."""
    given = dumps(*"ABCD")
    given[DumpKind.TAGS] = {name: {} for name in "ABCD"}
    sites.load(database, given)
    before = content(database)
    names = [*given[kind]]
    for kept in (0, 1):
        few = given | {kind: {name: given[kind][name] for name in names[:kept]}}
        with pytest.raises(TooFewLoaded, match=f"^{table}: .* --force$"):
            sites.load(database, few, parts=[part])
        assert content(database) == before
    half = given | {kind: {name: given[kind][name] for name in names[:2]}}
    sites.load(database, half, parts=[part])
    sites.load(database, given)
    sites.load(database, given | {kind: {}}, parts=[part], force=True)
    after = content(database)
    stays = before if part is Part.QUEUES else {}  # for a week
    assert after[table.lower()] == stays.get(table.lower(), [])


def test_as_many_sites_of_other_names_are_refused_too(database: Database) -> None:
    sites.load(database, dumps("A", "B"))
    with pytest.raises(TooFewLoaded, match="SITE: 2 are known, the set has 0: under half"):
        sites.load(database, dumps("C", "D"))


LONG = "x" * 10_000
HOSTILE: dict[str, tuple[DumpKind, Any, str]] = {
    "empty sites": (DumpKind.SITES, {}, "the set is empty"),
    "half of a site": (DumpKind.SITES, {"A": {"state": "ACTIVE"}}, "tier_level is missing"),
    "a long site": (DumpKind.SITES, {LONG: site("A")}, "site_name is too long: 10000 characters"),
    "NUL in a site": (DumpKind.SITES, {"A\0": site("A")}, "cannot have a NUL character"),
    "half a character": (DumpKind.SITES, {"\ud800": site("A")}, "not UTF-8"),
    "a number as state": (DumpKind.SITES, {"A": site("A", state=1)}, "A, state has to be"),
    "a large tier": (DumpKind.SITES, {"A": site("A", tier_level=10**9)}, "tier_level is too large"),
    "a long member": (
        DumpKind.SITES,
        {"A": site("A", ddmendpoints={LONG: {"state": 1}})},
        "x…, state has to be",
    ),
    "a long token": (
        DumpKind.DDM_ENDPOINTS,
        {"A_DISK": endpoint("A", token=LONG)},
        "ddm_spacetoken_name is too long",
    ),
    "a number as token": (
        DumpKind.DDM_ENDPOINTS,
        {"A_DISK": endpoint("A", token=7)},
        "A_DISK, token has to be a valid string, not 7",
    ),
    "a long queue": (DumpKind.PANDA_QUEUES, {LONG: queue("A")}, "panda_queue is too long"),
    "NUL in a queue": (DumpKind.PANDA_QUEUES, {"Q": queue("A", cloud="\0")}, "NUL character"),
    "NaN in a queue": (DumpKind.PANDA_QUEUES, {"Q": queue("A", n=float("nan"))}, "is no JSON"),
    "a number as queue": (DumpKind.PANDA_QUEUES, {"Q": 5}, "pandaqueues, Q has to be"),
    "a number as status": (DumpKind.PANDA_QUEUES, {"Q": queue("A", status=5)}, "status has to be"),
    "a long resource": (
        DumpKind.PANDA_QUEUES,
        {"Q": queue("A", panda_resource=LONG)},
        "is too long",
    ),
    "storages of numbers": (
        DumpKind.PANDA_QUEUES,
        {"Q": queue("A", astorages={"read_lan": [1]})},
        "astorages, read_lan, 0 has to be",
    ),
    "roles without an end": (
        DumpKind.PANDA_QUEUES,
        {"Q": queue("A", astorages={"read_lan": ["A_DISK"] * 100})},
        "roles is too long",
    ),
    "a long tag": (DumpKind.TAGS, {LONG: {}}, "panda_queue is too long"),
    "NUL in a tag": (DumpKind.TAGS, {"A": ["\0"]}, "NUL character"),
    "a number as tags": (DumpKind.TAGS, {"A": 5}, "tags, A, "),
    "no tags": (DumpKind.TAGS, {}, "SW_TAGS: the set is empty"),
    "a large figure": (DumpKind.SITE_STATS, {"A": {"n": 2**63}}, "value is too large"),
    "a text as figure": (DumpKind.SITE_STATS, {"A": {"n": "1"}}, "site_stats, A, n has to be"),
    "a list as space": (DumpKind.RSE_USAGE, {"A_DISK": []}, "rse_usage, A_DISK has to be"),
    "endless space": (
        DumpKind.RSE_USAGE,
        {"A_DISK": {"expired": {"used": float("inf")}}},
        "no space",
    ),
    "much space": (DumpKind.RSE_USAGE, {"A_DISK": {"expired": {"used": 1e40}}}, "is too large"),
    "a list as exclusion": (DumpKind.BLACKLIST_FULL, {"A_DISK": [1]}, "blacklist_full, A_DISK"),
    "a number as network": (DumpKind.NWS, {"A:B": 5}, "nws, A:B has to be"),
    "a large closeness": (
        DumpKind.COST_MATRIX,
        [{"src": "A", "dst": "A", "closeness": 10**2000}],
        "value is too large",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_dump_is_a_sentence_and_nothing_is_half_done(
    database: Database, name: str, written: list[int]
) -> None:
    kind, dump, words = HOSTILE[name]
    with pytest.raises(InvalidValue, match=words) as refused:
        sites.load(database, {**dumps("A"), kind: dump})
    assert len(str(refused.value)) < 1000
    assert written == []
    assert not any(content(database).values())


def test_sites_need_three_dumps_together(database: Database) -> None:
    with pytest.raises(InvalidValue, match="together: ddmendpoints, pandaqueues is missing"):
        sites.load(database, {DumpKind.SITES: {"A": site("A")}})
    with pytest.raises(InvalidValue, match="there is no dump to load"):
        sites.load(database, {})


def test_two_configurators_at_once_leave_what_one_of_them_wants(database: Database) -> None:
    given = [sites.generate(30, seed=seed) for seed in (1, 2)]
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(sites.load, database, one) for one in given * 3]
    reports = [one.result() for one in done]
    assert all(report is not None for report in reports)
    last = content(database)
    assert any(not sites.load(database, one, options=DRY).changes for one in given)
    assert len(last["schedconfig_json"]) == 60
    with database.transaction() as connection:
        twice = connection.scalar(text(
            "SELECT count(*) FROM (SELECT panda_queue FROM doma_panda.sw_tags"
            " GROUP BY 1 HAVING count(*) > 1) AS twice"
        ))  # fmt: skip
        added = connection.scalar(
            select(func.count()).where(
                SiteChange.__table__.c.kind == "added", SiteChange.__table__.c.table_name == "site"
            )
        )
    assert twice == 0
    assert added is not None
    assert added >= len(last["site"])


def test_copies_of_a_queues_tags_become_one_row(database: Database) -> None:
    table = SWTags.__table__
    rows = [{"panda_queue": name, "data": "{}"} for name in ("A", "A", None, "B")]
    with database.transaction() as connection:
        connection.execute(insert(table), rows)
    report = sites.load(database, {DumpKind.TAGS: {"A": {}, "B": {}}})
    assert changed(report, "sw_tags") == [("changed", "A"), ("removed", "None")]
    assert content(database)["sw_tags"] == [("A", "{}"), ("B", "{}")]
    assert not sites.load(database, {DumpKind.TAGS: {"A": {}, "B": {}}}).changes


def test_rows_that_jsonb_does_not_take_can_be_removed(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(
            text("""INSERT INTO doma_panda.schedconfig_json VALUES
                 ('OLD', '{"a": "\\u0000 \\ud800"}', '2020-01-01')""")
        )
    report = sites.load(database, dumps("A"), parts=[Part.QUEUES], force=True)
    assert changed(report, "schedconfig_json") == [("added", "A-GRID"), ("removed", "OLD")]
    old = sites.history(database, "OLD").changes[0]["row_before"]
    assert old["data"] == {"a": "� ?"}


def test_columns_that_no_dump_has_stay(database: Database) -> None:
    sites.load(database, dumps("A"))
    with database.transaction() as connection:
        connection.execute(update(Site.__table__).values(state="ACTIVE"))
    given = deepcopy(dumps("A"))
    given[DumpKind.SITES]["A"]["tier_level"] = 1
    sites.load(database, given)
    assert content(database)["site"] == [("A", "satellite", 1, "ACTIVE")]


def test_services_read_what_was_loaded(database: Database) -> None:
    sites.load(database, dumps("A", "B"))
    with database.transaction() as connection:
        assert queue_configurations.online(connection) == ["A-GRID", "B-GRID"]
        assert connection.scalar(select(SchedConfig.__table__.c.corecount).limit(1)) == 8
        assert connection.scalar(select(func.count()).select_from(DdmEndpoint)) == 2


def matrix(database: Database) -> dict[tuple[str, ...], Any]:
    table = NetworkMatrixKV.__table__.c
    with database.transaction() as connection:
        assert connection.scalar(select(func.count()).select_from(NetworkMatrixKVTemp)) == 0
        rows = connection.execute(select(table.src, table.dst, table.key, table.value))
        return {(row.src, row.dst, row.key): row.value for row in rows}


def test_of_a_metric_that_is_there_twice_the_last_counts(database: Database) -> None:
    """The server loses the whole load then [bug]."""
    metrics = [["A", "B", "k", value, datetime(2026, 1, 1)] for value in (1, 2)]
    found = sites.load_network(database, metrics)
    assert (found.added, found.changed) == (1, 0)
    assert matrix(database) == {("A", "B", "k"): 2}


def test_metrics_without_changes_write_nothing(database: Database, written: list[int]) -> None:
    metrics = [["A", "B", "k", 0.1, datetime(2026, 1, 1)]]
    sites.load_network(database, metrics)
    assert not sites.load_network(database, metrics)
    assert len(written) == 1


def test_leftovers_of_another_loader_are_not_merged(database: Database) -> None:
    rows = [{"src": "X", "dst": "Y", "key": "k", "value": 1, "ts": datetime(2026, 1, 1)}] * 2
    with database.transaction() as connection:
        connection.execute(insert(NetworkMatrixKVTemp.__table__), rows)
    sites.load_network(database, [["A", "B", "k", 1, datetime(2026, 1, 1)]])
    assert matrix(database) == {("A", "B", "k"): 1}


def test_a_dry_run_of_the_network_reports_and_changes_nothing(
    database: Database, written: list[int]
) -> None:
    old = [["A", "B", "k", 1, datetime(2020, 1, 1)]]
    assert sites.load_network(database, old, options=DRY).added == 1
    assert matrix(database) == {}
    sites.load_network(database, old)
    given = {**dumps("A"), DumpKind.COST_MATRIX: [{"src": "A", "dst": "A", "closeness": 0}]}
    planned = sites.load(database, given, options=DRY).network
    assert planned is not None
    assert (planned.added, planned.removed) == (1, 1)
    assert len(written) == 1
    assert sites.load(database, given).network == planned
    assert matrix(database) == {("A", "A", "AGIS_closeness"): 0}


def test_a_closeness_is_written_again_after_half_an_hour(database: Database) -> None:
    given = {**dumps("A"), DumpKind.COST_MATRIX: [{"src": "A", "dst": "A", "closeness": 3}]}
    sites.load(database, given)
    assert not sites.load(database, given).network
    table = NetworkMatrixKV.__table__
    with database.transaction() as connection:
        connection.execute(update(table).values(ts=table.c.ts - timedelta(minutes=31)))
    again = sites.load(database, given).network
    assert again is not None
    assert again.changed == 1


def test_two_loads_of_the_network_at_once_wait_for_each_other(database: Database) -> None:
    def metrics(value: int) -> list[list[Any]]:
        pairs = [("A", "B"), ("B", "A"), ("A", "C")]
        return [[*pair, "k", value, datetime(2026, 1, 1)] for pair in pairs[:: value % 2 * 2 - 1]]

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(sites.load_network, database, metrics(n)) for n in range(12)]
    for one in done:
        one.result()
    assert len(matrix(database)) == 3


def test_a_dry_run_counts_old_metrics_as_the_load_leaves_them(database: Database) -> None:
    old = datetime(2020, 1, 1)
    sites.load_network(database, [["A", "A", "AGIS_closeness", 1, old], ["A", "A", "k", 1, old]])
    given = {**dumps("A"), DumpKind.COST_MATRIX: [{"src": "A", "dst": "A", "closeness": 1}]}
    planned = sites.load(database, given, options=DRY).network
    assert planned is not None
    assert (planned.added, planned.changed, planned.removed) == (0, 1, 1)
    assert sites.load(database, given).network == planned


def test_a_role_that_writes_loads_sites(database: Database, prefix: str) -> None:
    role = grants.grant(database, prefix).roles["writer"]
    with database.engine.connect() as connection:
        connection.execute(text(f'SET ROLE "{role}"'))
        report = site_loads.load(
            connection, {**sites.generate(5), DumpKind.COST_MATRIX: []}, [*Part]
        )
        assert report.changes
        connection.rollback()
