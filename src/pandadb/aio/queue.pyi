# Written from the functions of `pandadb.services.queue` by `pandadb docs stubs`.

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import Connection

from pandadb.aio.base.database import AsyncDatabase
from pandadb.core.jobs.files.file_reports import Reports
from pandadb.core.jobs.search.job_choices import JobChoice
from pandadb.core.queue.flows.flow_rows import NewFlow
from pandadb.core.queue.flows.graphs import Response
from pandadb.job_types import JobColumns
from pandadb.services.jobs.verbs import PandaIDs
from pandadb.services.queue import (
    ALIVE,
    CHANNEL,
    MEANINGS,
    ON_FAILURE,
    OUTCOMES,
    REPAIRS,
    STDERR_MARK,
    Backlog,
    Beat,
    CancelResult,
    DependencyCycle,
    EndResult,
    Event,
    EventState,
    Failure,
    FlowLocked,
    GroupState,
    HeldLocks,
    JobsLocked,
    JobWait,
    Lease,
    LeaseLost,
    NewQueueJob,
    PayloadNeeds,
    PublicJob,
    QueueDepth,
    ReapResult,
    RepairResult,
    SendResult,
    SinkAway,
    Standing,
    Submitted,
    Success,
    Turnover,
    Undeliverable,
    UnknownExecConfig,
    UnknownParent,
    UnknownQueue,
    VerbOptions,
    VerbRules,
    as_line,
    batches,
    flows,
    folder_sink,
    mail_sink,
    of_queue,
    read_arguments,
    read_jobs,
    steps,
    verbs_of,
)
from pandadb.services.queue.upkeep.outbox import Sink, SinkOfMany
from pandadb.services.queue.verbs.job_locks import Below
from pandadb.services.selection import VerbReport

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

async def backlog(
    database: AsyncDatabase,
) -> Backlog:
    """Return the leases and events that wait, and for how many seconds."""

async def break_locks(
    database: AsyncDatabase,
    chosen: JobChoice | None = None,
    flows: Sequence[int] | None = None,
    *,
    of_flows: bool = False,
    below: Below | None = None,
) -> HeldLocks:
    """End the sessions that have locked jobs, or flows; with `of_flows`, the flows of the jobs.

    `below` is for a verb that needs other jobs with these: their children, or all that depend on
    them. Each session is rolled back. Returns the locks that there were. The role needs the right
    to signal the sessions: its own, or as a member of pg_signal_backend.
    """

async def cancel(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    by: str,
    cascade: bool = False,
) -> CancelResult:
    """Cancel jobs: those that run end when their workers have ended the payloads.

    With `cascade` all jobs that depend on them are cancelled, too. Jobs that are not of a job queue
    are refused: see `jobs.kill`.

    Raises:
        InvalidValue: An id is no whole number, or `by` does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def cancel_jobs(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
    *,
    by: str,
    cascade: bool = False,
) -> VerbReport:
    """Cancel jobs in any state; with `cascade` all that depends on them, too.

    It is `cancel` for chosen jobs: those with a payload at a worker end when it has ended that.

    Raises:
        NotFound, NotAllowed, Locked, JobsLocked, TooMany: See `VerbRules`.
        InvalidValue: `by` does not fit its column.
    """

async def claim(
    database: AsyncDatabase,
    queues: str | Sequence[str],
    njobs: int = 1,
    *,
    owner: str,
    lease: float = 60.0,
    options: VerbOptions = ...,
) -> list[Lease]:
    """Claim jobs of queues for a worker, each under a lease of so many seconds.

    The jobs of the first queue come first; of a queue those of the highest priority, then the
    oldest. Fewer jobs than asked for mean that others claim, too, or that no more are ready: jobs
    whose time has come are made ready then. The call never waits for jobs. Each queue is claimed
    in a transaction of its own: after an error the jobs that are claimed already are returned.

    Raises:
        InvalidValue: A number is beyond its limits, or a name is no text.
        JobsLocked: The table of jobs was locked for longer than the lock timeout.
    """

async def delete_jobs(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
    *,
    whole_flows: bool = False,
    cancel: bool = False,
) -> VerbReport:
    """Delete jobs that no worker has, with their attempts, files, results and logs.

    Their children wait for them no longer. The last job of a flow is refused, unless flows are
    deleted as a whole. With `cancel` jobs that workers have are cancelled first, at once, and
    their processes in batch systems; those of batch processes are refused.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

