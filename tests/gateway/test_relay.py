"""Events of the outbox reach the broker: at least once, in the order of each job, with one id."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, text, update

from pandadb.gateway.deliveries import Delivery
from pandadb.gateway.intake import receive
from pandadb.models import GatewayProcess, Outbox
from pandadb.services import gateway, queue
from tests.gateway.brokers import Broker, activemq, coilmq, connected, queue_name, received
from tests.gateway.gateway_threads import put_event, running, settings_of
from tests.worker.payloads import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.gateway.broker.frames import Message

pytestmark = pytest.mark.any_server


@pytest.fixture
def broker() -> Iterator[Broker]:
    with coilmq() as running_broker:
        yield running_broker


def waiting(database: Database) -> int:
    return len(queue.events(database, "waiting", limit=1000))


def bodies(messages: list[Message]) -> list[Any]:
    return [json.loads(one.body) for one in messages]


def test_events_arrive_with_their_headers_and_one_id_each(
    database: Database, broker: Broker
) -> None:
    name = queue_name().removeprefix("/queue/")
    put_event(database, name, {"run_number": 1, "text": "größer"}, 1, priority="7")
    with running(database, settings_of(broker)), connected(broker, f"/queue/{name}") as listener:
        (message,) = received(listener, 1)
    (event,) = queue.events(database, "sent")
    assert bodies([message]) == [{"run_number": 1, "text": "größer"}]
    assert message.headers["dedupe-id"] == event.dedupe_id
    assert (message.headers["persistent"], message.headers["priority"]) == ("true", "7")


@pytest.mark.slow
def test_36_no_event_is_lost_while_the_broker_is_away_and_those_of_a_job_keep_their_order(
    database: Database, broker: Broker
) -> None:
    name = queue_name()
    with running(database, settings_of(broker)):
        put_event(database, name, [0, 0], 1)
        until(lambda: waiting(database) == 0)
        broker.kill()  # with the first event: it had been confirmed
        for number in range(1, 21):
            for job in range(3):
                put_event(database, name, [job, number], job + 1)
        time.sleep(0.5)
        assert waiting(database) == 60
        broker.start()
        with connected(broker, name) as listener:
            found = received(listener, 60)
        until(lambda: waiting(database) == 0)
    for job in range(3):
        mine = [number for one, number in bodies(found) if one == job]
        assert mine == [*range(1, 21)]
    assert all(one.attempts == 1 for one in queue.events(database, "sent"))


def test_an_event_that_is_none_is_given_up_and_the_others_go_on(
    database: Database, broker: Broker
) -> None:
    name = queue_name()
    broken = put_event(database, name, {}, 1)
    put_event(database, name, {"n": 2}, 2)
    with database.session() as session:
        mine = update(Outbox).where(Outbox.event_id == broken)
        session.execute(mine.values(payload={"text": "no destination"}))
    with running(database, settings_of(broker)), connected(broker, name) as listener:
        assert bodies(received(listener, 1)) == [{"n": 2}]
    (event,) = queue.events(database, "given up")
    assert event.last_error == "The event has no 'headers'"


def test_mails_are_not_for_the_broker_nor_messages_for_the_mail(
    database: Database, broker: Broker
) -> None:
    name = queue_name()
    with database.session() as session:
        session.execute(insert(Outbox).values(kind="job ended", pandaid=1, payload={"to": "a@b"}))
    put_event(database, name, {"n": 1}, 1)
    with running(database, settings_of(broker)), connected(broker, name) as listener:
        assert bodies(received(listener, 1)) == [{"n": 1}]
    assert [one.kind for one in queue.events(database, "waiting")] == ["job ended"]


def test_two_relays_send_each_event_once(database: Database, broker: Broker) -> None:
    name = queue_name()
    for number in range(60):
        put_event(database, name, number, 1 + number % 7)
    settings = settings_of(broker)
    with (
        running(database, settings),
        running(database, settings),
        connected(broker, name) as listener,
    ):
        found = bodies(received(listener, 60))
        assert listener.next_message(0.5) is None
    assert sorted(found) == [*range(60)]
    for job in range(7):
        mine = [number for number in found if number % 7 == job]
        assert mine == sorted(mine)


def test_events_of_different_jobs_are_sent_together_and_noted_in_one_transaction(
    database: Database, broker: Broker
) -> None:
    name = queue_name()
    for number in range(20):
        put_event(database, name, number, number + 1)
    put_event(database, name, 20, 1)
    with running(database, settings_of(broker)), connected(broker, name) as listener:
        found = bodies(received(listener, 21))
        until(lambda: not waiting(database))
    assert found == [*range(21)]
    with database.transaction() as connection:
        noted = text("SELECT count(DISTINCT xmin::text) FROM pandadb.outbox")
        assert connection.execute(noted).scalar_one() == 2


def test_a_notice_lets_an_event_leave_long_before_the_next_look(
    database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandadb.gateway.broker.relay.POLL", 300.0)
    settings = settings_of(broker)
    with connected(broker, "/queue/ReductionError") as listener, running(database, settings):
        until(lambda: any(one.broker for one in gateway.gateways(database)))
        time.sleep(1)  # the relay has looked once
        receive(database, settings, Delivery("/queue/DataReady", "m1", {}, b"none"))
        assert len(received(listener, 1)) == 1


@pytest.mark.slow
def test_an_event_that_the_broker_refuses_waits_and_the_others_go_on(database: Database) -> None:
    name = queue_name()
    put_event(database, "/queue/", {"n": 1}, 1)
    put_event(database, name, {"n": 2}, 1)
    put_event(database, name, {"n": 3}, 2)
    with (
        activemq() as broker,
        running(database, settings_of(broker)),
        connected(broker, name) as listener,
    ):
        assert bodies(received(listener, 1)) == [{"n": 3}]
        until(lambda: waiting(database) == 2)
    first, second = queue.events(database, "waiting")
    assert (first.attempts, second.attempts) == (1, 0)
    assert "lost" in str(first.last_error)


def test_a_killed_gateway_is_silent_and_then_forgotten(database: Database) -> None:
    gateway.register(database, "host:1:a", "stomp")
    states = []
    for seconds in (0, 60, 7200):
        with database.session() as session:
            last_seen = func.timezone("UTC", func.now()) - timedelta(seconds=seconds)
            session.execute(update(GatewayProcess).values(last_seen=last_seen, broker="mq:1"))
        states.append([one.state for one in gateway.gateways(database)])
    assert states == [["connected"], ["silent"], []]
    assert len(gateway.gateways(database, stopped=True)) == 1
    gateway.note_sign(database, "host:1:a", gateway.Sign("mq:1", 3, 4))
    (one,) = gateway.gateways(database)
    assert (one.state, one.received, one.sent) == ("connected", 3, 4)
