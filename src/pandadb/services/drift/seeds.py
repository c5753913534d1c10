"""The rows that revisions insert, and the version of PanDA's schema.

Rows that a site adds are its own. So are columns that are not named here: activations and shares of
work queues, limits of resource types, and the values of settings, which sites may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from pandadb.migrating.catalogue import MISSING, Difference
from pandadb.models import Config, JediWorkQueue, PandaDBVersion, ResourceTypes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.models.base import Base

TIMEOUT = {"app": "pandaserver", "component": "job_timeout", "vo": "wlcg"}


@dataclass(frozen=True)
class Seed:
    """A seed row."""

    model: type[Base]
    key: dict[str, Any]
    values: dict[str, Any]
    """Columns that a site does not change."""


def _queue(number: int, name: str) -> Seed:
    values = {"queue_name": name, "queue_type": name, "vo": "wlcg", "queue_function": "Resource"}
    return Seed(JediWorkQueue, {"queue_id": number}, values)


SEEDS = (
    Seed(PandaDBVersion, {"component": "PanDA"}, {"major": 0, "minor": 1, "patch": 6}),
    _queue(1, "test"),
    _queue(2, "managed"),
    _queue(3, "user"),
    Seed(ResourceTypes, {"resource_name": "Undefined"}, {"mincore": 1}),
    Seed(Config, {**TIMEOUT, "key": "TIMEOUT_defined"}, {"type": "int"}),
    Seed(Config, {**TIMEOUT, "key": "TIMEOUT_holding"}, {"type": "int"}),
)
"""As the revisions leave them at the newest one."""


def find(session: Session) -> Iterator[Difference]:
    """Yield the rows that are missing or other."""
    for seed in SEEDS:
        columns = [getattr(seed.model, name) for name in seed.values]
        try:
            with session.begin_nested():
                found = session.execute(select(*columns).filter_by(**seed.key)).one_or_none()
        except ProgrammingError:
            continue  # schema.check reports a missing table or column; else it may not be read
        name = f"{seed.model.__table__} ({_said(seed.key)})"
        if found is None:
            yield Difference("row", name, f"row {name} {MISSING}")
        elif (other := dict(zip(seed.values, found, strict=True))) != seed.values:
            sentence = f"row {name}: expected {_said(seed.values)}, found {_said(other)}"
            yield Difference("row", name, sentence)


def _said(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
