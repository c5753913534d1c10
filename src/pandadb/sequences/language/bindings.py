"""The names that statements bind, by the rules of Python's scopes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OWN_SCOPE = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Nodes with a scope of their own."""


def bound_names(body: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that are bound by these statements in their own scope."""
    return frozenset(name for node in body for name in _bound(node))


def names_bound_anywhere(tree: ast.AST) -> frozenset[str]:
    """Return the names that are bound in any scope, parameters among them."""
    found = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_bound(node.ctx)
    }
    found |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return frozenset(found)


def _is_bound(context: ast.expr_context) -> bool:
    return isinstance(context, ast.Store)


def declared_names(
    body: Iterable[ast.AST], kind: type[ast.Global | ast.Nonlocal]
) -> frozenset[str]:
    """Return the names that these statements declare as global or nonlocal."""
    return frozenset(
        name
        for statement in body
        for node in _own_nodes(statement)
        if isinstance(node, kind)
        for name in node.names
    )


def _bound(statement: ast.AST) -> Iterator[str]:
    for node in _own_nodes(statement):
        match node:
            case ast.Name(id=str(name), ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=str(name)):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.Import() | ast.ImportFrom():
                yield from (one.asname or one.name for one in node.names)
            case _:
                pass


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those below it that are in the same scope."""
    yield node
    if isinstance(node, OWN_SCOPE):
        return
    for child in ast.iter_child_nodes(node):
        yield from _own_nodes(child)


def parameters(arguments: ast.arguments) -> frozenset[str]:
    """Return the names of a function's parameters."""
    some = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    extra = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return frozenset(one.arg for one in (*some, *extra))
