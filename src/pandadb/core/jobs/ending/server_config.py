"""Settings of PanDA's servers in the table CONFIG, for the rules that depend on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.errors import PandaDBError
from pandadb.models import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.sql.transaction import Transaction


class InvalidSetting(PandaDBError):
    """A setting in CONFIG that should be a number and is none."""


@dataclass(frozen=True)
class ServerConfig:
    """The settings of `pandaserver`: their values, one per VO, by component and key."""

    values: Mapping[tuple[str, str], tuple[str, ...]]

    def number(self, component: str, key: str, default: float) -> float:
        """Return a number, or the default where it is not set; as in PanDA's server, 0 is not set.

        Where several VOs set it, the largest counts.

        Raises:
            InvalidSetting: It is no number, or negative.
        """
        texts = self.values.get((component, key), ())
        return max((_number(f"{component}/{key}", text) for text in texts), default=0) or default

    def beginning(self, component: str, prefix: str) -> dict[str, float]:
        """Return the numbers of the keys with a prefix, by the rest of the key.

        Raises:
            InvalidSetting: A value is no number, or too large.
        """
        keys = [key for part, key in self.values if part == component and key.startswith(prefix)]
        found = {key.removeprefix(prefix): self.number(component, key, 0) for key in keys}
        return {rest: number for rest, number in found.items() if number}


def read(session: Transaction) -> ServerConfig:
    """Read the settings."""
    query = select(Config.component, Config.key, Config.value).where(
        Config.app == "pandaserver", Config.value.is_not(None)
    )
    values: dict[tuple[str, str], tuple[str, ...]] = {}
    for component, key, value in session.execute(query):
        values[component, key] = (*values.get((component, key), ()), str(value))
    return ServerConfig(values)


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1e6:
        raise InvalidSetting(
            f"CONFIG says {value!r} for {name}: a number below a million is needed"
        )
    return number
