"""The log of `pandadb web`: a line on standard error for each refused or failed request."""

import logging
import time

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


def lines() -> logging.Handler:
    """Return the handler that prints the log of the pages, with the ids that error pages name."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(FORMAT, TIMES))
    return handler
