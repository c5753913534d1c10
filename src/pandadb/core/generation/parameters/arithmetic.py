"""Arithmetic in parameters: `${SEQNUMBER/M[#*2]}` for the sequence number 7 is 14."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

from pandadb.core.generation.job_request import NotGenerated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Number = int | float

NUMBER = "#"
"""The sign that stands for the number."""
LARGEST = 10**18
"""Powers beyond it are refused: they would take all memory."""
BINARY: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}  # fmt: skip
UNARY: Mapping[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg,
}  # fmt: skip


def result(formula: str, number: str) -> str:
    """Return the result of a formula of numbers, `#` and the signs of arithmetic.

    Raises:
        NotGenerated: It is no such formula, or has no result.
    """
    text = formula.replace(NUMBER, number)
    try:
        return str(_value(ast.parse(text.strip(), mode="eval").body))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        raise NotGenerated(f"the formula {formula!r} has no result for {number!r}") from None


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
            return UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _binary(type(op), _value(left), _value(right))
        case _:
            raise ValueError(ast.dump(node))


def _binary(op: type[ast.operator], left: Number, right: Number) -> Number:
    if op is ast.Pow and (abs(right) > 64 or abs(left) > LARGEST):
        raise ValueError(right)
    found = BINARY[op](left, right)
    if isinstance(found, complex) or not abs(found) <= LARGEST:  # NaN is not, either
        raise ValueError(found)
    return found
