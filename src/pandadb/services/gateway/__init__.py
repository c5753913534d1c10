"""Messages of a broker: received, worked on, answered. Each function is one transaction."""

from pandadb.core.gateway.dead_letters import DeadLetter
from pandadb.core.gateway.gateway_processes import Gateway, Sign, WaitingEvents
from pandadb.core.gateway.instruments import Instrument
from pandadb.core.gateway.kinds import KINDS as EVENT_KINDS
from pandadb.core.gateway.requests import (
    AskedRun,
    CancelRequest,
    JobRules,
    Received,
    RunKey,
    RunReport,
    RunRequest,
    Taken,
    Variable,
)
from pandadb.core.gateway.run_ends import HANDLER
from pandadb.core.gateway.run_events import CHANNEL
from pandadb.core.gateway.runs import LIVE, Run
from pandadb.core.gateway.values import converted, type_of
from pandadb.core.gateway.variables import KnownVariable
from pandadb.core.sql.validation import InvalidValue
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
from pandadb.services.gateway.intake import (
    ENDED,
    note_failure,
    refuse,
    take_cancel,
    take_run,
    take_runs,
)
from pandadb.services.gateway.operators import (
    UnknownRun,
    cancel,
    first_versions,
    forget_messages,
    list_instruments,
    list_runs,
    list_variables,
    remove_runs,
    rerun,
    send_messages,
    set_instrument,
    set_variables,
)
from pandadb.services.gateway.reports import take_report, values_of
from pandadb.services.transaction import VerbOptions

__all__ = [
    "CHANNEL",
    "ENDED",
    "EVENT_KINDS",
    "HANDLER",
    "LIVE",
    "AskedRun",
    "CancelRequest",
    "DeadLetter",
    "Gateway",
    "GatewayStatus",
    "Instrument",
    "InvalidValue",
    "JobRules",
    "KnownVariable",
    "Received",
    "Run",
    "RunKey",
    "RunReport",
    "RunRequest",
    "Sign",
    "Taken",
    "UnknownDeadLetter",
    "UnknownRun",
    "Variable",
    "VerbOptions",
    "WaitingEvents",
    "cancel",
    "converted",
    "dead_letter",
    "dead_letters",
    "drop_dead_letters",
    "first_versions",
    "forget_messages",
    "gateways",
    "list_instruments",
    "list_runs",
    "list_variables",
    "note_failure",
    "note_replayed",
    "note_sign",
    "refuse",
    "register",
    "remove_runs",
    "rerun",
    "send_messages",
    "set_instrument",
    "set_variables",
    "status",
    "take_cancel",
    "take_report",
    "take_run",
    "take_runs",
    "type_of",
    "values_of",
]
