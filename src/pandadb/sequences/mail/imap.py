"""A mailbox by IMAP: its folders are opened read-only, so that no mail becomes seen."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pandadb.errors import InvalidInput
from pandadb.sequences.mail.notifications import parse_message
from pandadb.sequences.sequence_run import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from email.message import EmailMessage

    from pandadb.sequences.mail.configuration import MailConfiguration

TIMEOUT = 60.0
"""Seconds that the server has for an answer."""
BODY = b"BODY[]"
ONE_DAY = timedelta(days=1)
"""Difference of zones: what is older is filtered by the source."""
UNSELECTABLE = (b"\\Noselect", b"\\NonExistent")


class ImapMailbox:
    """An IMAP mailbox; each look gives the notifications that are new."""

    def __init__(self, configuration: MailConfiguration) -> None:
        """Make a mailbox.

        Raises:
            InvalidInput: The library is not installed.
        """
        try:
            import imapclient  # noqa: PLC0415 - of the extra mail
        except ImportError:
            raise InvalidInput(
                "Mails by IMAP need another library: pip install 'pandadb[mail]'"
            ) from None
        self._library = imapclient
        self._configuration = configuration
        self._read: dict[str, tuple[int, int]] = {}
        """By folder its UIDVALIDITY and the highest UID that was read."""
        self._client: Any = None

    def look(self, since: date) -> list[EmailMessage]:
        """Return the notifications that were not seen before, by folder, the oldest first.

        Args:
            since: Older mails are passed over.

        Raises:
            OSError: The server cannot be reached, or refuses.
        """
        try:
            client = self._connected()
            found = [
                mail
                for folder in self._folders(client)
                for mail in self._new(client, folder, since)
            ]
        except (OSError, self._library.exceptions.IMAPClientError) as error:
            self.close()
            raise OSError(str(error)) from error
        if not self._configuration.keeps_alive:
            self.close()
        return found

    def forget(self) -> None:
        """Read all mails anew at the next look."""
        self._read.clear()

    def _connected(self) -> Any:
        errors = (OSError, self._library.exceptions.IMAPClientError)
        if self._client is not None:
            with suppress(*errors):
                self._client.noop()
                return self._client
        given = self._configuration
        LOGGER.debug("Log in to %s:%s as %s", given.host, given.port, given.user)
        context = ssl.create_default_context() if given.is_encrypted else None
        self._client = self._library.IMAPClient(
            given.host, given.port, ssl=given.is_encrypted, ssl_context=context, timeout=TIMEOUT
        )
        self._client.login(given.user, given.password)
        return self._client

    def _folders(self, client: Any) -> list[str]:
        """Return the folders to read: those of the configuration, else all that can be."""
        return [*self._configuration.folders] or [
            name
            for flags, _, name in client.list_folders()
            if not any(flag in flags for flag in UNSELECTABLE)
        ]

    def _new(self, client: Any, folder: str, since: date) -> Iterator[EmailMessage]:
        selected = self._selected(client, folder)
        if selected is None:
            return
        validity = int(selected.get(b"UIDVALIDITY", 0))
        known, highest = self._read.get(folder, (validity, 0))
        if known != validity:  # the folder was made anew: its UIDs are others
            highest = 0
        numbers = client.search(self._criteria(since, highest))
        numbers = sorted(number for number in numbers if number > highest)
        LOGGER.debug("%s: %s new mails", folder, len(numbers))
        fetched = client.fetch(numbers, ["BODY.PEEK[]"]) if numbers else {}
        for number in numbers:
            raw = fetched.get(number, {}).get(BODY)
            if raw is None:
                continue  # it was deleted since
            message = parse_message(raw)
            if self._configuration.senders.sent(message):
                yield message
        self._read[folder] = (validity, max([highest, *numbers]))

    def _selected(self, client: Any, folder: str) -> Any:
        """Return the answer to the selection of a folder; None if it cannot be read.

        Raises:
            Exception: It is the only one, or the connection is broken.
        """
        try:
            return client.select_folder(folder, readonly=True)
        except self._library.exceptions.IMAPClientAbortError:
            raise
        except self._library.exceptions.IMAPClientError as error:
            if folder in (*self._configuration.folders, "INBOX"):
                raise
            LOGGER.debug("The folder %s is passed over: %s", folder, error)
            return None

    def _criteria(self, since: date, highest: int) -> list[Any]:
        """Return the keys of a search: mails of the senders, new ones or those since a day."""
        search: list[Any] = []
        for part in self._configuration.senders.searched:
            search = ["OR", *search, "FROM", part] if search else ["FROM", part]
        when: list[Any] = ["UID", f"{highest + 1}:*"] if highest else ["SENTSINCE", since - ONE_DAY]
        return [*search, *when]

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            errors = (OSError, self._library.exceptions.IMAPClientError)
            try:
                client.logout()
            except errors:
                with suppress(*errors):
                    client.shutdown()
