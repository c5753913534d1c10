"""Options and settings shared by commands, and parsers of numbers and times."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import typer

from pandadb import config
from pandadb.cli.output import hold_back, print_as_json
from pandadb.services import partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.core.partitions.policies import Policy

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=print_as_json)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the planned changes, and stop.")]
Check = Annotated[
    bool, typer.Option("--check", help="Exit code 1 if an operator has to act, for monitors.")
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print nothing unless there is a problem.", callback=hold_back
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")]


def print_version(wanted: bool) -> None:
    """Print the version and exit, if wanted."""
    if wanted:
        typer.echo(f"pandadb {version('pandadb')}")
        raise typer.Exit


PUBLIC_ID = r"[bcdfghjkmnpqrstvwxyz]{12}"
"""The public id of a job of the job queue."""
LARGEST_ID = 2**63 - 1
"""The largest value of a bigint column."""
YEARS = (1970, 9998)
"""Each day has neighbours in range, and years have four digits in partition names."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of integers within limits: digits only, as 1_0 would be another job."""

    def integer(given: str) -> int:
        text = str(given)  # a default is a number already
        if not re.fullmatch(r"[+-]?[0-9]{1,4000}", text):
            raise typer.BadParameter(f"{_short(text)} is not a whole number.")
        if not least <= int(text) <= most:
            raise typer.BadParameter(f"{_short(text)} is not from {least} to {most}.")
        return int(text)

    return integer


def decimal(least: float, most: float) -> Callable[[str], float]:
    """Return a parser of numbers within limits, in digits; nan and inf are rejected."""

    def number(given: str) -> float:
        text = str(given)
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
            raise typer.BadParameter(f"{_short(text)} is not a number.")
        value = float(text)
        if not (math.isfinite(value) and least <= value <= most):
            raise typer.BadParameter(f"{_short(text)} is not from {least:g} to {most:,.10g}.")
        return value

    return number


def moment(formats: Sequence[str]) -> Callable[[str], datetime]:
    """Return a parser of times (naive UTC) in one of the formats, or relative to now.

    Formats without an hour are days: relative times are whole days then.
    """
    is_day = not any("%H" in wanted for wanted in formats)

    def time(given: str) -> datetime:
        text = str(given)
        found = _absolute(text, formats) or _relative(text, is_day=is_day)
        if found is None:
            example = f"{datetime(2026, 11, 20, 9):{formats[-1]}}"
            relative = "yesterday or -3d" if is_day else "yesterday, -3d or -2h"
            raise typer.BadParameter(
                f"{_short(text)} is no time: write it as {example}, {relative}"
            )
        if not YEARS[0] <= found.year <= YEARS[1]:
            raise typer.BadParameter(f"{_short(text)} is not in the years 1970 to 9998.")
        return found

    return time


def _absolute(text: str, formats: Sequence[str]) -> datetime | None:
    for wanted in formats if text.isascii() else ():
        with suppress(ValueError):
            return datetime.strptime(text, wanted)  # noqa: DTZ007 - PanDA's times are naive
    return None


def _relative(text: str, *, is_day: bool) -> datetime | None:
    """Return the time of a keyword or of an offset from now; None if it is neither."""
    now = datetime.now(UTC).replace(tzinfo=None)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in DAYS_FROM_TODAY:
        return today + timedelta(days=DAYS_FROM_TODAY[text])
    if text == "now" and not is_day:
        return now
    offset = re.fullmatch(
        r"([+-][0-9]{1,6})([dw])" if is_day else r"([+-][0-9]{1,6})([smhdw])", text
    )
    if offset is None:
        return None
    try:
        return (today if is_day else now) + timedelta(**{UNITS[offset[2]]: int(offset[1])})
    except OverflowError:
        return datetime.max  # noqa: DTZ901 - beyond the allowed years


def _short(text: str) -> str:
    """Return a text quoted for a sentence, shortened if it is long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


DAY = ["%Y-%m-%d"]
DAYS_FROM_TODAY = {"yesterday": -1, "today": 0, "tomorrow": 1}
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
"""Units of relative times such as -2h."""
job_id = whole(1, LARGEST_ID)
task_id = whole(1, LARGEST_ID)


def job_name(given: str) -> int | str:
    """Return the name of a job: its PandaID as a number, or its public id."""
    text = str(given)
    if re.fullmatch(PUBLIC_ID, text):
        return text
    if not re.fullmatch(r"[+-]?[0-9]+", text[:4000]):
        raise typer.BadParameter(
            f"{_short(text)} is no whole number, and no public id of twelve letters."
        )
    return job_id(text)


days = decimal(0, 36_500)
seconds = decimal(0, 2_147_483)
"""PostgreSQL's timeouts are 32-bit milliseconds: up to 24 days."""


def site_policies() -> dict[str, Policy]:
    """Return the partition policies (intervals, retention) of this site's settings."""
    return partitions.load(config.load_settings().policies)
