"""Imports of a stub: for each name of an annotation, the module that it comes from."""

from __future__ import annotations

import ast
import inspect
import sys
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


class AmbiguousName(Exception):
    """A name that two modules have for two things."""


class Imports:
    """Names by the module that they are imported from."""

    def __init__(self) -> None:
        self._modules: dict[str, str] = {}

    def add(self, module: str, name: str) -> None:
        """Import a name from a module.

        Raises:
            AmbiguousName: Another module is to give the name.
        """
        known = self._modules.setdefault(name, module)
        if known != module:
            if _object(known, name) is _object(module, name) is not None:
                return
            raise AmbiguousName(f"{name} is of {known} and of {module}: rename one of them")

    def add_from(self, module: ModuleType, name: str) -> None:
        """Import a name as a module does; or from it, if the name is defined there."""
        self.add(imported(module).get(name, module.__name__), name)

    def text(self) -> str:
        """Return the import statements, sorted as ruff sorts them."""
        names = defaultdict(list)
        for name, module in self._modules.items():
            names[module].append(name)
        groups: dict[int, list[str]] = {0: [], 1: [], 2: []}
        for module in sorted(names):
            groups[_group(module)].append(_statement(module, sorted(names[module], key=_order)))
        return "\n".join("".join(lines) for lines in groups.values() if lines)


@cache
def imported(module: ModuleType) -> dict[str, str]:
    """Return the modules of the names that a module imports, also those for type checkers only."""
    tree = ast.parse(inspect.getsource(module))
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _object(module: str, name: str) -> object | None:
    return getattr(sys.modules.get(module), name, None)


def _group(module: str) -> int:
    root = module.partition(".")[0]
    return 0 if root in sys.stdlib_module_names else 2 if root == "pandadb" else 1


def _statement(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= 101:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def _order(name: str) -> tuple[int, str]:
    """Return the key of a name: constants, then classes, then all others."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name.lower())
