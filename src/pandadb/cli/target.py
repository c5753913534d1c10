"""The database of a command: one of pandadb's, and printed if the command changes it.

Without a terminal the embedded database is not changed by default: a cron job that has lost its
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
    """Return the database of the settings, whether or not pandadb created its schema."""
    return databases.Database.from_settings(settings)


@contextmanager
def opened(*, watched: bool = False) -> Iterator[Database]:
    """Open the database of a read-only command.

    A report that is `watched` by cron or a monitor does not use the embedded database by default,
    either.

    Raises:
        NotStamped: It has tables of PanDA that pandadb has not created.
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
    """Open the database of a changing command, and print its URL without the password.

    It has to be one of pandadb's, unless `stamped` is false.

    Raises:
        NotStamped: It has tables of PanDA that pandadb has not created: nothing is changed there.
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
    """Refuse the embedded database if it is not named in the settings and there is no terminal.

    Raises:
        SettingsError: PANDADB_URL is not set, and no standard stream is a terminal.
    """
    if settings.url is None and not _has_terminal():
        raise config.SettingsError(
            "PANDADB_URL is not set, and there is no terminal: set it to the URL of the database, "
            f"or to embedded for the private PostgreSQL in {settings.data_dir}"
        )


def _has_terminal() -> bool:
    return any(map(os.isatty, (0, 1, 2)))
