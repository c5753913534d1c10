"""The interpreter: it executes the statements of a sequence, without Python's own exec."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pandadb.sequences.language.attributes import delete_attribute, set_attribute
from pandadb.sequences.language.bindings import bound_names, declared_names, parameters
from pandadb.sequences.language.calls import Signature
from pandadb.sequences.language.expressions import Expressions
from pandadb.sequences.language.operations import IN_PLACE
from pandadb.sequences.language.scopes import Scope
from pandadb.sequences.step_scripts import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Break(BaseException):
    """The end of a loop."""


class Continue(BaseException):
    """The end of a round of a loop."""


class Return(BaseException):
    """The end of a call, with its value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


UNCAUGHT = (Break, Continue, Return, Stopped)
"""Errors that no `except` of a sequence catches."""


class Interpreter(Expressions):
    """Runs a program whose syntax was checked."""

    def __init__(
        self,
        names: Mapping[str, Any],
        check: Callable[[], None],
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """Make an interpreter.

        Args:
            names: The names that the program has, and may bind anew.
            check: Called before each statement; raises if the program has to end.
            given: Names that are bound, such as those of steps: it may also delete them.
        """
        super().__init__(check)
        self.line = 0
        """The line that is executed."""
        self._names = names
        self._program = Scope(builtins=names)
        self._program.names.update(given or {})
        self._handled: list[BaseException] = []
        self._executors: dict[type[ast.stmt], Callable[[Any, Scope], None]] = {
            ast.Expr: lambda node, scope: self.value(node.value, scope),
            ast.Assign: self._assign,
            ast.AugAssign: self._augment,
            ast.AnnAssign: self._annotate,
            ast.Delete: self._delete,
            ast.If: self._if,
            ast.While: self._while,
            ast.For: self._for,
            ast.Try: self._try,
            ast.Raise: self._raise,
            ast.Assert: self._assert,
            ast.FunctionDef: self._define,
            ast.Return: self._return,
            ast.Break: lambda *_: _end(Break()),
            ast.Continue: lambda *_: _end(Continue()),
            ast.Pass: lambda *_: None,
            ast.Global: lambda *_: None,
            ast.Nonlocal: lambda *_: None,
            ast.Import: self._import,
            ast.ImportFrom: self._import,
        }

    def run(self, tree: ast.Module) -> None:
        """Run a program.

        Raises:
            SystemExit: It has called `exit`.
            Exception: It has raised it; `line` is the line where.
        """
        self._block(tree.body, self._program)

    def _block(self, body: list[ast.stmt], scope: Scope) -> None:
        for node in body:
            self._check()
            self.line = node.lineno
            self._executors[type(node)](node, scope)

    @override
    def function(
        self, name: str, arguments: ast.arguments, body: list[ast.stmt], scope: Scope
    ) -> Callable[..., Any]:
        """Return a function; its defaults are evaluated now."""
        signature = Signature(
            name,
            arguments,
            [self.value(one, scope) for one in arguments.defaults],
            [(self.value(one, scope),) if one else None for one in arguments.kw_defaults],
        )
        in_global = declared_names(body, ast.Global)
        in_parent = declared_names(body, ast.Nonlocal)
        own = bound_names(body) | parameters(arguments)

        def call(*values: Any, **names: Any) -> Any:
            inner = Scope(scope, own=own, in_global=in_global, in_parent=in_parent)
            inner.names.update(signature.bind(values, names))
            line = self.line
            try:
                self._block(body, inner)
            except Return as end:
                self.line = line
                return end.value
            self.line = line
            return None

        return call

    @override
    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind the target of an assignment."""
        match target:
            case ast.Name(id=name):
                scope.store(name, value)
            case ast.Attribute(value=owner, attr=name):
                set_attribute(self.value(owner, scope), name, value)
            case ast.Subscript(value=owner, slice=key):
                self.value(owner, scope)[self.value(key, scope)] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                self._unpack(targets, value, scope)
            case ast.Starred(value=inner):
                self.assign(inner, value, scope)
            case _:
                raise TypeError("only names, attributes and items can be assigned to")

    def _unpack(self, targets: list[ast.expr], value: Any, scope: Scope) -> None:
        values = [*value]
        stars = [place for place, one in enumerate(targets) if isinstance(one, ast.Starred)]
        if stars and len(values) >= len(targets) - 1:
            first, last = stars[0], len(values) - (len(targets) - stars[0] - 1)
            values = [*values[:first], values[first:last], *values[last:]]
        if len(values) != len(targets):
            raise ValueError(f"{len(values)} values for {len(targets)} names")
        for target, one in zip(targets, values, strict=True):
            self.assign(target, one, scope)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _augment(self, node: ast.AugAssign, scope: Scope) -> None:
        change = IN_PLACE[type(node.op)]
        match node.target:
            case ast.Subscript(value=owner, slice=key):
                container, place = self.value(owner, scope), self.value(key, scope)
                container[place] = change(container[place], self.value(node.value, scope))
            case ast.Attribute(value=owner):
                held = self.value(owner, scope)
                old = self.value(node.target, scope)
                set_attribute(held, node.target.attr, change(old, self.value(node.value, scope)))
            case ast.Name(id=name):
                old = scope.load(name)
                scope.store(name, change(old, self.value(node.value, scope)))
            case _:
                raise TypeError("only names, attributes and items can be changed")

    def _annotate(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope)

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            match target:
                case ast.Name(id=name):
                    scope.delete(name)
                case ast.Subscript(value=owner, slice=key):
                    del self.value(owner, scope)[self.value(key, scope)]
                case ast.Attribute(value=owner, attr=name):
                    delete_attribute(self.value(owner, scope), name)
                case _:
                    raise TypeError("only names, attributes and items can be deleted")

    def _if(self, node: ast.If, scope: Scope) -> None:
        self._block(node.body if self.value(node.test, scope) else node.orelse, scope)

    def _while(self, node: ast.While, scope: Scope) -> None:
        while self.value(node.test, scope):
            self._check()
            try:
                self._block(node.body, scope)
            except Break:
                return
            except Continue:
                continue
        self._block(node.orelse, scope)

    def _for(self, node: ast.For, scope: Scope) -> None:
        for value in self.value(node.iter, scope):
            self.assign(node.target, value, scope)
            try:
                self._block(node.body, scope)
            except Break:
                return
            except Continue:
                continue
        self._block(node.orelse, scope)

    def _try(self, node: ast.Try, scope: Scope) -> None:
        try:
            try:
                self._block(node.body, scope)
            except UNCAUGHT:
                raise
            except BaseException as error:
                handler = self._handler(node.handlers, error, scope)
                if handler is None:
                    raise
                self._handle(handler, error, scope)
            else:
                self._block(node.orelse, scope)
        finally:
            line = self.line
            self._block(node.finalbody, scope)
            self.line = line

    def _handler(
        self, handlers: list[ast.ExceptHandler], error: BaseException, scope: Scope
    ) -> ast.ExceptHandler | None:
        for one in handlers:
            kinds = BaseException if one.type is None else self.value(one.type, scope)
            if isinstance(error, kinds):
                return one
        return None

    def _handle(self, handler: ast.ExceptHandler, error: BaseException, scope: Scope) -> None:
        if handler.name:
            scope.store(handler.name, error)
        self._handled.append(error)
        try:
            self._block(handler.body, scope)
        finally:
            self._handled.pop()
            if handler.name:
                scope.store(handler.name, None)
                scope.delete(handler.name)

    def _raise(self, node: ast.Raise, scope: Scope) -> None:
        if node.exc is None:
            if not self._handled:
                raise RuntimeError("No active exception to reraise")
            raise self._handled[-1]
        error = self.value(node.exc, scope)
        raise error from (None if node.cause is None else self.value(node.cause, scope))

    def _assert(self, node: ast.Assert, scope: Scope) -> None:
        if not self.value(node.test, scope):
            raise AssertionError(*([] if node.msg is None else [self.value(node.msg, scope)]))

    def _define(self, node: ast.FunctionDef, scope: Scope) -> None:
        scope.store(node.name, self.function(node.name, node.args, node.body, scope))

    def _return(self, node: ast.Return, scope: Scope) -> None:
        raise Return(None if node.value is None else self.value(node.value, scope))

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        """Bind a module that the sequence has, or names of one; others pass no check."""
        for one in node.names:
            if isinstance(node, ast.Import):
                value = self._names[one.name]
            else:
                value = getattr(self._names[str(node.module)], one.name)
            scope.store(one.asname or one.name, value)


def _end(error: BaseException) -> None:
    raise error
