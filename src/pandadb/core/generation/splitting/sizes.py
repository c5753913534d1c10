"""Sizes of files, of the output that they lead to, and of a job's scratch, in bytes.

Job generation 2. The unit of a task's output is for each MB of input, or for each event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.generation.file_events import events_of, range_of

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Row

UNITS = {"GB": 1024**3, "MB": 1024**2, "kB": 1024}
MB = UNITS["MB"]
SCRATCH_MARGIN = 300 * MB
LEAST_MERGE_SCRATCH = 500 * MB
MERGE_GROWTH = 1.2
"""Size of a merged file, over that of its input."""


@dataclass(frozen=True)
class OutputSize:
    """The rule of the size of a job's output."""

    per_mb: int = 0
    """Bytes for each MB of the master's input."""
    per_event: int = 0
    growth: float = 0
    """Bytes for each byte of input, of each stream by itself: of merging."""
    growth_of_master: float = 0

    def of_master(self, file: Row) -> int:
        """Return the bytes of output by a file of the master."""
        by_size = int(self.per_mb * effective_mb(file)) if self.per_mb else 0
        merged = int(self.growth_of_master * bytes_of(file))
        return by_size + self.per_event * events_of(file) + merged

    def of_secondary(self, file: Row) -> int:
        """Return the bytes of output by a file of a secondary dataset, in its own stream."""
        return int(self.growth * bytes_of(file))


def merged_size(master: Row) -> OutputSize:
    """Return the rule of the size of merged output; logs as the master are small: no output."""
    is_log = master["type"] == "trn_log"
    return OutputSize(growth=MERGE_GROWTH, growth_of_master=0 if is_log else MERGE_GROWTH)


def output_size(task: Row) -> OutputSize:
    """Return the rule of the size of a task's output: OUTDISKCOUNT and its unit."""
    unit = task["outdiskunit"] or ""
    amount = max(task["outdiskcount"] or 0, 0) * UNITS.get(unit[:2], 1)
    return OutputSize(per_event=amount) if "PerEvent" in unit else OutputSize(per_mb=amount)


def scratch_size(task: Row, *, is_merging: bool = False) -> int:
    """Return the bytes of scratch of a job: WORKDISKCOUNT with a margin, none if that is NULL."""
    count = task["workdiskcount"]
    scratch = 0
    if count is not None:
        scratch = count * UNITS.get(task["workdiskunit"] or "", 1) + SCRATCH_MARGIN
    return max(scratch, LEAST_MERGE_SCRATCH) if is_merging else scratch


def bytes_of(file: Row) -> int:
    """Return the size of a file; 0 if it has none."""
    return int(file["fsize"] or 0)


def effective_mb(file: Row) -> float:
    """Return MB of a file, or of its range of events; a file without a size counts as 1 MB."""
    size, events = bytes_of(file), range_of(file)
    if size and events is not None and file["nevents"]:
        size = int(size * events / file["nevents"])
    return size / MB if size else 1.0
