"""The meaning of Python 2 in a syntax tree: calls in place of the differences of Python 3."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pandadb.sequences.language.python2 import runtime

if TYPE_CHECKING:
    from collections.abc import Collection

ATTRIBUTES = frozenset({
    "keys", "values", "items", "iterkeys", "itervalues", "iteritems", "has_key", "next", "sort",
    "encode", "decode", "message", "xreadlines", "format", "translate", "viewkeys", "viewvalues",
    "viewitems",
})  # fmt: skip
"""Attributes that some type has had otherwise."""
OPERATORS: dict[type[ast.operator], str] = {ast.Div: runtime.DIVIDE, ast.Mod: runtime.REMAINDER}
SIMPLE = (ast.Name, ast.Constant)
"""Later values of `a < b < c` that are evaluated in any case."""
CODE, FILE = "<code of Python 2>", "<file of Python 2>"
"""Names of functions that convert a text, or that of a file, when a trusted section runs it."""


class Meaning(ast.NodeTransformer):
    """Replaces divisions, comparisons, attributes and names of errors."""

    def __init__(self, bound: Collection[str]) -> None:
        self._bound = bound
        """Names that the program binds: they are its own."""
        self._in_iterable = 0

    @override
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Replace `a / b` and `a % b`."""
        self.generic_visit(node)
        name = OPERATORS.get(type(node.op))
        return _call(name, [node.left, node.right], node) if name else node

    @override
    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Let `a /= b` divide as Python 2 does; the target is evaluated once."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            node.value = _call(runtime.DIVISOR, [node.value], node)
        return node

    @override
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Make a text of bytes: in Python 2 they are the same."""
        if isinstance(node.value, bytes):
            text = node.value.decode("utf-8", "surrogateescape")
            return ast.copy_location(ast.Constant(text), node)
        return node

    @override
    def visit_Expr(self, node: ast.Expr) -> Any:
        """Let `print a, b` write its values one after another, as they are evaluated."""
        self.generic_visit(node)
        match node.value:
            case ast.Call(func=ast.Name(id="print") as function, args=[_, _, *_] as values):
                return self._prints(node, function, values, node.value.keywords)
            case _:
                return node

    @staticmethod
    def _prints(
        node: ast.Expr, function: ast.Name, values: list[ast.expr], words: list[ast.keyword]
    ) -> ast.AST | list[ast.Expr]:
        if not all(
            one.arg == "end" or (one.arg == "file" and isinstance(one.value, SIMPLE))
            for one in words
        ) or any(isinstance(one, ast.Starred) for one in values):
            return node
        files = [one for one in words if one.arg == "file"]
        comma = ast.keyword("end", ast.Constant(" "))
        calls = [ast.Call(function, [one], [*files, comma]) for one in values[:-1]]
        calls.append(ast.Call(function, [values[-1]], words))
        return [ast.copy_location(ast.Expr(ast.copy_location(one, node)), node) for one in calls]

    @override
    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Replace `a < b`: values of all types have an order."""
        self.generic_visit(node)
        kinds = [type(one).__name__ for one in node.ops]
        _, *later = node.comparators
        if not {*kinds} & {*runtime.ORDERS} or not all(isinstance(one, SIMPLE) for one in later):
            return node
        words = ast.Constant(" ".join(kinds))
        return _call(runtime.COMPARE, [words, node.left, *node.comparators], node)

    @override
    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Replace attributes that Python 3 has not, or otherwise."""
        self.generic_visit(node)
        if node.attr not in ATTRIBUTES or not isinstance(node.ctx, ast.Load):
            return node
        return _call(runtime.ATTRIBUTE, [node.value, ast.Constant(node.attr)], node)

    @override
    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Replace `str(x)`; convert the text of `exec`, `eval` and `execfile`."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="str"), args=[one, *rest], keywords=[]) if self._is_free(
                "str"
            ):
                return _call(runtime.TEXT, [one, *rest], node)
            case ast.Call(func=ast.Name(id="exec" | "eval" as mode), args=[one, *rest]):
                node.args = [_call(CODE, [one, ast.Constant(mode)], node), *rest]
            case ast.Call(func=ast.Name(id="execfile"), args=[one, *rest]):
                node.func = ast.copy_location(ast.Name("exec", ast.Load()), node)
                node.args = [_call(FILE, [one], node), *rest]
            case _:
                pass
        return node

    def _is_free(self, name: str) -> bool:
        return name not in self._bound

    @override
    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """Let the name of an error stay bound after its handler."""
        self.generic_visit(node)
        if node.name:
            hidden = f"<{node.name}>"
            target, value = ast.Name(node.name, ast.Store()), ast.Name(hidden, ast.Load())
            node.body.insert(0, ast.copy_location(ast.Assign([target], value), node.body[0]))
            node.name = hidden
        return node

    @override
    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        """Let the names of a list's rounds stay bound after it."""
        for one in node.generators:
            self._in_iterable += 1
            one.iter = self.visit(one.iter)
            self._in_iterable -= 1
            one.ifs = [self.visit(test) for test in one.ifs]
        node.elt = self.visit(node.elt)
        for one in () if self._in_iterable else node.generators:
            names = [
                each
                for each in ast.walk(one.target)
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            ]
            kept: list[ast.expr] = [
                ast.NamedExpr(ast.Name(each.id, ast.Store()), ast.Name(f"<{each.id}>", ast.Load()))
                for each in names
            ]
            for each in names:
                each.id = f"<{each.id}>"
            one.ifs.insert(0, ast.copy_location(ast.Tuple(kept, ast.Load()), one.target))
        return node

    @override
    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        """Leave lists in a generator: its own names cannot be bound by them."""
        return self._without_lists(node)

    visit_SetComp = visit_DictComp = visit_ClassDef = visit_GeneratorExp  # type: ignore[assignment]  # noqa: N815 - ast's names

    def _without_lists(self, node: ast.AST) -> ast.AST:
        self._in_iterable += 1
        self.generic_visit(node)
        self._in_iterable -= 1
        return node

    @override
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Begin a scope in which lists bind their names."""
        outside, self._in_iterable = self._in_iterable, 0
        self.generic_visit(node)
        self._in_iterable = outside
        return node

    visit_Lambda = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815


def _call(name: str, arguments: list[ast.expr], place: ast.AST) -> ast.Call:
    function = ast.copy_location(ast.Name(name, ast.Load()), place)
    return ast.copy_location(ast.Call(function, arguments, []), place)
