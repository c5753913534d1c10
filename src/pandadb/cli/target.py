"""The database that a command changes: named on standard error, and never chosen by default.

A cron job that has lost its PANDADB_URL would succeed every night on a private database.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pandadb.cli.output import note
from pandadb.config import SettingsError, load_settings
from pandadb.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.config import Settings


@contextmanager
def changing(*, dry_run: bool = False) -> Iterator[Database]:
    """Open the database that a command is about to change, and name it, without its password.

    Raises:
        SettingsError: See `check_named`; or a setting is unknown or malformed.
    """
    settings = load_settings()
    if not dry_run:
        check_named(settings)
    if settings.server_url() is None:
        name = f"the embedded one in {settings.data_dir}"
        note(f"Database: {name}", database=name)
    with Database.from_settings(settings) as database:
        if settings.server_url() is not None:
            name = database.libpq_url(hint=False)
            note(f"Database: {name}", database=name)
        yield database


def check_named(settings: Settings) -> None:
    """Refuse the embedded database if nobody has named it, nor is at a terminal to notice.

    Raises:
        SettingsError: PANDADB_URL is not set, and no standard stream is a terminal.
    """
    if settings.url is None and not _has_terminal():
        raise SettingsError(
            "PANDADB_URL is not set, and there is no terminal: set it to the database that is to "
            "be changed, or to embedded for the private PostgreSQL in "
            f"{settings.data_dir}"
        )


def _has_terminal() -> bool:
    return any(map(os.isatty, (0, 1, 2)))
