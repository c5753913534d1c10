"""Measure how plain the prose is: words of a habit per 1,000 words, in the docs or in the source.

``python -m tests.prose docs`` reads the pages that people write (no code blocks, no generated
pages), ``python -m tests.prose src`` docstrings and comments. Exit code 1 if a limit is passed.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import tokenize
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Path(__file__).parents[1]
HABITS = {
    "who/what": (re.compile(r"\b(what|who|whose|which|whoever)\b", re.IGNORECASE), 8.0),
    "tell/say": (re.compile(r"\b(tells?|told|says?|said|somebody|nobody)\b", re.IGNORECASE), 2.0),
}
GENERATED = {"diagrams.md", "dictionary.md", "statements.md", "states.md", "task_states.md"}
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")


class Prose(NamedTuple):
    """A passage, with the file and the line where it begins."""

    file: Path
    line: int
    text: str


def pages() -> list[Path]:
    """Return the pages that people write."""
    docs = [file for file in (HOME / "docs").glob("*.md") if file.name not in GENERATED]
    named = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "migrations/README.md"]
    return [*sorted(docs), *(HOME / name for name in named if (HOME / name).exists())]


def of_page(page: Path) -> Iterator[Prose]:
    """Yield the lines of a page, without its code."""
    fenced = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield Prose(page, number, re.sub(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->", " ", line))


def of_module(module: Path) -> Iterator[Prose]:
    """Yield the docstrings (of constants, too) and the comments of a module."""
    source = module.read_text()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(docstring)), lineno=line):
                yield Prose(module, line, re.sub(r"``?[^`]*``?", " ", docstring))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not re.match(r"# (type|noqa|fmt):?", token.string):
            yield Prose(module, token.start[0], token.string)


def measure(passages: list[Prose]) -> dict[str, float]:
    """Return the words of each habit per 1,000 words."""
    words = sum(len(WORD.findall(passage.text)) for passage in passages)
    return {
        habit: 1000 * sum(len(pattern.findall(passage.text)) for passage in passages) / (words or 1)
        for habit, (pattern, _) in HABITS.items()
    }


def groups(of: str) -> dict[str, list[Prose]]:
    """Return the passages by page, or by folder of the source."""
    found: dict[str, list[Prose]] = defaultdict(list)
    if of == "docs":
        for page in pages():
            found[str(page.relative_to(HOME))].extend(of_page(page))
    else:
        modules = [*(HOME / "src" / "pandadb").rglob("*.py"), HOME / "migrations" / "env.py"]
        for module in sorted(modules):
            found[str(module.parent.relative_to(HOME))].extend(of_module(module))
    return found


def show_worst(passages: list[Prose], number: int) -> None:
    """Print the passages that have most of the words."""

    def hits(passage: Prose) -> int:
        return sum(len(pattern.findall(passage.text)) for pattern, _ in HABITS.values())

    for passage in sorted(passages, key=hits, reverse=True)[:number]:
        if hits(passage):
            place = f"{passage.file.relative_to(HOME)}:{passage.line}"
            print(f"{place}: {' '.join(passage.text.split())}")  # noqa: T201


def main() -> int:
    """Print the measures; return 1 if a group, or all of it, passes a limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("of", choices=["docs", "src"])
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print N worst passages")
    options = parser.parse_args()
    found = groups(options.of)
    passages = [passage for group in found.values() for passage in group]
    passed = False
    for name, group in [*found.items(), ("in all", passages)]:
        measured = measure(group)
        over = any(measured[habit] > limit for habit, (_, limit) in HABITS.items())
        passed |= over
        figures = "  ".join(f"{habit} {value:5.1f}" for habit, value in measured.items())
        print(f"{figures}  {'over' if over else '    '}  {name}")  # noqa: T201
    show_worst(passages, options.worst)
    return int(passed)


if __name__ == "__main__":
    raise SystemExit(main())
