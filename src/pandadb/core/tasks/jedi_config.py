"""Settings of JEDI in the table CONFIG (app `jedi`), for the rules that depend on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.jobs.ending.server_config import InvalidSetting
from pandadb.models import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.sql.transaction import Transaction


@dataclass(frozen=True)
class JediConfig:
    """The settings of one component, by key; of several VOs the first one's."""

    component: str
    values: Mapping[str, str]

    def number(self, key: str) -> float | None:
        """Return a number, or None where it is not set.

        Raises:
            InvalidSetting: It is no number.
        """
        text = self.values.get(key)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InvalidSetting(
                f"CONFIG says {text!r} for {self.component}/{key}: a number is needed"
            )
        return number

    def is_on(self, key: str) -> bool:
        """Return whether a switch is on: `true`, or a number that is not 0."""
        text = self.values.get(key, "").strip().lower()
        return text not in ("", "false", "0", "no", "none")


def read(session: Transaction, component: str, vo: str | None = None) -> JediConfig:
    """Read the settings of a component of JEDI, such as `retry_task`; of one VO, or of all."""
    query = (
        select(Config.key, Config.value)
        .where(Config.app == "jedi", Config.component == component, Config.value.is_not(None))
        .order_by(Config.vo.desc())
    )
    if vo is not None:
        query = query.where(Config.vo == vo)
    return JediConfig(component, {key: value or "" for key, value in session.execute(query)})