async def drain(
    database: AsyncDatabase,
    worker_ids: Sequence[str],
    options: VerbOptions = ...,
) -> list[str]:
    """Let running workers take no more jobs, and end; return those that there are."""

async def end_cancelled(
    database: AsyncDatabase,
    held: Lease | Sequence[Lease],
    options: VerbOptions = ...,
) -> EndResult:
    """End jobs that were to be cancelled, now that their payloads have ended.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def events(
    database: AsyncDatabase,
    state: str | None = None,
    *,
    limit: int = 100,
    after: int = 0,
) -> list[Event]:
    """Return events of the outbox in their order: those of a state, or all, above a number.

    Raises:
        InvalidValue: There is no such state, or a number is beyond its limits.
    """

async def fail(
    database: AsyncDatabase,
    failures: Failure | Sequence[Failure],
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
) -> EndResult:
    """End failed attempts by their leases: a job with an attempt left goes back to its queue.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def find_public(
    database: AsyncDatabase,
    public_ids: str | Sequence[str],
) -> dict[str, PublicJob]:
    """Return jobs of queues by their public ids, live and archived; unknown ids are left out.

    Raises:
        InvalidValue: An id is no text.
    """

async def finish(
    database: AsyncDatabase,
    successes: Success | Lease | Sequence[Success | Lease],
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    response: Response | None = None,
    **values: Unpack[JobColumns],
) -> EndResult:
    """Finish jobs by their leases, each with its result, if it has one; children go on.

    With a response one job changes its flow: see `Response`; several have theirs in `Success`.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        FlowLocked: The flow was locked for longer than the lock timeout.
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def finish_and_claim(
    database: AsyncDatabase,
    successes: Sequence[Success | Lease],
    queues: str | Sequence[str],
    njobs: int | None = None,
    *,
    owner: str,
    lease: float = 60.0,
    options: VerbOptions = ...,
) -> Turnover:
    """Finish jobs by their leases, and claim so many others, or as many; all or nothing.

    It does what `finish` and then `claim` do, with one commit, and children that the end releases
    can be claimed. Jobs whose time has come are made ready by `claim` only: call that if there are
    fewer leases than asked for. Jobs whose lease is lost are reported as lost.

    Raises:
        FlowLocked: A flow was locked for longer than the lock timeout.
        InvalidValue: A number is beyond its limits, or a name is no text.
        JobsLocked: A job, or the table of jobs, was locked for longer than the lock timeout.
    """

async def give_back(
    database: AsyncDatabase,
    held: Lease | Sequence[Lease],
    options: VerbOptions = ...,
) -> EndResult:
    """Give jobs back to their queue that no payload has begun: no attempt is counted.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def give_back_unknown(
    database: AsyncDatabase,
    owner: str,
    known: Collection[int],
    options: VerbOptions = ...,
) -> EndResult:
    """Give back the jobs of a worker but those with tokens that it knows: no attempt is counted.

    A connection that is lost while a claim is committed leaves such leases.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def groups(
    database: AsyncDatabase,
    group_key: str | None = None,
) -> list[GroupState]:
    """Return groups by name, or one: its limit, and the jobs with a place and without.

    Raises:
        InvalidValue: The name is no text.
    """

async def heartbeat(
    database: AsyncDatabase,
    held: Sequence[Lease],
    lease: float = 60.0,
    options: VerbOptions = ...,
) -> dict[int, Beat]:
    """Renew leases by so many seconds from now; return the answer for each job.

    A lost lease is not renewed; of several leases of a job `Beat.keeps` tells the one that is. A
    job that is to be cancelled keeps its lease until its worker has ended the payload: see
    `end_cancelled`.

    Raises:
        InvalidValue: The lease is too short or too long.
    """

async def held_locks(
    database: AsyncDatabase,
    chosen: JobChoice | None = None,
    flows: Sequence[int] | None = None,
) -> HeldLocks:
    """Return the sessions that have locked jobs, and flows; None is of all."""

def lock_flows(
    database: AsyncDatabase,
    jeditaskids: Sequence[int],
    options: VerbOptions = ...,
) -> AsyncIterator[Connection]:
    """Keep verbs of users from changing flows in the block: one transaction.

    Raises:
        FlowLocked: Another transaction has locked a flow for longer than the lock timeout.
    """

def lock_jobs(
    database: AsyncDatabase,
    chosen: JobChoice,
    options: VerbOptions = ...,
) -> AsyncIterator[Connection]:
    """Keep verbs and workers from changing jobs in the block: one transaction.

    Nobody takes them meanwhile, and their workers wait to end them; leases are still renewed.

    Raises:
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """

async def make_ready(
    database: AsyncDatabase,
    queues: Sequence[str],
    *,
    options: VerbOptions = ...,
) -> dict[int, str]:
    """Make the due jobs of queues ready; return their new states.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def next_time(
    database: AsyncDatabase,
    queues: str | Sequence[str],
) -> datetime | None:
    """Return the time (naive UTC) at which a job of the queues is due next, if there is one."""

