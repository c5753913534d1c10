"""Final states of the files of a job when it ends, as data: semantics 2.8 and 2.9."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func

from pandadb.core.jobs.files.file_status import OUTPUTS
from pandadb.core.jobs.states import KILLS, MERGED
from pandadb.core.sql.expressions import constants

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from pandadb.core.statemachine.effects import Columns
    from pandadb.core.statemachine.machine import Transition


@dataclass(frozen=True)
class Fate:
    """The final state of files, the types that get it, and the states that keep a file from it."""

    status: str
    types: tuple[str, ...] | None = OUTPUTS
    """None means all of them, inputs too."""
    spared: tuple[str, ...] = ()

    def is_for(self, file: Columns) -> ColumnElement[bool]:
        """Return whether a file gets the state."""
        of_type = () if self.types is None else (file["type"].in_(constants(self.types)),)
        status = func.coalesce(file["status"], "")
        spared = (status.not_in(constants(self.spared)),) if self.spared else ()
        return and_(*of_type, *spared)


FATE_OF_FAILED = Fate("failed", spared=("merging", "nooutput"))
"""Outputs fail with their job, unless its report marks them as to be merged or never made."""
FATE_OF_KILLED = Fate("failed")
"""All outputs fail, made or not: no step reads them any more."""


def of(step: Transition) -> Fate | None:
    """Return the final state of the files after a step to a final state, or None."""
    if step.verb == MERGED:
        return Fate(step.target, types=None, spared=("nooutput",))
    if step.target == "finished":
        return None
    return FATE_OF_KILLED if step.verb in KILLS else FATE_OF_FAILED
