"""Messages of a broker: received, worked on, answered. Each function is one transaction."""

from pandadb.core.gateway.instruments import Instrument
from pandadb.core.gateway.kinds import KINDS as EVENT_KINDS
from pandadb.core.gateway.requests import (
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
from pandadb.core.gateway.runs import Run
from pandadb.core.gateway.values import converted, type_of
from pandadb.core.gateway.variables import KnownVariable
from pandadb.core.sql.validation import InvalidValue
from pandadb.services.gateway.intake import refuse, take_cancel, take_run
from pandadb.services.gateway.operators import (
    UnknownRun,
    cancel,
    list_instruments,
    list_runs,
    list_variables,
    remove_runs,
    rerun,
    send_messages,
    set_instrument,
    set_variables,
)
from pandadb.services.gateway.reports import take_report

__all__ = [
    "EVENT_KINDS",
    "HANDLER",
    "CancelRequest",
    "Instrument",
    "InvalidValue",
    "JobRules",
    "KnownVariable",
    "Received",
    "Run",
    "RunKey",
    "RunReport",
    "RunRequest",
    "Taken",
    "UnknownRun",
    "Variable",
    "cancel",
    "converted",
    "list_instruments",
    "list_runs",
    "list_variables",
    "refuse",
    "remove_runs",
    "rerun",
    "send_messages",
    "set_instrument",
    "set_variables",
    "take_cancel",
    "take_report",
    "take_run",
    "type_of",
]
