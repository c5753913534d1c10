"""Where dumps come from: files, and URLs with timeouts and retries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandadb.core.sites.dumps.dump_kinds import DumpKind, read_dumps, read_json
from pandadb.core.sql.validation import InvalidValue, near, shown
from pandadb.errors import PandaDBError
from pandadb.services.sites.collector import paused_collector

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

SCHEMES = ("http://", "https://")
TIMEOUT, CONNECT_TIMEOUT = 30.0, 10.0
"""Seconds for a part of an answer, and for the connection."""
ATTEMPTS = 3
LONGEST_PAUSE = 10.0
"""Seconds between two attempts, at most."""


class SourceUnavailable(PandaDBError):
    """A URL that gives no dump; nothing was changed."""


def gather(sources: Iterable[str], named: Iterable[str] = ()) -> dict[DumpKind, Any]:
    """Return the dumps of files or URLs, each an object of dumps, and of `KIND=FILE` or `KIND=URL`.

    Raises:
        InvalidValue: One is no such JSON, a kind is unknown, or is there twice.
        SourceUnavailable: A URL gives no answer.
        OSError: A file cannot be read.
    """
    found: dict[DumpKind, Any] = {}
    for source in sources:
        _add(found, parse(read(source), source))
    for text in named:
        kind, source = _named(text)
        with paused_collector():
            _add(found, {kind: read_json(read(source), source)})
    return found


def parse(text: str, name: str = "the file") -> dict[DumpKind, Any]:
    """Return the dumps of a JSON text: an object with a dump for each kind.

    Raises:
        InvalidValue: The text is no such JSON; the sentence names the file.
    """
    with paused_collector():
        return read_dumps(text, name)


def read(source: str) -> str:
    """Return the text of a file or a URL.

    Raises:
        InvalidValue: It is not UTF-8.
        SourceUnavailable: The URL gives no answer.
        OSError: The file cannot be read.
    """
    content = _fetch(source) if source.lower().startswith(SCHEMES) else Path(source).read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidValue(f"{source} is not UTF-8: {error}") from None


def _add(found: dict[DumpKind, Any], new: dict[DumpKind, Any]) -> None:
    for kind, dump in new.items():
        if kind in found:
            raise InvalidValue(f"the dump of {kind} is there twice")
        found[kind] = dump


def _named(text: str) -> tuple[DumpKind, str]:
    kind, equals, source = text.partition("=")
    if not (equals and source and kind in {*DumpKind}):
        raise InvalidValue(
            f"{shown(text)} is no KIND=FILE{near(kind, DumpKind)}; kinds are {', '.join(DumpKind)}"
        )
    return DumpKind(kind), source


def _fetch(url: str) -> bytes:
    """Return the content of a URL, after three attempts at most.

    Errors of the connection and of the server (5xx, 429) are tried again, others are not.
    """
    import httpx  # noqa: PLC0415 - only URLs need it
    import tenacity  # noqa: PLC0415

    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE),
        retry=tenacity.retry_if_exception(_passes),
        reraise=True,
    )
    timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            return attempts(_get, client, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(
            f"{url} gives no dump: {str(error) or type(error).__name__}"
        ) from None


def _get(client: httpx.Client, url: str) -> bytes:
    answer = client.get(url)
    answer.raise_for_status()
    return answer.content


def _passes(error: BaseException) -> bool:
    """Return whether an error may be gone at the next attempt."""
    import httpx  # noqa: PLC0415

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, httpx.TransportError) and not isinstance(
        error, httpx.UnsupportedProtocol
    )
