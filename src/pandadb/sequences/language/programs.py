"""The sequence section as a syntax tree, whose lines are those of the file.

A section that does not compile is taken for Python 2, and converted.
"""

from __future__ import annotations

import ast
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.sequences.language.python2 import converted, floor_divisions
from pandadb.sequences.sections import InvalidSequence

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from pandadb.sequences.sections import Section, SequenceFile

LOCK = threading.Lock()
"""Filters of warnings are those of all threads."""
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Program:
    """A sequence section that compiles; its lines are those of the file."""

    path: Path
    tree: ast.Module
    code: CodeType


def parse_program(file: SequenceFile) -> Program:
    """Return the program of a sequence file.

    Raises:
        InvalidSequence: It is no Python, neither of version 3 nor of version 2.
    """
    text = file.sequence.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of an escape that Python does not know
        try:
            return _program(file, _parsed(text))
        except UNPARSABLE as error:
            problem = _sentence(file, error)
        try:
            if python3 := converted(text):
                return _program(file, floor_divisions(_parsed(python3)))
        except UNPARSABLE:
            pass
    raise InvalidSequence(problem)


def _parsed(text: str) -> ast.Module:
    tree = ast.parse(text)
    compile(tree, "<sequence>", "exec")  # with the lines of the text, for errors
    return tree


def _program(file: SequenceFile, tree: ast.Module) -> Program:
    for node in ast.walk(tree):
        for name in ("lineno", "end_lineno"):
            if (number := getattr(node, name, None)) is not None:
                setattr(node, name, _line(file.sequence, number))
    return Program(file.path, tree, compile(tree, str(file.path), "exec"))


def _sentence(file: SequenceFile, error: BaseException) -> str:
    kind = type(error).__name__
    if not isinstance(error, SyntaxError):
        return f"{file.path}: {kind}: the sequence is nested too deeply, or has odd characters"
    number = _line(file.sequence, error.lineno or 1)
    return f"{file.path}, line {number}: {kind}: {error.msg}"


def _line(section: Section, number: int) -> int:
    """Return the line of the file, given that of the section's text."""
    if not section.lines:
        return section.number
    return section.lines[min(max(number, 1), len(section.lines)) - 1].number
