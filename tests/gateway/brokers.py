"""Brokers of the tests, coilmq and ActiveMQ: each a process that may be killed and restarted."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.gateway.broker.connection import BrokerConnection
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.gateway.settings import Broker as BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.gateway.broker.frames import Message

HOST = "127.0.0.1"
STARTS_WITHIN = 60.0
ACTIVEMQ = Path("/usr/share/activemq")
JAVA = shutil.which("java")


class Broker:
    """A broker: `start` it, and kill it at any time."""

    def __init__(self, command: list[str], folder: Path, port: int, **account: Any) -> None:
        self.port = port
        self._command, self._folder, self._account = command, folder, account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"stomp://{HOST}:{self.port}"

    def settings(self, **changed: Any) -> BrokerSettings:
        return BrokerSettings(urls=[self.url], **changed)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, **self._account
            )
        end = time.monotonic() + STARTS_WITHIN
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill it; messages that it has stored on a disk stay there."""
        assert self._process
        self._process.send_signal(number)
        self._process.wait()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self.kill()


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def coilmq() -> Iterator[Broker]:
    """Yield a broker that keeps its messages in memory."""
    pytest.importorskip("coilmq.start")
    port = free_port()
    command = [sys.executable, "-m", "coilmq.start", "-b", HOST, "-p", str(port)]
    with TemporaryDirectory() as folder:
        broker = Broker(command, Path(folder), port)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


CONFIGURATION = """
<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans
  http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
  http://activemq.apache.org/schema/core
  http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false" brokerName="tests"
      dataDirectory="{folder}/data">
    <persistenceAdapter><kahaDB directory="{folder}/data/kahadb"/></persistenceAdapter>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://{host}:{port}"/>
    </transportConnectors>
  </broker>
</beans>
"""


@contextmanager
def activemq() -> Iterator[Broker]:
    """Yield an instance of Debian's ActiveMQ in a folder of its own, without root's rights."""
    if JAVA is None or not (ACTIVEMQ / "bin/activemq.jar").exists():
        pytest.skip("there is no activemq here: apt-get install activemq")
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "activemq.xml"
        file.write_text(CONFIGURATION.format(folder=folder, host=HOST, port=port))
        broker = Broker(_java(folder, file), folder, port, **_account(folder))
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def _java(folder: Path, file: Path) -> list[str]:
    places = {"home": ACTIVEMQ, "base": folder, "conf": folder, "data": folder / "data"}
    return [
        str(JAVA), "-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={folder}",
        *(f"-Dactivemq.{word}={place}" for word, place in places.items()),
        "-jar", str(ACTIVEMQ / "bin/activemq.jar"), "start", f"xbean:file:{file}",
    ]  # fmt: skip


def _account(folder: Path) -> dict[str, Any]:
    """Return as whom the broker runs: never as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    folder.chmod(0o755)
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def connected(broker: Broker, *destinations: str, **options: Any) -> Iterator[BrokerConnection]:
    """Yield a connection that hears of some destinations."""
    connection = BrokerConnection(broker.settings(**options))
    connection.connect()
    for one in destinations:
        connection.subscribe(one)
    try:
        yield connection
    finally:
        connection.close()


def post(broker: Broker, destination: str, *bodies: Any, **headers: str) -> None:
    """Send messages; each until the broker has confirmed it."""
    left = list(bodies)
    end = time.monotonic() + STARTS_WITHIN
    while left:
        try:
            with connected(broker) as connection:
                while left:
                    connection.send(destination, as_body(left[0]), headers)
                    left.pop(0)
        except BrokerLost:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def as_body(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def received(connection: BrokerConnection, number: int, seconds: float = 20) -> list[Message]:
    """Return so many messages, acknowledged."""
    found: list[Message] = []
    end = time.monotonic() + seconds
    while len(found) < number and time.monotonic() < end:
        message = connection.next_message(0.2)
        if message is not None:
            connection.acknowledge(message)
            found.append(message)
    return found


def queue_name(word: str = "test") -> str:
    """Return the name of a queue that no other test has."""
    return f"/queue/{word}-{uuid.uuid4().hex[:8]}"
