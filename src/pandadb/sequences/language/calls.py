"""The arguments of a call of a function that a sequence defines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence


@dataclass(frozen=True)
class Signature:
    """The parameters of a function, with the values of their defaults."""

    function: str
    """Its name, for errors."""
    arguments: ast.arguments
    defaults: Sequence[Any]
    """Of its last positional parameters."""
    only_named: Sequence[tuple[Any] | None]
    """Of its keyword-only parameters; None for no default."""

    def bind(self, values: tuple[Any, ...], names: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the parameters in a call.

        Args:
            values: The positional arguments.
            names: The named ones.

        Raises:
            TypeError: They do not fit.
        """
        positional = [one.arg for one in (*self.arguments.posonlyargs, *self.arguments.args)]
        only_named = [one.arg for one in self.arguments.kwonlyargs]
        found = {**self._default_values(positional), **self._positional(positional, values)}
        given = {*positional[: len(values)]}
        found.update(self._named(names, given))
        for name in (*positional, *only_named):
            if name not in found:
                raise TypeError(f"{self.function}() lacks a value for {name!r}")
        return found

    def _default_values(self, positional: list[str]) -> dict[str, Any]:
        last = positional[len(positional) - len(self.defaults) :]
        found = dict(zip(last, self.defaults, strict=True))
        for one, default in zip(self.arguments.kwonlyargs, self.only_named, strict=True):
            found |= {} if default is None else {one.arg: default[0]}
        return found

    def _positional(self, positional: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
        found = dict(zip(positional, values, strict=False))
        rest = values[len(positional) :]
        if self.arguments.vararg is not None:
            found[self.arguments.vararg.arg] = rest
        elif rest:
            raise TypeError(
                f"{self.function}() takes {len(positional)} arguments, not {len(values)}"
            )
        return found

    def _named(self, names: dict[str, Any], given: set[str]) -> dict[str, Any]:
        allowed = {one.arg for one in (*self.arguments.args, *self.arguments.kwonlyargs)}
        if twice := sorted(names.keys() & allowed & given):
            raise TypeError(f"{self.function}() has two values for {twice[0]!r}")
        extra = {name: value for name, value in names.items() if name not in allowed}
        found = {name: value for name, value in names.items() if name in allowed}
        if self.arguments.kwarg is not None:
            found[self.arguments.kwarg.arg] = extra
        elif extra:
            raise TypeError(f"{self.function}() has no parameter {next(iter(extra))!r}")
        return found
