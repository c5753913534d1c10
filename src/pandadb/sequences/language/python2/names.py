"""The names of a trusted section of Python 2: its built-in functions, files and classes.

They are built-in names of the section only, so modules of Python keep theirs.
"""

from __future__ import annotations

import ast
import builtins
import sys
import threading
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from pandadb.sequences.language.python2 import modules, runtime
from pandadb.sequences.language.python2.conversion import converted, with_meaning
from pandadb.sequences.language.python2.meaning import CODE, FILE

if TYPE_CHECKING:
    from types import CodeType

GIVEN = ("os", "re", "sys", "tempfile", "commands")
"""Modules that a section has without import."""
PRINTER = "<printer of Python 2>"
METHODS = {
    "next": "__next__", "__nonzero__": "__bool__", "__div__": "__truediv__",
    "__idiv__": "__itruediv__", "__rdiv__": "__rtruediv__", "__unicode__": "__str__",
}  # fmt: skip
"""Methods of classes under their names in Python 3."""
ORDERED = {
    "__lt__": lambda order: order < 0, "__le__": lambda order: order <= 0,
    "__gt__": lambda order: order > 0, "__ge__": lambda order: order >= 0,
    "__eq__": lambda order: order == 0, "__ne__": lambda order: order != 0,
}  # fmt: skip
LOCK = threading.RLock()


def names_for(names: dict[str, Any]) -> dict[str, Any]:
    """Return the names of a section of Python 2.

    Args:
        names: Those of a section of Python 3.
    """
    printer = runtime.Printer(_write)
    own = {
        **runtime.FUNCTIONS,
        runtime.DIVISOR: runtime.Divisor,
        runtime.REMAINDER: runtime.remainder,
        runtime.ATTRIBUTE: runtime.any_attribute,
        CODE: code,
        "compile": compile_,
        FILE: file_code,
        "range": lambda *ends: [*range(*ends)],
        "xrange": range,
        "unicode": str,
        "long": int,
        "basestring": str,
        "StandardError": Exception,
        "print": printer.print,
        "open": open_file,
        "file": open_file,
        "raw_input": input,
        "input": partial(_input, names),
        "reload": _reload,
        "__import__": modules.find,
        "__build_class__": _build_class,
    }
    given = {name: modules.of_python2(name) for name in GIVEN}
    return {
        **names, **given,
        "__builtins__": {**vars(builtins), **own}, PRINTER: printer,
    }  # fmt: skip


def _write(text: str) -> None:
    sys.stdout.write(text)  # a section may bind it to another file


def code(text: Any, mode: str = "exec") -> Any:
    """Return a text of Python 2 as code; other values as they are."""
    if not isinstance(text, str):
        return text
    return _compiled(text, mode, "<string>")


def compile_(text: Any, name: str, mode: str, *flags: Any) -> Any:
    """Compile a text of Python 2, or a syntax tree."""
    if isinstance(text, str):
        return _compiled(text, mode, name)
    return compile(text, name, mode, *flags)


def file_code(name: str) -> CodeType:
    """Return the code of a file of Python 2."""
    with open_file(name) as stream:
        return _compiled(stream.read(), "exec", name)


def _compiled(text: str, mode: str, name: str) -> CodeType:
    with LOCK:
        python3 = converted(text)
        compile(text if python3 is None else python3, name, mode)  # for an error's place
        tree: Any = compile(python3 or text, name, mode, flags=ast.PyCF_ONLY_AST)
        changed: ast.Module = with_meaning(tree)
        return compile(changed, name, mode)


def _input(names: dict[str, Any], prompt: object = "") -> Any:
    return eval(input(prompt), names)  # noqa: S307 - as `input` of Python 2


def _reload(module: Any) -> Any:
    import importlib  # noqa: PLC0415 - seldom needed

    return importlib.reload(module)


def open_file(name: Any, mode: str = "r", buffering: int = -1) -> IO[str]:
    """Open a file as Python 2 does: its texts are bytes, and line ends stay."""
    ends = None if "U" in mode else "\n"
    kind = mode.replace("b", "").replace("U", "") or "r"
    return open(  # noqa: PTH123 - the section may give a number
        name, kind, 1 if buffering == 0 else buffering,
        encoding="utf-8", errors="surrogateescape", newline=ends,
    )  # fmt: skip


def _build_class(function: Any, name: str, *bases: Any, **words: Any) -> Any:
    """Make a class; methods of Python 2 are there under their new names, too."""
    made = builtins.__build_class__(function, name, *bases, **words)
    for old, new in METHODS.items():
        if old in vars(made) and new not in vars(made):
            setattr(made, new, vars(made)[old])
    if "__cmp__" in vars(made):
        for method, holds in ORDERED.items():
            if method not in vars(made):
                setattr(made, method, _ordered(holds))
    if "__eq__" in vars(made) and vars(made).get("__hash__") is None:
        made.__hash__ = object.__hash__
    return made


def _ordered(holds: Any) -> Any:
    return lambda self, other: holds(self.__cmp__(other))
