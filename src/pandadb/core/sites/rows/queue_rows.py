"""Rows of SCHEDCONFIG_JSON, SW_TAGS and SITE_STATS, from dumps (semantics 8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pandadb.core.sites.dumps.dump_kinds import DumpKind, check_characters
from pandadb.core.sites.dumps.shapes import FACTS, shaped, validated
from pandadb.core.sites.loaded_tables import QUEUES, STATS, TAGS, TableLoad
from pandadb.core.sql.validation import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pandadb.core.sites.dumps.dump_kinds import Dumps
    from pandadb.core.sites.loaded_tables import Key


def queue_load(dumps: Dumps, vanished_before: datetime) -> TableLoad:
    """Return the wanted rows of SCHEDCONFIG_JSON: the dump of queues, each as it is.

    A queue that is not in the dump is removed when no load has had it since `vanished_before`.

    Raises:
        InvalidValue: The dump has another shape.
    """
    queues = dumps.get(DumpKind.PANDA_QUEUES, {})
    validated(DumpKind.PANDA_QUEUES, FACTS, queues)
    keys = {(name,) for name in queues}

    def keeps(_key: Key, last_update: datetime | None) -> bool:
        return last_update is None or last_update >= vanished_before

    return TableLoad(QUEUES, _texts(DumpKind.PANDA_QUEUES, queues), keeps, keys, is_counted=True)


def tags_load(dumps: Dumps) -> TableLoad:
    """Return the wanted rows of SW_TAGS: the dump of tags, each as JSON text.

    Raises:
        InvalidValue: The dump has another shape.
    """
    rows = _texts(DumpKind.TAGS, shaped(dumps, DumpKind.TAGS))
    return TableLoad(TAGS, rows, lambda _key, _stamp: False, rows.keys())


def stats_load(dumps: Dumps) -> TableLoad:
    """Return the wanted rows of SITE_STATS; figures that are not in the dump stay.

    Raises:
        InvalidValue: The dump has another shape.
    """
    given = shaped(dumps, DumpKind.SITE_STATS)
    rows = {
        (site, name): (site, name, value)
        for site, figures in given.items()
        for name, value in figures.items()
    }
    return TableLoad(STATS, rows, lambda _key, _stamp: True, written_at="ts")


def _texts(kind: DumpKind, given: Mapping[str, Any]) -> dict[Key, tuple[str, str]]:
    return {(name,): (name, _text(kind, name, one)) for name, one in given.items()}


def _text(kind: DumpKind, name: str, value: Any) -> str:
    """Return a value as JSON text, as the server writes it.

    Raises:
        InvalidValue: It has a value that JSON does not have, or a character that PostgreSQL does
            not take.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidValue(f"{kind}, {shown(name)} is no JSON: {error}") from None
    check_characters(text, value, f"{kind}, {shown(name)}")
    return text
