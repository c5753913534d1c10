# Written from the functions of `pandadb.services.tasks` by `pandadb docs stubs`.

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.core.tasks.commands.acceptance import Accepted, AcceptResult
from pandadb.core.tasks.commands.execution import ExecutionResult
from pandadb.core.tasks.commands.requests import CommandAnswer
from pandadb.core.tasks.ending.ends import EndResult
from pandadb.core.tasks.files.reactivations import MoreAttempts
from pandadb.core.tasks.refinement.dispositions import Refinement
from pandadb.core.tasks.refinement.streams import DatasetNames
from pandadb.core.tasks.retries import TaskRetryResult
from pandadb.services.tasks import (
    COMMANDS,
    AdvanceResult,
    CommandRequest,
    GeneratedJob,
    GeneratedTask,
    InvalidTask,
    Queue,
    Requester,
    SubmissionAnswer,
    TaskFilter,
    TaskHistory,
    TaskNotFound,
    TaskPage,
    TaskProgress,
    TaskStep,
    UnknownCommand,
    VerbOptions,
    WrongValue,
    read_parameters,
)

__all__ = [
    "COMMANDS",
    "AdvanceResult",
    "CommandRequest",
    "GeneratedJob",
    "GeneratedTask",
    "InvalidTask",
    "Queue",
    "Requester",
    "SubmissionAnswer",
    "TaskFilter",
    "TaskHistory",
    "TaskNotFound",
    "TaskPage",
    "TaskProgress",
    "TaskStep",
    "UnknownCommand",
    "VerbOptions",
    "WrongValue",
    "accept_commands",
    "advance",
    "carry_out_commands",
    "change_attribute",
    "change_priority",
    "change_split_rule",
    "command",
    "end_tasks",
    "enter",
    "files",
    "find",
    "find_queues",
    "generate",
    "generate_rounds",
    "generate_waiting",
    "get",
    "history",
    "increase_attempts",
    "prepare_ends",
    "reactivate",
    "read_parameters",
    "recount",
    "refine",
    "release_unmerged",
    "request_command",
    "retry",
    "set_status",
    "submit",
    "take",
    "task_progress",
]

async def accept_commands(
    database: AsyncDatabase,
    *,
    vo: str | None = None,
    label: str | None = None,
    idle: timedelta = ...,
    options: VerbOptions = ...,
) -> AcceptResult:
    """Accept the commands that were given, and take up those that were interrupted.

    Interrupted is a command of a task that has not changed for `idle`; `vo` and `label` choose
    tasks among these. Several callers can run side by side.
    """

async def advance(
    database: AsyncDatabase,
    vo: str | None = None,
    label: str | None = None,
    *,
    options: VerbOptions = ...,
) -> AdvanceResult:
    """Take tasks of a VO and a label on: commands, inputs that have ended, scouts, final states.

    Outputs to be merged are released when their jobs have ended. Each step is a transaction.
    Idempotent; several can run at once. A dry run shows the first step of each task only.

    Raises:
        InvalidSetting: A setting of JEDI in CONFIG is no number.
    """

async def carry_out_commands(
    database: AsyncDatabase,
    accepted: Iterable[Accepted],
    options: VerbOptions = ...,
) -> ExecutionResult:
    """Carry accepted commands out, or go on with them where jobs were waited for.

    Raises:
        JobsLocked, TasksLocked: A row was locked for longer than the lock timeout.
    """

