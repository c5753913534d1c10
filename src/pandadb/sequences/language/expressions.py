"""The values of expressions: a walk over the syntax tree."""

from __future__ import annotations

import ast
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from pandadb.sequences.language.attributes import attribute
from pandadb.sequences.language.bindings import bound_names
from pandadb.sequences.language.memory import check_memory
from pandadb.sequences.language.operations import (
    BINARY,
    COMPARISON,
    UNARY,
    check_lengths,
    formatted,
)
from pandadb.sequences.language.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONVERSIONS: dict[int, Callable[[Any], str]] = {ord("s"): str, ord("r"): repr, ord("a"): ascii}
"""Conversions of f-strings such as `{x!r}`."""

OFTEN = 4096
"""Statements and rounds between two looks at the memory."""
GO_THROUGH = (type, BuiltinFunctionType)
"""Types of functions that go through their arguments without Python's interpreter."""


class Expressions:
    """Evaluates expressions in a scope."""

    def __init__(self, check: Callable[[], None]) -> None:
        """Make an evaluator; `check` raises if the program has to end."""
        self._check_end = check
        self._checks = 0
        self._evaluators: dict[type[ast.expr], Callable[[Any, Scope], Any]] = {
            ast.Constant: lambda node, _: node.value,
            ast.Name: lambda node, scope: scope.load(node.id),
            ast.BoolOp: self._bool,
            ast.NamedExpr: self._named,
            ast.BinOp: self._binary,
            ast.UnaryOp: lambda node, scope: UNARY[type(node.op)](self.value(node.operand, scope)),
            ast.Lambda: self._lambda,
            ast.IfExp: self._conditional,
            ast.Dict: self._dict,
            ast.Set: lambda node, scope: {*self.values(node.elts, scope)},
            ast.List: lambda node, scope: [*self.values(node.elts, scope)],
            ast.Tuple: lambda node, scope: (*self.values(node.elts, scope),),
            ast.ListComp: lambda node, scope: [*self._comprehended(node, node.elt, scope)],
            ast.SetComp: lambda node, scope: {*self._comprehended(node, node.elt, scope)},
            ast.GeneratorExp: lambda node, scope: self._comprehended(node, node.elt, scope),
            ast.DictComp: self._dict_comprehension,
            ast.Compare: self._comparison,
            ast.Call: self._call,
            ast.JoinedStr: lambda node, scope: "".join(self.values(node.values, scope)),
            ast.FormattedValue: self._formatted,
            ast.Attribute: lambda node, scope: attribute(self.value(node.value, scope), node.attr),
            ast.Subscript: self._subscript,
            ast.Slice: self._slice,
        }

    def _check(self) -> None:
        """See that the program may go on, and now and then that there is memory."""
        self._check_end()
        self._checks += 1
        if not self._checks % OFTEN:
            check_memory()

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """Return the value of an expression."""
        return self._evaluators[type(node)](node, scope)

    def values(self, nodes: list[ast.expr], scope: Scope) -> Iterator[Any]:
        """Yield the values of expressions, of which some may have a star."""
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.value(node.value, scope)
            else:
                yield self.value(node, scope)

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind the target of an assignment; statements override it."""
        raise NotImplementedError

    def function(
        self, name: str, arguments: ast.arguments, body: list[ast.stmt], scope: Scope
    ) -> Callable[..., Any]:
        """Return a function of the sequence; statements override it."""
        raise NotImplementedError

    def _bool(self, node: ast.BoolOp, scope: Scope) -> Any:
        ends_if = isinstance(node.op, ast.Or)
        value: Any = None
        for one in node.values:
            value = self.value(one, scope)
            if bool(value) is ends_if:
                break
        return value

    def _named(self, node: ast.NamedExpr, scope: Scope) -> Any:
        value = self.value(node.value, scope)
        scope.store_expression(node.target.id, value)
        return value

    def _binary(self, node: ast.BinOp, scope: Scope) -> Any:
        left = self.value(node.left, scope)
        return BINARY[type(node.op)](left, self.value(node.right, scope))

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Callable[..., Any]:
        result = ast.copy_location(ast.Return(node.body), node.body)
        return self.function("<lambda>", node.args, [result], scope)

    def _conditional(self, node: ast.IfExp, scope: Scope) -> Any:
        return self.value(node.body if self.value(node.test, scope) else node.orelse, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found.update(self.value(value, scope))
            else:
                name = self.value(key, scope)
                found[name] = self.value(value, scope)
        return found

    def _comprehended(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp,
        element: ast.expr,
        scope: Scope,
    ) -> Iterator[Any]:
        first = iter(self.value(node.generators[0].iter, scope))
        return (self.value(element, inner) for inner in self._rounds(node.generators, first, scope))

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> dict[Any, Any]:
        first = iter(self.value(node.generators[0].iter, scope))
        return {
            self.value(node.key, inner): self.value(node.value, inner)
            for inner in self._rounds(node.generators, first, scope)
        }

    def _rounds(
        self, generators: list[ast.comprehension], first: Iterator[Any], scope: Scope
    ) -> Iterator[Scope]:
        """Yield the scope of a comprehension for each of its rounds."""
        own = bound_names(one.target for one in generators)
        yield from self._inner_rounds(
            generators, first, Scope(scope, own=own, is_comprehension=True)
        )

    def _inner_rounds(
        self, generators: list[ast.comprehension], first: Iterator[Any] | None, scope: Scope
    ) -> Iterator[Scope]:
        if not generators:
            yield scope
            return
        one, *others = generators
        for value in self.value(one.iter, scope) if first is None else first:
            self._check()
            self.assign(one.target, value, scope)
            if all(self.value(test, scope) for test in one.ifs):
                yield from self._inner_rounds(others, None, scope)

    def _comparison(self, node: ast.Compare, scope: Scope) -> Any:
        left = self.value(node.left, scope)
        result: Any = True
        for kind, other in zip(node.ops, node.comparators, strict=True):
            right = self.value(other, scope)
            result = COMPARISON[type(kind)](left, right)
            if not result:
                break
            left = right
        return result

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        function = self.value(node.func, scope)
        arguments = [*self.values(node.args, scope)]
        names: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            names.update({keyword.arg: value} if keyword.arg else value)
        if isinstance(function, GO_THROUGH):
            long = (range, int) if function is bytes else range
            check_lengths(*(one for one in arguments if isinstance(one, long)))
        return function(*arguments, **names)

    def _formatted(self, node: ast.FormattedValue, scope: Scope) -> str:
        value = self.value(node.value, scope)
        value = CONVERSIONS[node.conversion](value) if node.conversion > 0 else value
        return formatted(value, self.value(node.format_spec, scope) if node.format_spec else "")

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        value = self.value(node.value, scope)
        return value[self.value(node.slice, scope)]

    def _slice(self, node: ast.Slice, scope: Scope) -> slice:
        ends = (node.lower, node.upper, node.step)
        return slice(*(None if one is None else self.value(one, scope) for one in ends))
