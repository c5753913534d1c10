"""The environment of a payload, without the secrets of its worker; secrets in texts, masked."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pandadb.worker.payload.job_directory import TMP
from pandadb.worker.payload.supervisor import PR_SET_DUMPABLE, prctl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

PASSED = ("PATH", "LANG", "LANGUAGE", "TZ", "HOME", "USER", "LOGNAME")
"""Variables that a payload has of its worker, beside those named `LC_*`."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
OURS = "PANDADB_"
"""Prefix of the worker's settings, some of which are secrets."""
MASK = "***"
LEAST_SECRET = 4
"""Characters of the shortest text that is masked wherever it is."""


def payload_environment(
    own: Mapping[str, str],
    directory: Path,
    *,
    identity: Mapping[str, str] | None = None,
    passed: Collection[str] = (),
) -> dict[str, str]:
    """Return the environment of a payload: a few variables of the worker's, and the job's own.

    Args:
        own: Variables of the job; they override all but those of its identity.
        directory: The directory of the job, also for its temporary files.
        identity: Variables such as PANDADB_JOB_ID.
        passed: Names of further variables of the worker's; settings of pandadb are not passed.
    """
    given = os.environ
    names = {*PASSED, *passed, *(name for name in given if name.startswith("LC_"))}
    kept = {name: given[name] for name in names if name in given and not name.startswith(OURS)}
    return {
        "PATH": DEFAULT_PATH,
        **kept,
        "TMPDIR": str(directory / TMP),
        **own,
        **(identity or {}),
    }


@contextmanager
def hidden_process() -> Iterator[None]:
    """Keep other processes of the user from reading the environment and the memory of this one.

    On Linux `/proc/PID/environ` of the worker has its settings, such as the URL of the database,
    and a payload is a process of the same user. Root can still read it.
    """
    prctl(PR_SET_DUMPABLE, 0)
    try:
        yield
    finally:
        prctl(PR_SET_DUMPABLE, 1)


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the secrets of an environment: passwords of URLs, and of PostgreSQL's variables."""
    found = {environment.get("PGPASSWORD", "")}
    for name, value in environment.items():
        if name.startswith(OURS) and "://" in value:
            found |= {value, *_passwords(value)}
    return frozenset(secret for secret in found if len(secret) >= LEAST_SECRET)


def _passwords(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        written = parts.password or ""
    except ValueError:
        return set()
    in_query = re.findall(r"(?:^|&)(?:ssl)?password=([^&]*)", parts.query)
    return {text for one in (written, *in_query) for text in (one, unquote(one))}


def mask_secrets(text: str, secrets: Collection[str] = ()) -> str:
    """Return a text without the secrets, and without the password of any URL in it."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return re.sub(r"(?<=://)([^/\s:@]*):[^@\s]+@", rf"\1:{MASK}@", text)
