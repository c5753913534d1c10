"""Verbs and queries of Harvester instances, their workers and commands; each is one transaction."""

from pandadb.core.harvester.commands.command_queue import HarvesterCommand, TakenCommand
from pandadb.core.harvester.instance_pages import (
    InstancePage,
    InstanceState,
    WorkerFilter,
    WorkerPage,
)
from pandadb.core.harvester.instances import UnknownInstance
from pandadb.core.harvester.pilot_states import PilotState
from pandadb.core.harvester.slots import Slots
from pandadb.core.harvester.worker_updates import WorkerUpdates
from pandadb.services.harvester.cleaning import Cleaned, clean
from pandadb.services.harvester.commands import (
    acknowledge,
    release_lock,
    send_commands,
    take_commands,
    take_locks,
)
from pandadb.services.harvester.instances import (
    add_dialogs,
    add_metrics,
    hear,
    register,
    set_slots,
)
from pandadb.services.harvester.pages import find_commands, find_workers, page, status
from pandadb.services.harvester.workers import (
    Synchronised,
    count_workers,
    note_pilots,
    report_counts,
    synchronise,
    update_workers,
    worker_counts_of,
)
from pandadb.services.transaction import VerbOptions

__all__ = [
    "Cleaned",
    "HarvesterCommand",
    "InstancePage",
    "InstanceState",
    "PilotState",
    "Slots",
    "Synchronised",
    "TakenCommand",
    "UnknownInstance",
    "VerbOptions",
    "WorkerFilter",
    "WorkerPage",
    "WorkerUpdates",
    "acknowledge",
    "add_dialogs",
    "add_metrics",
    "clean",
    "count_workers",
    "find_commands",
    "find_workers",
    "hear",
    "note_pilots",
    "page",
    "register",
    "release_lock",
    "report_counts",
    "send_commands",
    "set_slots",
    "status",
    "synchronise",
    "take_commands",
    "take_locks",
    "update_workers",
    "worker_counts_of",
]
