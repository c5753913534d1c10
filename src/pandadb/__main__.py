"""Entry point of the `pandadb` command, before slow imports."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from pandadb.cli.lazy_imports import lazy_imports

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def main() -> None:
    """Run the command; an interrupt or SIGTERM ends it in order, so that its server stops."""
    sys.unraisablehook = _again
    _open_streams()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with lazy_imports():
            from pandadb.cli.main import main as run  # noqa: PLC0415 - interrupts are caught here
    except KeyboardInterrupt:
        sys.exit(130)
    run()


def psequencer() -> None:
    """Run sequence files as the command of old clients does: `psequencer -v FILE...`."""
    sys.argv[1:] = ["sequence", "run", *sys.argv[1:]]
    main()


def _open_streams() -> None:
    """Ensure three open streams, and that every character can be printed.

    A closed stream is opened on the null device in the opposite mode, so that no connection to the
    database gets its number: output then fails with an error in a sentence.
    """
    for number, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _again(ignored: UnraisableHookArgs) -> None:
    """Repeat a signal raised where Python ignores exceptions, as in a weakref's callback."""
    if ignored.exc_type in (SystemExit, KeyboardInterrupt):
        number = signal.SIGINT if ignored.exc_type is KeyboardInterrupt else signal.SIGTERM
        threading.Timer(0.05, signal.raise_signal, [number]).start()
    else:
        sys.__unraisablehook__(ignored)


if __name__ == "__main__":
    main()
