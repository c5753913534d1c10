"""The application served in a thread, as `pandadb web` serves it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from pandadb.web import server
from pandadb.web.application import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.web.options import WebOptions


@contextmanager
def serving(database: Database, options: WebOptions, *identify: Any) -> Iterator[tuple[str, int]]:
    """Serve a database during the block; yield host and port."""
    with server.listening("127.0.0.1", 0) as (opened, _):
        app = create_app(database, options, *identify)
        running = uvicorn.Server(server.config_of(app))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            yield opened.getsockname()
        finally:
            running.should_exit = True
            thread.join()
