"""Types of datasets that rules of tasks go by (semantics 4.1)."""

from __future__ import annotations

INPUTS = ("input", "pseudo_input")
"""Input of a task, real or made up."""
MERGED = ("trn_log", "trn_output")
"""Output that is to be merged."""
PROCESSED = (*INPUTS, "pp_input", *MERGED)
"""Types whose files jobs are made for."""
PRODUCED = ("output", "log")
CLOSED_WITH_TASK = (*PRODUCED, "lib")
"""Types whose datasets get a final state with the task, and count only what was made."""