async def note_sign(
    database: AsyncDatabase,
    worker_id: str,
) -> bool:
    """Note a sign of life of a worker; return whether it is to drain."""

async def pause(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
) -> VerbReport:
    """Pause jobs that no worker has: none starts until it is resumed.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

async def payload_needs(
    database: AsyncDatabase,
    held: Sequence[Lease],
) -> dict[int, PayloadNeeds]:
    """Return the needs of payloads beside their parameters: limits, resources, names of outputs.

    A job that has ended meanwhile is missing.
    """

async def problems(
    database: AsyncDatabase,
) -> list[str]:
    """Return a sentence for each problem that needs a person, with the remedy."""

async def queues(
    database: AsyncDatabase,
) -> list[QueueDepth]:
    """Return the queues that have jobs or workers: how many wait and run, and since when."""

async def reap(
    database: AsyncDatabase,
    options: VerbOptions = ...,
    *,
    limit: int = 1000,
    alone: bool = False,
) -> ReapResult:
    """End expired leases: their jobs are tried again, cancelled or failed.

    Any number of processes may call it at once: each takes others. With `alone` nothing is done
    while another process reaps so, by an advisory lock that ends with the transaction.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def register(
    database: AsyncDatabase,
    worker_id: str,
    queues: Sequence[str],
    slots: int,
    options: VerbOptions = ...,
) -> None:
    """Register this process as a worker that begins.

    Raises:
        InvalidValue: The id is no text.
    """

async def repair(
    database: AsyncDatabase,
    options: VerbOptions = ...,
    *,
    limit: int = 1000,
) -> RepairResult:
    """Put the rows of queued jobs in order that another program has moved or ended.

    Ends are noted with children, groups and the outbox, leases of jobs without a worker end, and
    jobs of groups get their places, or wait for one. It is idempotent: of each kind at most `limit`
    jobs at a time.

    Raises:
        InvalidValue: The limit is no number above 0.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def repair_if_due(
    database: AsyncDatabase,
    every: float = 300.0,
    options: VerbOptions = ...,
) -> RepairResult | None:
    """Repair if no process has in the last seconds; None if one has.

    Reapers call it as often as they like: the time of the last repair is in MAINTENANCE_RUN.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def rerun(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
    *,
    force: bool = False,
) -> VerbReport:
    """Run jobs again: those in flight go back to their queue, those that have ended begin anew.

    A new attempt has a new PandaID, and keeps the public id. Children wait again; if some have
    begun, the rerun is refused, unless by force: then all that depends on the jobs begins anew.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

async def resume(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
) -> VerbReport:
    """Let paused jobs go on, and run jobs anew that were stopped: once their parents have ended.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

async def retry(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
) -> VerbReport:
    """Try the present step of jobs again at once, as the same attempt: after errors of machines.

    Raises:
        NotFound, NotAllowed, Locked, JobsLocked, TooMany: See `VerbRules`.
    """

async def send_again(
    database: AsyncDatabase,
    event_ids: Iterable[int],
    options: VerbOptions = ...,
) -> list[int]:
    """Let events that were given up, or wait for an attempt, be sent now; return these.

    Raises:
        InvalidValue: An id is no whole number.
    """

