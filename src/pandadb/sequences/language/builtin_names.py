"""The names that a sequence has without binding them."""

from __future__ import annotations

import builtins
import sys
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from pandadb.sequences.language.attributes import attribute
from pandadb.sequences.language.memory import check_memory
from pandadb.sequences.language.operations import check_lengths, formatted, power, remainder
from pandadb.sequences.language.python2 import runtime
from pandadb.sequences.language.python2.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.sequences.sequence_run import SequenceRun

FUNCTIONS = (
    "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex", "dict",
    "divmod", "enumerate", "filter", "float", "frozenset", "hash", "hex", "id", "int", "issubclass",
    "iter", "list", "map", "max", "min", "next", "oct", "ord", "range", "repr", "reversed",
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
"""Types of Python 2."""


SYS = ("exit", "stdout", "stderr", "maxint")
"""Names of the module `sys` that a sequence has."""


def names_for(run: SequenceRun, *, is_python2: bool = False) -> dict[str, Any]:
    """Return the names of a sequence, without its steps."""
    return {
        **{name: getattr(builtins, name) for name in FUNCTIONS},
        **EXCEPTIONS,
        **PYTHON2,
        "isinstance": isinstance,
        "hasattr": has_attribute,
        "getattr": get_attribute,
        "pow": power,
        "format": formatted,
        "len": length,
        "iter": partial(iterated, run.check),
        "print": _printer(run),
        "exit": leave,
        "quit": leave,
        "sys": sys_for(run),
        "time": time_for(run),
        **(python2_names(run) if is_python2 else {}),
    }


def python2_names(run: SequenceRun) -> dict[str, Any]:
    """Return the names that a sequence of Python 2 has otherwise; long ranges are refused."""
    printer = runtime.Printer(run.show)
    run.settle, run.text_of = printer.settle, text_of
    return {
        **{name: _limited(function) for name, function in runtime.FUNCTIONS.items()},
        **PYTHON2,
        "range": lambda *ends: [*_checked(range(*ends))],
        "StandardError": Exception,
        runtime.DIVISOR: runtime.Divisor,
        runtime.REMAINDER: _remainder,
        runtime.ATTRIBUTE: _attribute,
        "print": printer.print,
    }


def _limited(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any, **names: Any) -> Any:
        for one in values:
            _checked(one)
        return function(*values, **names)

    return call


def _checked(value: Any) -> Any:
    if isinstance(value, range):
        check_lengths(value)
    return value


def _remainder(left: Any, right: Any) -> Any:
    return remainder(left, right, runtime.remainder)


def _attribute(value: Any, name: str) -> Any:
    found = runtime.attribute(value, name)
    if found is not runtime.MISSING:
        return found
    found = attribute(value, name)
    is_form = name == "format" and isinstance(value, str)
    return runtime.with_short_floats(found) if is_form else found


def sys_for(run: SequenceRun) -> SimpleNamespace:
    """Return the names of the module `sys`; standard error is that of this process."""
    out, err = (
        SimpleNamespace(write=write, flush=lambda: None)
        for write in (run.show, lambda text: sys.stderr.write(str(text)))
    )
    return SimpleNamespace(exit=leave, stdout=out, stderr=err, maxint=sys.maxsize)


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


def iterated(check: Callable[[], None], value: Any, *end: Any) -> Any:
    """Return an iterator; one that calls a function ends when the sequence is stopped."""
    if not end:
        return iter(_checked(value))

    def call() -> Any:
        check()
        check_memory()
        return value()

    return iter(call, *end)


def leave(status: Any = None) -> NoReturn:
    """End the sequence, unless it catches that."""
    raise SystemExit(status)


def _printer(run: SequenceRun) -> Callable[..., None]:
    def write(
        *values: Any, sep: str | None = None, end: str | None = None, file: Any = None, **_: Any
    ) -> None:
        text = (" " if sep is None else sep).join(str(value) for value in values)
        show = run.show if file is None else attribute(file, "write")
        show(text + ("\n" if end is None else end))

    return write