async def change_attribute(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    name: str,
    value: Any,
    options: VerbOptions = ...,
    *,
    any_column: bool = False,
) -> list[int]:
    """Set a column of tasks and find their resource types anew; return the tasks.

    Memory, cores, wall time and CPU time can be changed; an agent sets `any_column` that does not
    go with the state.

    Raises:
        InvalidValue: There is no such column, it cannot be changed, or the value does not fit.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def change_priority(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    priority: int,
    options: VerbOptions = ...,
) -> list[int]:
    """Set the priority of tasks and of their live jobs; return the tasks.

    Raises:
        InvalidValue: The priority does not fit its column, or a task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """

async def change_split_rule(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    rule: str,
    value: str | int | None,
    options: VerbOptions = ...,
    *,
    any_rule: bool = False,
) -> list[int]:
    """Set a split rule of tasks, or take it away with None; return the tasks.

    The rule is given by its name or code. Some can be changed (job generation 7); an agent sets
    `any_rule`.

    Raises:
        InvalidValue: There is no such rule, it cannot be changed, or the rules get too long.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def command(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    asked: CommandRequest,
    options: VerbOptions = ...,
) -> AdvanceResult:
    """Give a command to tasks and carry it out, in one transaction.

    Commands to other tasks are left to agents. A retry of a user's task that is still at work gives
    its failed files more attempts.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """

async def end_tasks(
    database: AsyncDatabase,
    vo: str | None = None,
    label: str | None = None,
    options: VerbOptions = ...,
    *,
    limit: int | None = None,
    may_exhaust: bool = True,
) -> EndResult:
    """Give prepared tasks of a VO and a `prodsourcelabel` their final states (semantics 3.5).

    Tasks with scouts that have ended run. It can be repeated, and several can run at once.
    `may_exhaust` is for tasks with the rule `useExhausted`: they are exhausted instead of finished
    below their goal.

    Raises:
        InvalidValue: `limit` is no number above 0.
    """

async def enter(
    database: AsyncDatabase,
    parameters: dict[str, Any],
    *,
    requester: Requester,
    parent: int | None = None,
    allow_active: bool = False,
    catalogue: DatasetNames | None = None,
    options: VerbOptions = ...,
) -> tuple[SubmissionAnswer, Refinement | None]:
    """Submit, take over and refine a task in one transaction; return the answer and its state.

    The state is None where no new task was made: see the code of the answer.

    Raises:
        InvalidTask: The parameters are none of a task, the task would be `tobroken`, or its input
            could not be fed.
    """

async def files(
    database: AsyncDatabase,
    task: int,
    datasetid: int,
    *,
    status: str | None = None,
    limit: int = 100,
    after: int | None = None,
) -> list[dict[str, Any]]:
    """Return files of a dataset of a task, by ascending id.

    The next page comes with `after`, the `fileid` of the last file.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or a number is no id.
    """

async def find(
    database: AsyncDatabase,
    chosen: TaskFilter = ...,
    *,
    limit: int = 100,
    before: int | None = None,
) -> TaskPage:
    """Return a page of the tasks that match, the newest first.

    The next page comes with `before=page.next`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `before` is no id.
    """

async def find_queues(
    database: AsyncDatabase,
    named: Iterable[str] | None = None,
) -> list[Queue]:
    """Return queues by name, each with `=WEIGHT` or without; by default all that are online.

    Raises:
        InvalidValue: A weight is no number from 0 on, or no queue is online.
    """

async def generate(
    database: AsyncDatabase,
    tasks: Sequence[int],
    queues: Sequence[Queue],
    *,
    cloud: str | None = None,
    nfiles: int = 100,
    random: Random | None = None,
    job_host: str | None = None,
    rest: timedelta = ...,
    options: VerbOptions = ...,
) -> list[GeneratedTask]:
    """Generate jobs of the input of tasks; each task is a transaction of its own.

    A task that another generator works on, or that has no input, gets no jobs; calling it again
    goes on with the input that is left, so that several generators may run side by side. Of
    several tasks, one that is refused has the reason in its text, and the others go on.

    Args:
        database: Where the tasks are.
        tasks: Ids of tasks.
        queues: The queues that a brokerage has found for them, in its order.
        cloud: The cloud of the jobs; None leaves that of the tasks.
        nfiles: The largest number of files of a master dataset; less than 100 count as 100.
        random: Draws the queues; by default it is seeded by the system.
        job_host: The host in the status log of jobs, if it is another than that of `options`.
        rest: The time for which a task must not have been touched; 10 minutes leave it to agents
            that work on it in turns.
        options: The host in the status log of tasks, locks, dry run.

    Raises:
        InvalidValue: The only task has a rule in SPLITRULE that is unknown or not supported.
        UnknownQueue: No row of SCHEDCONFIG_JSON has the name of a queue.
    """

