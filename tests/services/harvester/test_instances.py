"""The register of instances, heartbeats, messages, metrics and slots."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    HarvesterCommandLock,
    HarvesterDialogs,
    HarvesterInstances,
    HarvesterMetrics,
    HarvesterSlots,
)
from pandadb.services import harvester
from pandadb.services.harvester import Slots
from pandadb.services.transaction import VerbOptions

if TYPE_CHECKING:
    from pandadb.database import Database

DN = "/DC=ch/DC=cern/OU=Users/CN=some/CN=12345/CN=Some Operator"
DRY = VerbOptions(dry_run=True)


def rows(database: Database, model: Any) -> list[Any]:
    with database.session() as session:
        return [*session.execute(select(model.__table__))]


def test_the_first_heartbeat_registers_and_the_next_ones_tell_more(database: Database) -> None:
    data = {"startTime": "datetime/2026-01-02 03:04:05.000001", "sw_version": "2"}

    is_new = [harvester.hear(database, "H1", DN, f"host{n}", data) for n in range(2)]

    (row,) = rows(database, HarvesterInstances)
    assert is_new == [True, False]
    assert (row.owner, row.hostname, row.description) == ("Some Operator", "host1", "automatic")
    assert (row.sw_version, row.starttime) == ("2", datetime(2026, 1, 2, 3, 4, 5, 1))


def test_two_first_heartbeats_at_once_register_one_instance(database: Database) -> None:
    commands = [{"command": "R", "computingSite": "A", "resourceType": "S"}] * 2

    def hear(number: int) -> bool:
        return harvester.hear(database, "H1", "me", f"host{number}", {"commands": commands})

    with ThreadPoolExecutor(4) as pool:
        is_new = list(pool.map(hear, range(8)))

    assert sum(is_new) == 1
    assert len(rows(database, HarvesterInstances)) == len(rows(database, HarvesterCommandLock)) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"nonsense": 1},
        {"harvester_id": "H2"},
        {"owner = 'x', description": "y"},
        {"sw_version": "x" * 51},
        {"startTime": "soon"},
        {"commands": [{"command": "A"}]},
        {"commands": ["A"]},
        {5: "x"},
    ],
)
def test_a_heartbeat_with_what_it_cannot_set_changes_nothing(
    database: Database, data: dict[Any, Any]
) -> None:
    harvester.register(database, "H1", "mine")

    with pytest.raises(InvalidValue):
        harvester.hear(database, "H1", "me", "host", data)

    (row,) = rows(database, HarvesterInstances)
    assert (row.description, row.hostname) == ("mine", None)


def test_a_register_is_idempotent(database: Database) -> None:
    assert harvester.register(database, ["B", "A"], options=DRY) == ["A", "B"]
    assert harvester.register(database, ["B", "A"], "mine") == ["A", "B"]
    assert harvester.register(database, ["A", "C"]) == ["C"]
    assert [one.description for one in rows(database, HarvesterInstances)][:2] == ["mine"] * 2


def message(number: int, **values: Any) -> dict[str, Any]:
    return {
        "diagID": number, "moduleName": "submitter", "identifier": "i", "messageLevel": "ERROR",
        "creationTime": "2026-01-02 03:04:05.000001", "diagMessage": "no", **values,
    }  # fmt: skip


def test_a_message_replaces_that_with_its_number(database: Database) -> None:
    harvester.add_dialogs(database, "H1", [message(1), message(2)])
    later = {"creationTime": "2026-02-03 03:04:05"}
    harvester.add_dialogs(database, "H1", [message(1, **later), message(1, diagMessage="new")])
    harvester.add_dialogs(database, "H2", [message(1)])

    found = {
        (row.harvester_id, row.diagid, row.diagmessage) for row in rows(database, HarvesterDialogs)
    }
    assert found == {("H1", 1, "new"), ("H1", 2, "no"), ("H2", 1, "no")}


def test_two_callers_leave_one_message_for_each_number(database: Database) -> None:
    def add(_: int) -> None:
        harvester.add_dialogs(database, "H1", [message(n) for n in range(20)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(8)))

    assert len(rows(database, HarvesterDialogs)) == 20


@pytest.mark.parametrize(
    "odd",
    [
        message(1, diagMessage="x" * 501),
        message(1, diagMessage="\0"),
        message(1, moduleName=5),
        message(1, creationTime="soon"),
        {"diagID": 1},
        message("one"),  # type: ignore[arg-type]
        "text",
    ],
)
def test_a_message_that_cannot_be_written_is_refused_alone(database: Database, odd: Any) -> None:
    refused = harvester.add_dialogs(database, "H1", [message(2), odd, message(3)])

    assert {*refused} == {1}
    assert {row.diagid for row in rows(database, HarvesterDialogs)} == {2, 3}


def test_metrics_are_appended(database: Database) -> None:
    time = "2026-01-02 03:04:05.000001"
    refused = harvester.add_metrics(
        database,
        "H1",
        [[time, "host", {"rss": 1}], [time, "host", '{"rss": 2}'], [time, "host", "x" * 4001], 5],
    )

    assert {*refused} == {2, 3}
    found = [row.metrics for row in rows(database, HarvesterMetrics)]
    assert found == ['{"rss": 1}', '{"rss": 2}']


def test_slots_have_a_share_and_a_type_or_none(database: Database) -> None:
    keys: list[tuple[str | None, str | None]] = [
        (None, None),
        ("Production", None),
        (None, "SCORE"),
        ("Production", "SCORE"),
    ]
    for number, (share, kind) in enumerate(keys * 2):
        there = harvester.set_slots(database, Slots("Q", number, share, kind, days=2))
        assert there == (number >= len(keys))

    found = {(row.gshare, row.resourcetype): row.numslots for row in rows(database, HarvesterSlots)}
    assert found == {key: n for n, key in enumerate(keys, start=4)}
    (until,) = {row.expirationtime - row.modificationtime for row in rows(database, HarvesterSlots)}
    assert until == timedelta(days=2)
    assert harvester.set_slots(database, Slots("Q", -1))
    assert not harvester.set_slots(database, Slots("Q", -1))
    assert len(rows(database, HarvesterSlots)) == 3


def test_two_callers_set_one_entry(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: harvester.set_slots(database, Slots("Q", n)), range(8)))

    assert len(rows(database, HarvesterSlots)) == 1


@pytest.mark.parametrize(
    "odd",
    [
        Slots("Q", -2),
        Slots("Q", 2**63),
        Slots("Q", "5"),  # type: ignore[arg-type]
        Slots("x" * 129, 5),
        Slots("Q", 5, "x" * 33),
        Slots("Q", 5, days=-1),
        Slots("Q", 5, days=10**9),
    ],
)
def test_slots_that_cannot_be_are_refused(database: Database, odd: Slots) -> None:
    with pytest.raises(InvalidValue):
        harvester.set_slots(database, odd)

    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(HarvesterSlots)) == 0


def test_times_are_naive_utc(database: Database) -> None:
    harvester.hear(database, "H1", "me", "host")

    (row,) = rows(database, HarvesterInstances)
    assert abs(row.lastupdate - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=5)
