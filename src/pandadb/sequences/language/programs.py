"""The sequence section as a syntax tree, whose lines are those of the file.

A section that does not compile, or has names that only Python 2 has, is one of Python 2, and is
converted.
"""

from __future__ import annotations

import ast
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.sequences.language.python2.conversion import converted, is_python2, with_meaning
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
    is_python2: bool = False
    """Whether it was converted: then it has the names of Python 2."""


def parse_program(file: SequenceFile) -> Program:
    """Return the program of a sequence file.

    Raises:
        InvalidSequence: It is no Python, neither of version 3 nor of version 2.
    """
    text = file.sequence.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of an escape that Python does not know
        problem, tree = "", None
        try:
            tree = _parsed(text)
        except UNPARSABLE as error:
            problem = _sentence(file, error)
        if tree is None or is_python2(tree):
            with suppress(*UNPARSABLE):
                if python3 := converted(text):
                    return _program(file, with_meaning(_parsed(python3)), is_python2=True)
        if tree is not None:
            return _program(file, tree)
    raise InvalidSequence(problem)


def _parsed(text: str) -> ast.Module:
    tree = ast.parse(text)
    compile(tree, "<sequence>", "exec")  # with the lines of the text, for errors
    return tree


def _program(file: SequenceFile, tree: ast.Module, *, is_python2: bool = False) -> Program:
    for node in ast.walk(tree):
        for name in ("lineno", "end_lineno"):
            if (number := getattr(node, name, None)) is not None:
                setattr(node, name, _line(file.sequence, number))
    return Program(file.path, tree, compile(tree, str(file.path), "exec"), is_python2)


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
