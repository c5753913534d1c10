"""The password of the broker: from the settings, a variable of the environment, or a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pandadb.config import load_settings
from pandadb.errors import InvalidInput
from pandadb.gateway.settings import OTHERS

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.gateway.settings import Broker

USUAL = "PANDADB_STOMP_PASSWORD"
"""The variable that a file `.env` may have, too."""


class PasswordError(InvalidInput):
    """A file with a password that cannot be read, or that other users can read."""


def password_of(broker: Broker) -> str | None:
    """Return the password: of the settings, else of the environment, else of the file.

    Raises:
        PasswordError: The file cannot be read, or other users can read it.
        SettingsError: A setting of the environment is unknown or malformed.
    """
    if broker.password is not None:
        return broker.password.get_secret_value()
    given = load_settings().stomp_password
    if broker.password_env == USUAL and given is not None:
        return given.get_secret_value()
    if found := os.environ.get(broker.password_env):
        return found
    return _read(broker.password_file) if broker.password_file else None


def _read(file: Path) -> str:
    try:
        if file.stat().st_mode & OTHERS:
            raise PasswordError(f"{file} can be read by other users: chmod 600 {file}")
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordError(f"The file of the broker's password cannot be read: {error}") from error
