"""The web server: uvicorn with the application."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from pandadb.web.protection.slow_headers import TimedProtocol


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """Open a listening socket, and yield it with its address.

    Raises:
        OSError: The port is in use, or not for this user.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as opened:
        name, number = opened.getsockname()[:2]
        name = f"[{name}]" if family == socket.AF_INET6 else name
        yield opened, f"http://{name}:{number}"


def serve(app: FastAPI, opened: socket.socket) -> None:
    """Serve an application until SIGTERM or SIGINT; requests at work are answered first."""
    uvicorn.Server(config_of(app)).run(sockets=[opened])


def config_of(app: FastAPI) -> uvicorn.Config:
    """Return how an application is served."""
    return uvicorn.Config(
        app,
        http=TimedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=20,
        h11_max_incomplete_event_size=64 * 1024,
    )
