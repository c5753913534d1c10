"""Explanations of a day or a job: its places, its deferrals, and its proofs."""

from pandadb.services.archive.explanations.day import ExplainedDay, Next, explain_day
from pandadb.services.archive.explanations.job import ExplainedJob, explain_job
from pandadb.services.archive.explanations.places import Kind, Place
from pandadb.services.archive.explanations.proofs import Held, Proven

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
