"""The user of a command."""

from __future__ import annotations

import getpass


def user_name(otherwise: str = "unknown") -> str:
    """Return the login name of the user, or another word if there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in a container with the number of a user only
        return otherwise
