"""The example files: records, jobs, a dispatcher, and regular work for cron and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.errors import InvalidInput
from pandadb.package_files import shipped

if TYPE_CHECKING:
    from pathlib import Path


class ExampleDiffers(InvalidInput):
    """A file in the folder has the name of an example but different content."""


def home() -> Path:
    """Return the folder of the examples: in the wheel or a checkout."""
    return shipped("_examples", "examples")


def names() -> list[Path]:
    """Return the examples, relative to their folder."""
    files = (file.relative_to(home()) for file in home().rglob("*") if file.is_file())
    return sorted(file for file in files if "__pycache__" not in file.parts)


APPLICATIONS = ("applications.toml", "slow_div.sh")
"""The example of applications, and the program that it declares."""


def write_applications(folder: Path) -> Path:
    """Write the example of applications into the folder where `pandadb web` looks for it.

    Files that are there stay as they are.
    """
    for name in APPLICATIONS:
        if not (folder / name).exists():
            (folder / name).write_bytes((home() / name).read_bytes())
    return folder / APPLICATIONS[0]


def write(folder: Path) -> list[Path]:
    """Write the examples missing in the folder and return them; idempotent.

    Raises:
        ExampleDiffers: A file that differs would be overwritten. Nothing was written.
    """
    missing = [name for name in names() if not (folder / name).exists()]
    for name in names():
        if name not in missing and (folder / name).read_bytes() != (home() / name).read_bytes():
            raise ExampleDiffers(
                f"{folder / name} differs from the example: move it away, or name another folder"
            )
    for name in missing:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((home() / name).read_bytes())
    return [folder / name for name in missing]
