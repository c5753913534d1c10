"""The job queue: jobs for workers, under leases. Each function is one transaction."""

from pandadb.core.control.dependencies import ON_FAILURE
from pandadb.core.control.public_ids import PublicJob
from pandadb.core.queue.cancels import CancelResult
from pandadb.core.queue.ends import EndResult, Failure, Success
from pandadb.core.queue.job_texts import read_arguments, read_jobs
from pandadb.core.queue.leases import Beat, Lease, LeaseLost
from pandadb.core.queue.new_jobs import NewQueueJob
from pandadb.core.queue.parents import DependencyCycle, UnknownParent
from pandadb.core.queue.reaping import ReapResult
from pandadb.core.queue.submission import Submitted
from pandadb.core.queue.upkeep.outbox import Event, EventState
from pandadb.core.queue.upkeep.repairs import RepairResult
from pandadb.core.queue.upkeep.summaries import GroupState, QueueDepth
from pandadb.services.queue.cancels import cancel
from pandadb.services.queue.claims import claim, heartbeat, next_time, start
from pandadb.services.queue.ends import end_cancelled, fail, finish, give_back
from pandadb.services.queue.mail import folder_sink, mail_sink
from pandadb.services.queue.outbox import (
    SendResult,
    Undeliverable,
    events,
    send_again,
    send_events,
)
from pandadb.services.queue.public_ids import find_public
from pandadb.services.queue.reaping import make_ready, reap
from pandadb.services.queue.repairs import repair, repair_if_due
from pandadb.services.queue.submission import set_group, submit
from pandadb.services.queue.summaries import groups, problems, queues
from pandadb.services.queue.workers import drain, note_sign, register, stop, workers
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ON_FAILURE",
    "Beat",
    "CancelResult",
    "DependencyCycle",
    "EndResult",
    "Event",
    "EventState",
    "Failure",
    "GroupState",
    "Lease",
    "LeaseLost",
    "NewQueueJob",
    "PublicJob",
    "QueueDepth",
    "ReapResult",
    "RepairResult",
    "SendResult",
    "Submitted",
    "Success",
    "Undeliverable",
    "UnknownParent",
    "VerbOptions",
    "cancel",
    "claim",
    "drain",
    "end_cancelled",
    "events",
    "fail",
    "find_public",
    "finish",
    "folder_sink",
    "give_back",
    "groups",
    "heartbeat",
    "mail_sink",
    "make_ready",
    "next_time",
    "note_sign",
    "problems",
    "queues",
    "read_arguments",
    "read_jobs",
    "reap",
    "register",
    "repair",
    "repair_if_due",
    "send_again",
    "send_events",
    "set_group",
    "start",
    "stop",
    "submit",
    "workers",
]
