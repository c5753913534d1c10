"""The job queue: jobs for workers, under leases. Each function is one transaction."""

from pandadb.core.control.dependencies import ON_FAILURE
from pandadb.core.control.flow_locks import FlowLocked
from pandadb.core.control.notices import CHANNEL
from pandadb.core.control.public_ids import PublicJob
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.queue.cancels import CancelResult
from pandadb.core.queue.ending.end_results import EndResult, Failure, Success
from pandadb.core.queue.input.job_texts import read_arguments, read_jobs
from pandadb.core.queue.input.known_names import UnknownExecConfig, UnknownQueue
from pandadb.core.queue.input.new_jobs import NewQueueJob
from pandadb.core.queue.input.parents import DependencyCycle, UnknownParent
from pandadb.core.queue.leases import Beat, Lease, LeaseLost
from pandadb.core.queue.payload_needs import STDERR_MARK, PayloadNeeds
from pandadb.core.queue.reaping import ReapResult
from pandadb.core.queue.submission import Submitted
from pandadb.core.queue.upkeep.backlogs import Backlog
from pandadb.core.queue.upkeep.outbox import Event, EventState
from pandadb.core.queue.upkeep.repairs import REPAIRS, RepairResult
from pandadb.core.queue.upkeep.summaries import ALIVE, GroupState, QueueDepth
from pandadb.core.queue.verbs.standings import MEANINGS, OUTCOMES, Standing, verbs_of
from pandadb.core.queue.wait_reasons import JobWait
from pandadb.services.queue import batches, flows, steps
from pandadb.services.queue.cancels import cancel
from pandadb.services.queue.claims import claim, heartbeat, next_time, start
from pandadb.services.queue.ends import end_cancelled, fail, finish, give_back
from pandadb.services.queue.payload_needs import payload_needs, store_tails
from pandadb.services.queue.public_ids import find_public
from pandadb.services.queue.reaping import make_ready, reap
from pandadb.services.queue.submission import set_exec_config, set_group, submit
from pandadb.services.queue.turnovers import Turnover, finish_and_claim
from pandadb.services.queue.unknown_leases import give_back_unknown
from pandadb.services.queue.upkeep.mail import as_line, folder_sink, mail_sink
from pandadb.services.queue.upkeep.outbox import (
    SendResult,
    SinkAway,
    Undeliverable,
    events,
    send_again,
    send_events,
)
from pandadb.services.queue.upkeep.repairs import repair, repair_if_due
from pandadb.services.queue.upkeep.summaries import backlog, groups, problems, queues
from pandadb.services.queue.verbs.job_locks import (
    HeldLocks,
    break_locks,
    held_locks,
    lock_flows,
    lock_jobs,
)
from pandadb.services.queue.verbs.job_verbs import (
    cancel_jobs,
    delete_jobs,
    pause,
    rerun,
    resume,
    retry,
    set_state,
    stop_jobs,
    with_process,
)
from pandadb.services.queue.verbs.verb_runs import VerbRules, of_queue
from pandadb.services.queue.wait_reasons import why_waiting
from pandadb.services.queue.workers import drain, note_sign, register, stop, workers
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ALIVE",
    "CHANNEL",
    "MEANINGS",
    "ON_FAILURE",
    "OUTCOMES",
    "REPAIRS",
    "STDERR_MARK",
    "Backlog",
    "Beat",
    "CancelResult",
    "DependencyCycle",
    "EndResult",
    "Event",
    "EventState",
    "Failure",
    "FlowLocked",
    "GroupState",
    "HeldLocks",
    "JobWait",
    "JobsLocked",
    "Lease",
    "LeaseLost",
    "NewQueueJob",
    "PayloadNeeds",
    "PublicJob",
    "QueueDepth",
    "ReapResult",
    "RepairResult",
    "SendResult",
    "SinkAway",
    "Standing",
    "Submitted",
    "Success",
    "Turnover",
    "Undeliverable",
    "UnknownExecConfig",
    "UnknownParent",
    "UnknownQueue",
    "VerbOptions",
    "VerbRules",
    "as_line",
    "backlog",
    "batches",
    "break_locks",
    "cancel",
    "cancel_jobs",
    "claim",
    "delete_jobs",
    "drain",
    "end_cancelled",
    "events",
    "fail",
    "find_public",
    "finish",
    "finish_and_claim",
    "flows",
    "folder_sink",
    "give_back",
    "give_back_unknown",
    "groups",
    "heartbeat",
    "held_locks",
    "lock_flows",
    "lock_jobs",
    "mail_sink",
    "make_ready",
    "next_time",
    "note_sign",
    "of_queue",
    "pause",
    "payload_needs",
    "problems",
    "queues",
    "read_arguments",
    "read_jobs",
    "reap",
    "register",
    "repair",
    "repair_if_due",
    "rerun",
    "resume",
    "retry",
    "send_again",
    "send_events",
    "set_exec_config",
    "set_group",
    "set_state",
    "start",
    "steps",
    "stop",
    "stop_jobs",
    "store_tails",
    "submit",
    "verbs_of",
    "why_waiting",
    "with_process",
    "workers",
]
