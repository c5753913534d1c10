"""Verbs and queries of jobs, for operators and services. Each function is one transaction."""

from pandadb.core.jobs.creation.submission import NewJob
from pandadb.core.jobs.dispatch.dispatches import DispatchRequest, DispatchResult
from pandadb.core.jobs.heartbeats import Answer, Heartbeat
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.refusals import Refusal, Refused
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.histories import Attempt, History, HistoryStep
from pandadb.core.jobs.search.job_filters.job_filter import JobFilter, as_sql, narrowed
from pandadb.core.jobs.search.pages import Page, UnknownJob
from pandadb.core.jobs.states import STATES, legal_from
from pandadb.services.jobs.bulk_verbs import advance_where, count_where, kill_where
from pandadb.services.jobs.dispatches import dispatch
from pandadb.services.jobs.expiry import ExpiryResult, expire
from pandadb.services.jobs.file_reports import read_report
from pandadb.services.jobs.heartbeats import heartbeat
from pandadb.services.jobs.iteration import iterate
from pandadb.services.jobs.kills import KillResult, close, kill
from pandadb.services.jobs.record_load import LoadResult, load, load_records
from pandadb.services.jobs.retries import retry
from pandadb.services.jobs.search import count, find, get, history, sites
from pandadb.services.jobs.submission import read, submit
from pandadb.services.jobs.verbs import (
    VERBS,
    activate,
    advance,
    assign,
    cancel,
    check_verb,
    fail,
    finish,
    hold,
    merge,
    release,
    reset,
    throttle,
    transfer,
    typed,
    wait,
)
from pandadb.services.transaction import VerbOptions

__all__ = [
    "STATES",
    "VERBS",
    "Answer",
    "Attempt",
    "DispatchRequest",
    "DispatchResult",
    "ExpiryResult",
    "Filter",
    "Heartbeat",
    "History",
    "HistoryStep",
    "JobFilter",
    "KillResult",
    "LoadResult",
    "MoveResult",
    "NewJob",
    "Page",
    "Refusal",
    "Refused",
    "UnknownJob",
    "VerbOptions",
    "activate",
    "advance",
    "advance_where",
    "as_sql",
    "assign",
    "cancel",
    "check_verb",
    "close",
    "count",
    "count_where",
    "dispatch",
    "expire",
    "fail",
    "find",
    "finish",
    "get",
    "heartbeat",
    "history",
    "hold",
    "iterate",
    "kill",
    "kill_where",
    "legal_from",
    "load",
    "load_records",
    "merge",
    "narrowed",
    "read",
    "read_report",
    "release",
    "reset",
    "retry",
    "sites",
    "submit",
    "throttle",
    "transfer",
    "typed",
    "wait",
]
