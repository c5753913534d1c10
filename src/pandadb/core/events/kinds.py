"""Kinds of jobs and tasks by their ranges of events: the columns EVENTSERVICE."""

from __future__ import annotations

from enum import IntEnum


class JobKind(IntEnum):
    """Of JOBS*4.eventservice; 0 and NULL are other jobs."""

    EVENT_SERVICE = 1
    MERGE = 2
    CLONE = 3
    JUMBO = 4
    CO_JUMBO = 5
    FINE_GRAINED = 6


class TaskKind(IntEnum):
    """Of JEDI_TASKS.eventservice."""

    NORMAL = 0
    EVENT_SERVICE = 1
    JOB_CLONING = 2
    FINE_GRAINED = 3


TAKES_RANGES = (TaskKind.EVENT_SERVICE, TaskKind.JOB_CLONING)
"""Kinds of tasks with several jobs for an input, which share its ranges."""
WAITING_SITE = "WAITING_CO_JUMBO"
"""The queue of co-jumbo jobs that wait for jumbo jobs."""
