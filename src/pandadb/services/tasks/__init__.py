"""Verbs and queries of tasks, for operators and services. Each function is one transaction."""

from pandadb.core.generation.generated_jobs import GeneratedJob
from pandadb.core.generation.slices import Queue
from pandadb.core.tasks.commands.catalog import COMMANDS, UnknownCommand
from pandadb.core.tasks.commands.requests import CommandRequest
from pandadb.core.tasks.recounting.wrong_values import WrongValue
from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.search.pages import (
    TaskFilter,
    TaskHistory,
    TaskNotFound,
    TaskPage,
    TaskStep,
)
from pandadb.core.tasks.search.progress import TaskProgress
from pandadb.core.tasks.submission.parameters import InvalidTask, read_parameters
from pandadb.core.tasks.submission.requests import SubmissionAnswer
from pandadb.services.tasks.agents import AdvanceResult, advance, command
from pandadb.services.tasks.commands import (
    accept_commands,
    carry_out_commands,
    change_attribute,
    change_priority,
    change_split_rule,
    request_command,
    set_status,
)
from pandadb.services.tasks.ends import end_tasks, prepare_ends
from pandadb.services.tasks.generation import (
    GeneratedTask,
    generate,
    generate_rounds,
    generate_waiting,
    release_unmerged,
)
from pandadb.services.tasks.progress import task_progress
from pandadb.services.tasks.queues import find_queues
from pandadb.services.tasks.recounts import recount
from pandadb.services.tasks.retries import increase_attempts, reactivate, retry
from pandadb.services.tasks.search import files, find, get, history
from pandadb.services.tasks.submission import enter, refine, submit, take
from pandadb.services.transaction import VerbOptions

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
