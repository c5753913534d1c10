"""A database for asyncio, beside the synchronous one of the same test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pandadb.aio import AsyncDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def awaited(database_url: str) -> Iterator[AsyncDatabase]:
    """The database of the test, for one event loop after the other."""
    opened = AsyncDatabase(database_url, pool_size=5, max_overflow=0)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def single(database_url: str) -> Iterator[AsyncDatabase]:
    """The same with one connection, so that the next call needs the one that is given back."""
    opened = AsyncDatabase(database_url, pool_size=1, max_overflow=0, pool_timeout=5)
    yield opened
    asyncio.run(opened.close())
