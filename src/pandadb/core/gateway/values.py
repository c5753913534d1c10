"""Values of variables: five types, and how a text becomes one of them."""

from __future__ import annotations

import ast
import math
from typing import Any

from pandadb.core.sql.validation import InvalidValue

TEXT, NUMBER, BOOLEAN, TEXTS, NUMBERS = "text", "number", "boolean", "list_text", "list_number"
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
NOT_FINITE = ("nan", "inf", "infinity")


def type_of(value: Any) -> str:
    """Return the type of a value; one of none of the five is a text."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, list):
        return TEXTS if any(isinstance(one, str) for one in value) else NUMBERS
    return TEXT


def converted(name: str, value: Any, wanted: str) -> Any:
    """Return the value of a variable as one of a type.

    Raises:
        InvalidValue: It is none; the sentence has the name.
    """
    if wanted == NUMBER:
        return _number(name, value)
    if wanted == BOOLEAN:
        return _truth(name, value)
    if wanted == TEXTS:
        return [str(one) for one in _parts(name, value)]
    if wanted == NUMBERS:
        return [_number(name, one) for one in _parts(name, value)]
    return str(value)


def of_record(name: str, text: str, kind: str) -> Any:
    """Return the value that a record has as text; None for a number that is not finite.

    The parts of a list are as they were, whatever they are.

    Raises:
        InvalidValue: It is none of its type; the sentence has the name.
    """
    if kind == NUMBER and text.strip().lower().lstrip("+-") in NOT_FINITE:
        return None
    parts = _literal(text) if kind in (TEXTS, NUMBERS) else None
    return converted(name, text, kind) if parts is None else parts


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        for kind in (int, float):
            try:
                number: int | float = kind(value)
            except ValueError:
                continue
            if isinstance(number, int) or math.isfinite(number):
                return number
    raise InvalidValue(f"The variable {name} has to be a number, not {str(value)[:60]!r}")


def _truth(name: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, bool | str | int) and text in (*TRUE, *FALSE):
        return text in TRUE
    raise InvalidValue(f"The variable {name} has to be true or false, not {str(value)[:60]!r}")


def _parts(name: str, value: Any) -> list[Any]:
    """Return the parts of a list: of a JSON list, of one of Python's in a text, or of commas."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        raise InvalidValue(f"The variable {name} has to be a list, not {str(value)[:60]!r}")
    found = _literal(value)
    if found is not None:
        return found
    text = value.strip()
    parts = text.removeprefix("[").removesuffix("]").split(",")
    return [part.strip().strip("'\"") for part in parts if part.strip()]


def _literal(text: str) -> list[Any] | None:
    """Return the list that a text is as Python writes it, if it is one."""
    text = text.strip()
    try:
        found = ast.literal_eval(text) if text.startswith("[") else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) else None
