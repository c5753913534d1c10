"""Encrypted connections: the certificate is checked, and a lost connection is noticed."""

from __future__ import annotations

import select
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pandadb.gateway.broker.connection import BrokerConnection
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.gateway.broker.password import PasswordError, password_of
from pandadb.gateway.settings import Broker as BrokerSettings
from pandadb.gateway.settings import GatewaySettings, GatewaySettingsError, read_settings
from tests.gateway.brokers import HOST, Broker, coilmq, queue_name, received

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that is signed by itself, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here")
    folder = tmp_path_factory.mktemp("certificate")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=broker"
    names = ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", "key", "-out", "cert"]
    subprocess.run([openssl, *words.split(), *names], check=True, cwd=folder, capture_output=True)
    both = folder / "both"
    both.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return both


@pytest.fixture
def broker() -> Iterator[Broker]:
    with coilmq() as started:
        yield started


@contextmanager
def encrypted(broker: Broker, certificate: Path) -> Iterator[str]:
    """Yield the URL of an encrypted way to a broker, which ends when the broker does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server((HOST, 0)) as listening:
        threading.Thread(target=accept, args=(listening, context, broker), daemon=True).start()
        yield f"stomp+ssl://{HOST}:{listening.getsockname()[1]}"


def accept(listening: socket.socket, context: ssl.SSLContext, broker: Broker) -> None:
    with suppress(OSError):  # at the end
        while True:
            raw, _ = listening.accept()
            try:
                inner = context.wrap_socket(raw, server_side=True)
            except OSError:  # the client does not trust us
                raw.close()
                continue
            outer = socket.create_connection((HOST, broker.port))
            threading.Thread(target=pump, args=(inner, outer), daemon=True).start()


def pump(inner: ssl.SSLSocket, outer: socket.socket) -> None:
    """Pass on bytes in both directions, by one thread, until one side ends."""
    with inner, outer, suppress(OSError):
        while True:
            ready = [inner] if inner.pending() else select.select([inner, outer], [], [])[0]
            for one in ready:
                data = one.recv(65_536)
                if not data:
                    return
                (outer if one is inner else inner).sendall(data)


def test_a_certificate_that_is_known_is_trusted_and_a_lost_connection_is_noticed(
    broker: Broker, certificate: Path
) -> None:
    name = queue_name()
    with encrypted(broker, certificate) as url:
        link = BrokerConnection(BrokerSettings(urls=[url], ca_file=certificate))
        link.connect()
        link.subscribe(name)
        link.send(name, b"x" * 300_000, {})
        (message,) = received(link, 1)
        assert len(message.body) == 300_000
        broker.kill()
        began = time.monotonic()
        with pytest.raises(BrokerLost):
            link.next_message(20)
        assert time.monotonic() - began < 10  # not by a heartbeat
        link.close()


def test_a_certificate_that_nobody_has_signed_is_refused(broker: Broker, certificate: Path) -> None:
    with encrypted(broker, certificate) as url:
        with pytest.raises(BrokerLost):
            BrokerConnection(BrokerSettings(urls=[url])).connect()
        unchecked = BrokerConnection(BrokerSettings(urls=[url], check_certificate=False))
        unchecked.connect()
        unchecked.close()


def test_a_password_comes_from_the_settings_the_environment_or_a_file_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("of the file\n")
    file.chmod(0o600)
    settings = BrokerSettings(password_file=file, password_env="STOMP_SECRET")
    assert password_of(settings) == "of the file"
    monkeypatch.setenv("STOMP_SECRET", "of the variable")
    assert password_of(settings) == "of the variable"
    monkeypatch.setenv("PANDADB_STOMP_PASSWORD", "of pandadb")
    assert password_of(BrokerSettings()) == "of pandadb"
    file.chmod(0o644)
    with pytest.raises(PasswordError, match="chmod 600"):
        password_of(BrokerSettings(password_file=file, password_env="NONE"))


def test_settings_with_a_password_are_for_their_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('[broker]\npassword = "geheim"\n')
    file.chmod(0o644)
    with pytest.raises(GatewaySettingsError, match="chmod 600") as refused:
        read_settings(file)
    assert "geheim" not in str(refused.value)
    file.chmod(0o600)
    assert password_of(read_settings(file).broker) == "geheim"


def test_the_example_shows_the_defaults() -> None:
    found = read_settings(Path(__file__).parents[2] / "examples" / "gateway.toml")
    assert found == GatewaySettings()
