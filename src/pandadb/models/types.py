"""Column types of the models: integers by size, timestamps, JSON kept as text."""

from __future__ import annotations

import json
from typing import Annotated, Any

from sqlalchemy import Dialect, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

BigInt = Annotated[int, "bigint"]
SmallInt = Annotated[int, "smallint"]
Timestamp = TIMESTAMP
"""`timestamp without time zone`: every time in the database is naive UTC."""

EPOCH = text("'1970-01-01 00:00:00'")
"""PanDA's value for a time that is not set."""

UTC_NOW = text("(now() AT TIME ZONE 'UTC')")
UTC_NOW_SECONDS = text("(CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC')")


class JSONText(TypeDecorator[Any]):
    """JSON in a `text` column: PanDA's server decodes it itself and stumbles over `jsonb`."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
