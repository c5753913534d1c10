"""The sources of results that this machine has: a mailbox, and the jobs of pbook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pandadb.sequences.local_jobs import LocalJobs
from pandadb.sequences.mail.configuration import FILE, read_configuration
from pandadb.sequences.mail.mailbox import MailSource

if TYPE_CHECKING:
    from pandadb.sequences.results import ResultSource


class Sources(NamedTuple):
    """The places that results of jobs and the jobs themselves come from."""

    source: ResultSource | None
    local_jobs: LocalJobs


def config_folder() -> Path:
    """Return the folder of PanDA's clients: PANDA_CONFIG_ROOT, else `~/.pathena`."""
    return Path(os.environ.get("PANDA_CONFIG_ROOT") or "~/.pathena").expanduser()


def find_sources(scan_days: int, *, is_needed: bool) -> Sources:
    """Return the sources that are there.

    Args:
        scan_days: Age in days of the oldest mails that are read.
        is_needed: Whether a sequence may ask for results: then `panda.cfg` has to be good.

    Raises:
        InvalidInput: It is not.
    """
    folder = config_folder()
    path = folder / FILE
    source = (
        MailSource(read_configuration(path), scan_days) if is_needed and path.exists() else None
    )
    return Sources(source, LocalJobs(folder))
