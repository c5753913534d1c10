"""Commands to Harvester: replaced, taken by one caller each, acknowledged; locks that pace them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from pandadb.core.harvester.commands import command_locks, command_queue
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import HarvesterCommandLock, HarvesterCommands
from pandadb.services import harvester
from pandadb.services.harvester import HarvesterCommand, UnknownInstance
from pandadb.services.transaction import VerbOptions
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from pandadb.database import Database

KILL = HarvesterCommand("H1", "KILL_WORKERS", {"status": ["idle"]})
MINUTES = timedelta(minutes=10)
DRY = VerbOptions(dry_run=True)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def stored(database: Database) -> list[tuple[Any, ...]]:
    columns = (HarvesterCommands.harvester_id, HarvesterCommands.command, HarvesterCommands.status)
    with database.session() as session:
        rows = session.execute(select(*columns).order_by(HarvesterCommands.command_id))
        return [tuple(row) for row in rows]


def test_a_command_is_sent_taken_and_acknowledged(database: Database) -> None:
    (number,) = harvester.send_commands(database, KILL)
    (taken,) = harvester.take_commands(database, "H1", 5)
    known = harvester.acknowledge(database, [taken.command_id, 999])

    assert taken.command_id == number
    assert (taken.command, taken.params, taken.ack_requested) == (KILL.command, KILL.params, 1)
    assert known == [number]
    assert stored(database) == [("H1", "KILL_WORKERS", "acknowledged")]
    assert harvester.take_commands(database, "H1", 5) == []


def test_an_instance_acknowledges_only_its_own(database: Database) -> None:
    (number,) = harvester.send_commands(database, KILL)
    assert number

    assert harvester.acknowledge(database, number, harvester="H2") == []
    assert harvester.acknowledge(database, [], harvester="H1") == []
    assert harvester.acknowledge(database, number, harvester="H1") == [number]


@pytest.mark.parametrize(
    ("status", "lock", "interval", "kept_off"),
    [
        ("new", MINUTES, None, True),
        ("lock", MINUTES, None, True),
        ("retrieved", MINUTES, None, True),
        ("acknowledged", MINUTES, None, False),
        ("new", None, MINUTES, False),
        ("retrieved", None, MINUTES, True),
        ("acknowledged", None, MINUTES, True),
        ("new", timedelta(minutes=1), None, False),
    ],
)
def test_an_earlier_command_keeps_a_later_one_off(
    database: Database,
    status: str,
    lock: timedelta | None,
    interval: timedelta | None,
    kept_off: bool,
) -> None:
    harvester.send_commands(database, KILL)
    when = now() - timedelta(minutes=5)
    with database.session() as session:
        session.execute(update(HarvesterCommands).values(status=status, status_date=when))

    again = HarvesterCommand("H1", "KILL_WORKERS", lock=lock, interval=interval)
    (number,) = harvester.send_commands(database, again)

    assert (number is None) == kept_off
    assert len(stored(database)) == 1


def test_of_two_senders_one_is_kept_off(database: Database) -> None:
    wanted = HarvesterCommand("H1", "KILL_WORKERS", lock=MINUTES)

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: harvester.send_commands(database, wanted), range(8)))

    assert sum(number is not None for (number,) in sent) == 1
    assert len(stored(database)) == 1


def test_there_is_one_row_for_an_instance_and_a_command(database: Database) -> None:
    many = [HarvesterCommand(f"H{n % 3}", f"C{n % 2}", n) for n in range(12)]

    sent = harvester.send_commands(database, many)

    assert len({*sent}) == 12
    assert sorted(stored(database)) == [
        (f"H{n}", f"C{m}", "new") for n in range(3) for m in range(2)
    ]
    params = {one.params for n in range(3) for one in harvester.take_commands(database, f"H{n}", 9)}
    assert params == {*range(6, 12)}


def test_two_callers_never_get_the_same_command(database: Database) -> None:
    """PanDA's server reads without a lock: both may get a command; semantics 9."""
    harvester.send_commands(database, [HarvesterCommand("H1", f"C{n}") for n in range(200)])

    def work(_: int) -> list[int]:
        got: list[int] = []
        while more := harvester.take_commands(database, "H1", 7):
            got += [one.command_id for one in more]
        return got

    with ThreadPoolExecutor(4) as pool:
        taken = [one for got in pool.map(work, range(4)) for one in got]

    assert len(taken) == len({*taken}) == 200


def test_a_command_that_another_caller_takes_is_skipped(database: Database) -> None:
    harvester.send_commands(database, [HarvesterCommand("H1", f"C{n}") for n in range(3)])

    with database.session() as session:
        mine = command_queue.take(session, "H1", 2)
        theirs = harvester.take_commands(database, "H1", 2)

    assert [one.command for one in mine] == ["C0", "C1"]
    assert [one.command for one in theirs] == ["C2"]


