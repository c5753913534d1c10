"""Operators of a sequence, with limits for those that make large values of small ones."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any

from pandadb.sequences.language.memory import check_memory

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_BITS = 1 << 20
"""Bits of the largest whole number that a power or a shift makes."""
LARGEST_LENGTH = 1 << 26
"""Items or characters that a repetition or a width makes, or a range in a call has, at most."""
LONG = 1 << 20
"""A value of so many items or characters is made only while there is memory."""
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
WIDTHS = re.compile(r"%(?:\([^()]*\))?[-#0 +]*(\d{0,18})(?:\.(\d{1,18}))?", re.ASCII)
"""Width and precision of the places of a text for `%`."""


REPEATED = (str, bytes, list, tuple)
"""Types of values that are repeated and joined by operators."""


def power(left: Any, right: Any, modulus: Any = None) -> Any:
    """Return a power, or its remainder.

    Raises:
        OverflowError: It is too large.
    """
    if modulus is None and isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * right if right > 0 else 0)
    return pow(left, right, modulus)


def shift(left: Any, right: Any) -> Any:
    """Return a number shifted to the left.

    Raises:
        OverflowError: It is too large.
    """
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right)
    return left << right


def _check_bits(bits: int) -> None:
    if bits > LARGEST_BITS:
        raise OverflowError("the number is too large for a sequence")


def add(left: Any, right: Any) -> Any:
    """Return a sum, or two texts or lists as one.

    Raises:
        MemoryError: It is too long.
    """
    _check_sum(left, right)
    return left + right


def add_in_place(left: Any, right: Any) -> Any:
    """Return a sum; a list is changed.

    Raises:
        MemoryError: It is too long.
    """
    _check_sum(left, right)
    left += right
    return left


def _check_sum(left: Any, right: Any) -> None:
    if isinstance(left, REPEATED) and isinstance(right, REPEATED):
        check_lengths(len(left) + len(right))


def multiply(left: Any, right: Any) -> Any:
    """Return a product, or a text or a list repeated.

    Raises:
        MemoryError: It is too long.
    """
    for one, other in ((left, right), (right, left)):
        if isinstance(one, int) and isinstance(other, REPEATED):
            check_lengths(len(other) * one)
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    return left * right


def remainder(left: Any, right: Any, fill: Callable[[Any, Any], Any] = operator.mod) -> Any:
    """Return a remainder, or a text with values filled in.

    Raises:
        MemoryError: A value is to be filled up to too many characters.
    """
    if isinstance(left, str):
        given = right if isinstance(right, tuple) else (right,)
        stars = [one for one in given if isinstance(one, int)] if "*" in left else []
        check_lengths(*(int(one) for both in WIDTHS.findall(left) for one in both if one), *stars)
    return fill(left, right)


def formatted(value: Any, form: str = "") -> str:
    """Return a value as text, by a format.

    Raises:
        MemoryError: It is to be filled up to too many characters.
    """
    check_lengths(*(int(one) for one in NUMBER.findall(form)))
    return format(value, form)


def check_lengths(*lengths: Any) -> None:
    """See that lengths, or those of ranges, keep to the limit.

    A call of Python's own that goes through a long range lets no other thread run meanwhile: no
    other sequence, no sign of life, no end by a signal.

    Raises:
        MemoryError: They do not.
    """
    for one in lengths:
        is_long = one[LARGEST_LENGTH:] if isinstance(one, range) else one > LARGEST_LENGTH
        if is_long:
            raise MemoryError("the value is too long for a sequence")
        if not isinstance(one, range) and one > LONG:
            check_memory()


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: add,
    ast.Sub: operator.sub,
    ast.Mult: multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: remainder,
    ast.Pow: power,
    ast.LShift: shift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.MatMult: operator.matmul,
}
IN_PLACE: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    **BINARY,
    ast.Add: add_in_place,
    ast.Sub: operator.isub,
    ast.BitOr: operator.ior,
    ast.BitXor: operator.ixor,
    ast.BitAnd: operator.iand,
}
"""Operators such as `+=`, which change lists and sets."""
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
COMPARISON: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
