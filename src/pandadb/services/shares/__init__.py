"""Global shares and work queues, for operators and services. Each function is one transaction."""

from pandadb.core.shares.changes import ShareDiff
from pandadb.core.shares.definitions import InvalidShares
from pandadb.core.shares.matching import Trial
from pandadb.core.shares.ranking import Power
from pandadb.core.shares.tree import Share, ShareTree
from pandadb.core.shares.usage import QueueUsage
from pandadb.core.tasks.changes.global_shares import ShareChanges
from pandadb.services.shares.changes import change, load, parse_values
from pandadb.services.shares.matching import JobMatch, TaskMatch, match_job, match_jobs, match_task
from pandadb.services.shares.share_reassignments import (
    UnknownShare,
    reassign,
    reassign_jobs_by_rules,
    reassign_tasks_by_rules,
)
from pandadb.services.shares.tree import SharePage, TreeReport, page, rank, tree
from pandadb.services.transaction import VerbOptions

__all__ = [
    "InvalidShares",
    "JobMatch",
    "Power",
    "QueueUsage",
    "Share",
    "ShareChanges",
    "ShareDiff",
    "SharePage",
    "ShareTree",
    "TaskMatch",
    "TreeReport",
    "Trial",
    "UnknownShare",
    "VerbOptions",
    "change",
    "load",
    "match_job",
    "match_jobs",
    "match_task",
    "page",
    "parse_values",
    "rank",
    "reassign",
    "reassign_jobs_by_rules",
    "reassign_tasks_by_rules",
    "tree",
]
