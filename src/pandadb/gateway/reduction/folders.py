"""The settings of folders, as the job of a run has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Folders:
    """Templates of folders and files: see `settings.Folders`."""

    root: Path
    scripts: str
    data: list[str]
    result: str
    versioned: str
    flat: str
    ceph: str
    excitation: str
    script_log: str
    error_log: str
    temporary: Path | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Folders:
        """Return the folders of a job's arguments."""
        known = {name: given[name] for name in cls.__dataclass_fields__}
        temporary = known["temporary"]
        paths = {"root": Path(known["root"]), "temporary": temporary and Path(temporary)}
        return cls(**{**known, **paths})