def generate_rounds(
    database: AsyncDatabase,
    tasks: Sequence[int],
    queues: Sequence[Queue],
    *,
    nfiles: int,
    rounds: int,
    options: VerbOptions = ...,
) -> AsyncIterator[GeneratedTask]:
    """Generate jobs of tasks until no input is left, `rounds` times at most; see `generate`.

    The caller is the brokerage: tasks need not have rested, and those that are `assigning` become
    ready. In a dry run their jobs are not foretold.

    Yields each round of each task that has ended; a task without new jobs is not tried again. Of
    several tasks, one that is refused has the reason in its text, and the others go on.

    Raises:
        InvalidValue: The only task has a rule in SPLITRULE that is unknown or not supported.
        TaskNotFound: One of the tasks does not exist; nothing was changed.
        UnknownQueue: No row of SCHEDCONFIG_JSON has the name of a queue; nothing was changed.
    """

async def generate_waiting(
    database: AsyncDatabase,
    queues: Sequence[Queue],
    *,
    vo: str,
    label: str | None = None,
    cloud: str | None = None,
    beside: int,
    limit: int = 10,
    nfiles: int = 100,
    random: Random | None = None,
    job_host: str | None = None,
    options: VerbOptions = ...,
) -> list[GeneratedTask]:
    """Generate jobs of tasks that wait, the most urgent first: those of the same kind as one.

    They are of a VO, a label and a cloud (None or `any`: all), and of the work queue or share and
    of the resource type of the task `beside`; see `generate` for the rest.

    Raises:
        TaskNotFound: The task `beside` does not exist; or see `generate`.
    """

async def get(
    database: AsyncDatabase,
    task: int,
) -> dict[str, Any]:
    """Return a task: its columns, and its `datasets` with their counters.

    Raises:
        TaskNotFound: There is none.
        InvalidValue: No task can have the number.
    """

async def history(
    database: AsyncDatabase,
    task: int,
) -> TaskHistory:
    """Return the states of a task with the seconds in each, its attempts, and its last command.

    Raises:
        TaskNotFound: There is none.
        InvalidValue: No task can have the number.
    """

async def increase_attempts(
    database: AsyncDatabase,
    task: int,
    by: int,
    options: VerbOptions = ...,
) -> MoreAttempts:
    """Allow the ready input files of a task `by` more attempts and failures.

    Files without attempts left are tried again.

    Raises:
        TaskNotFound: There is no such task.
        TaskRefused: The task is not running, scouting or ready, and was not before.
        InvalidValue: `by` is no number from 1 to 100.
        TasksLocked: The task was locked for longer than the lock timeout.
    """

async def prepare_ends(
    database: AsyncDatabase,
    vo: str | None = None,
    label: str | None = None,
    options: VerbOptions = ...,
    *,
    limit: int | None = None,
) -> dict[int, str]:
    """Prepare tasks of a VO and a `prodsourcelabel` for their end; return their states.

    Scouts at their end are judged, too. It is idempotent and safe to run concurrently: each task is
    taken by one of the runs. `limit` is the number of tasks without files left, at most.

    Raises:
        InvalidValue: `limit` is no number above 0.
        InvalidSetting: A setting of JEDI in CONFIG is no number.
    """

