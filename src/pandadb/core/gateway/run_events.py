"""Events of runs: rows of the outbox, written in the transaction that they report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from pandadb.core.gateway.kinds import ROLES
from pandadb.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

CHANNEL = "pandadb_gateway"
"""Notices of new events, for gateways: never needed, as they poll, too."""
HEADERS = {"persistent": "true", "content-type": "application/json", "priority": "4"}
"""Headers of events; 4 is the priority of STOMP messages that have none."""
NAMES = {
    "reduction_started": "ReductionStarted",
    "reduction_complete": "ReductionComplete",
    "reduction_error": "ReductionError",
    "reduction_skipped": "ReductionSkipped",
    "data_ready": "DataReady",
}
"""Names of queues, where the record of a run has none."""


def announce(
    session: Transaction,
    kind: str,
    body: Mapping[str, Any],
    destinations: Mapping[str, Any],
    pandaid: int | None = None,
    *,
    priority: int | None = None,
) -> None:
    """Put an event into the outbox: its queue, its headers and its body.

    The destinations have the queues by the names of settings, and as `keys` other names of keys.
    """
    announce_all(session, kind, [body], destinations, pandaid, priority=priority)


def announce_all(
    session: Transaction,
    kind: str,
    bodies: Sequence[Mapping[str, Any]],
    destinations: Mapping[str, Any],
    pandaid: int | None = None,
    *,
    priority: int | None = None,
) -> None:
    """Put events of a kind into the outbox, as `announce` does."""
    role, names = ROLES[kind], destinations.get("keys") or {}
    payloads = [
        {
            "destination": destinations.get(role, NAMES[role]),
            "headers": HEADERS | ({} if priority is None else {"priority": str(priority)}),
            "body": without_nul({names.get(name, name): value for name, value in body.items()}),
        }
        for body in bodies
    ]
    rows = [{"kind": kind, "pandaid": pandaid, "payload": payload} for payload in payloads]
    session.execute(insert(Outbox.__table__), rows)
    session.execute(select(func.pg_notify(CHANNEL, "")))


def without_nul(value: Any) -> Any:
    """Return a JSON value without NUL characters and halves of surrogates: no JSONB has them."""
    if isinstance(value, str):
        text = value.replace("\0", "\ufffd")
        return text.encode("utf-8", "replace").decode() if not text.isascii() else text
    if isinstance(value, dict):
        return {without_nul(str(name)): without_nul(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(one) for one in value]
    return value
