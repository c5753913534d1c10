"""The database that a command works on: one of pandadb's, and named if the command changes it.

The embedded one is not changed by default without a terminal: a cron job that has lost its
PANDADB_URL would succeed every night on a private database.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pandadb import config
from pandadb import database as databases
from pandadb.cli.output import note
from pandadb.services import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.config import Settings
    from pandadb.database import Database


def connected(settings: Settings | None = None) -> Database:
    """Return the database of the settings, whether or not pandadb has made its schema."""
    return databases.Database.from_settings(settings)


@contextmanager
def opened(*, watched: bool = False) -> Iterator[Database]:
    """Open the database of a command that changes nothing.

    A report that is `watched` by cron or a monitor is not of the embedded one by accident, either.

    Raises:
        NotStamped: It has tables of PanDA's that pandadb has not made.
        SettingsError: See `check_named`; or a setting is unknown or malformed.
    """
    settings = config.load_settings()
    if watched:
        check_named(settings)
    with connected(settings) as database:
        schema.refuse_unstamped(database)
        yield database


@contextmanager
def changing(*, dry_run: bool = False, stamped: bool = True) -> Iterator[Database]:
    """Open the database that a command is about to change, and name it, without its password.

    Unless it need not be `stamped`, it has to be one of pandadb's.

    Raises:
        NotStamped: It has tables of PanDA's that pandadb has not made: nothing is changed there.
        SettingsError: See `check_named`; or a setting is unknown or malformed.
    """
    settings = config.load_settings()
    if not dry_run:
        check_named(settings)
    if settings.server_url() is None:
        name = f"the embedded one in {settings.data_dir}"
        note(f"Database: {name}", database=name)
    with connected(settings) as database:
        if settings.server_url() is not None:
            name = database.libpq_url(hint=False)
            note(f"Database: {name}", database=name)
        if stamped:
            schema.refuse_unstamped(database)
        yield database


def check_named(settings: Settings) -> None:
    """Refuse the embedded database if nobody has named it, nor is at a terminal to notice.

    Raises:
        SettingsError: PANDADB_URL is not set, and no standard stream is a terminal.
    """
    if settings.url is None and not _has_terminal():
        raise config.SettingsError(
            "PANDADB_URL is not set, and there is no terminal: set it to the database that is "
            "meant, or to embedded for the private PostgreSQL in "
            f"{settings.data_dir}"
        )


def _has_terminal() -> bool:
    return any(map(os.isatty, (0, 1, 2)))
