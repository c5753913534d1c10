"""Fields of the input's name that go into the names of outputs: AN and UF, job generation 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pandadb.core.generation import task_rules
from pandadb.core.generation.jobs.file_rows import is_pseudo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Slice

SEPARATOR = re.compile(r"\.|_tid\d+")
UNMERGED_FIELD = 4
"""The first field of the name of an unmerged file that came from the input's name."""


def middle_name(request: JobRequest, one: Slice, input_dataset: str | None) -> str:
    """Return the fields, each after a dot; of the dataset's name, or with UF of the first file's.

    A name with fewer fields gives none, or as a file's name those before the missing one. The
    segment of the work comes last.
    """
    fields = _fields(request, one, input_dataset)
    name = segment(request, one)
    if name is None:
        return fields
    return f"{fields}_{name}" if fields else name


def segment(request: JobRequest, one: Slice) -> str | None:
    """Return the name of the segment of work that a job belongs to (SW); None for none."""
    (master, _), *_ = one.inputs
    if not request.has("segmentedWork") or not is_pseudo(master):
        return None
    return str(master["containername"] or "").partition("/")[0]


def _fields(request: JobRequest, one: Slice, input_dataset: str | None) -> str:
    wanted = task_rules.fields(request.rules)
    if not wanted or not input_dataset:
        return ""
    (_, masters), *secondaries = one.inputs
    if request.is_merging:
        merged = next((files for _, files in secondaries if files), None)
        parts = merged[0]["lfn"].split(".") if merged else []
        return _joined(parts[UNMERGED_FIELD : UNMERGED_FIELD + len(wanted)])
    if request.has("useFileAsSourceLFN"):
        parts = SEPARATOR.split(masters[0]["lfn"])
        known = next((n for n, field in enumerate(wanted) if field > len(parts)), len(wanted))
        return _joined([parts[field - 1] for field in wanted[:known]])
    parts = SEPARATOR.split(input_dataset.rpartition(":")[2])
    if len(parts) < max(wanted):
        return ""
    return _joined([parts[field - 1] for field in wanted])


def _joined(parts: Sequence[str]) -> str:
    return "".join(f".{part}" for part in parts)
