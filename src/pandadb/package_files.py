"""Folders shipped beside the modules: in the package of a wheel, else in a checkout."""

from __future__ import annotations

from pathlib import Path

import pandadb


def shipped(in_wheel: str, in_checkout: str) -> Path:
    """Return a folder by its names in the package and in the root of a checkout."""
    package = Path(pandadb.__file__).parent
    packed = package / in_wheel
    return packed if packed.exists() else package.parents[1] / in_checkout
