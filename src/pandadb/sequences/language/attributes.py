"""The attributes that a sequence may read and write, by the type of the value."""

from __future__ import annotations

import string
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pandadb.sequences.results import Result
from pandadb.sequences.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, range)
"""Types whose public attributes are all harmless, but for formats."""
READ = frozenset({
    "name", "command", "status", "output", "JobID", "isPanda", "env", "wait", "execute", "result",
    "retry",
})  # fmt: skip
"""Attributes of steps."""
WRITTEN = frozenset({"name", "command", "status", "output", "env", "wait"})


def attribute(value: Any, name: str) -> Any:
    """Return an attribute of a value.

    Raises:
        AttributeError: The value has no such attribute that a sequence may read.
    """
    if not name.startswith("_"):
        match value:
            case Step() if name in READ:
                return getattr(value, name)
            case Result() | SimpleNamespace():
                return getattr(value, name)
            case BaseException() if name == "args":
                return value.args
            case BaseException() if name == "message":  # Python 2
                return str(value)
            case str() if name in SPECIAL:
                return SPECIAL[name](value)
            case dict() if name == "has_key":  # Python 2
                return value.__contains__
            case type() if value in PLAIN and name in dir(value) and name not in SPECIAL:
                return getattr(value, name)
            case _ if isinstance(value, PLAIN):
                return getattr(value, name)
    raise AttributeError(f"a value of type {type(value).__name__} has no attribute {name!r}")


def set_attribute(value: Any, name: str, new: Any) -> None:
    """Set an attribute of a step.

    Raises:
        AttributeError: It is no step, or its attribute is not to be set.
    """
    if not isinstance(value, Step) or name not in WRITTEN:
        kind = type(value).__name__
        raise AttributeError(f"the attribute {name!r} of a {kind} cannot be set")
    setattr(value, name, new)


class Formatter(string.Formatter):
    """Formats texts, with the attributes that a sequence may read."""

    @override
    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        """Return the value of a field such as `0.status` or `name[key]`."""
        first, rest = _split_field(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = attribute(value, str(key)) if is_attribute else value[key]
        return value, first


def _split_field(field_name: str) -> tuple[int | str, list[tuple[bool, int | str]]]:
    import _string  # noqa: PLC0415 - string.Formatter splits by it, too

    first, rest = _string.formatter_field_name_split(field_name)
    return first, [*rest]


def _format(text: str) -> Callable[..., str]:
    return lambda *args, **names: Formatter().vformat(text, args, names)


def _format_map(text: str) -> Callable[[Any], str]:
    return lambda names: Formatter().vformat(text, (), names)


SPECIAL = {"format": _format, "format_map": _format_map}
