"""Scopes of names, by the rules of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Scope:
    """The names of a program, of a call of a function, or of a comprehension."""

    def __init__(
        self,
        parent: Scope | None = None,
        *,
        own: Collection[str] = (),
        in_global: Collection[str] = (),
        in_parent: Collection[str] = (),
        builtins: Mapping[str, Any] | None = None,
        is_comprehension: bool = False,
    ) -> None:
        """Make a scope.

        Args:
            parent: The scope around it; None for that of the program.
            own: Names that it binds.
            in_global: Names that it declares as global.
            in_parent: Names that it declares as nonlocal.
            builtins: Names that the program has, though it binds them nowhere.
            is_comprehension: Whether `:=` binds in the parent.
        """
        self.names: dict[str, Any] = {}
        self._parent = parent
        self._program: Scope = parent._program if parent else self
        self._global, self._nonlocal = frozenset(in_global), frozenset(in_parent)
        self._own = frozenset(own) - self._global - self._nonlocal
        self._builtins = builtins or {}
        self._is_comprehension = is_comprehension

    def load(self, name: str) -> Any:
        """Return the value of a name.

        Raises:
            NameError: It has none.
        """
        if name in self._global:
            return self._program.load(name)
        if name in self.names:
            return self.names[name]
        if name in self._own and self._parent is not None:
            raise UnboundLocalError(
                f"cannot access local variable '{name}' where it is not associated with a value"
            )
        if self._parent is not None:
            return self._parent.load(name)
        if name in self._builtins:
            return self._builtins[name]
        raise NameError(f"name '{name}' is not defined")

    def store(self, name: str, value: Any) -> None:
        """Bind a name."""
        self._owner(name).names[name] = value

    def store_expression(self, name: str, value: Any) -> None:
        """Bind the name of `name := value`, which a comprehension leaves to the scope around it."""
        if self._is_comprehension and self._parent is not None:
            self._parent.store_expression(name, value)
        else:
            self.store(name, value)

    def delete(self, name: str) -> None:
        """Unbind a name.

        Raises:
            NameError: It is not bound.
        """
        try:
            del self._owner(name).names[name]
        except KeyError:
            raise NameError(f"name '{name}' is not defined") from None

    def _owner(self, name: str) -> Scope:
        """Return the scope that a name is bound in."""
        if name in self._global:
            return self._program
        if name in self._nonlocal and self._parent is not None:
            scope = self._parent
            while name not in scope._own and scope._parent is not None:
                scope = scope._parent
            return scope
        return self
