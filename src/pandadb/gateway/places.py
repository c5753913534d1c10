"""Folders of instruments and runs, made of the settings' templates."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Protocol

    class Folders(Protocol):
        """The settings of folders that are needed here."""

        @property
        def root(self) -> Path:
            """The folder of all others."""

        @property
        def scripts(self) -> str:
            """The template of the folder of a script."""

        @property
        def data(self) -> list[str]:
            """The templates of folders of data."""


CYCLE = re.compile(r"/cycle_(\d+_\d+)(?=/|$)", re.IGNORECASE)
INST = re.compile(r"^\\\\isis\\inst\$\\", re.IGNORECASE)


def posix_path(data: str) -> str:
    r"""Return a path of a message as this system has it: `\\isis\inst$\…` is `/isis/…`."""
    if "\\" not in data:
        return data
    return INST.sub(r"\\isis\\", data).replace("\\", "/")


def filled(template: str, names: Mapping[str, Any]) -> str:
    """Return a template with its names filled in.

    Raises:
        InvalidInput: It has an unknown name, or needs a cycle that the data's path has not.
    """
    try:
        return template.format(**names)
    except KeyError as error:
        if error.args[0] == "cycle":
            raise InvalidInput("data: its path is of no cycle (cycle_NN_N)") from None
        raise InvalidInput(f"The settings' template {template!r} has {error}") from None
    except (IndexError, ValueError) as error:
        raise InvalidInput(f"The settings' template {template!r}: {error}") from None


def names_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that templates may have, with the values of a run.

    Raises:
        InvalidInput: The facility would lead to another folder.
    """
    known = ("facility", "instrument", "rb_number", "run_number", "run_version")
    names = {name: run[name] for name in known if name in run}
    facility = str(names.get("facility", ""))
    if "/" in facility or facility in (".", ".."):
        raise InvalidInput("facility: a name without / is needed")
    if found := CYCLE.findall(posix_path(str(run.get("data", "")))):
        names["cycle"] = found[-1]
    return names


def script_folder(folders: Folders, instrument: str) -> Path:
    """Return the folder of an instrument's script."""
    return folders.root / filled(folders.scripts, {"instrument": instrument})


def check_data(folders: Folders, run: Mapping[str, Any]) -> None:
    """See that the path of the data of a run lies where those of its instrument may.

    Raises:
        InvalidInput: It does not, or has `..`, or is not absolute.
    """
    path = posix_path(str(run["data"]))
    if not path.startswith("/") or ".." in path.split("/"):
        raise InvalidInput("data: an absolute path without .. is needed")
    names = names_of(run)
    allowed = [os.path.normpath(folders.root / filled(one, names)) for one in folders.data]
    inside = os.path.normpath(path)
    if allowed and not any(inside == one or inside.startswith(f"{one}/") for one in allowed):
        raise InvalidInput(f"data: the path is not in a folder of {run['instrument']}")
