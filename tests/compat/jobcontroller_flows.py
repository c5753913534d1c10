"""The ops of the judge on flows, dynamic jobs and the runner's steps: a part of the adapter."""

from __future__ import annotations

from typing import Any


class FlowOps:
    """Ops that the class `Controller` inherits; it has the database, names and `state_of`."""

    def begin_flows(self) -> None:
        """Forget what an earlier scenario left in the adapter."""

    def flow_lines(self, keys: dict[int, str]) -> dict[str, dict[str, Any]]:
        """Return what is seen of flows; `keys` are those of jobs by PandaID."""
        return {}

    def batch_lines(self, keys: dict[int, str]) -> dict[str, dict[str, Any]]:
        """Return what is seen of batch processes."""
        return {}
