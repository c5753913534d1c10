"""Values of keys that may be written in more than one way."""

from __future__ import annotations

from typing import Any

LARGEST = 2**31 - 1
NOT_TRUE = ("", "0", "f", "false", "n", "no", "none", "null", "off")
"""Texts that are not true, though a text that is not empty is true in a condition."""


def rb_number(value: Any) -> int:
    """Return an RB number; 0 for none, such as the name of a calibration run."""
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        return 0
    return number if abs(number) < 2**63 else 0


def user_number(value: Any) -> int | None:
    """Return the number of a user; None for none."""
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return number if -LARGEST <= number <= LARGEST else None


def is_true(value: Any) -> bool:
    """Return whether a value is true in a condition, as in the service; `false` as text is not."""
    if isinstance(value, str):
        return value.strip().lower() not in NOT_TRUE
    return bool(value)
