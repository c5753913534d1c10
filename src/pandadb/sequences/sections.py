"""The sections of a sequence file: steps, which are scripts, and the sequence, which is Python.

A header is a line `### NAME` in column 0; the rest of that line is dropped. So are lines that are
empty or begin with `#`, in all sections, and lines before the first header.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

HEADER = re.compile(r"###\s*([a-zA-Z_0-9]+)", re.ASCII)
BLANKS = " \t\r\f\v"
"""A line with others, such as a no-break space, is not empty."""
SEQUENCE = "sequence"
"""A section whose name has this word, in any case, is the sequence."""
LARGEST = 16 << 20
"""Bytes of the largest sequence file."""


class InvalidSequence(InvalidInput):
    """A file that is no sequence; the sentence has the file and the line."""


class Line(NamedTuple):
    """A line of a section, and its number in the file, from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Section:
    """A section of a file, without the lines that are dropped."""

    name: str
    number: int
    """The number of the line with its header."""
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines, each with a line end."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def is_sequence(self) -> bool:
        """Whether its name has the word sequence."""
        return SEQUENCE in self.name.lower()


@dataclass(frozen=True)
class SequenceFile:
    """A sequence file: its steps and its sequence."""

    path: Path
    text: str
    steps: dict[str, Section]
    sequence: Section
    lost: tuple[Section, ...] = field(default=())
    """Sections that are no steps: they follow one whose name has the word sequence, or are it."""


def read_sequence(path: Path) -> SequenceFile:
    """Read a sequence file; bytes that are not UTF-8 stay as they are.

    Raises:
        InvalidSequence: It cannot be read, or has no sequence as its last section, or two steps of
            one name, or a step whose name is none in Python.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidSequence(f"{path} cannot be read: {reason}") from None
    if len(data) > LARGEST:
        raise InvalidSequence(f"{path} has more than 16 MiB: that is no sequence file")
    return parse_sequence(path, data.decode("utf-8", "surrogateescape"))


def parse_sequence(path: Path, text: str) -> SequenceFile:
    """Return the sequence of a file's text.

    Of several sections whose names have the word sequence, the last one is the sequence.

    Raises:
        InvalidSequence: See `read_sequence`.
    """
    if "\0" in text:
        raise InvalidSequence(f"{path} has a NUL character: that is no sequence file")
    sections = split_sections(text)
    if not any(section.is_sequence for section in sections):
        raise InvalidSequence(f"{path} has no section `### Sequence`: nothing would run")
    first = next(place for place, section in enumerate(sections) if section.is_sequence)
    last = sections[-1]
    if not last.is_sequence:
        raise InvalidSequence(
            f"{path}, line {last.number}: the section {last.name} stands behind the sequence, "
            "which has to be the last one"
        )
    lost = sections[first:-1]
    return SequenceFile(path, text, _steps(path, sections[:first], lost), last, tuple(lost))


def split_sections(text: str) -> list[Section]:
    """Return the sections of a file's text, in their order."""
    sections: list[tuple[str, int, list[Line]]] = []
    for number, line in enumerate(file_lines(text), start=1):
        if header := HEADER.match(line):
            sections.append((header[1], number, []))
        elif sections and line.strip(BLANKS) and not line.startswith("#"):
            sections[-1][2].append(Line(number, line))
    return [Section(name, number, tuple(lines)) for name, number, lines in sections]


def file_lines(text: str) -> list[str]:
    """Return the lines of a text without their ends, those of Windows, too."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _steps(path: Path, sections: list[Section], lost: list[Section]) -> dict[str, Section]:
    """Return the steps by name; those that are lost have other names."""
    steps: dict[str, Section] = {}
    for section in sections:
        _refuse_double(path, section, steps)
        if not section.name.isidentifier() or keyword.iskeyword(section.name):
            raise InvalidSequence(
                f"{path}, line {section.number}: {section.name} is no name in Python, "
                "so no step can be called so"
            )
        steps[section.name] = section
    for section in lost:
        _refuse_double(path, section, steps)
    return steps


def _refuse_double(path: Path, section: Section, steps: dict[str, Section]) -> None:
    if (first := steps.get(section.name)) is not None:
        raise InvalidSequence(
            f"{path}, line {section.number}: the step {section.name} is in line {first.number} "
            "already"
        )
