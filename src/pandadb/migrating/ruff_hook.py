"""Post-write hook of Alembic that formats a new revision with ruff, if it is installed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path


def command() -> list[str]:
    """Return the command that is ruff: of this environment, else of the PATH; [] for none."""
    if importlib.util.find_spec("ruff"):
        return [sys.executable, "-m", "ruff"]
    found = shutil.which("ruff")
    return [found] if found else []


def format_file(path: Path) -> None:
    """Format a file in place; a no-op without ruff."""
    if ruff := command():
        subprocess.run([*ruff, "format", "--quiet", path], check=True)  # noqa: S603 - a file of ours


if __name__ == "__main__":
    format_file(Path(sys.argv[1]))
