"""Explanations of a day or a job: its places, its deferrals, and its proofs."""

from pandadb.services.archive.explanations.day import ExplainedDay, NextAction, explain_day
from pandadb.services.archive.explanations.job import ExplainedJob, explain_job
from pandadb.services.archive.explanations.places import ExplainedPlace, Kind
from pandadb.services.archive.explanations.proofs import HeldTask, Proven

__all__ = [
    "ExplainedDay",
    "ExplainedJob",
    "ExplainedPlace",
    "HeldTask",
    "Kind",
    "NextAction",
    "Proven",
    "explain_day",
    "explain_job",
]
