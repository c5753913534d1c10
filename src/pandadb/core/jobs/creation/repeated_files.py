"""Files that a new job has several times, as their number of events is not known beforehand.

Jobs with `dy` in `specialhandling` have an input once for each file of the task that it stands for.
FILESTABLE4 has the first; the others are noted with the ranges of events. Semantics 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.events.creation import RepeatedFile
from pandadb.core.events.special_handling import Flag, has
from pandadb.core.jobs.files.file_status import INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def split(
    jobs: Sequence[Mapping[str, Any]], files: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[RepeatedFile]]:
    """Return the files that FILESTABLE4 has, and those that are there already by their name."""
    dynamic = {job["pandaid"] for job in jobs if has(job.get("specialhandling"), Flag.DYNAMIC)}
    if not dynamic:
        return [*files], []
    kept, repeated, rows = [], [], dict[tuple[int, str], int]()
    for file in files:
        key = (file["pandaid"], file.get("lfn") or "")
        if file["pandaid"] not in dynamic or file.get("type") not in INPUTS or key not in rows:
            kept.append(file)
            if file.get("type") in INPUTS:
                rows[key] = file["row_id"]
        elif file.get("fileid") is not None:
            repeated.append(_repeated(file, rows[key]))
    return kept, repeated


def _repeated(file: Mapping[str, Any], row_id: int) -> RepeatedFile:
    return RepeatedFile(
        file["jeditaskid"],
        file["datasetid"],
        file["fileid"],
        file.get("attemptnr") or 0,
        file["pandaid"],
        row_id,
    )
