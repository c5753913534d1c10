"""Policies: for each partitioned table the width, lead time and retention of its partitions.

The widths and times are those of upstream's PostgreSQL (semantics 5.7), but for ended jobs: they
stay as long as their satellites, 30 days, and in partitions of a day as on Oracle, so that a day
goes to the archive as a whole.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pandadb.core.partitions.intervals import InvalidSpan, Span, Unit
from pandadb.errors import InvalidInput
from pandadb.models import Base
from pandadb.models.jobs.all_tables import ARCHIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Table


class InvalidPolicy(InvalidInput):
    """A file of policies that cannot be read, or has an invalid entry."""


class Then(StrEnum):
    """The fate of a partition after its retention."""

    DROP = "drop"
    ARCHIVE = "archive"
    KEEP = "keep"


@dataclass(frozen=True)
class Policy:
    """The policy for the partitions of a table."""

    table: str
    """With its schema."""
    interval: Span
    ahead: int = 3
    """Partitions beyond the one that is filled now."""
    retention: Span | None = None
    """How long a partition stays after the last of its times; None is for ever."""
    then: Then = Then.KEEP

    @property
    def key(self) -> str:
        """Return the column that decides the partition of a row."""
        return KEYS[self.table]


def _key(table: Table) -> str | None:
    """Return the column of a table's partition key."""
    by = table.dialect_options["postgresql"]["partition_by"] or ""
    return by.removeprefix("RANGE (").rstrip(")") if by.startswith("RANGE") else None


KEYS = {
    str(table): key for table in Base.metadata.tables.values() if (key := _key(table)) is not None
}
"""The partition key of each table that is partitioned by ranges."""

ARCHIVED = tuple(table.__tablename__ for table in ARCHIVE_TABLES)
"""The tables that go to the archive together."""


def _default() -> Iterator[Policy]:
    day, month, million = Span.of("1 day"), Span.of("1 month"), Span.of("1000000 ids")
    for name in ARCHIVED:
        yield Policy(f"doma_panda.{name}", day, 7, Span.of("30 days"), Then.ARCHIVE)
    for name, interval, retention in (
        ("jobs_statuslog", day, "90 days"),
        ("tasks_statuslog", day, "90 days"),
        ("harvester_workers", day, "3 months"),
        ("jedi_job_retry_history", day, "3 months"),
        ("task_attempts", day, "3 months"),
        ("harvester_dialogs", day, "7 days"),
        ("harvester_metrics", day, "7 days"),
        ("pandalog", day, "7 days"),
        ("pandalog_fax", month, "12 months"),
        ("datasets", month, "12 months"),
        ("job_metrics", month, "12 months"),
        ("task_metrics", month, "12 months"),
        ("worker_node_metrics", month, "12 months"),
    ):
        ahead = 7 if interval is day else 3
        yield Policy(f"doma_panda.{name}", interval, ahead, Span.of(retention), Then.DROP)
    yield Policy("doma_pandameta.usercacheusage", month, 3, Span.of("3 months"), Then.DROP)
    for table, key in KEYS.items():
        if key in ("jeditaskid", "pandaid"):
            yield Policy(table, million)


POLICIES = {policy.table: policy for policy in _default()}


def load(path: Path | None) -> dict[str, Policy]:
    """Return the policies, overridden by a site's file.

    The file is TOML, with a section for each table: `interval`, `ahead`, `retention`, `then`.

    Raises:
        InvalidPolicy: The file cannot be read, or has an invalid entry, which the sentence names.
    """
    if path is None:
        return POLICIES
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        said = getattr(error, "strerror", None) or error
        raise InvalidPolicy(f"The policies in {path} cannot be read: {said}") from None
    changed = {}
    for name, section in given.items():
        try:
            policy = _changed(_named(name), section)
        except (InvalidPolicy, InvalidSpan) as error:
            raise InvalidPolicy(f"{path}, [{name}]: {error}") from None
        changed[policy.table] = policy
    return _together({**POLICIES, **changed}, path)


