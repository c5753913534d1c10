"""Where the `pandadb` command begins, before anything that takes time is imported."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def main() -> None:
    """Run the command; an interrupt or SIGTERM ends it as usual, so that its server stops."""
    sys.unraisablehook = _again
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        from pandadb.cli.main import main as run  # noqa: PLC0415 - it takes a second
    except KeyboardInterrupt:
        sys.exit(130)
    run()


def _again(ignored: UnraisableHookArgs) -> None:
    """Repeat a signal that came where Python ignores exceptions, as in a weakref's callback."""
    if ignored.exc_type in (SystemExit, KeyboardInterrupt):
        number = signal.SIGINT if ignored.exc_type is KeyboardInterrupt else signal.SIGTERM
        threading.Timer(0.05, signal.raise_signal, [number]).start()
    else:
        sys.__unraisablehook__(ignored)


if __name__ == "__main__":
    main()
