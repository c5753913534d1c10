"""Selections of jobs, by a filter, PandaIDs, or one job: verbs and their reports, lists, counts."""

from pandadb.services.selection.set_verbs import DESTRUCTIVE_LIMIT, OnError, run_verb
from pandadb.services.selection.verb_reports import TooMany, VerbAborted, VerbReport

__all__ = ["DESTRUCTIVE_LIMIT", "OnError", "TooMany", "VerbAborted", "VerbReport", "run_verb"]