def test_the_oldest_commands_come_first(database: Database) -> None:
    for n in (3, 1, 2):
        harvester.send_commands(database, HarvesterCommand("H1", f"C{n}"))

    got = [one.command for one in harvester.take_commands(database, "H1", 2)]

    assert got == ["C3", "C1"]


def test_parameters_that_are_no_json_block_no_queue(database: Database) -> None:
    harvester.send_commands(database, [KILL, HarvesterCommand("H1", "NEXT")])
    with database.session() as session:
        broken = update(HarvesterCommands).where(HarvesterCommands.command == "KILL_WORKERS")
        session.execute(broken.values(params="{"))

    assert [one.params for one in harvester.take_commands(database, "H1", 5)] == ["{", None]


def test_a_dry_run_sends_nothing(database: Database) -> None:
    (number,) = harvester.send_commands(database, KILL, options=DRY)

    assert number is not None
    assert stored(database) == []


@pytest.mark.parametrize(
    "odd",
    [
        HarvesterCommand("", "A"),
        HarvesterCommand("H1", ""),
        HarvesterCommand("x" * 51, "A"),
        HarvesterCommand("H1", "x" * 201),
        HarvesterCommand("H1", "a\0"),
        HarvesterCommand("H1", 5),  # type: ignore[arg-type]
        HarvesterCommand("H1", "A", object()),
        HarvesterCommand("H1", "A", float("nan")),
        HarvesterCommand("H1", "A", "\ud800"),
        HarvesterCommand("H1", "A", lock=timedelta(-1)),
        HarvesterCommand("H1", "A", interval=timedelta.max),
    ],
)
def test_a_command_that_cannot_be_written_is_refused_with_all_others(
    database: Database, odd: HarvesterCommand
) -> None:
    with pytest.raises(InvalidValue):
        harvester.send_commands(database, [KILL, odd])

    assert stored(database) == []


def test_an_instance_may_have_to_be_registered(database: Database) -> None:
    harvester.register(database, "CERN_A")

    with pytest.raises(UnknownInstance, match="there are CERN_A"):
        harvester.send_commands(database, HarvesterCommand("CERN_B", "A"), registered=True)
    for most in (-1, True, "2", 2**40):
        with pytest.raises(InvalidValue):
            harvester.take_commands(database, "H1", most)  # type: ignore[arg-type]


def beat(database: Database, *queues: str) -> None:
    commands = [
        {"command": "REPORT", "computingSite": queue, "resourceType": kind}
        for queue in queues
        for kind in ("SCORE", "MCORE")
    ]
    harvester.hear(database, "H1", "Operator", "host", {"commands": commands})


def take_locks(database: Database, by: str, lock: int = 10, interval: int = 5) -> Any:
    return harvester.take_locks(
        database, "H1", "REPORT", by, lock_minutes=lock, interval_minutes=interval
    )


def test_locks_pace_a_command(database: Database) -> None:
    beat(database, "A", "B")
    beat(database, "A", "B")

    both = {"A": ["MCORE", "SCORE"], "B": ["MCORE", "SCORE"]}
    assert (take_locks(database, "one"), take_locks(database, "two")) == (both, {})
    release = {"queue": "A", "kind": "SCORE"}
    assert not harvester.release_lock(database, "H1", "REPORT", **release, by="two")
    assert harvester.release_lock(database, "H1", "REPORT", **release, by="one")
    assert take_locks(database, "two") == {}
    assert take_locks(database, "two", interval=0) == {"A": ["SCORE"]}
    assert take_locks(database, "two", lock=0) == both


def test_two_callers_never_get_the_same_lock(database: Database) -> None:
    beat(database, *(f"Q{n}" for n in range(20)))

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda n: take_locks(database, f"caller {n}"), range(8)))

    pairs = [(queue, kind) for one in taken for queue, kinds in one.items() for kind in kinds]
    assert len(pairs) == len({*pairs}) == 40


def test_a_caller_waits_for_another_and_sees_what_it_took(database: Database) -> None:
    beat(database, "A")
    with database.session() as session:
        spans = {"lock": MINUTES, "interval": MINUTES}
        assert command_locks.take(session, "H1", "REPORT", "one", **spans)
        with meanwhile(database, lambda: take_locks(database, "two")) as working:
            session.commit()

    assert working.result() == {}
    with database.session() as session:
        held = select(func.count()).where(HarvesterCommandLock.lockedby == "one")
        assert session.scalar(held) == 2
