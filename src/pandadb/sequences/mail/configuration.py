"""`panda.cfg`, the configuration of PanDA's clients: how to reach the mailbox.

The file is only read: nothing is kept in it.
"""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.errors import InvalidInput
from pandadb.sequences.mail.passwords import find_password, secret_of_file
from pandadb.sequences.mail.senders import Senders

if TYPE_CHECKING:
    from pathlib import Path

FILE = "panda.cfg"
SECTION = "sequencer"
PROTOCOLS = ("imap", "pop3")
PORTS = {("imap", True): 993, ("imap", False): 143, ("pop3", True): 995, ("pop3", False): 110}
"""Ports by the protocol and whether it is encrypted."""
REFERENCE = re.compile(r"%\(([^()]*)\)s")
"""A value of the same section in a value."""
DEEPEST = 10
"""Values in values in values at most."""
MINUTE = 60.0
INTERVAL = 5.0
"""Minutes between two looks."""


class InvalidConfiguration(InvalidInput):
    """A `panda.cfg` that cannot be used; the sentence has the remedy."""


@dataclass(frozen=True)
class MailConfiguration:
    """How to reach a mailbox."""

    protocol: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    is_encrypted: bool = True
    interval: float = INTERVAL * MINUTE
    """Seconds between two looks."""
    keeps_alive: bool = False
    """Whether the connection stays open between two looks."""
    folders: tuple[str, ...] = ()
    """The folders of an IMAP mailbox that are read; none for all."""
    read_until: str | None = None
    """UIDL of the last mail that the original has read by POP3."""
    senders: Senders = field(default_factory=Senders)


def read_configuration(path: Path) -> MailConfiguration:
    """Return the configuration of a file `panda.cfg`.

    Raises:
        InvalidConfiguration: A value is missing or malformed, or others can read the password.
    """
    given = _section(path)
    protocol = given.get("mail_protocol", "")
    if protocol not in PROTOCOLS:
        raise InvalidConfiguration(f"{path}: mail_protocol is {protocol!r}: write imap or pop3")
    host, user = (_needed(path, given, name) for name in ("mail_host", "mail_user"))
    is_encrypted = _flag(path, given, "mail_ssl", default=True)
    return MailConfiguration(
        protocol, host, _port(path, given, PORTS[protocol, is_encrypted]), user,
        find_password(path, given),
        is_encrypted=is_encrypted,
        interval=_interval(path, given),
        keeps_alive=_flag(path, given, "mail_keepalive", default=False),
        folders=_list(given.get("mail_dirs", "")),
        read_until=given.get("pop_uidl") if protocol == "pop3" else None,
        senders=_senders(path, given),
    )  # fmt: skip


def _section(path: Path) -> dict[str, str]:
    """Return the values of the section; a file without any header is that section."""
    parser = configparser.RawConfigParser(
        strict=False, empty_lines_in_values=False, inline_comment_prefixes=(";",)
    )
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        has_header = re.search(r"^\[", text, re.MULTILINE)
        parser.read_string(text if has_header else f"[{SECTION}]\n{text}", str(path))
        return _interpolated(dict(parser.items(SECTION)))
    except OSError as error:
        raise InvalidConfiguration(f"{path} cannot be read: {error.strerror}") from None
    except configparser.NoSectionError:
        raise InvalidConfiguration(f"{path} has no section [{SECTION}]") from None
    except configparser.Error as error:
        place = f", line {line}" if (line := getattr(error, "lineno", None)) else ""
        raise InvalidConfiguration(
            f"{path}{place}: write name = value, in a section [{SECTION}]"
        ) from None


def _interpolated(given: dict[str, str]) -> dict[str, str]:
    """Return the values with `%(name)s` as the value of that name; a single % is itself."""

    def value(text: str, depth: int = 0) -> str:
        if depth > DEEPEST or not REFERENCE.search(text):
            return text
        found = REFERENCE.sub(lambda one: given.get(one[1].lower(), one[0]), text)
        return found if found == text else value(found, depth + 1)

    return {name: value(text) for name, text in given.items()}


def _needed(path: Path, given: dict[str, str], name: str) -> str:
    if not given.get(name):
        raise InvalidConfiguration(f"{path} has no {name}")
    return given[name]


def _flag(path: Path, given: dict[str, str], name: str, *, default: bool) -> bool:
    text = given.get(name, "").lower()
    if "true" in text or "false" in text:
        return "true" in text
    if text:
        raise InvalidConfiguration(f"{path}: {name} is {text!r}: write True or False")
    return default


def _port(path: Path, given: dict[str, str], default: int) -> int:
    text = given.get("mail_port", "") or str(default)
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or not 0 < int(text) < 1 << 16:
        raise InvalidConfiguration(f"{path}: mail_port is {text!r}: write a number from 1 to 65535")
    return int(text)


def _interval(path: Path, given: dict[str, str]) -> float:
    text = given.get("mail_interval", "") or str(INTERVAL)
    if not re.fullmatch(r"\d{1,6}(\.\d*)?|\.\d+", text, re.ASCII):
        raise InvalidConfiguration(f"{path}: mail_interval is {text!r}: write minutes")
    return float(text) * MINUTE


def _list(text: str) -> tuple[str, ...]:
    return tuple(one for part in text.split(",") if (one := part.strip()))


def _senders(path: Path, given: dict[str, str]) -> Senders:
    key = given.get("mail_token_file")
    return Senders(
        addresses=_list(given.get("mail_senders", "")),
        token_key=secret_of_file(path.parent / key) if key else None,
        authserv=given.get("mail_authserv") or None,
    )
