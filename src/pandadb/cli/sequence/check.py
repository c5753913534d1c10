"""`pandadb sequence check`: traps in sequence files, before they run."""

from pathlib import Path
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON
from pandadb.cli.output import INVALID, WRONG, as_json, fail, note, out
from pandadb.sequences.language import traps


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sequence files.")],
    *,
    trust_python: Annotated[
        bool, typer.Option("--trust-python", help="They will be run with all of Python.")
    ] = False,
    json: AsJSON = False,
) -> None:
    """Check sequence files: lines that are lost, names that are cut, steps that never run.

    Exit code 1 if something is odd, 2 if a file would not run.

    Example: pandadb sequence check examples/sequences/submit_download.txt
    """
    found = [trap for path in files for trap in traps.traps_of(path, trust_python=trust_python)]
    if json:
        as_json([trap._asdict() for trap in found])
    errors = [trap for trap in found if trap.is_error]
    for trap in () if json else found:
        if trap not in errors:
            out.print(str(trap), markup=False, soft_wrap=True)
    for trap in errors[:-1]:
        note(str(trap))
    if errors:
        fail(str(errors[-1]), INVALID)
    if found:
        raise typer.Exit(WRONG)
    if not json:
        out.print(f"{len(files)} checked, nothing is odd.", markup=False)
