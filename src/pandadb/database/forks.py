"""Forks: the connections of a process stay with it, and a child gets its own.

Two processes that share a socket read each other's answers. So, in a child, a pool begins empty,
and what was open in the parent is cut off without a word to the server: it can neither be read, nor
written, nor closed for the parent. gunicorn's --preload, multiprocessing and celery fork like this.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from weakref import WeakSet

import psycopg

from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Generator


class Resource(Protocol):
    """A resource that a child must not share with its parent, such as a pool of connections."""

    def forget(self) -> None:
        """Begin anew, and leave to the parent what it has."""


class ForkLock:
    """A lock of threads that is free in a child, where the thread that had it does not go on."""

    def __init__(self) -> None:
        self.forget()
        register(self)

    def forget(self) -> None:
        """Be free."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class ForkedConnection(PandaDBError):
    """A connection of the process from which this one was forked."""


RESOURCES: WeakSet[Resource] = WeakSet()
CONNECTIONS: WeakSet[psycopg.Connection] = WeakSet()
INHERITED_CONNECTIONS: list[psycopg.Connection] = []
"""Connections of the parent, kept for ever: an object that is not deleted is neither closed nor
warned about.
"""


def register(resource: Resource) -> None:
    """Have a child forget a resource."""
    RESOURCES.add(resource)


def register_connection(connection: Any, _: Any) -> None:
    """Have a child do without a connection; an event of a pool calls this as it connects."""
    CONNECTIONS.add(connection)


def _begin_child() -> None:
    for connection in [*CONNECTIONS]:
        _cut_off(connection)
    CONNECTIONS.clear()
    for resource in [*RESOURCES]:
        resource.forget()


def _cut_off(connection: psycopg.Connection) -> None:
    """Make a connection unusable, but leave libpq's memory, on which a thread may have worked.

    There is nothing to roll back or to close here: what does so on its way out finds it done.
    """
    INHERITED_CONNECTIONS.append(connection)
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, connection.fileno(), inheritable=False)
        os.close(nowhere)
    except (OSError, psycopg.Error):  # it is closed already
        pass
    parent = os.getppid()

    def refuse(generator: Generator[Any, Any, Any], *_: Any, **__: Any) -> NoReturn:
        generator.close()
        raise ForkedConnection(
            f"This connection belongs to process {parent}, from which this one ({os.getpid()}) was "
            "forked while it was open: open a new session or transaction here"
        )

    vars(connection).update(wait=refuse, lock=threading.Lock(), rollback=_nothing, close=_nothing)


def _nothing() -> None:
    """Do nothing: it is for the parent to do."""


if hasattr(os, "register_at_fork"):  # where processes fork
    os.register_at_fork(after_in_child=_begin_child)
