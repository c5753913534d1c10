"""The job queue: jobs for workers, under leases. Each function is one transaction."""

from pandadb.core.control.dependencies import ON_FAILURE
from pandadb.core.control.public_ids import PublicJob
from pandadb.core.queue.cancels import CancelResult
from pandadb.core.queue.ends import EndResult, Failure, Success
from pandadb.core.queue.leases import Beat, Lease, LeaseLost
from pandadb.core.queue.new_jobs import NewQueueJob
from pandadb.core.queue.parents import DependencyCycle, UnknownParent
from pandadb.core.queue.reaping import ReapResult
from pandadb.core.queue.repairs import RepairResult
from pandadb.core.queue.submission import Submitted
from pandadb.services.queue.cancels import cancel
from pandadb.services.queue.claims import claim, heartbeat, next_time, start
from pandadb.services.queue.ends import end_cancelled, fail, finish, give_back
from pandadb.services.queue.public_ids import find_public
from pandadb.services.queue.reaping import make_ready, reap
from pandadb.services.queue.repairs import repair, repair_if_due
from pandadb.services.queue.submission import set_group, submit
from pandadb.services.queue.workers import drain, note_sign, register, stop, workers
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ON_FAILURE",
    "Beat",
    "CancelResult",
    "DependencyCycle",
    "EndResult",
    "Failure",
    "Lease",
    "LeaseLost",
    "NewQueueJob",
    "PublicJob",
    "ReapResult",
    "RepairResult",
    "Submitted",
    "Success",
    "UnknownParent",
    "VerbOptions",
    "cancel",
    "claim",
    "drain",
    "end_cancelled",
    "fail",
    "find_public",
    "finish",
    "give_back",
    "heartbeat",
    "make_ready",
    "next_time",
    "note_sign",
    "reap",
    "register",
    "repair",
    "repair_if_due",
    "set_group",
    "start",
    "stop",
    "submit",
    "workers",
]
