"""The payload of the scenarios, as a handler of `pandadb worker run`: it notes its execution."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg

from pandadb.worker.handlers import current_job, handler

HANDLER = "chaos"
NOTE = "INSERT INTO public.executed (pandaid, token) VALUES (%s, %s)"
SERVER: dict[str, Any] = {"url": ""}
"""The URL, which the process of the worker sets."""
mine = threading.local()


@handler(HANDLER)
def note_execution(seconds: float = 0.0) -> None:
    """Note that the job was executed; without the database, wait for it."""
    job = current_job()
    while not job.cancelled.is_set():
        try:
            if getattr(mine, "connection", None) is None or mine.connection.closed:
                mine.connection = psycopg.connect(SERVER["url"], autocommit=True)
            mine.connection.execute(NOTE, (job.pandaid, job.attempt))
        except psycopg.Error:
            mine.connection = None
            time.sleep(0.1)
        else:
            time.sleep(seconds)
            return
