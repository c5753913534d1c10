"""The arguments of a call of a function that a sequence defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence


def bind_arguments(
    function: str,
    arguments: ast.arguments,
    defaults: Sequence[Any],
    only_named: Sequence[tuple[Any] | None],
    values: tuple[Any, ...],
    names: dict[str, Any],
) -> dict[str, Any]:
    """Return the values of a function's parameters.

    Args:
        function: Its name, for errors.
        arguments: Its parameters.
        defaults: The defaults of its last positional parameters.
        only_named: The defaults of its keyword-only parameters; None for no default.
        values: The positional arguments of the call.
        names: The named ones.

    Raises:
        TypeError: They do not fit.
    """
    positional = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    found = dict(zip(positional, values, strict=False))
    rest = values[len(positional) :]
    if rest and arguments.vararg is None:
        raise TypeError(f"{function}() takes {len(positional)} arguments, not {len(values)}")
    if arguments.vararg is not None:
        found[arguments.vararg.arg] = rest
    allowed = {one.arg for one in (*arguments.args, *arguments.kwonlyargs)}
    extra = {}
    for name, value in names.items():
        if name in found and name in allowed:
            raise TypeError(f"{function}() has two values for {name!r}")
        (found if name in allowed else extra)[name] = value
    if arguments.kwarg is not None:
        found[arguments.kwarg.arg] = extra
    elif extra:
        raise TypeError(f"{function}() has no parameter {next(iter(extra))!r}")
    given_defaults = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    for one, default in zip(arguments.kwonlyargs, only_named, strict=True):
        given_defaults |= {} if default is None else {one.arg: default[0]}
    found = {**given_defaults, **found}
    for name in (*positional, *(one.arg for one in arguments.kwonlyargs)):
        if name not in found:
            raise TypeError(f"{function}() lacks a value for {name!r}")
    return found
