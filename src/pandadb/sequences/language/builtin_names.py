"""The names that a sequence has without binding them."""

from __future__ import annotations

import builtins
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from pandadb.sequences.language.attributes import attribute
from pandadb.sequences.language.operations import formatted, power
from pandadb.sequences.language.python2 import DIVIDE, divide

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.sequences.sequence_run import SequenceRun

FUNCTIONS = (
    "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex", "dict",
    "divmod", "enumerate", "filter", "float", "frozenset", "hash", "hex", "int", "iter",
    "list", "map", "max", "min", "next", "oct", "ord", "range", "repr", "reversed",
    "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip", "NotImplemented", "Ellipsis",
)  # fmt: skip
EXCEPTIONS = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
TIME = (
    "time", "ctime", "asctime", "gmtime", "localtime", "mktime", "strftime", "strptime",
    "monotonic", "sleep",
)  # fmt: skip
PYTHON2: dict[str, Any] = {"unicode": str, "long": int, "xrange": range, "basestring": str}


class SequenceExit(BaseException):
    """The end of a sequence by `exit()`; the first argument is its status."""


def names_for(run: SequenceRun) -> dict[str, Any]:
    """Return the names of a sequence, without its steps."""
    return {
        **{name: getattr(builtins, name) for name in FUNCTIONS},
        **EXCEPTIONS,
        **PYTHON2,
        DIVIDE: divide,
        "isinstance": isinstance,
        "hasattr": has_attribute,
        "getattr": get_attribute,
        "pow": power,
        "format": formatted,
        "len": length,
        "print": _printer(run),
        "exit": leave,
        "quit": leave,
        "sys": SimpleNamespace(exit=leave),
        "time": time_for(run),
    }


def time_for(run: SequenceRun) -> SimpleNamespace:
    """Return the functions of the module `time`; a sleep ends when the sequence is stopped."""
    functions = {name: getattr(time, name) for name in TIME}
    return SimpleNamespace(**{**functions, "sleep": run.sleep})


def has_attribute(value: Any, name: str) -> bool:
    """Report whether a value has an attribute that a sequence may read."""
    try:
        attribute(value, name)
    except AttributeError:
        return False
    return True


def get_attribute(value: Any, name: str, *default: Any) -> Any:
    """Return an attribute, or the default.

    Raises:
        AttributeError: There is neither.
    """
    try:
        return attribute(value, name)
    except AttributeError:
        if default:
            return default[0]
        raise


def length(value: Any) -> int:
    """Return the number of items of a value, which may be any range."""
    return len(value)


def leave(status: Any = 0) -> NoReturn:
    """End the sequence."""
    raise SequenceExit(status)


def _printer(run: SequenceRun) -> Callable[..., None]:
    def write(*values: Any, sep: str | None = None, end: str | None = None, **_: Any) -> None:
        text = (" " if sep is None else sep).join(str(value) for value in values)
        run.show(text + ("\n" if end is None else end))

    return write
