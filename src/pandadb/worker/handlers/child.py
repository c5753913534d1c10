"""The child process of a handler with `process=True`.

It reads its order in the job's directory, where it runs, and writes the end there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandadb.worker.handlers.call import run_handler
from pandadb.worker.handlers.context import CURRENT, JobContext
from pandadb.worker.handlers.registry import HANDLERS, find_handler, load_handlers, load_modules
from pandadb.worker.payload.job_directory import ORDER, JobDirectory
from pandadb.worker.payload.outcome import PayloadOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

END = ".handler.json"
"""The file with the result or the failure."""
PROGRAM = f"""
import json, sys
sys.path[:] = json.load(open({ORDER!r}))["path"]
from pandadb.worker.handlers.child import run_child
sys.exit(run_child())
"""
"""The modules that it imports are those of the worker, none of the job's directory."""


def child_order(
    name: str, arguments: Mapping[str, Any], modules: Sequence[str], context: JobContext
) -> dict[str, Any]:
    """Return the order of a child process, for its job's directory."""
    return {
        "handler": name,
        "arguments": arguments,
        "modules": [*modules],
        "path": sys.path,
        "pandaid": context.pandaid,
        "attempt": context.attempt,
        "name": context.name,
    }


def child_argv() -> list[str]:
    """Return the program of a child process with its arguments."""
    return [sys.executable, "-P", "-c", PROGRAM]


def read_end(directory: JobDirectory) -> PayloadOutcome | None:
    """Return the outcome that the child has written; None if it has ended before."""
    try:
        found = json.loads((directory.path / END).read_text())
        return PayloadOutcome(
            error=found["error"],
            is_retryable=found["is_retryable"],
            retry_in=found["retry_in"],
            result=found["result"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def run_child() -> int:
    """Run the handler of the order; return 1 if it has failed."""
    order = json.loads(Path(ORDER).read_text())
    load_modules(order["modules"])
    if order["handler"] not in HANDLERS:
        load_handlers()
    here = JobDirectory(Path.cwd())
    context = JobContext(
        order["pandaid"],
        attempt=order["attempt"],
        name=order["name"],
        make_directory=lambda: here,
    )
    CURRENT.set(context)
    outcome = run_handler(find_handler(order["handler"]), order["arguments"])
    end = {name: getattr(outcome, name) for name in ("error", "is_retryable", "retry_in", "result")}
    partial = Path(f"{END}.partial")
    partial.write_text(json.dumps(end))
    partial.replace(END)
    sys.stderr.write(outcome.output.get("stderr", ""))
    return int(outcome.error is not None)
