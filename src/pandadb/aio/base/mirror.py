"""Coroutines of the names and arguments of synchronous functions, which they call in the bridge.

There is no second implementation, and no list of names: a module here has all names of the module
that it mirrors. Its stub, for type checkers and editors, is written by `pandadb docs stubs`.
"""

from __future__ import annotations

from functools import wraps
from inspect import getmembers_static, isclass, isfunction, signature
from typing import TYPE_CHECKING, Any

from pandadb.database.bridge import greenlet_spawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from types import ModuleType

    from pandadb.aio.base.database import AsyncDatabase

    Bridge = Callable[..., Awaitable[Any]]
    """Calls a function in the bridge, with the arguments that are given."""

END = object()


def mirror(module: ModuleType, name: str) -> dict[str, Any]:
    """Return the names of a module, for the module `name` of asyncio.

    Functions of a database are coroutines, or asynchronous generators, and so are the methods of
    classes that are made with a database. All else is the same object: other classes, constants,
    and functions that read no more than their arguments.
    """
    found = {one: getattr(module, one) for one in module.__all__}
    for one, value in found.items():
        if is_of_database(value):
            found[one] = mirror_class(value) if isclass(value) else awaited(value)
            found[one].__module__ = name
    return {**found, "__all__": [*found], "MIRRORED": module}


def is_of_database(value: Any) -> bool:
    """Return whether it is a function, or a class, with a database as its first argument."""
    if not (isfunction(value) or (isclass(value) and isfunction(value.__init__))):
        return False
    return next(iter(signature(value).parameters), None) == "database"


def is_iterator(function: Callable[..., Any]) -> bool:
    """Return whether a function yields, so that it runs while its caller does."""
    returned = str(function.__annotations__.get("return", ""))
    return returned.startswith(("Iterator[", "Generator["))


def awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the coroutine function of a function of a database."""
    return _awaiting(function, lambda database: database.bridged, lambda database: database)


def mirror_class(mirrored: Any) -> type:
    """Return a class whose objects call the methods of one of those in the bridge."""

    def make(self: Any, database: AsyncDatabase, *words: Any, **named: Any) -> None:
        self._database = database
        self._mirrored = mirrored(database.sync, *words, **named)

    methods = {
        name: _awaiting(value, lambda self: self._database.bridged, lambda self: self._mirrored)
        for name, value in public_methods(mirrored).items()
    }
    made = {"__init__": wraps(mirrored.__init__)(make), "__doc__": mirrored.__doc__}
    return type(mirrored.__name__, (), {**made, **methods})


def public_methods(mirrored: type) -> dict[str, Callable[..., Any]]:
    """Return the methods of a class by their names, inherited ones included."""
    found = getmembers_static(mirrored, isfunction)
    return {name: value for name, value in found if not name.startswith("_")}


def _awaiting(
    function: Callable[..., Any],
    bridge_of: Callable[[Any], Bridge],
    first: Callable[[Any], Any],
) -> Callable[..., Any]:
    """Return a coroutine function for a function, an asynchronous generator for a generator.

    `first` returns the function's first argument for that of the coroutine.
    """
    if is_iterator(function):
        return _generator(function, bridge_of, first)

    @wraps(function)
    async def call(of: Any, *words: Any, **named: Any) -> Any:
        return await bridge_of(of)(function, first(of), *words, **named)

    return call


def _generator(
    function: Callable[..., Iterator[Any]],
    bridge_of: Callable[[Any], Bridge],
    first: Callable[[Any], Any],
) -> Callable[..., AsyncIterator[Any]]:
    @wraps(function)
    async def iterate(of: Any, *words: Any, **named: Any) -> AsyncIterator[Any]:
        found = iter(await bridge_of(of)(function, first(of), *words, **named))
        try:
            while (item := await greenlet_spawn(next, found, END)) is not END:
                yield item
        finally:
            if close := getattr(found, "close", None):
                await greenlet_spawn(close)

    return iterate
