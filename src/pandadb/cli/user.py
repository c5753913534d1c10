"""The user of a command."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """Return the login name of the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in a container with the number of a user only
        return "unknown"
