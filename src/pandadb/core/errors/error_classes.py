"""Classes of errors, ERROR_CLASSIFICATION: errors of the system do not count as failures.

Source: `classify_error` and `apply_error_classification_logic` of panda-server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.errors import attempt_limits
from pandadb.core.errors.patterns import fits_beginning
from pandadb.core.errors.retry_rules import ACTIVE
from pandadb.core.sql.transaction import connection_of
from pandadb.models import ErrorClassification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.errors.failed_jobs import FailedJob, JobError
    from pandadb.core.sql.transaction import Transaction

RULE = ErrorClassification.__table__.c
SYSTEM = "system"


@dataclass(frozen=True)
class ClassRule:
    """A rule: an error and the beginning of its text, and the class that it is of."""

    number: int
    source: str
    code: int
    diag: str
    error_class: str
    is_active: bool


@dataclass(frozen=True)
class ErrorClass:
    """The class of a job, by the first of its errors that a rule fits."""

    pandaid: int
    error: JobError
    rule: ClassRule

    @property
    def allows_failure(self) -> bool:
        """Whether the failure does not count, when the class is applied."""
        return self.rule.is_active and self.rule.error_class == SYSTEM


def read(session: Transaction) -> list[ClassRule]:
    """Return the rules by their numbers."""
    query = select(
        RULE.id, RULE.error_source, RULE.error_code, RULE.error_diag, RULE.error_class, RULE.active
    ).order_by(RULE.id)
    return [
        ClassRule(
            row.id,
            row.error_source,
            row.error_code,
            row.error_diag,
            row.error_class,
            row.active == ACTIVE,
        )
        for row in connection_of(session).execute(query)
    ]


def class_of(job: FailedJob, rules: Sequence[ClassRule]) -> ErrorClass | None:
    """Return the class of a job; None if no rule fits one of its errors."""
    for error in job.errors:
        for rule in rules:
            is_same = (rule.source, rule.code) == (error.source, error.code)
            if is_same and rule.diag and fits_beginning(rule.diag, error.diag):
                return ErrorClass(job.pandaid, error, rule)
    return None


def classify(session: Transaction, jobs: Mapping[int, FailedJob]) -> dict[int, ErrorClass]:
    """Return the classes of jobs, all by PandaID; their input may fail once more for system errors.

    Each call counts: a job must be classified once.
    """
    rules = read(session)
    found = {number: one for number, job in jobs.items() if (one := class_of(job, rules))}
    if allowed := [number for number, one in found.items() if one.allows_failure]:
        attempt_limits.allow_failure(session, allowed)
    return found
