"""Rules for the jobs of runs, out of the settings and the headers of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.services.gateway import HANDLER, JobRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.gateway.settings import GatewaySettings

GRACE = 60.0
"""Seconds after the timeout of a script for its job to end by itself."""
RULES = {"timeout", "retry_in", "log_limit", "software", "working"}
"""Settings that the reduction needs."""


def job_rules(settings: GatewaySettings, headers: Mapping[str, str]) -> JobRules:
    """Return the rules for the job of a message with such headers."""
    rules = settings.reduction
    text = headers.get("priority", "")
    priority = int(text) if text.isascii() and text.isdigit() and len(text) == 1 else rules.priority
    kinds = {"ceph": settings.ceph_instruments, "excitation": settings.excitation_instruments}
    arguments = {
        "folders": settings.folders.model_dump(mode="json"),
        "rules": rules.model_dump(mode="json", include=RULES),
        "kinds": kinds,
    }
    return JobRules(
        rules.queue,
        HANDLER,
        arguments,
        priority,
        rules.timeout + GRACE,
        rules.last_version,
        rules.cancels_kept,
    )
