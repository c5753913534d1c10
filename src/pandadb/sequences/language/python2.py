"""Python 2 as Python 3: statements such as `print x`, and the division of whole numbers."""

from __future__ import annotations

import ast
import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXERS = (
    "basestring", "dict", "except", "exec", "filter", "has_key", "long", "map", "ne", "numliterals",
    "print", "raise", "raw_input", "repr", "tuple_params", "unicode", "xrange", "zip",
)  # fmt: skip
"""Parts of Python 2 that are converted, by their names in lib2to3."""
DIVIDE = "<division of Python 2>"
"""Name of the function that divides as Python 2 does; no program can write it."""


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


class FloorDivisions(ast.NodeTransformer):
    """Replaces divisions by calls of the function that divides as Python 2 does."""

    @override
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Replace `a / b`."""
        self.generic_visit(node)
        return _divided(node.left, node.right, node) if isinstance(node.op, ast.Div) else node

    @override
    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Replace `name /= b`; other targets stay, since they would be evaluated twice."""
        self.generic_visit(node)
        if not (isinstance(node.op, ast.Div) and isinstance(node.target, ast.Name)):
            return node
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        call = _divided(read, node.value, node)
        return ast.copy_location(ast.Assign([node.target], call), node)


def _divided(left: ast.expr, right: ast.expr, place: ast.AST) -> ast.Call:
    function = ast.copy_location(ast.Name(DIVIDE, ast.Load()), place)
    return ast.copy_location(ast.Call(function, [left, right], []), place)


def floor_divisions(tree: ast.Module) -> ast.Module:
    """Return a program in which divisions of whole numbers give whole numbers, as in Python 2."""
    changed: ast.Module = FloorDivisions().visit(tree)
    return ast.fix_missing_locations(changed)


def divide(left: Any, right: Any) -> Any:
    """Divide as Python 2 does: whole numbers give a whole number."""
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right
