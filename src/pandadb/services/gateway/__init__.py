"""Messages of a broker: received, worked on, answered. Each function is one transaction."""

from pandadb.core.control.notices import CHANNEL
from pandadb.core.gateway.dead_letters import DeadLetter
from pandadb.core.gateway.gateway_processes import Gateway, Sign, WaitingEvents
from pandadb.core.gateway.kinds import KINDS as EVENT_KINDS
from pandadb.services.gateway.dead_letters import (
    UnknownDeadLetter,
    dead_letter,
    dead_letters,
    drop_dead_letters,
    note_replayed,
)
from pandadb.services.gateway.gateway_processes import (
    GatewayStatus,
    gateways,
    note_sign,
    register,
    status,
)

__all__ = [
    "CHANNEL",
    "EVENT_KINDS",
    "DeadLetter",
    "Gateway",
    "GatewayStatus",
    "Sign",
    "UnknownDeadLetter",
    "WaitingEvents",
    "dead_letter",
    "dead_letters",
    "drop_dead_letters",
    "gateways",
    "note_replayed",
    "note_sign",
    "register",
    "status",
]
