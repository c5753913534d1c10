"""Handlers: Python functions that are the payload of jobs.

from pandadb.worker.handlers import handler

@handler("thumbnail")
def make_thumbnail(url: str, size: int = 128) -> dict[str, int]: ...
"""

from pandadb.worker.handlers.context import JobContext, JobFailure, current_job
from pandadb.worker.handlers.registry import (
    Handler,
    HandlerError,
    UnknownHandler,
    handler,
    handler_names,
    load_handlers,
)

__all__ = [
    "Handler",
    "HandlerError",
    "JobContext",
    "JobFailure",
    "UnknownHandler",
    "current_job",
    "handler",
    "handler_names",
    "load_handlers",
]
