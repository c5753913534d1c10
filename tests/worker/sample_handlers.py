"""Handlers of tests."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from pandadb.worker.handlers import JobFailure, current_job, handler


@handler("add")
def add(a: int, b: int = 1) -> dict[str, int]:
    return {"sum": a + b}


@handler("add later")
async def add_later(a: int, b: int = 1) -> int:
    await asyncio.sleep(0.01)
    return a + b


@handler("add apart", process=True)
def add_apart(a: int, b: int = 1) -> dict[str, int]:
    (current_job().directory / "sum").write_text(str(a + b))
    return {"sum": a + b, "pid": os.getpid()}


@handler("raise")
def raise_(text: str) -> None:
    raise RuntimeError(text)


@handler("raise apart", process=True)
def raise_apart(text: str) -> None:
    raise RuntimeError(text)


@handler("fail")
def fail(retry_in: float | None = None, retryable: bool = True) -> None:
    raise JobFailure("no beam today", retry_in=retry_in, retryable=retryable)


@handler("fail apart", process=True)
def fail_apart(retry_in: float) -> None:
    raise JobFailure("no beam today", retry_in=retry_in)


@handler("return a set")
def return_a_set() -> Any:
    return {1, 2}


@handler("wait")
def wait(seconds: float) -> str:
    return "cancelled" if current_job().cancelled.wait(seconds) else "waited"


@handler("sleep")
async def sleep(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slept"


@handler("ignore")
def ignore(seconds: float) -> str:
    time.sleep(seconds)
    return "ignored"


@handler("spin", process=True)
def spin() -> None:
    while True:
        pass


@handler("write")
def write(name: str, text: str) -> str:
    (current_job().directory / name).write_text(text)
    return str(current_job().pandaid)


@handler("leave")
def leave() -> None:
    raise SystemExit(3)


@handler("compute")
def compute(seconds: float) -> int:
    """Keep a CPU, and Python's lock."""
    number, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        number += sum(range(1000))
    return number
