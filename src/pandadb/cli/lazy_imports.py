"""Lazy imports of the layers below the CLI, for fast `--help` and completion.

The modules of `cli` import modules of the layers below, and use their names only in functions.
Threads may be the first to use a module: it is executed once, and the others wait. The lazy loader
of Python before 3.12.3 lets them see a half-made module.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

EAGER = ("pandadb.cli", "pandadb.errors")
"""Modules that are executed at import, with their submodules."""


class LazyModule(ModuleType):
    """A module that is executed at first attribute access."""

    @override
    def __getattribute__(self, name: str) -> Any:
        """Execute the module, unless it is being executed by this thread; return an attribute."""
        state: LazyState = object.__getattribute__(self, "__spec__").loader_state
        with state.lock:
            if not state.is_begun:
                state.execute(self)
        return object.__getattribute__(self, name)


class LazyState:
    """What a lazy module needs for its execution. Modules have locks in the order of imports."""

    def __init__(self, loader: Loader, module: ModuleType) -> None:
        self.lock = threading.RLock()
        self.is_begun = False
        self._loader, self._early = loader, dict(object.__getattribute__(module, "__dict__"))

    def execute(self, module: ModuleType) -> None:
        """Execute a module; what was set before, such as its submodules, stays as it was set."""
        names = object.__getattribute__(module, "__dict__")
        was_set = {
            name: value for name, value in names.items() if value is not self._early.get(name, self)
        }
        self.is_begun = True
        try:
            self._loader.exec_module(module)
        except BaseException:
            self.is_begun = False
            raise
        names.update(was_set)
        object.__setattr__(module, "__class__", ModuleType)


class LazyLoader(Loader):
    """Leaves the execution of modules to their first use."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the usual loader makes of the module."""
        return self._loader.create_module(spec)

    @override
    def exec_module(self, module: ModuleType) -> None:
        """Make the module lazy."""
        spec = module.__spec__
        if spec is not None:
            spec.loader = module.__loader__ = self._loader
            spec.loader_state = LazyState(self._loader, module)
            module.__class__ = LazyModule


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
