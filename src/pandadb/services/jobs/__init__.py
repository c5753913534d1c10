"""Jobs: what operators and services ask of them. Each function is one transaction."""

from pandadb.core.filters import Filter
from pandadb.core.finding import Page, UnknownJob
from pandadb.core.histories import Attempt, History, Step
from pandadb.services.jobs.finding import count, find, get, history
from pandadb.services.jobs.loading import Loaded, load, load_records
from pandadb.services.jobs.verbs import (
    How,
    activate,
    assign,
    close,
    fail,
    finish,
    hold,
    merge,
    release,
    reset,
    throttle,
    transfer,
    wait,
)

__all__ = [
    "Attempt",
    "Filter",
    "History",
    "How",
    "Loaded",
    "Page",
    "Step",
    "UnknownJob",
    "activate",
    "assign",
    "close",
    "count",
    "fail",
    "find",
    "finish",
    "get",
    "history",
    "hold",
    "load",
    "load_records",
    "merge",
    "release",
    "reset",
    "throttle",
    "transfer",
    "wait",
]
