"""Jobs: what operators and services ask of them. Each function is one transaction."""

from pandadb.services.jobs.expiry import Expired, expire
from pandadb.services.jobs.killing import Killed, kill
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
    "Expired",
    "How",
    "Killed",
    "Loaded",
    "activate",
    "assign",
    "close",
    "expire",
    "fail",
    "finish",
    "hold",
    "kill",
    "load",
    "load_records",
    "merge",
    "release",
    "reset",
    "throttle",
    "transfer",
    "wait",
]
