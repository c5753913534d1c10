"""The attributes that a sequence may read and write, by the type of the value."""

from __future__ import annotations

import string
from collections.abc import Sized
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pandadb.sequences.language.operations import check_lengths, formatted
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
WRITTEN = frozenset({
    "name", "command", "status", "output", "env", "wait", "JobID", "isPanda",
})  # fmt: skip
HIDDEN = frozenset({"fields", "put"})
"""Attributes of results that are none of the sequence's."""


def attribute(value: Any, name: str) -> Any:
    """Return an attribute of a value.

    Raises:
        AttributeError: The value has no such attribute that a sequence may read.
    """
    if (kind := type(value)) in SPECIAL and name in SPECIAL[kind]:
        return SPECIAL[kind][name](value)
    if isinstance(value, BaseException) and name in OF_ERRORS:
        return OF_ERRORS[name](value)
    if isinstance(value, Step) and name in value.own:
        return value.own[name]
    if not name.startswith("_") and _may_read(value, name):
        return getattr(value, name)
    raise AttributeError(f"a value of type {kind.__name__} has no attribute {name!r}")


def _may_read(value: Any, name: str) -> bool:
    """Report whether a public attribute of a value, if it exists, is harmless."""
    match value:
        case Step():
            return name in READ
        case Result():
            return name not in HIDDEN
        case type():
            return value in PLAIN and name in dir(value) and name not in FORMATS
        case _:
            return isinstance(value, (*PLAIN, SimpleNamespace))


def set_attribute(value: Any, name: str, new: Any) -> None:
    """Set an attribute of a step or of a result, which may be one of the sequence's own.

    Raises:
        AttributeError: It is neither, or its attribute is not to be set.
    """
    match value:
        case Step() if name in WRITTEN:
            setattr(value, name, new)
        case Step() if name not in READ:
            value.own[name] = new
        case Result() if name not in HIDDEN:
            value.put(name, new)
        case _:
            kind = type(value).__name__
            raise AttributeError(f"the attribute {name!r} of a {kind} cannot be set")


def delete_attribute(value: Any, name: str) -> None:
    """Delete an attribute that the sequence has given to a step, or one of a result.

    Raises:
        AttributeError: There is no such attribute.
    """
    match value:
        case Step() if name in value.own:
            del value.own[name]
        case Result() if name in value.fields:
            value.fields = {key: one for key, one in value.fields.items() if key != name}
        case _:
            kind = type(value).__name__
            raise AttributeError(f"the attribute {name!r} of a {kind} cannot be deleted")


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

    @override
    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value as text, by a format."""
        return formatted(value, format_spec)


def _split_field(field_name: str) -> tuple[int | str, list[tuple[bool, int | str]]]:
    import _string  # type: ignore[import-not-found]  # noqa: PLC0415 - string.Formatter's

    first, rest = _string.formatter_field_name_split(field_name)
    return first, [*rest]


def _format(text: str) -> Callable[..., str]:
    return lambda *args, **names: Formatter().vformat(text, args, names)


def _format_map(text: str) -> Callable[[Any], str]:
    return lambda names: Formatter().vformat(text, (), names)


def _filled(name: str) -> Callable[[str], Callable[..., str]]:
    def of(text: str) -> Callable[..., str]:
        def fill(width: int, *character: str) -> str:
            check_lengths(width)
            found: str = getattr(text, name)(width, *character)
            return found

        return fill

    return of


def _join(text: str) -> Callable[[Any], str]:
    def join(words: Any) -> str:
        parts = [*_limited(words)]
        check_lengths(sum(len(one) + len(text) for one in parts if isinstance(one, str)))
        return text.join(parts)

    return join


def _replace(text: str) -> Callable[..., str]:
    def replace(old: str, new: str, *count: int) -> str:
        check_lengths(len(text) + text.count(old) * max(0, len(new) - len(old)))
        return text.replace(old, new, *count)

    return replace


def _expandtabs(text: str) -> Callable[..., str]:
    def expandtabs(size: int = 8) -> str:
        check_lengths(len(text) + text.count("\t") * size)
        return text.expandtabs(size)

    return expandtabs


def _extend(values: list[Any]) -> Callable[[Any], None]:
    def extend(more: Any) -> None:
        check_lengths(len(values) + (len(more) if isinstance(more, Sized) else 0))
        values.extend(more)

    return extend


def _limited(values: Any) -> Any:
    if isinstance(values, Sized):
        check_lengths(len(values))
    return values


FORMATS: dict[str, Callable[[Any], Any]] = {"format": _format, "format_map": _format_map}
SPECIAL: dict[type, dict[str, Callable[[Any], Any]]] = {
    str: {
        **FORMATS,
        **{name: _filled(name) for name in ("ljust", "rjust", "center", "zfill")},
        "join": _join,
        "replace": _replace,
        "expandtabs": _expandtabs,
    },
    list: {"extend": _extend},
    dict: {"has_key": lambda value: value.__contains__},  # Python 2
}
"""Attributes in place of the type's own."""
OF_ERRORS: dict[str, Callable[[BaseException], Any]] = {
    "args": lambda error: error.args,
    "message": str,  # Python 2
    "code": lambda error: getattr(error, "code", None),  # of SystemExit
    "with_traceback": lambda error: lambda _: error,  # of `raise E, value, traceback`
}
