"""The warm-up of a server: it requests its own pages, as the first request of each is slow.

That request configures the mappers, compiles templates and statements, connects to the database,
and waits for values that later requests share.
"""

from __future__ import annotations

import asyncio
import html
import logging
import re
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pandadb.database import DatabaseUnreachable
from pandadb.services import schema
from pandadb.web.accounts.users import Role, User
from pandadb.web.navigation import SECTIONS
from pandadb.web.rendering import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from starlette.types import Message, Scope

LOG = logging.getLogger(__name__)
PATHS = (
    *(section.path for section in SECTIONS),
    "/queues", "/flows", "/metrics", "/jobs?archive=true", "/api/v1/jobs?limit=1",
)  # fmt: skip
"""The pages; of each one that its table links to below it is requested, too."""
AT_ONCE = 4
"""Requests at once: as many connections are open and warm afterwards."""
RETRY_SECONDS = 2.0
"""Time between attempts to reach a database that is away."""
KEEP_SECONDS = 20.0
"""Time between looks at the ages of the shared values."""
ROWS = re.compile(r"<tbody>(.*?)</tbody>", re.DOTALL)
LINK = re.compile(r'href="(/[^"?]+)"')


def warm_up(app: FastAPI, seconds: float) -> threading.Thread:
    """Begin to warm an application up, and return at its end, or after some seconds.

    The rest is done in the thread, beside the first requests of users. Without a database nothing
    is waited for: the thread warms the application up when it answers.
    """
    ready = threading.Event()
    thread = threading.Thread(target=_work, args=(app, ready), name="warm-up", daemon=True)
    thread.start()
    ready.wait(seconds)
    return thread


def keep_warm(app: FastAPI) -> threading.Thread:
    """Begin to compute shared values anew in a thread, also while no page is requested.

    So the first user in the morning does not wait for them.
    """

    def keep() -> None:
        while True:
            time.sleep(KEEP_SECONDS)
            app.state.web.recent.keep_usable()

    thread = threading.Thread(target=keep, name="keep-warm", daemon=True)
    thread.start()
    return thread


def _work(app: FastAPI, ready: threading.Event) -> None:
    try:
        _wait_for_database(app, ready)
        asyncio.run(_request_pages(app))
        ready.set()
        for name in TEMPLATES.env.list_templates():
            TEMPLATES.env.get_template(name)
    except Exception:  # the first users get the error, as their requests do the same
        LOG.warning("the warm-up has ended early", exc_info=True)
    finally:
        ready.set()


def _wait_for_database(app: FastAPI, ready: threading.Event) -> None:
    """Return when the database answers.

    Raises:
        NotStamped: It has tables that pandadb did not create.
    """
    while True:
        try:
            schema.refuse_unstamped(app.state.web.database)
        except DatabaseUnreachable:
            ready.set()
            time.sleep(RETRY_SECONDS)
        else:
            return


async def _request_pages(app: FastAPI) -> None:
    """Request the pages, then one below each that its tables link to, such as that of a job."""
    free = asyncio.Semaphore(AT_ONCE)

    async def request(path: str) -> str:
        async with free:
            return await _request(app, path)

    pages = await asyncio.gather(*map(request, PATHS))
    below = {next(_below(*page), None) for page in zip(PATHS, pages, strict=True)}
    await asyncio.gather(*map(request, filter(None, below)))


def _below(path: str, page: str) -> Iterator[str]:
    """Yield the links to pages below a page in its tables."""
    section = f"{path.partition('?')[0]}/"
    for rows in ROWS.findall(page):
        for link in map(html.unescape, LINK.findall(rows)):
            if link.startswith(section) and link != section:
                yield link


async def _request(app: FastAPI, path: str) -> str:
    """Return the body of the answer to a request of a reader, without a connection."""
    body = bytearray()
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()  # this client never goes
        return messages.pop()

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))

    await app(_scope(app, path), receive, send)
    return body.decode()


def _scope(app: FastAPI, path: str) -> Scope:
    place, _, query = path.partition("?")
    host = app.state.web.options.hosts[0].replace("*", "localhost")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(place),
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", host.encode())],
        "client": None,
        "server": None,
        "state": {"user": User(None, Role.READER)},
    }
