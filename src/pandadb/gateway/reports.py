"""Messages of other systems' workers about runs that they reduce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.gateway.keys import rb_number, user_number
from pandadb.gateway.messages import ReportMessage, unknown_keys, validated
from pandadb.gateway.rules import job_rules
from pandadb.services import gateway as service
from pandadb.services.gateway import RunReport

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings
    from pandadb.services.gateway import Received, Taken

STATUSES = {
    "reduction_started": "Processing",
    "reduction_complete": "Completed",
    "reduction_error": "Error",
    "reduction_skipped": "Skipped",
}
"""States of runs, by the settings' names of queues."""


def take(
    database: Database,
    settings: GatewaySettings,
    message: Received,
    role: str,
    body: dict[str, Any],
) -> tuple[Taken, list[str]]:
    """Take the report of a worker.

    Raises:
        BadMessage: A key is missing, or its value cannot be.
    """
    report = validated(ReportMessage, body)
    status = STATUSES[role]
    wanted = RunReport(
        report.instrument,
        rb_number(report.rb_number),
        report.run_number,
        report.run_version or 0,
        status,
        _values(report, status),
        _seconds(report.retry_in),
        user_number(report.started_by),
    )
    rules = job_rules(settings, message.headers)
    return service.take_report(
        database, message, wanted, rules, warnings=unknown_keys(report)
    ), unknown_keys(report)


def _values(report: ReportMessage, status: str) -> dict[str, Any]:
    data = report.reduction_data
    folders = [data] if isinstance(data, str) else data if isinstance(data, list) else []
    return {
        "message": _text(report.message),
        "reduction_log": _text(report.reduction_log) or "",
        "admin_log": _text(report.admin_log) or "",
        "software": (_text(report.software) or "")[:100] or None,
        "reduced": [str(one) for one in folders] if status == "Completed" else [],
    }


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _seconds(value: Any) -> float | None:
    """Return the seconds until the next attempt; None if there are none that can be meant."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 366 * 86_400 else None
