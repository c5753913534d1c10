"""A mailbox by POP3."""

from __future__ import annotations

import poplib
import ssl
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from pandadb.sequences.mail.notifications import parse_message, sent_at
from pandadb.sequences.sequence_run import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from email.message import EmailMessage

    from pandadb.sequences.mail.configuration import MailConfiguration

TIMEOUT = 60.0
"""Seconds that the server has for an answer."""
ONE_DAY = timedelta(days=1)
"""Difference of zones: what is older is filtered by the source."""
MANY = 20
"""So many old mails in a row end a look; a single one may have a wrong date."""
LONGEST_LINE = 1 << 20
"""Bytes of a line of a mail; the library allows 2048, and parameters of a task may be longer."""
poplib._MAXLINE = LONGEST_LINE  # type: ignore[attr-defined]
FAILURES = (OSError, EOFError, poplib.error_proto)


class PopMailbox:
    """A POP3 mailbox; each look gives the notifications that are new."""

    def __init__(self, configuration: MailConfiguration) -> None:
        self._configuration = configuration
        self._seen: set[str] = set()
        self._server: poplib.POP3 | None = None

    def look(self, since: date) -> list[EmailMessage]:
        """Return the notifications that were not seen before, the oldest first.

        Args:
            since: Older mails are passed over.

        Raises:
            OSError: The server cannot be reached, or refuses.
        """
        try:
            server = self._connected()
            found = [*self._new(server, since)]
        except FAILURES as error:
            self.close()
            raise OSError(str(error)) from error
        if not self._configuration.keeps_alive:
            self.close()
        return found

    def forget(self) -> None:
        """Read all mails anew at the next look."""
        self._seen.clear()

    def _connected(self) -> poplib.POP3:
        if self._server is not None:
            with suppress(*FAILURES):
                self._server.noop()
                return self._server
        given = self._configuration
        LOGGER.debug("Log in to %s:%s as %s", given.host, given.port, given.user)
        if given.is_encrypted:
            context = ssl.create_default_context()
            server: poplib.POP3 = poplib.POP3_SSL(
                given.host, given.port, timeout=TIMEOUT, context=context
            )
        else:
            server = poplib.POP3(given.host, given.port, timeout=TIMEOUT)
        self._server = server
        server.user(given.user)
        server.pass_(given.password)
        return server

    def _new(self, server: poplib.POP3, since: date) -> Iterator[EmailMessage]:
        numbers = self._unseen(server)
        LOGGER.debug("%s new mails", len(numbers))
        wanted: list[tuple[str, str]] = []
        old = 0
        for number, uidl in reversed(numbers):
            with self._passed_over(uidl):
                header = parse_message(b"\n".join(server.top(number, 0)[1]))
            old = 0 if sent_at(header).date() >= since - ONE_DAY else old + 1
            if old > MANY:
                break
            if not old and self._configuration.senders.sent(header):
                wanted.append((number, uidl))
        for number, uidl in reversed(wanted):
            with self._passed_over(uidl):
                raw = b"\n".join(server.retr(number)[1])
            yield parse_message(raw)
        self._seen.update(uidl for _, uidl in numbers)

    @contextmanager
    def _passed_over(self, uidl: str) -> Iterator[None]:
        """Pass over a mail in the next look, if the server's answer about it breaks the session."""
        try:
            yield
        except poplib.error_proto:
            self._seen.add(uidl)
            raise

    def _unseen(self, server: poplib.POP3) -> list[tuple[str, str]]:
        """Return the numbers and the UIDLs of mails that are new."""
        listed = [line.decode("ascii", "replace").split() for line in server.uidl()[1]]
        numbers = [(words[0], words[1]) for words in listed if len(words) == 2]
        until = self._configuration.read_until
        place = next((i for i, (_, uidl) in enumerate(numbers, 1) if uidl == until), 0)
        return [one for one in numbers[place:] if one[1] not in self._seen]

    def close(self) -> None:
        """Close the connection."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(*FAILURES):
                server.quit()
            with suppress(*FAILURES):
                server.close()
