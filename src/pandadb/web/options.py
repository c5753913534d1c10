"""Options of the web server beside the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.services import archive, partitions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pandadb.services.applications import Application


@dataclass(frozen=True)
class WebOptions:
    """Options of the web server."""

    secret: str
    """Key of signatures: cookies and tokens of another key are void."""
    public_url: str = "http://127.0.0.1:8080"
    """Address of the start page as users type it, without a slash at its end."""
    hosts: tuple[str, ...] = ("*",)
    """Names of the server in requests; `*` for any. Others would be a page of another site."""
    proxies: frozenset[str] = frozenset()
    """Addresses of reverse proxies, whose headers are trusted."""
    policies: Mapping[str, Any] = field(default_factory=lambda: partitions.load(None))
    """Policies of partitions."""
    waits: archive.GracePeriods = field(default_factory=archive.GracePeriods)
    """Time between copy and drop, with an archive in another database."""
    exports: Path | None = None
    """Folder of exported months: jobs are looked up there at last."""
    jobs_dir: Path | None = None
    """Folder of the workers of this machine; files of jobs are shown from below it only."""
    max_requests: int = 64
    """Requests at work at once; others are answered with 503."""
    applications: Mapping[str, Application] = field(default_factory=dict)
    """Programs with forms, by their names."""
    sends_mail: bool = True
    """Whether pages promise mails at the end of jobs."""
    max_body: int = 1_000_000
    """Bytes of the body of a request; others are answered with 413."""
    body_timeout: float = 15.0
    """Seconds that a client has to send a body, and the headers before it."""
    send_timeout: float = 30.0
    """Seconds that a client has to take each part of an answer."""
    form_rate: str = "30/minute"
    """Changes that one address may ask for."""
    login_rate: str = "10/minute"
    """Attempts to log in from one address, and as one user."""

    @property
    def is_secure(self) -> bool:
        """Whether cookies are sent by HTTPS only."""
        return self.public_url.startswith("https://")
