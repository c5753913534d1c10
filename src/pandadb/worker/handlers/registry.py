"""The handlers of this process by their names."""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Function = TypeVar("Function", bound=Callable[..., Any])

GROUP = "pandadb.handlers"
"""The group of entry points that are handlers, or modules with handlers."""


class UnknownHandler(InvalidInput):
    """A handler that this worker does not have."""


class HandlerError(InvalidInput):
    """A module of handlers that cannot be imported, or a name that two functions have."""


@dataclass(frozen=True)
class Handler:
    """A function that is the payload of jobs."""

    name: str
    function: Callable[..., Any]
    process: bool = False
    """Whether it runs in a child process, which can be killed, instead of a thread."""
    repeats: bool = True
    """Whether another attempt is made after its process was killed; else only if it asks for it."""

    @cached_property
    def is_async(self) -> bool:
        """Whether it is a coroutine function."""
        return inspect.iscoroutinefunction(self.function)

    def check_arguments(self, arguments: Mapping[str, Any]) -> str | None:
        """Return why the function cannot have the arguments; None if it can."""
        required, known = self._names
        if required <= arguments.keys() and (known is None or arguments.keys() <= known):
            return None
        try:
            inspect.signature(self.function).bind(**arguments)
        except TypeError as error:
            return f"The handler {self.name} cannot be called so: {error}"
        return None

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str] | None]:
        """The names of arguments that it needs and of those that it may have; None for any.

        To bind them for each call takes longer than the call of a small function.
        """
        try:
            given = inspect.signature(self.function).parameters.values()
        except ValueError:  # a function of C without a signature
            return frozenset(), None
        named = [one for one in given if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        required = frozenset(one.name for one in named if one.default is one.empty)
        if any(one.kind is one.POSITIONAL_ONLY and one.default is one.empty for one in given):
            return frozenset({""}), None  # it cannot be called by names
        if any(one.kind is one.VAR_KEYWORD for one in given):
            return required, None
        return required, frozenset(one.name for one in named)


HANDLERS: dict[str, Handler] = {}


def handler(
    name: str, *, process: bool = False, repeats: bool = True
) -> Callable[[Function], Function]:
    """Register a function, sync or async, as the payload of jobs with that handler.

    It gets the arguments of the job as keyword arguments, and returns a JSON value, the result.

    Args:
        name: The name that jobs have.
        process: Run it in a child process: for work on the CPU, and for functions that have to be
            killed at their timeout. A thread cannot be killed.
        repeats: Make another attempt, if the job has one left, when its process was killed.
    """

    def register(function: Function) -> Function:
        add_handler(Handler(name, function, process, repeats))
        return function

    return register


def add_handler(new: Handler) -> None:
    """Add a handler; a function may be added again, such as after a second import.

    Raises:
        HandlerError: Another function has the name.
    """
    old = HANDLERS.get(new.name)
    if old is not None and _place(old.function) != _place(new.function):
        raise HandlerError(
            f"Two functions are the handler {new.name!r}: {_place(old.function)} and "
            f"{_place(new.function)}"
        )
    HANDLERS[new.name] = new


def load_handlers(modules: Iterable[str] = ()) -> Mapping[str, Handler]:
    """Import modules with handlers and those of entry points; return all handlers by name.

    Raises:
        HandlerError: One cannot be imported.
    """
    load_modules(modules)
    # It takes longer to import than most child processes work, and they need none of it.
    metadata = importlib.import_module("importlib.metadata")
    for point in metadata.entry_points(group=GROUP):
        found = _load(f"The entry point {point.name} = {point.value}", point.load)
        if callable(found) and not any(one.function is found for one in HANDLERS.values()):
            add_handler(Handler(point.name, found))
    return HANDLERS


def load_modules(modules: Iterable[str]) -> None:
    """Import modules with handlers.

    Raises:
        HandlerError: One cannot be imported.
    """
    for module in modules:
        _load(f"The module {module}", lambda: importlib.import_module(module))  # noqa: B023


def find_handler(name: str) -> Handler:
    """Return a handler.

    Raises:
        UnknownHandler: There is none of that name; the sentence has the nearest.
    """
    if name in HANDLERS:
        return HANDLERS[name]
    near = difflib.get_close_matches(name, HANDLERS, n=1)
    hint = f": did you mean {near[0]!r}?" if near else ": name its module with --handlers"
    raise UnknownHandler(f"This worker has no handler {name!r}{hint}")


def handler_names() -> list[str]:
    """Return the names of all handlers, sorted."""
    return sorted(HANDLERS)


def _load(what: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except HandlerError:
        raise
    except Exception as error:
        raise HandlerError(f"{what} cannot be imported: {type(error).__name__}: {error}") from error


def _place(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', '?')}.{name}"
