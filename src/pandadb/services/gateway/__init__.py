"""Messages of a broker: received, worked on, answered. Each function is one transaction."""

from pandadb.core.gateway.kinds import KINDS as EVENT_KINDS

__all__ = ["EVENT_KINDS"]
