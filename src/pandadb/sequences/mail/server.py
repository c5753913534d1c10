"""A mailbox on a server: what is the same by all protocols."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.sequences.sequence_run import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from email.message import EmailMessage

    from pandadb.sequences.mail.configuration import MailConfiguration

TIMEOUT = 60.0
"""Seconds that the server has for an answer."""
ONE_DAY = timedelta(days=1)
"""Difference of zones: what is older is filtered by the source."""


class Mail(NamedTuple):
    """A mail of a mailbox."""

    message: EmailMessage
    arrived_at: datetime | None
    """In UTC, without a zone; None if the mailbox does not know it."""


class ServerMailbox(ABC):
    """A mailbox on a server; each look gives the notifications that are new."""

    def __init__(self, configuration: MailConfiguration, failures: tuple[type[Exception], ...]):
        """Make a mailbox.

        Args:
            configuration: How to reach it.
            failures: Errors of the protocol's library.
        """
        self._configuration = configuration
        self._failures = failures
        self._server: Any = None

    def look(self, since: date) -> list[Mail]:
        """Return the notifications that were not seen before, the oldest first.

        Args:
            since: Older mails are passed over.

        Raises:
            OSError: The server cannot be reached, or refuses.
        """
        try:
            found = [*self._new(self._connected(), since)]
        except self._failures as error:
            self.close()
            raise OSError(str(error)) from error
        if not self._configuration.keeps_alive:
            self.close()
        return found

    def _connected(self) -> Any:
        """Return the connection: the one that is kept, if it lives, else a new one."""
        if self._server is not None:
            with suppress(*self._failures):
                self._server.noop()
                return self._server
        given = self._configuration
        LOGGER.debug("Log in to %s:%s as %s", given.host, given.port, given.user)
        self._server = self._open(ssl.create_default_context() if given.is_encrypted else None)
        self._log_in(self._server)
        return self._server

    def close(self) -> None:
        """Close the connection."""
        server, self._server = self._server, None
        if server is not None:
            self._close(server)

    @abstractmethod
    def forget(self) -> None:
        """Read all mails anew at the next look."""

    @abstractmethod
    def _open(self, context: ssl.SSLContext | None) -> Any:
        """Return a connection; without a context it is not encrypted."""

    @abstractmethod
    def _log_in(self, server: Any) -> None:
        """Give the user's name and password."""

    @abstractmethod
    def _new(self, server: Any, since: date) -> Iterable[Mail]:
        """Yield the notifications that were not seen before, the oldest first."""

    @abstractmethod
    def _close(self, server: Any) -> None:
        """Close a connection, which may be broken."""
