"""Jobs: what operators and services ask of them. Each function is one transaction."""

from pandadb.core.dispatching import Dispatched, Wanted
from pandadb.core.heartbeats import Answer, Heartbeat
from pandadb.core.submission import NewJob
from pandadb.services.jobs.dispatching import dispatch
from pandadb.services.jobs.expiry import Expired, expire
from pandadb.services.jobs.heartbeats import heartbeat
from pandadb.services.jobs.killing import Killed, kill
from pandadb.services.jobs.loading import Loaded, load, load_records
from pandadb.services.jobs.submission import submit
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
    "Answer",
    "Dispatched",
    "Expired",
    "Heartbeat",
    "How",
    "Killed",
    "Loaded",
    "NewJob",
    "Wanted",
    "activate",
    "assign",
    "close",
    "dispatch",
    "expire",
    "fail",
    "finish",
    "heartbeat",
    "hold",
    "kill",
    "load",
    "load_records",
    "merge",
    "release",
    "reset",
    "submit",
    "throttle",
    "transfer",
    "wait",
]
