"""Connections to real brokers: one message at a time, acknowledged alone, receipts, losses."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from pandadb.gateway.broker.addresses import BrokerAddress, InvalidBroker, read_address
from pandadb.gateway.broker.connection import BrokerConnection
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.gateway.settings import Broker as BrokerSettings
from tests.gateway.brokers import (
    Broker,
    activemq,
    coilmq,
    connected,
    free_port,
    post,
    queue_name,
    received,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_server


@pytest.fixture(scope="module", params=["coilmq", pytest.param("activemq", marks=pytest.mark.slow)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with {"coilmq": coilmq, "activemq": activemq}[request.param]() as running:
        yield running


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_messages_come_one_at_a_time_and_go_when_they_are_acknowledged(
    broker: Broker, version: str
) -> None:
    wanted = queue_name()
    words = {"versions": [version], "virtual_host": socket.getfqdn(), "prefetch": 1}
    post(broker, wanted, {"n": 1}, {"n": 2})
    with connected(broker, wanted, **words) as first:
        message = first.next_message(5)
        assert message is not None
        assert (message.body, message.destination) == (b'{"n": 1}', wanted)
        assert first.next_message(0.3) is None  # the second waits for the acknowledgement
    with connected(broker, wanted, **words) as second:
        again = received(second, 2)
        assert sorted(one.body for one in again) == [b'{"n": 1}', b'{"n": 2}']
        assert message.message_id in {one.message_id for one in again}
    with connected(broker, wanted, **words) as third:
        assert third.next_message(0.3) is None


def test_bytes_and_headers_arrive_as_they_are(broker: Broker) -> None:
    wanted = queue_name()
    body = b'\x00\xff{"broken\n\n' * 3
    post(broker, wanted, body, priority="7")
    with connected(broker, wanted) as connection:
        (message,) = received(connection, 1)
    assert message.body == body
    assert message.headers["priority"] == "7"


def test_a_large_message_arrives(broker: Broker) -> None:
    wanted = queue_name()
    body = b"x" * 1_500_000
    post(broker, wanted, body)
    with connected(broker, wanted) as connection:
        (message,) = received(connection, 1)
    assert message.body == body


def test_a_killed_broker_is_noticed_at_once() -> None:
    with coilmq() as broker, connected(broker, queue_name()) as connection:
        broker.kill()
        began = time.monotonic()
        with pytest.raises(BrokerLost, match="lost"):
            connection.next_message(10)
        with pytest.raises(BrokerLost):
            connection.send("/queue/x", b"{}", {})
        assert time.monotonic() - began < 5


def test_the_first_broker_that_answers_is_used(broker: Broker) -> None:
    settings = BrokerSettings(urls=[f"stomp://127.0.0.1:{free_port()}", broker.url])
    connection = BrokerConnection(settings)
    connection.connect()
    assert connection.broker == f"127.0.0.1:{broker.port}"
    connection.close()


def test_a_broker_that_is_away_is_named() -> None:
    port = free_port()
    connection = BrokerConnection(BrokerSettings(urls=[f"stomp://127.0.0.1:{port}"]))
    with pytest.raises(BrokerLost, match=f"127.0.0.1:{port}"):
        connection.connect()


def test_a_broker_that_accepts_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pandadb.gateway.broker.connection.CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"stomp://127.0.0.1:{silent.getsockname()[1]}"
        connection = BrokerConnection(BrokerSettings(urls=[url]))
        with pytest.raises(BrokerLost, match="not answered"):
            connection.connect()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("stomp://mq.example.org", BrokerAddress("mq.example.org", 61613)),
        ("stomp://127.0.0.1:5", BrokerAddress("127.0.0.1", 5)),
        ("stomp+ssl://[::1]", BrokerAddress("::1", 61614, encrypted=True)),
        ("stomps://mq:7", BrokerAddress("mq", 7, encrypted=True)),
    ],
)
def test_addresses_are_read(url: str, address: BrokerAddress) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url", ["", "mq:61613", "http://mq", "stomp://", "stomp://mq:0", "stomp://mq:x", "stomp://mq/x"]
)
def test_addresses_that_cannot_be_are_refused(url: str) -> None:
    with pytest.raises(InvalidBroker, match="stomp://host:port"):
        read_address(url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidBroker) as refused:
        read_address("stomp://user:geheim@mq")
    assert "geheim" not in str(refused.value)
