"""The conversion of a section of Python 2: its syntax by fissix, its meaning in the syntax tree."""

from __future__ import annotations

import ast
import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pandadb.sequences.language.bindings import names_bound_anywhere
from pandadb.sequences.language.python2.meaning import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXERS = (
    "except", "exec", "funcattrs", "long", "metaclass", "methodattrs", "ne", "numliterals", "paren",
    "print", "raise", "repr", "throw", "tuple_params", "unicode",
)  # fmt: skip
"""Parts of Python 2's syntax that are converted, by their names in lib2to3."""
NAMES = frozenset({
    "xrange", "unicode", "basestring", "raw_input", "unichr", "long", "cmp", "execfile", "apply",
    "reduce", "intern", "coerce", "commands", "StandardError",
})  # fmt: skip
"""Names that Python 3 has not, and a sequence of Python 2 has without binding them."""
ATTRIBUTES = frozenset({"has_key", "iteritems", "iterkeys", "itervalues", "xreadlines"})
MODULES = frozenset({
    "commands", "StringIO", "cStringIO", "cPickle", "urllib2", "urlparse", "Queue", "ConfigParser",
    "httplib", "md5", "sha", "sets", "thread", "exceptions", "popen2", "__builtin__",
})  # fmt: skip
"""Modules that only Python 2 has."""


def converted(text: str) -> str | None:
    """Return a text of Python 2 as Python 3, with the same lines; None if it is no Python.

    It is called by one thread at a time.
    """
    with _cache_elsewhere():
        from fissix.refactor import RefactoringTool  # noqa: PLC0415 - it takes 0.2 seconds

        tool = RefactoringTool([f"fissix.fixes.fix_{name}" for name in FIXERS])
    spaces = "".join(f"{_with_spaces(line)}\n" for line in text.splitlines())
    try:
        return str(tool.refactor_string(spaces, "<sequence>"))
    except Exception:  # noqa: BLE001 - its parser has errors of its own
        return None


def _with_spaces(line: str) -> str:
    """Return a line whose indentation has no tabs: in Python 2 they end at each 8th column."""
    rest = line.lstrip(" \t")
    return line[: len(line) - len(rest)].expandtabs(8) + rest


@contextmanager
def _cache_elsewhere() -> Iterator[None]:
    """Let fissix, when it is imported, leave no cache of its grammar in the user's home."""
    name = "XDG_CACHE_HOME"
    before = os.environ.get(name)
    with tempfile.TemporaryDirectory(prefix="pandadb-") as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before


def is_python2(tree: ast.Module) -> bool:
    """Report whether a program that Python 3 compiles has a name of Python 2 alone."""
    bound = names_bound_anywhere(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in NAMES and name not in bound:
                return True
            case _ if _is_print(node) and "print" not in bound:
                return True
            case ast.Attribute(attr=name) if name in ATTRIBUTES:
                return True
            case ast.Import(names=names) if any(one.name in MODULES for one in names):
                return True
            case ast.ImportFrom(module=str(module)) if module in MODULES:
                return True
            case _:
                pass
    return False


def _is_print(node: ast.AST) -> bool:
    """Report whether it is a statement `print` that Python 3 takes for something else."""
    match node:
        case ast.Expr(value=ast.Name(id="print")):
            return True
        case ast.Expr(value=ast.Tuple(elts=[ast.Call(func=ast.Name(id="print")), *_])):
            return True
        case ast.BinOp(left=ast.Name(id="print"), op=ast.RShift()):
            return True
        case _:
            return False


def with_meaning(tree: ast.Module) -> ast.Module:
    """Return a converted program with the meaning that it has in Python 2."""
    changed: ast.Module = Meaning(names_bound_anywhere(tree)).visit(tree)
    return ast.fix_missing_locations(changed)