async def send_events(
    database: AsyncDatabase,
    sink: Sink,
    *,
    limit: int = 1000,
    sink_of_many: SinkOfMany | None = None,
    kinds: Collection[str] = ...,
    without: Collection[str] = ...,
    max_attempts: int = 12,
    hold: float = 300.0,
) -> SendResult:
    """Send the events that are due, at most `limit`; any number of processes may do so at once.

    A sink is called with an event, and returns when it has it for good. An error of the sink is
    stored with the event, which is tried again after a pause, or given up after `max_attempts`; an
    `Undeliverable` one at once. After `SinkAway` this event and the rest wait as before. No
    transaction is open meanwhile. A relay that dies has its events for `hold` seconds.

    With `sink_of_many` events of different jobs are sent together: it returns the ids of those that
    it has for good, and raises nothing. The others are handed to `sink`, one by one.

    Raises:
        InvalidValue: A number is beyond its limits.
    """

async def set_exec_config(
    database: AsyncDatabase,
    name: str,
    value: Mapping[str, Any],
    options: VerbOptions = ...,
) -> None:
    """Store a configuration that jobs may have by its name, instead of the one with that name.

    Raises:
        InvalidValue: The name or the value, as JSON, does not fit its column.
    """

async def set_group(
    database: AsyncDatabase,
    group_key: str,
    max_running: int,
    options: VerbOptions = ...,
) -> list[int]:
    """Set how many jobs of a group may run at once; return the jobs that are admitted by it.

    A lower limit ends no job: no other is admitted until enough have ended.

    Raises:
        InvalidValue: The limit is no number above 0, or the group's name does not fit.
    """

async def set_state(
    database: AsyncDatabase,
    chosen: JobChoice,
    state: Standing | str,
    rules: VerbRules = ...,
) -> VerbReport:
    """Give jobs a state, for administrators: `waiting`, `ready`, `paused`, `running` and others.

    The mover takes them there, with all that follows for files and other jobs, and logs it. A job
    that has ended gets a new attempt in the state.

    Raises:
        InvalidValue: There is no such state.
        NotFound, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

async def start(
    database: AsyncDatabase,
    held: Sequence[Lease],
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> EndResult:
    """Record that the payloads of claimed jobs run; of lost leases nothing is changed.

    Raises:
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def stop(
    database: AsyncDatabase,
    worker_id: str,
) -> None:
    """Note that a worker has ended."""

async def stop_jobs(
    database: AsyncDatabase,
    chosen: JobChoice,
    rules: VerbRules = ...,
    *,
    by: str,
) -> VerbReport:
    """Cancel jobs that are ready or in flight; children that may miss them are ready then.

    A job with a payload at a worker ends when the worker has ended that. See `cancel` for jobs that
    wait, and for all that depends on jobs.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
        InvalidValue: `by` does not fit its column.
    """

async def store_tails(
    database: AsyncDatabase,
    tails: Sequence[tuple[Lease, str]],
    options: VerbOptions = ...,
) -> None:
    """Store the last output of payloads in JOBSDEBUG; of lost leases nothing is stored."""

async def submit(
    database: AsyncDatabase,
    jobs: Sequence[NewQueueJob],
    options: VerbOptions = ...,
    *,
    flow: NewFlow | int | str | None = None,
    jeditaskid: int | None = None,
    notify: bool = True,
) -> Submitted:
    """Submit jobs to their queues, all or none, with their dependencies.

    Jobs wait, as `pending`, for their parents and their time. With `flow` they are a new flow, by
    its name or with values for its jobs, or are added to one, by its number. Without `notify` no
    worker is woken: for bulk loads.

    Raises:
        FlowExists: The flow is to be the only one of its name, and there is one.
        FlowNotFound: There is no such flow.
        ParentOutside: A parent is not of the flow, and that is not allowed.
        UnknownParent: A parent is neither a name of the call nor a job.
        DependencyCycle: Jobs wait for each other.
        InvalidValue: A value does not fit its column.
    """

async def why_waiting(
    database: AsyncDatabase,
    job: Mapping[str, Any],
) -> JobWait:
    """Return the state of a job as its user sees it, and why it is not at work yet.

    `job` has the `pandaid`, `jobstatus`, `jobsubstatus` and `jeditaskid` of `jobs.get`.
    """

async def with_process(
    database: AsyncDatabase,
    process: str,
    queue_name: str | None = None,
) -> list[int]:
    """Return the jobs with a process in a batch system, in their newest attempt."""

async def workers(
    database: AsyncDatabase,
    *,
    stopped: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """Return workers, the newest first, each with its columns and `njobs`, its leases.

    The next page of `limit` workers comes with `after`, the id of the last one.

    Raises:
        InvalidValue: `after` is no text, or the limit is not from 1 to 100,000.
    """
