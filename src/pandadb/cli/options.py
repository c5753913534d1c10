"""Options and settings that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pandadb.config import load_settings
from pandadb.services import partitions

if TYPE_CHECKING:
    from pandadb.core.partitions.policies import Policy

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def site_policies() -> dict[str, Policy]:
    """Return how this site's partitions are made and how long they stay, as its settings say."""
    return partitions.load(load_settings().policies)
