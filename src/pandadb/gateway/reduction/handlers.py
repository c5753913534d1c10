"""The handler of the jobs of runs, for `pandadb worker run --handlers` with this module."""

from __future__ import annotations

from typing import Any

from pandadb.gateway.reduction.reducing import Reduction
from pandadb.worker.handlers import handler


@handler("gateway.reduce", process=True, repeats=False)
def reduce(
    run: dict[str, Any], folders: dict[str, Any], rules: dict[str, Any], kinds: dict[str, Any]
) -> dict[str, Any]:
    """Reduce a run; return the keys of its event.

    Raises:
        JobFailure: It cannot be reduced, or not now.
    """
    return Reduction(run, folders, rules, kinds).reduce()
