"""Options of a server from the settings; the key of signatures is kept on this machine."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pandadb.services import archive, partitions
from pandadb.web.options import WebOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.config import Settings
    from pandadb.services.applications import Application

FILE = "web_secret"
WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104  # compared, not bound
LOCAL = ("localhost", "127.0.0.1", "[::1]")


def options_of(
    settings: Settings,
    host: str,
    address: str,
    applications: Mapping[str, Application] | None = None,
) -> WebOptions:
    """Return the options of a server that listens on a host, and is there at an address."""
    public = (settings.web_url or address).rstrip("/")
    proxies = filter(None, (one.strip() for one in settings.web_proxies.split(",")))
    return WebOptions(
        secret=secret_of(settings),
        public_url=public,
        hosts=_hosts(host, public),
        proxies=frozenset(proxies),
        policies=partitions.load(settings.policies),
        waits=archive.GracePeriods.of_days(settings.archive_wait, settings.archive_wait_files),
        exports=settings.exports,
        jobs_dir=settings.jobs_dir(),
        applications=applications or {},
        sends_mail=settings.smtp_host is not None,
    )


def _hosts(host: str, public_url: str) -> tuple[str, ...]:
    """Return the names of the server in requests; any if nothing names it."""
    named = urlsplit(public_url).hostname or ""
    if host in WILDCARDS and named in WILDCARDS:
        return ("*",)
    return tuple({named, host, *LOCAL} - {*WILDCARDS})


def secret_of(settings: Settings) -> str:
    """Return the key of the settings, or that of a file that only its owner can read."""
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
