"""The key of signatures: from the settings, else made once and kept on this machine."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandadb.config import Settings

FILE = "web_secret"


def secret_of(settings: Settings) -> str:
    """Return the key of the settings, or that of a file which only its owner can read."""
    if settings.web_secret:
        return settings.web_secret.get_secret_value()
    path = settings.state_dir() / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(file, "w", encoding="ascii") as opened:
        secret = secrets.token_urlsafe(32)
        opened.write(secret)
    return secret
