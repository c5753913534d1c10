"""Options that several commands share."""

from typing import Annotated

import typer

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
