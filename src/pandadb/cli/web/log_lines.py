"""The log of `pandadb web`: a line on standard error for each refused or failed request."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from typing_extensions import override

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"
TIMES = "%Y-%m-%dT%H:%M:%S"


class OneLine(logging.Formatter):
    """Formats a record with its time in UTC; control characters of requests are escaped."""

    converter = staticmethod(time.gmtime)

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        text = super().formatMessage(record)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


@contextmanager
def logged() -> Iterator[None]:
    """Print the log of the pages, with the ids that error pages name, on standard error."""
    logger, lines = logging.getLogger("pandadb.web"), logging.StreamHandler()
    lines.setFormatter(OneLine(FORMAT, TIMES))
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(level)
        logger.propagate = propagate
