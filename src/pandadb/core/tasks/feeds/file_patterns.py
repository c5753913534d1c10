"""Patterns of files in the parameters of a task, `include` and `exclude` of a dataset."""

from __future__ import annotations

import re
from typing import Any

from pandadb.core.sql.validation import InvalidValue, shown

TOKENS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)]?|[()|?*+]|\{\d*,?\d*\}|.", re.DOTALL)
"""Parts of a regular expression: an escaped letter, a set, the begin of a group, a sign."""
REPEATS = ("*", "+", "{")
VARIANTS = (*REPEATS, "?", "|")
"""Signs of what has several lengths, or several texts."""


def read_patterns(name: str, text: Any) -> list[re.Pattern[str]]:
    """Return the patterns of a parameter, separated by commas.

    A group that is repeated must not have repeats or alternatives itself: Python tries each way
    to divide a name among them, which takes time exponential in the length of the name.

    Raises:
        InvalidValue: It is no text, no regular expression, or has such a group.
    """
    if not isinstance(text, str):
        raise InvalidValue(f"{name} has to be a text with patterns of files, not {shown(text)}")
    found = text.split(",")
    for one in filter(_has_nested_repeats, found):
        raise InvalidValue(
            f"{name} has the pattern {shown(one)}: it repeats a group with repeats or alternatives"
            " in it, which may take for ever; write it without the outer repeat"
        )
    try:
        return [re.compile(one) for one in found]
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidValue(f"{name} is no regular expression: {error}, in {shown(text)}") from None


def _has_nested_repeats(pattern: str) -> bool:
    """Return whether a group is repeated that has several ways to match a text."""
    groups, closed = [False], False
    for part in TOKENS.findall(pattern):
        if part.startswith(REPEATS) and closed:
            return True
        closed = False
        if part.startswith("("):
            groups.append(False)
        elif part == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] |= closed
        elif part.startswith(VARIANTS):
            groups[-1] = True
    return False
