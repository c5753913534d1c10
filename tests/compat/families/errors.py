"""Rules for retries and classes of errors."""

from __future__ import annotations

from typing import Any

from pandadb.services import errors
from tests.compat.families.part import Part


class Errors(Part):
    """Rules for retries and classes of errors."""

    def apply_retry_rules(self, job: int, attempt: int) -> None:  # noqa: ARG002  the server uses the job's
        errors.apply_rules(self.database, job)

    def classify(self, job: int) -> dict[str, Any]:
        found = errors.classify(self.database, job).get(job)
        if found is None:
            return {"rule": None, "class": None, "active": None}
        rule = found.rule
        return {"rule": rule.number, "class": rule.error_class, "active": rule.is_active}
