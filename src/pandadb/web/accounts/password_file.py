"""The password file: a line `name:role:hash` for each user, with hashes of Argon2id."""

import re
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from pandadb.web.accounts import account_files, api_tokens
from pandadb.web.accounts.account_files import InvalidPasswordFile
from pandadb.web.accounts.users import Role

NAME = re.compile(r"[\w.@+-]{1,60}")
ROLES = {role.name.lower(): role for role in (Role.READER, Role.OPERATOR)}
MIN_LENGTH = 12
"""Characters of a password (ASVS 2.1.1)."""
MAX_LENGTH = 128
HASHER = PasswordHasher()
NO_ACCOUNT = HASHER.hash("the password of no account")
"""Checked for unknown names, so that these take as long as known ones."""


@dataclass(frozen=True)
class Account:
    """A line of the password file."""

    name: str
    role: Role
    hash: str


def accounts(path: Path) -> dict[str, Account]:
    """Return the accounts of a file by name; none if there is no file.

    Raises:
        InvalidPasswordFile: A line is malformed, or others may read the file.
    """
    found = [_account(path, number, line) for number, line in account_files.lines_of(path)]
    return {account.name: account for account in found}


def _account(path: Path, number: int, line: str) -> Account:
    name, _, rest = line.partition(":")
    role, _, hashed = rest.partition(":")
    if not NAME.fullmatch(name) or role not in ROLES or not hashed.startswith("$argon2"):
        raise InvalidPasswordFile(f"{path}, line {number}, is not name:role:hash")
    return Account(name, ROLES[role], hashed)


def verified(path: Path, name: str, password: str) -> Account | None:
    """Return the account with a name and password; None if there is none."""
    account = accounts(path).get(name)
    try:
        HASHER.verify(account.hash if account else NO_ACCOUNT, password[: MAX_LENGTH + 1])
    except VerificationError:
        return None
    return account


def set_account(path: Path, name: str, role: str, password: str) -> None:
    """Add an account to a file, or replace it. The file is made if there is none.

    Raises:
        InvalidPasswordFile: The name, the role or the password cannot be.
    """
    if not NAME.fullmatch(name):
        raise InvalidPasswordFile(f"{name!r} is no name: letters, digits and . _ @ + - are")
    if role not in ROLES:
        raise InvalidPasswordFile(f"{role!r} is no role: those are {', '.join(ROLES)}")
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidPasswordFile(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    new = Account(name, ROLES[role], HASHER.hash(password))
    with account_files.changing(path):
        known = accounts(path)
        if name not in known:  # tokens of another one who had the name
            api_tokens.revoke_all(path, name)
        _write(path, known | {name: new})


def remove_account(path: Path, name: str) -> bool:
    """Remove an account with its tokens from a file; return whether it was there."""
    with account_files.changing(path):
        known = accounts(path)
        if known.pop(name, None) is None:
            return False
        api_tokens.revoke_all(path, name)
        _write(path, known)
    return True


def _write(path: Path, known: dict[str, Account]) -> None:
    lines = (f"{one.name}:{one.role.name.lower()}:{one.hash}" for one in known.values())
    account_files.replace(path, lines)
