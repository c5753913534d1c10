"""Where a day or a job is, what it waits for, and what was proven of it when."""

from pandadb.services.archive.explanations.days import ExplainedDay, Next, explain_day
from pandadb.services.archive.explanations.jobs import ExplainedJob, explain_job
from pandadb.services.archive.explanations.places import Kind, Place
from pandadb.services.archive.explanations.records import Held, Proven

__all__ = [
    "ExplainedDay",
    "ExplainedJob",
    "Held",
    "Kind",
    "Next",
    "Place",
    "Proven",
    "explain_day",
    "explain_job",
]
