"""Sequences of steps: begun under a lease, resumed, cancelled, found; each is a transaction."""

from pandadb.core.workflows.leases import LEASE, SequenceLease, SequenceLeaseLost
from pandadb.core.workflows.search import STATES, SequenceFilter, SequenceRun, StepRun
from pandadb.core.workflows.sequence_rows import (
    NewSequence,
    SequenceLocked,
    SequenceNotAllowed,
    SequenceNotFound,
)
from pandadb.core.workflows.step_rows import AttemptKey
from pandadb.services.transaction import VerbOptions
from pandadb.services.workflows.cancels import SequenceCancelResult, cancel
from pandadb.services.workflows.runs import (
    CancelRequested,
    begin,
    begin_step,
    end,
    end_step,
    interrupt,
    renew,
    resume,
    take_result,
)
from pandadb.services.workflows.search import find, get

__all__ = [
    "LEASE",
    "STATES",
    "AttemptKey",
    "CancelRequested",
    "NewSequence",
    "SequenceCancelResult",
    "SequenceFilter",
    "SequenceLease",
    "SequenceLeaseLost",
    "SequenceLocked",
    "SequenceNotAllowed",
    "SequenceNotFound",
    "SequenceRun",
    "StepRun",
    "VerbOptions",
    "begin",
    "begin_step",
    "cancel",
    "end",
    "end_step",
    "find",
    "get",
    "interrupt",
    "renew",
    "resume",
    "take_result",
]
