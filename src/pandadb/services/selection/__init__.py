"""Selections of jobs, by a filter, PandaIDs, or one job: verbs and their reports, lists, counts."""

from pandadb.core.jobs.search.job_choices import JobChoice, JobName
from pandadb.core.jobs.search.matches import live
from pandadb.core.queue.properties import SETTABLE
from pandadb.services.selection.dumps import dump
from pandadb.services.selection.job_folders import (
    JobFile,
    NoJobFolder,
    UnknownJobFile,
    copy_files,
    file_of,
    files_in,
    folder_of,
)
from pandadb.services.selection.lists import SHORT, count_jobs, list_jobs
from pandadb.services.selection.reports import JobReport, report
from pandadb.services.selection.results import JobOutput, output, output_tail, pandaids
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
    "SETTABLE",
    "SHORT",
    "JobChoice",
    "JobFile",
    "JobName",
    "JobOutput",
    "JobReport",
    "Locked",
    "NoJobFolder",
    "NotAllowed",
    "NotFound",
    "OnError",
    "TooMany",
    "UnknownJobFile",
    "VerbAborted",
    "VerbReport",
    "copy_files",
    "count_jobs",
    "dump",
    "file_of",
    "files_in",
    "folder_of",
    "list_jobs",
    "live",
    "output",
    "output_tail",
    "pandaids",
    "report",
    "run_verb",
    "typed_property",
    "update",
]
