"""Selections of jobs, by a filter, PandaIDs, or one job: verbs and their reports, lists, counts."""

from pandadb.services.selection.dumps import dump
from pandadb.services.selection.lists import count_jobs, list_jobs
from pandadb.services.selection.reports import JobReport, report
from pandadb.services.selection.set_verbs import DESTRUCTIVE_LIMIT, OnError, run_verb
from pandadb.services.selection.updates import typed_property, update
from pandadb.services.selection.verb_reports import (
    Locked,
    NotAllowed,
    NotFound,
    TooMany,
    VerbAborted,
    VerbReport,
)

__all__ = [
    "DESTRUCTIVE_LIMIT",
    "JobReport",
    "Locked",
    "NotAllowed",
    "NotFound",
    "OnError",
    "TooMany",
    "VerbAborted",
    "VerbReport",
    "count_jobs",
    "dump",
    "list_jobs",
    "report",
    "run_verb",
    "typed_property",
    "update",
]
