"""Months of days in a real archive become months of one partition."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from pandadb.core.archive.deferrals import Reason
from pandadb.core.archive.transfer import staging
from pandadb.database import Database
from pandadb.services import archive, grants, schema
from pandadb.services.archive import CheckResult, Limits
from pandadb.services.locks import LockPolicy

TABLE = "doma_pandaarch.metatable_arch"


def do(database: Database, statement: str) -> None:
    with database.session() as session:
        session.execute(text(statement))


def query(database: Database, statement: str) -> list[Any]:
    with database.session() as session:
        return [*session.scalars(text(statement))]


def day(database: Database, lower: str, upper: str) -> None:
    name = f"{TABLE}_p{lower.replace('-', '_')}"
    do(database, f"CREATE TABLE {name} PARTITION OF {TABLE} FOR VALUES FROM ('{lower}')"
       f" TO ('{upper}')")  # fmt: skip
    do(database, f"INSERT INTO {TABLE} VALUES (1, '{lower} 12:00', 'a'), (2, '{lower} 13:00', '')")


def names(database: Database) -> list[str]:
    return query(
        database,
        f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{TABLE}'::regclass"
        " ORDER BY 1".replace(":", r"\:"),
    )


@pytest.fixture
def days(database: Database) -> Database:
    """An archive with three days of March 2026 and one of April."""
    day(database, "2026-03-01", "2026-03-02")
    day(database, "2026-03-02", "2026-03-03")
    day(database, "2026-03-31", "2026-04-01")
    day(database, "2026-04-01", "2026-04-02")
    return database


@pytest.mark.slow
def test_a_month_has_the_rows_of_its_days_and_one_partition(days: Database) -> None:
    before = query(days, f"SELECT a::text FROM {TABLE} a ORDER BY modificationtime".replace(
        ":", r"\:"))  # fmt: skip

    done = archive.compact(days, "2026-05")

    assert (done.done, done.put_off) == ({"metatable_arch_p2026_03": 6}, [])
    assert names(days) == [
        f"{TABLE}_default", f"{TABLE}_p2026_03", f"{TABLE}_p2026_04_01"
    ]  # fmt: skip
    assert before == query(days, f"SELECT a::text FROM {TABLE} a ORDER BY modificationtime".replace(
        ":", r"\:"))  # fmt: skip
    assert archive.compact(days, "2026-05").done == {}
    assert schema.check(days) == []
    assert not query(days, "SELECT 1 FROM pg_constraint WHERE conname = 'archive_bounds'")


def test_the_new_partition_is_proven_and_its_days_are_not_missing(days: Database) -> None:
    archive.compact(days, "2026-05")

    found = {one.partition: one.found for one in archive.verify(days)}
    assert found == {
        "metatable_arch_p2026_03": CheckResult.SAME,
        "metatable_arch_p2026_04_01": CheckResult.UNPROVEN,
    }
    noted = query(days, "SELECT to_char(lower_bound, 'MMDD') FROM pandadb.archive_range ORDER BY 1")
    assert noted == ["0301", "0401"]


def test_months_that_servers_may_still_update_are_left(days: Database) -> None:
    assert archive.compactable(days, "2026-03") == []
    assert [one.month for one in archive.compactable(days, "2026-04")] == ["2026-03"]
    assert archive.compactable(days, "2999-01") == archive.compactable(days, "2026-04")


def test_nothing_is_dropped_if_the_new_partition_is_not_what_the_days_have(
    days: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "INSERT", staging.INSERT + " WHERE pandaid <> 2")
    before = names(days)

    done = archive.compact(days, "2026-05")

    assert [one.put_off for one in done.put_off] == ["the new partition differs from the days"]
    assert names(days) == before
    assert not query(days, "SELECT 1 FROM pandadb.archive_proof")


def test_a_month_with_rows_elsewhere_is_put_off(days: Database) -> None:
    do(days, f"INSERT INTO {TABLE} VALUES (9, '2026-03-20', 'stray')")

    (left,) = archive.compact(days, "2026-05").put_off

    assert left.put_off == "metatable_arch_default has rows of that time"
    assert left.reason is Reason.ROWS_ELSEWHERE


def test_a_partition_with_other_times_puts_a_month_off(days: Database) -> None:
    do(days, f"CREATE TABLE {TABLE}_wide PARTITION OF {TABLE}"
       " FOR VALUES FROM ('2026-02-20') TO ('2026-03-01')")  # fmt: skip
    do(days, f"CREATE TABLE {TABLE}_wider PARTITION OF {TABLE}"
       " FOR VALUES FROM ('2026-03-10') TO ('2026-03-31')")  # fmt: skip
    do(days, f"ALTER TABLE {TABLE} DETACH PARTITION {TABLE}_p2026_03_31")
    do(days, f"ALTER TABLE {TABLE} DETACH PARTITION {TABLE}_p2026_04_01")
    do(days, f"CREATE TABLE {TABLE}_over PARTITION OF {TABLE}"
       " FOR VALUES FROM ('2026-03-31') TO ('2026-04-02')")  # fmt: skip

    (left,) = archive.compact(days, "2026-05").put_off

    assert left.put_off == "metatable_arch_over has other times, too"


def test_a_day_that_was_restored_is_waited_for(days: Database) -> None:
    restored = date(2026, 3, 2)
    archive.restore(days, restored)

    (left,) = archive.compact(days, "2026-05").put_off

    assert left.put_off == "metatable_p2026_03_02 is not archived yet"
    assert archive.run(days, only=[restored]).done
    assert archive.compact(days, "2026-05").done == {"metatable_arch_p2026_03": 6}


def test_a_reader_that_does_not_end_defers_a_month(days: Database) -> None:
    limits = Limits(locks=LockPolicy(tables=(0.05, 0.05)))
    before = names(days)

    with days.session() as session:
        session.execute(text(f"SELECT 1 FROM {TABLE}"))
        (left,) = archive.compact(days, "2026-05", limits=limits).put_off

    assert str(left.put_off).startswith("locks were not free, ")
    assert names(days) == before
    assert archive.compact(days, "2026-05").done


def test_the_new_partition_has_the_owner_and_the_rights_of_its_days(
    days: Database, prefix: str
) -> None:
    login = f"{prefix}_owns"
    do(days, f"CREATE ROLE {login} LOGIN PASSWORD 'secret'")
    grants.grant(days, prefix, {login: "owner"})
    rights = (
        "SELECT DISTINCT relacl::text || relowner FROM pg_class WHERE relname = ANY(ARRAY["
        "'metatable_arch', 'metatable_arch_p2026_03'])"
    ).replace(":", r"\:")

    with Database(days.engine.url.set(username=login, password="secret")) as owner:
        assert archive.compact(owner, "2026-05").done

    assert len(query(days, rights)) == 1


def test_a_month_of_one_partition_can_be_restored(days: Database) -> None:
    archive.compact(days, "2026-05")

    moved = archive.restore(days, date(2026, 3, 2))

    assert moved.rows == {"metatable_p2026_03": 6}
    assert {*moved.verdicts.values()} == {archive.Verdict.SAME}
    assert len(archive.run(days, only=[date(2026, 3, 9)]).done) == 1  # it is a day of that month
