"""Tokens of scripts: a file beside the password file has their hashes, never the tokens.

A token has 256 random bits, so one round of SHA-256 keeps it as safe as Argon2 keeps a password,
and a request with it costs no more than a look into the file.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from pandadb.web.accounts import account_files
from pandadb.web.accounts.account_files import InvalidPasswordFile

SUFFIX = ".tokens"
TOKEN = re.compile(r"pandadb_([0-9a-f]{12})_([\w-]{43})", re.ASCII)
"""The form of tokens; scanners for secrets find them by it."""
NO_HASH = "0" * 64
MAX_NOTE = 100
"""Characters of a note."""


@dataclass(frozen=True)
class Token:
    """A line of the file of tokens."""

    ident: str
    """Names the token in lists and logs; no secret."""
    name: str
    """The user, whose role the token has."""
    made: datetime
    expires: datetime
    hash: str
    note: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether it has not expired."""
        return datetime.now(UTC) < self.expires


def tokens(passwords: Path) -> list[Token]:
    """Return the tokens beside a password file, expired ones, too.

    Raises:
        InvalidPasswordFile: A line is malformed, or others may read the file.
    """
    path = _path(passwords)
    return [_token(path, number, line) for number, line in account_files.lines_of(path)]


def _path(passwords: Path) -> Path:
    return passwords.with_name(passwords.name + SUFFIX)


def _token(path: Path, number: int, line: str) -> Token:
    try:
        ident, name, made, expires, hashed, note = line.split("\t")
        first, last = (datetime.fromisoformat(one).astimezone(UTC) for one in (made, expires))
        return Token(ident, name, first, last, hashed, note)
    except (ValueError, OverflowError):
        raise InvalidPasswordFile(f"{path}, line {number}, is no token") from None


def new_token(passwords: Path, name: str, lifetime: timedelta, note: str = "") -> tuple[str, Token]:
    """Add a token of a user to the file; return it, as the only time, and its line.

    Raises:
        InvalidPasswordFile: The note has control characters or is too long; the file is malformed.
    """
    if len(note) > MAX_NOTE or not note.isprintable():
        raise InvalidPasswordFile(f"A note has {MAX_NOTE} printable characters at most")
    ident, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    now = datetime.now(UTC).replace(microsecond=0)
    made = Token(ident, name, now, now + lifetime, _hash(secret), note)
    with account_files.changing(passwords):
        _write(passwords, [*tokens(passwords), made])
    return f"pandadb_{ident}_{secret}", made


def verified(passwords: Path, given: str) -> Token | None:
    """Return the valid token that a text is; None if there is none."""
    parts = TOKEN.fullmatch(given)
    ident, secret = parts.groups() if parts else ("", "")
    found = next((one for one in tokens(passwords) if one.ident == ident), None)
    same = hmac.compare_digest(_hash(secret), found.hash if found else NO_HASH)
    return found if found and same and found.is_valid else None


def revoke(passwords: Path, ident: str) -> bool:
    """Remove a token; return whether it was there."""
    with account_files.changing(passwords):
        known = tokens(passwords)
        left = [one for one in known if one.ident != ident]
        if len(left) == len(known):
            return False
        _write(passwords, left)
    return True


def revoke_all(passwords: Path, name: str) -> None:
    """Remove all tokens of a user; the caller has the lock of the folder."""
    known = tokens(passwords)
    left = [one for one in known if one.name != name]
    if len(left) < len(known):
        _write(passwords, left)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _write(passwords: Path, known: list[Token]) -> None:
    lines = (
        "\t".join((one.ident, one.name, f"{one.made:%FT%TZ}", f"{one.expires:%FT%TZ}", one.hash,
                   one.note))
        for one in known
    )  # fmt: skip
    account_files.replace(_path(passwords), lines, owner_of=passwords)
