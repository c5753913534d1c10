"""Traps of sequence files: lines that run otherwise than they look."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from pandadb.sequences.language.bindings import names_bound_anywhere
from pandadb.sequences.language.builtin_names import FUNCTIONS
from pandadb.sequences.language.programs import parse_program
from pandadb.sequences.language.refusals import refuse
from pandadb.sequences.sections import HEADER, InvalidSequence, file_lines, read_sequence
from pandadb.sequences.step_scripts import SHELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.sequences.sections import Section, SequenceFile

NO_HEADER = re.compile(r"\s+###\s*\w|###\s*$|###\s*[^\s\w]|####")
"""A line that looks like a header, and is none."""
DOCUMENT = re.compile(r"<<-?\s*(['\"\\]?)(\w+)")
"""The begin of a here-document, with the word that ends it."""
GIVEN = frozenset({*FUNCTIONS, "print", "time", "exit", "isinstance", "getattr", "hasattr"})
FUNCTIONS_OF_JOBS = ("getPandaJob", "getRunningPandaJobs", "getFrozenPandaJobs")


class Trap(NamedTuple):
    """Something odd in a file."""

    path: Path
    line: int
    sentence: str
    is_error: bool = False
    """Whether the file does not run."""

    @override
    def __str__(self) -> str:
        """Return it as a line."""
        if self.is_error:
            return self.sentence  # of an error, which has the place
        place = f"{self.path}, line {self.line}" if self.line else str(self.path)
        return f"{place}: {self.sentence}"


def traps_of(path: Path, *, trust_python: bool = False) -> list[Trap]:
    """Return the traps in a sequence file, by line.

    Args:
        path: The file.
        trust_python: Whether its sequence may use all of Python.
    """
    try:
        file = read_sequence(path)
        program = parse_program(file)
        if not trust_python:
            refuse(program, steps=file.steps)
    except InvalidSequence as error:
        return [Trap(path, 0, str(error), is_error=True)]
    found = [
        *_lines(file),
        *_sections(file),
        *_steps(file),
        *_uses(file, program.tree),
    ]
    return sorted(
        (Trap(path, line, sentence) for line, sentence in found), key=lambda one: one.line
    )


def _lines(file: SequenceFile) -> Iterator[tuple[int, str]]:
    """Yield lines that are lost, and headers that are cut."""
    has_header = False
    for number, line in enumerate(file_lines(file.text), start=1):
        if header := HEADER.match(line):
            has_header = True
            if line[header.end() :][:1].strip():
                yield number, f"the name is only {header[1]}: it ends at the next character"
        elif NO_HEADER.match(line):
            yield number, "this is no header: write ### in the first column, and a name"
        elif line.startswith("#!"):
            yield number, f"the line is dropped: steps are run by {SHELL}, see --shell"
        elif not has_header and line.strip() and not line.startswith("#"):
            yield number, "the line stands before the first header, and is dropped"
    if file.text.startswith("\ufeff"):
        yield 1, "the file begins with a byte order mark: its first line is no header and no remark"
    if "\r\n" in file.text:
        yield 1, "the line ends are those of Windows: they are taken as \\n"


def _sections(file: SequenceFile) -> Iterator[tuple[int, str]]:
    for section in file.lost:
        reason = (
            "its name has the word sequence" if section.is_sequence else "it follows such a one"
        )
        yield section.number, f"{section.name} is no step: {reason}"
    if not file.sequence.lines:
        yield file.sequence.number, "the sequence is empty: nothing runs"


def _steps(file: SequenceFile) -> Iterator[tuple[int, str]]:
    has_source = Path(SHELL).resolve().name in ("bash", "zsh", "ksh")
    for section in file.steps.values():
        if section.name in FUNCTIONS_OF_JOBS:
            yield section.number, f"the function {section.name} hides the step of that name"
        elif section.name in GIVEN:
            yield section.number, f"the step {section.name} hides the function of that name"
        if not section.lines:
            yield section.number, f"the step {section.name} has no commands"
        for line in section.lines:
            if re.match(r"\s*source\s", line.text) and not has_source:
                yield line.number, f"{SHELL} has no command source: write . or use --shell bash"
        yield from _lost_in_documents(file, section)


def _lost_in_documents(file: SequenceFile, section: Section) -> Iterator[tuple[int, str]]:
    """Yield lines of here-documents that are dropped, since they are empty or begin with #."""
    lines, kept = file_lines(file.text), {line.number for line in section.lines}
    word = ""
    for number in range(section.number + 1, len(lines) + 1):
        line = lines[number - 1]
        if HEADER.match(line):
            return
        if word and line.strip() == word:
            word = ""
        elif word and number not in kept:
            yield number, "the line is dropped from the here-document"
        elif not word and (begin := DOCUMENT.search(line)) and number in kept:
            word = begin[2]


def _uses(file: SequenceFile, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield steps that are never used, and those that have a result but are never executed."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    called: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            called.setdefault(node.value.id, set()).add(node.attr)
    for name, section in file.steps.items():
        if name not in used:
            yield section.number, f"the step {name} is never used"
        elif called.get(name) == {"result"} and not _is_passed_on(name, tree):
            yield section.number, f"the step {name} has its result taken, but is never executed"
        if name in names_bound_anywhere(tree):
            yield section.number, f"the sequence gives the name of the step {name} to another value"


def _is_passed_on(name: str, tree: ast.Module) -> bool:
    """Report whether a step is used otherwise than by its attributes, such as in a list."""
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return any(
        isinstance(node, ast.Name) and node.id == name and id(node) not in owners
        for node in ast.walk(tree)
    )
