"""Coroutines of the names and arguments of synchronous functions, which they call in the bridge.

There is no second implementation, and no list of names: a module here has all names of the module
that it mirrors. Its stub, for type checkers and editors, is written by `pandadb docs stubs`.
"""

from __future__ import annotations

from functools import wraps
from inspect import isfunction, signature
from typing import TYPE_CHECKING, Any

from pandadb.database.bridge import greenlet_spawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from pandadb.aio.database import AsyncDatabase

END = object()


def mirror(module: ModuleType, name: str) -> dict[str, Any]:
    """Return the names of a module of services, for the module `name` of asyncio.

    Functions of a database are coroutines, or asynchronous generators. All else is the same object:
    classes, constants, and functions that read no more than their arguments.
    """
    found = {one: getattr(module, one) for one in module.__all__}
    for one, value in found.items():
        if is_of_database(value):
            found[one] = awaited(value)
            found[one].__module__ = name
    return {**found, "__all__": [*found]}


def is_of_database(value: Any) -> bool:
    """Return whether it is a function with a database as its first argument."""
    return isfunction(value) and next(iter(signature(value).parameters), None) == "database"


def is_iterator(function: Callable[..., Any]) -> bool:
    """Return whether a function yields, so that it runs while its caller does."""
    returned = str(function.__annotations__.get("return", ""))
    return returned.startswith(("Iterator[", "Generator["))


def awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a coroutine function for a function, an asynchronous generator for a generator."""
    if is_iterator(function):
        return _generator(function)

    @wraps(function)
    async def call(database: AsyncDatabase, *words: Any, **named: Any) -> Any:
        return await database.run(function, *words, **named)

    return call


def _generator(function: Callable[..., Iterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    @wraps(function)
    async def iterate(database: AsyncDatabase, *words: Any, **named: Any) -> AsyncIterator[Any]:
        found = await database.run(function, *words, **named)
        try:
            while (item := await greenlet_spawn(next, found, END)) is not END:
                yield item
        finally:
            if close := getattr(found, "close", None):
                await greenlet_spawn(close)

    return iterate
