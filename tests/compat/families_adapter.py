"""The ops of the golden files by pandadb's verbs: see `replay.py` beside the golden files.

An adapter calls verbs and adds nothing to them; a part of it for each family of tables.
"""

from __future__ import annotations

from pandadb.database import Database
from tests.compat.families.commands import Commands
from tests.compat.families.datasets import Datasets
from tests.compat.families.errors import Errors
from tests.compat.families.event_ranges import EventRanges
from tests.compat.families.generation import Generation
from tests.compat.families.harvester import Harvester
from tests.compat.families.job_ends import JobEnds
from tests.compat.families.shares import Shares
from tests.compat.families.sites import Sites
from tests.compat.families.submission import Submission
from tests.compat.families.task_ends import TaskEnds


class Families(
    Submission,
    Commands,
    TaskEnds,
    Datasets,
    JobEnds,
    Generation,
    EventRanges,
    Shares,
    Sites,
    Harvester,
    Errors,
):
    """All families; each op is a method of one of the parts."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
