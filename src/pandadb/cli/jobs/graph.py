"""`pandadb jobs graph`: a queued job with all that it waits for, and all that waits for it."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.flows import drawing
from pandadb.cli.flows.find import AsMermaid
from pandadb.cli.options import AsJSON, job_id
from pandadb.cli.output import as_json, out
from pandadb.cli.target import connected
from pandadb.services import queue


def graph(
    pandaid: Annotated[int, typer.Argument(parser=job_id, metavar="PANDAID", help="The job.")],
    *,
    mermaid: AsMermaid = False,
    json: AsJSON = False,
) -> None:
    """Draw a job of a queue, all that it waits for, and all that waits for it.

    Example: pandadb jobs graph 6012345678
    """
    with connected() as database:
        found = queue.flows.around(database, pandaid)
    if json:
        as_json(asdict(found))
    elif mermaid:
        out.print(drawing.mermaid(found.jobs, found.edges), markup=False, soft_wrap=True)
    else:
        out.print(drawing.tree(f"Job {pandaid}", found.jobs, found.edges))
