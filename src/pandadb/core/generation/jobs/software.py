"""Release, package and platform of generated jobs: job generation 3."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Row

VERSION = re.compile(r"-(\d+\.)")
"""The dash before a version: a package is named with a slash there."""
SEPARATOR = re.compile(r"[@#&]")
BASE_PLATFORM = re.compile(r"@([^#&]*)")
"""Parts of an architecture that is no JSON: software, then `@` base, `#` CPU, `&` GPU."""


def columns(task: Row) -> dict[str, Any]:
    """Return the columns of a job that name its software."""
    home, release = task["transhome"], task["transuses"]
    return {
        "atlasrelease": None if release is None else release.replace("\r", ""),
        "homepackage": None if home is None else VERSION.sub(r"/\1", home).replace("\r", ""),
        "cmtconfig": platform(task["architecture"]),
    }


def platform(architecture: str | None) -> str | None:
    """Return the platform of an architecture, `software@base`; the base may be missing.

    An architecture is a JSON object, or a text with separators.
    """
    if architecture is None:
        return None
    try:
        described = json.loads(architecture)
    except ValueError:
        described = None
    if isinstance(described, dict):
        software, base = described.get("sw_platform") or "", described.get("base_platform")
    else:
        found = BASE_PLATFORM.search(architecture)
        software = SEPARATOR.split(architecture, maxsplit=1)[0]
        base = found[1] if found else None
    return f"{software}@{base}" if base else software
