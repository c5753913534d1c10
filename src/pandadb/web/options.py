"""Options of the web server: what pages need to know beside the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WebOptions:
    """Options of the web server."""

    secret: str
    """Key of signatures: cookies and tokens of another key are void."""
    public_url: str = "http://127.0.0.1:8080"
    """Address of the start page as users type it, without a slash at its end."""
    exports: Path | None = None
    """Folder of exported months, in which jobs are looked up at last."""
    jobs_dir: Path | None = None
    """Folder below which workers of this machine run jobs; files of no other one are shown."""
    max_requests: int = 64
    """Requests at work at once; others are answered with 503."""

    @property
    def is_secure(self) -> bool:
        """Whether cookies are sent by HTTPS only."""
        return self.public_url.startswith("https://")
