"""Patterns of files in the parameters of a task, `include` and `exclude` of a dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pandadb.core.sql.validation import InvalidValue, shown

PARTS = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"  # an escaped letter, a set
    r"|\(\?[a-zA-Z-]*\)|\(\?(?:P?<\w+>|<[=!]|[a-zA-Z-]*[:=!])|[()|]"  # flags, groups
    r"|[*+?]|\{\d*,?\d*\}|.",
    re.DOTALL,
)
"""Parts of a regular expression."""
NO_LETTERS = ".^$"
"""Parts of one sign that stand for no letter of their own."""


@dataclass
class _Group:
    """Parts of a group, as far as they decide if its repetition is divided in one way only."""

    letters: list[str] = field(default_factory=list)
    """Letters that each repetition has."""
    repeated: list[str] = field(default_factory=list)
    """Parts that are repeated, or may be left out."""
    has_alternatives: bool = False

    def is_ambiguous(self) -> bool:
        """Return whether no letter separates the repetitions: none beside the repeated parts."""
        if self.has_alternatives:
            return True
        parts = [re.compile(one, re.DOTALL) for one in self.repeated]
        marks = (one for one in self.letters if not any(part.fullmatch(one) for part in parts))
        return bool(parts) and next(marks, None) is None


def read_patterns(name: str, text: Any) -> list[re.Pattern[str]]:
    r"""Return the patterns of a parameter, separated by commas.

    A group that is repeated needs a letter that its own repeats do not match, as the dot in
    `(\.\d+)*`: else Python tries each way to divide a name among them, which takes time
    exponential in the length of the name.

    Raises:
        InvalidValue: It is no text, no regular expression, or has such a group.
    """
    if not isinstance(text, str):
        raise InvalidValue(f"{name} has to be a text with patterns of files, not {shown(text)}")
    try:
        found = [re.compile(one) for one in text.split(",")]
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidValue(f"{name} is no regular expression: {error}, in {shown(text)}") from None
    for one in found:
        if _has_nested_repeats(one.pattern):
            raise InvalidValue(
                f"{name} has the pattern {shown(one.pattern)}: it repeats a group that has repeats"
                " or alternatives itself, which may take for ever; write it without the outer"
                " repeat"
            )
    return found


def _has_nested_repeats(pattern: str) -> bool:
    """Return whether a group is repeated whose repetitions can be divided in several ways."""
    groups, closed, last = [_Group()], None, ""
    for part in PARTS.findall(pattern):
        group = groups[-1]
        if part[0] in "*+?" or (part[0] == "{" and len(part) > 1):
            if closed is not None:
                if part != "?" and closed.is_ambiguous():
                    return True
                group.repeated.append(".")
            elif last:
                _leave_out(group, last)
            closed, last = None, ""
            continue
        if closed is not None:
            _join(group, closed)
        closed, last = None, ""
        if part.startswith("(") and not part.endswith(")"):
            groups.append(_Group())
        elif part == ")" and len(groups) > 1:
            closed = groups.pop()
        elif part == "|":
            group.has_alternatives = True
        elif not part.startswith("("):
            last = part
            group.letters += _letter(part)
    return False


def _letter(part: str) -> list[str]:
    """Return the letter that a part stands for, if it is just one."""
    if part.startswith("\\"):
        return [] if part[1:].isalnum() else [part[1:]]
    return [part] if len(part) == 1 and part not in NO_LETTERS else []


def _leave_out(group: _Group, part: str) -> None:
    """Note that a part is repeated: its letter is not there once."""
    for letter in _letter(part):
        group.letters.remove(letter)
    if part not in ("^", "$"):
        group.repeated.append(part if len(part) > 1 or part == "." else re.escape(part))


def _join(group: _Group, inner: _Group) -> None:
    """Take the parts of an inner group that is there once."""
    if inner.has_alternatives:
        group.repeated.append(".")
    else:
        group.letters += inner.letters
        group.repeated += inner.repeated
