"""Types of datasets, as rules of datasets, files, jobs and tasks name them (semantics 4.1)."""

from __future__ import annotations

INPUTS = ("input", "pseudo_input")
"""Input of a task, real or made up; masters of a task are of these types."""
READ = (*INPUTS, "pp_input")
"""What jobs read: input, and outputs of a step before."""
PRODUCED = ("output", "log")
MERGED = ("trn_output", "trn_log")
"""Output that is to be merged."""
PROCESSED = (*READ, *MERGED)
"""Types with files that jobs are made for."""
CLOSED_WITH_TASK = (*PRODUCED, "lib")
"""Types of datasets that get a final state with the task, and count only produced files."""