async def reactivate(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    options: VerbOptions = ...,
    *,
    keep_attempts: bool = False,
) -> dict[int, int]:
    """Make all input files of tasks ready, and the tasks; return the numbers of their files.

    Files have all their attempts again, unless they `keep_attempts`. Tasks that do not exist are
    left out.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def recount(
    database: AsyncDatabase,
    tasks: int | Iterable[int] | None = None,
    *,
    force: bool = False,
    options: VerbOptions = ...,
) -> list[WrongValue]:
    """Return what is wrong of tasks, or of all, and repair it.

    Recounted are JEDI_DATASETS, the totals of T_TASK, JOB_METRICS and TASK_METRICS. Of all tasks
    those of datasets without files are left alone, and T_TASK and JOB_METRICS of tasks that have
    ended. What cannot be known any more is refused, with a reason: a total of T_TASK that is
    greater than the jobs that are there is lowered by `force` only. A dry run lists.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A row was locked for longer than the lock timeout.
    """

async def refine(
    database: AsyncDatabase,
    tasks: Iterable[int],
    *,
    catalogue: DatasetNames | None = None,
    options: VerbOptions = ...,
) -> list[Refinement]:
    """Refine tasks that were taken over; return the outcome of each.

    A task gets its attributes, split rules, datasets and templates, and is `defined`; or it waits
    or ends, with the reason. Tasks that are not to be refined are left out. Without a catalogue
    each input dataset is taken to exist, and none is expanded.
    """

async def release_unmerged(
    database: AsyncDatabase,
    task: int,
    file: str,
    *,
    options: VerbOptions = ...,
) -> list[int]:
    """Release the datasets to be merged that the newest job with a file writes into.

    That is for when all jobs that write into them have ended; the datasets are returned.
    """

async def request_command(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    asked: CommandRequest,
    options: VerbOptions = ...,
) -> dict[int, CommandAnswer]:
    """Give a command to tasks; return the answer for each.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def retry(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    command: str = ...,
    options: VerbOptions = ...,
    *,
    discard_events: bool = False,
    release_unstaged: bool = False,
    keep_share_priority: bool = False,
    ignore_limits: bool = False,
    child_tasks: bool = True,
) -> TaskRetryResult:
    """Give the files of tasks new attempts, as the commands retry and incexec do (semantics 3.6).

    The tasks have the state that `commands` gives them, with the earlier one in `oldstatus`.

    Raises:
        TaskNotFound: It was one task, and there is none of that number.
        TaskRefused: It was one task, and it has no earlier state to go on from.
        InvalidValue: The command is neither retry nor incexec, or a task is no number.
        InvalidSetting: A limit in CONFIG is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def set_status(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    status: str,
    *,
    was: Iterable[str] | None = None,
    error: str | None = None,
    options: VerbOptions = ...,
) -> dict[int, str]:
    """Set the state of tasks that are in one of the states `was`, or in any, as an agent does.

    Returns the tasks with the state that they were in; others are left as they are.

    Raises:
        UnknownState: No state has that name.
        InvalidValue: A task is no number, or the reason `error` is no text.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def submit(
    database: AsyncDatabase,
    parameters: dict[str, Any],
    *,
    requester: Requester,
    parent: int | None = None,
    allow_active: bool = False,
    options: VerbOptions = ...,
) -> SubmissionAnswer:
    """Submit a task, in the JSON form of PanDA's `insertTaskParams`; return the answer.

    The task waits in T_TASK to be taken over. A user's task with `uniqueTaskName` that has ended
    runs again with the new parameters; with `allow_active` one that runs has them changed.

    Raises:
        InvalidTask: These are no parameters of a task; the sentence names the parameter.
    """

async def take(
    database: AsyncDatabase,
    vo: str | None = None,
    label: str | None = None,
    *,
    options: VerbOptions = ...,
) -> list[int]:
    """Take over tasks that wait in T_TASK, of a VO and a label (None: all); return their numbers.

    After them come tasks that should have been refined ten minutes ago and were not. Tasks that
    another transaction has locked are left out.
    """

async def task_progress(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
) -> dict[int, TaskProgress]:
    """Return the input files and the jobs of tasks by state.

    Raises:
        InvalidValue: A task is no number.
    """
