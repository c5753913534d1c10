"""The password of the mailbox, and other secrets in files: nobody else may read them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pandadb import config
from pandadb.errors import InvalidInput
from pandadb.sequences.sequence_run import LOGGER

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
SERVICE = "pandadb"
"""The service of the keyring."""


class ExposedSecret(InvalidInput):
    """A secret that other users of the machine can read."""


class MissingPassword(InvalidInput):
    """There is no password for the mailbox."""


def find_password(path: Path, given: Mapping[str, str]) -> str:
    """Return the password: of a file, `panda.cfg`, the environment, or the keyring.

    Args:
        path: The `panda.cfg`.
        given: Its values.

    Raises:
        ExposedSecret: It is in a file that others can read.
        MissingPassword: It is nowhere.
    """
    if name := given.get("mail_pass_file"):
        return secret_of_file(path.parent / Path(name).expanduser())
    if password := given.get("mail_pass"):
        refuse_exposed(path, f"chmod 600 {path}, or move mail_pass into the keyring")
        return password
    if set_password := config.load_settings().mail_password:
        return set_password.get_secret_value()
    user, host = given.get("mail_user", ""), given.get("mail_host", "")
    if password := _of_keyring(f"{user}@{host}"):
        return password
    raise MissingPassword(
        f"{path} has no mail_pass: write mail_pass_file = FILE there, set PANDADB_MAIL_PASSWORD, "
        f"or run keyring set {SERVICE} {user}@{host}"
    )


def secret_of_file(path: Path) -> str:
    """Return the first line of a file.

    Raises:
        ExposedSecret: Others can read it.
        MissingPassword: It cannot be read, or is empty.
    """
    refuse_exposed(path, f"chmod 600 {path}")
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise MissingPassword(f"{path} cannot be read: {error.strerror}") from None
    if not (secret := text.split("\n")[0].strip()):
        raise MissingPassword(f"{path} is empty: its first line is the secret")
    return secret


def refuse_exposed(path: Path, remedy: str) -> None:
    """See that other users cannot read a file with a secret.

    A file that they could read in a folder that is closed to them is only warned of.

    Raises:
        ExposedSecret: They can.
    """
    try:
        mode = path.stat().st_mode
        if not mode & OTHERS_READ:
            return
        is_open = all(
            one.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH) for one in path.resolve().parents
        )
    except OSError:
        return  # its reader reports it
    if is_open:
        raise ExposedSecret(f"Other users can read the password in {path}: {remedy}")
    LOGGER.warning("%s has a password and mode %o: %s", path, stat.S_IMODE(mode), remedy)


def _of_keyring(user: str) -> str | None:
    """Return a password of the keyring; None without the library, or without an entry."""
    try:
        import keyring  # noqa: PLC0415 - of the extra mail
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(SERVICE, user)
    except KeyringError:
        return None
    return found