def _named(name: str) -> Policy:
    for table, policy in POLICIES.items():
        if name in (table, table.partition(".")[2]):
            return policy
    names = [table.partition(".")[2] for table in POLICIES]
    close = difflib.get_close_matches(name, names, 1)
    hint = f"is it {close[0]}?" if close else f"there are {', '.join(sorted(names))}"
    raise InvalidPolicy(f"no partitioned table has that name: {hint}")


def _changed(policy: Policy, section: Any) -> Policy:
    if not isinstance(section, dict):
        raise InvalidPolicy("write a section with interval, ahead, retention or then")
    known = [field.name for field in fields(Policy) if field.name != "table"]
    if unknown := [name for name in section if name not in known]:
        raise InvalidPolicy(f"there is no {unknown[0]!r}: there are {', '.join(known)}")
    policy = replace(policy, **{name: _value(name, section[name]) for name in section})
    of_ids = POLICIES[policy.table].interval.unit is Unit.ID
    if (policy.interval.unit is Unit.ID) is not of_ids:
        raise InvalidPolicy(
            f"interval: its partitions are of {'ids' if of_ids else 'days or months'}"
        )
    if policy.retention and (of_ids or policy.retention.unit is Unit.ID):
        raise InvalidPolicy(f"retention: {'ids have no age' if of_ids else 'write days or months'}")
    if policy.then is not Then.KEEP and not policy.retention:
        raise InvalidPolicy(f"then = {str(policy.then)!r} needs a retention")
    if policy.then is Then.ARCHIVE and not policy.table.endswith(ARCHIVED):
        raise InvalidPolicy(f"then: only {', '.join(ARCHIVED)} have an archive")
    _check_reach(policy)
    return policy


def _check_reach(policy: Policy) -> None:
    """See that all times and ids of the partitions to come, and of those to go, can be written.

    Raises:
        InvalidPolicy: They cannot.
    """
    of_ids, ahead = policy.interval.unit is Unit.ID, policy.interval.size * policy.ahead
    for name, span, size in (
        ("interval", policy.interval, policy.interval.size),
        ("interval times ahead", policy.interval, ahead),
        ("retention", policy.retention, policy.retention.size if policy.retention else 0),
    ):
        if span and size > MAX_AHEAD[span.unit]:
            most = Span(MAX_AHEAD[span.unit], span.unit)
            raise InvalidPolicy(
                f"{name}: {'ids end' if of_ids else 'times end'} there: at most {most}"
            )


MAX_AHEAD = {Unit.DAY: 36_500, Unit.MONTH: 1_200, Unit.ID: 10**15}
"""A hundred years, and more ids than there will be."""


def _value(name: str, value: Any) -> Any:
    match name, value:
        case "ahead", int() if not isinstance(value, bool) and 0 <= value <= 1000:
            return value
        case "ahead", _:
            raise InvalidPolicy(f"ahead: a number from 0 to 1000, not {value!r}")
        case "then", _ if value in [*Then]:
            return Then(value)
        case "then", _:
            raise InvalidPolicy(f"then: {', '.join(Then)}, not {value!r}")
        case "retention", "":
            return None
        case _, str():
            try:
                return Span.of(value)
            except InvalidSpan as error:
                raise InvalidPolicy(f"{name}: {error}") from None
        case _:
            raise InvalidPolicy(f"{name}: a text such as '30 days', not {value!r}")


def _together(policies: Mapping[str, Policy], path: Path) -> dict[str, Policy]:
    """Check that jobs and their satellites go to the archive at the same time.

    Raises:
        InvalidPolicy: They do not.
    """
    archived = [policies[f"doma_panda.{name}"] for name in ARCHIVED]
    if len({(policy.interval, policy.retention, policy.then) for policy in archived}) > 1:
        raise InvalidPolicy(
            f"{path}: {', '.join(ARCHIVED)} go to the archive together: "
            "give them the same interval, retention and then"
        )
    return dict(policies)
