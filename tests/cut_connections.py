"""A way to a server that can be cut: nothing arrives any more, and no connection is closed."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from tests.databases import render

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 5432


class Way:
    """Connections to a server by a port of this machine; `cut` stops them, `mend` lets them go."""

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        self._is_open = threading.Event()
        self._is_open.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the URL of the database by this way."""
        host, port = self._listening.getsockname()
        query = {name: value for name, value in self._server.query.items() if name != "host"}
        query.pop("port", None)
        return render(self._server.set(host=host, port=port, query=query))

    def cut(self) -> None:
        self._is_open.clear()

    def mend(self) -> None:
        self._is_open.set()

    def close(self) -> None:
        self._is_open.set()
        self._listening.close()
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listening.accept()
                theirs = self._connected()
                self._sockets += [ours, theirs]
                for pair in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _connected(self) -> socket.socket:
        query = self._server.query
        host = str(query.get("host") or self._server.host or "127.0.0.1")
        port = int(str(query.get("port") or self._server.port or PORT))
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._is_open.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextmanager
def cut_way(url: str) -> Iterator[Way]:
    """Yield a way to a server."""
    way = Way(url)
    try:
        yield way
    finally:
        way.close()
