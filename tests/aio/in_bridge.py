"""A plugin of pytest: each test runs in the bridge of an event loop, on connections that await.

So tests of synchronous calls are tests of the same calls by asyncio: `-p tests.aio.in_bridge`.
"""

from __future__ import annotations

import asyncio

import pytest
from _pytest.runner import runtestprotocol

from pandadb.database import Database
from pandadb.database.async_engine import AwaitingDatabase
from pandadb.database.bridge import greenlet_spawn

Database.create_engine = staticmethod(AwaitingDatabase.create_engine)  # type: ignore[method-assign]
Database.pool_class = AwaitingDatabase.pool_class


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test with its fixtures in a greenlet whose waits go to an event loop."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    asyncio.run(greenlet_spawn(runtestprotocol, item, nextitem=nextitem))
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
