"""Errors of failed jobs: explained, counted, and acted on by the rules of the database."""

from __future__ import annotations

from pandadb.core.errors.error_classes import ClassRule, ErrorClass
from pandadb.core.errors.error_counts import GROUPS, ErrorCount
from pandadb.core.errors.failed_jobs import JobError
from pandadb.core.errors.retry_actions import RuleOutcome
from pandadb.core.errors.retry_rules import RetryAction, RetryRule
from pandadb.services.errors.explanations import Explanation, RuleVerdict, count, explain, rules
from pandadb.services.errors.reactions import Reaction, apply_rules, classify, react
from pandadb.services.transaction import VerbOptions

__all__ = [
    "GROUPS",
    "ClassRule",
    "ErrorClass",
    "ErrorCount",
    "Explanation",
    "JobError",
    "Reaction",
    "RetryAction",
    "RetryRule",
    "RuleOutcome",
    "RuleVerdict",
    "VerbOptions",
    "apply_rules",
    "classify",
    "count",
    "explain",
    "react",
    "rules",
]
