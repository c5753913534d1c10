"""Lazy imports of the layers below the CLI, for fast `--help` and completion.

The modules of `cli` import modules of the layers below, and use their names only in functions.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.util import LazyLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

EAGER = ("pandadb.cli", "pandadb.errors")
"""Modules that are executed at import, with their submodules."""


class LazyFinder:
    """Finds modules of pandadb; all but the eager ones are executed at first attribute access."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec with a lazy loader; None leaves a module to the other finders."""
        if not fullname.startswith("pandadb.") or fullname.startswith(EAGER):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def lazy_imports() -> Iterator[None]:
    """Import modules lazily within the block; modules imported in it stay lazy."""
    finder = LazyFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
