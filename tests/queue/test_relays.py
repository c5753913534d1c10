"""Relays of the outbox: slow ones keep their events, and what cannot be sent leaves nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, update

from pandadb.core.queue.upkeep import outbox
from pandadb.models import Outbox
from pandadb.services import queue
from pandadb.services.queue import Undeliverable

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database


def put(database: Database, *payloads: object) -> None:
    with database.session() as session:
        rows = [{"kind": "mail", "payload": one} for one in payloads]
        session.execute(insert(Outbox), rows)


def test_an_event_without_an_address_leaves_no_file(database: Database, tmp_path: Path) -> None:
    put(database, {"text": "to nobody"})
    sink = queue.folder_sink(tmp_path)
    with pytest.raises(Undeliverable):
        sink(queue.events(database)[0])
    assert [*tmp_path.iterdir()] == []


def test_a_slow_relay_keeps_the_events_that_no_other_has_taken(database: Database) -> None:
    put(database, "A", "B", "C")
    with database.session() as session:
        mine = outbox.take(session, 3)
    with database.session() as session:
        session.execute(update(Outbox).values(retry_after=func.now() - timedelta(days=1)))
    with database.session() as session:
        (other,) = outbox.take(session, 1)
    with database.session() as session:
        assert outbox.keep(session, mine) == {two.event_id for two in mine[1:]}
    with database.session() as session:
        assert outbox.take(session, 3) == []
        assert session.scalars(select(Outbox.attempts).order_by(Outbox.event_id)).all() == [2, 1, 1]
    assert other.event_id == mine[0].event_id


def test_a_relay_sends_no_event_that_another_has_taken_while_it_was_slow(
    database: Database,
) -> None:
    put(database, "A", "B", "C")
    first: list[str] = []
    second: list[str] = []

    def slow(event: queue.Event) -> None:
        first.append(event.payload)
        if len(first) == 1:
            with database.session() as session:
                session.execute(update(Outbox).values(retry_after=None))
            queue.send_events(database, lambda one: second.append(one.payload))

    queue.send_events(database, slow, hold=0)
    assert (first, second) == (["A"], ["A", "B", "C"])


def test_a_sink_that_is_away_costs_no_attempt_and_no_time(database: Database) -> None:
    put(database, "A", "B", "C")
    sent: list[object] = []

    def away(event: queue.Event) -> None:
        if event.payload == "B" and not event.attempts > 1:
            raise queue.SinkAway("no connection")
        sent.append(event.payload)

    done = queue.send_events(database, away)
    assert (sent, done.away, done.failed) == (["A"], "no connection", {})
    waiting = queue.events(database, "waiting")
    assert [(one.payload, one.attempts, one.retry_after) for one in waiting] == [
        ("B", 0, None),
        ("C", 0, None),
    ]
    assert len(queue.send_events(database, lambda one: sent.append(one.payload)).sent) == 2
    assert sent == ["A", "B", "C"]


def test_kinds_that_are_left_out_wait_for_another_relay(database: Database) -> None:
    with database.session() as session:
        rows = [{"kind": kind, "pandaid": 1, "payload": kind} for kind in ("gone", "mail")]
        session.execute(insert(Outbox), rows)
    sent: list[object] = []
    queue.send_events(database, lambda one: sent.append(one.payload), without=["gone"])
    assert sent == ["mail"]
    assert [one.payload for one in queue.events(database, "waiting")] == ["gone"]
