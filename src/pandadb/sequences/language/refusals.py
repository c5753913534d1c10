"""Parts of Python that a sequence may not have, found before anything runs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

from pandadb.sequences.language.bindings import names_bound_anywhere
from pandadb.sequences.language.builtin_names import SYS, TIME
from pandadb.sequences.sections import InvalidSequence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pandadb.sequences.language.programs import Program

STATEMENTS = (
    ast.FunctionDef, ast.Return, ast.Delete, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For,
    ast.While, ast.If, ast.Raise, ast.Try, ast.Assert, ast.Global, ast.Nonlocal, ast.Expr, ast.Pass,
    ast.Break, ast.Continue,
)  # fmt: skip
EXPRESSIONS = (
    ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp, ast.Dict, ast.Set,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Compare, ast.Call,
    ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Starred,
    ast.Name, ast.List, ast.Tuple, ast.Slice,
)  # fmt: skip
WORDS = {
    "Import": "import", "ImportFrom": "import", "ClassDef": "class", "With": "with",
    "AsyncFunctionDef": "async", "Yield": "yield", "YieldFrom": "yield", "Await": "await",
    "TryStar": "except*", "Match": "match", "AsyncFor": "async", "AsyncWith": "async",
}  # fmt: skip
DANGEROUS = frozenset({
    "os", "sys", "re", "tempfile", "commands", "subprocess", "self", "open", "file", "eval", "exec",
    "execfile", "compile", "globals", "locals", "vars", "input", "raw_input", "breakpoint", "type",
    "object", "super", "memoryview", "reload", "RssFeedReader", "setattr", "delattr", "dir",
})  # fmt: skip
"""Names that the original's sequences have, and a subset has not; bound ones are others."""
IMPORTABLE = {"time": TIME, "sys": SYS}
"""Modules that a sequence has anyway, with the names that it has of them."""
LIMIT = 5
"""Refusals in a sentence."""


def refuse(program: Program, *, steps: Collection[str]) -> None:
    """See that a program keeps to the subset of Python.

    Raises:
        InvalidSequence: It does not; the sentence has the lines.
    """
    bound = names_bound_anywhere(program.tree) | {*steps}
    found = sorted({*refusals(program.tree, bound)})
    if found:
        lines = "; ".join(f"line {number}: {sentence}" for number, sentence in found[:LIMIT])
        raise InvalidSequence(
            f"{program.path}, {lines}: a sequence has a subset of Python; "
            "run a file that you trust with --trust-python"
        )


def refusals(tree: ast.AST, bound: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are refused, each with the reason."""
    of_sys = {id(node.value) for node in ast.walk(tree) if _is_of_sys(node)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Import() | ast.ImportFrom() if _is_given(node):
                pass
            case ast.Name(id="sys") if id(node) in of_sys:
                pass
            case ast.stmt() if not isinstance(node, STATEMENTS):
                yield line, f"{_word(node)} is refused"
            case ast.expr() if not isinstance(node, EXPRESSIONS):
                yield line, f"{_word(node)} is refused"
            case ast.FunctionDef(decorator_list=[_, *_]):
                yield line, "decorators are refused"
            case ast.Name(id=str(name)) if name.startswith("__") and name not in bound:
                yield line, f"{name} is refused"
            case ast.Name(id=str(name)) if name in DANGEROUS and name not in bound:
                yield line, f"{name} is refused"
            case ast.Attribute(attr=str(name)) if name.startswith("_"):
                yield line, f"the attribute {name} is refused"


def _is_of_sys(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Report whether it is a name of `sys` that a sequence has."""
    return isinstance(node, ast.Attribute) and node.attr in SYS


def _is_given(node: ast.Import | ast.ImportFrom) -> bool:
    """Report whether an import is of modules, or of their names, that a sequence has anyway."""
    if isinstance(node, ast.ImportFrom):
        given = IMPORTABLE.get(node.module or "", ())
        return all(one.name in given for one in node.names)
    return all(
        one.name == "time" or (one.name == "sys" and one.asname is None) for one in node.names
    )


def _word(node: ast.AST) -> str:
    name = type(node).__name__
    return WORDS.get(name, name.lower())
