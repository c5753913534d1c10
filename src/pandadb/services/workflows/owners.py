"""Names of the processes that run sequences; those of this machine are known to be gone."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")
MAX_HOST = 30


def new_owner() -> str:
    """Return a name for this process: machine, number, system, and a random part."""
    host = socket.gethostname()[:MAX_HOST].replace(":", "-")
    return f"{host}:{os.getpid()}:{_system()}:{secrets.token_hex(4)}"


def is_gone(owner: str) -> bool:
    """Return whether an owner is a process of this system that has ended.

    Of a process elsewhere that is not known: only its lease says so, when it has expired. Numbers
    of processes are those of a boot and a namespace, such as a container's.
    """
    words = owner.split(":")
    if len(words) != 4 or not words[1].isdigit() or not words[2] or words[2] != _system():
        return False
    try:
        os.kill(int(words[1]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_zombie(int(words[1]))


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2][:1] == "Z"
    return False


def _system() -> str:
    """Return a digest of this boot and namespace of processes; empty where there is none."""
    try:
        words = f"{BOOT.read_text()}{NAMESPACE.readlink()}"
    except OSError:
        return ""
    return hashlib.sha256(words.encode()).hexdigest()[:8]
