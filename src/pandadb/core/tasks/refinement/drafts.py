"""Drafts: tasks while they are refined, with all that their parameters make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.tasks.split_rules import parse_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.tasks.submission.parameters import Parameters

    Row = dict[str, Any]
    """Columns of a row, by name."""


@dataclass
class Output:
    """An output or log dataset, its template of names, and the same for unmerged files."""

    row: Row
    template: Row
    unmerged: Row | None = None
    unmerged_template: Row | None = None

    @property
    def is_log(self) -> bool:
        """Whether it is a log: that of unmerged files is the master of the others."""
        return bool(self.template["outtype"] == "log")


@dataclass
class Draft:
    """A task during its refinement; an error leaves it as far as it is."""

    task: Mapping[str, Any]
    """Columns of JEDI_TASKS as they are."""
    parameters: Parameters
    """A copy: the refinement changes it, and the task keeps it."""
    values: Row = field(default_factory=dict)
    """Columns of JEDI_TASKS that the task gets."""
    rules: dict[str, str] = field(default_factory=dict)
    """Split rules: codes with values."""
    inputs: int = 0
    """Inputs that were found in the parameters so far."""
    masters: list[Row] = field(default_factory=list)
    """Input datasets; of each the secondaries are made."""
    secondaries: list[Row] = field(default_factory=list)
    constituents: list[Row] = field(default_factory=list)
    """Datasets of a container that is input as a whole."""
    containers: dict[str, int] = field(default_factory=dict)
    """Containers of input, each with the number of a dataset of it, that the task had before."""
    outputs: list[Output] = field(default_factory=list)
    job_parameters: str | None = None
    """The template of the parameters of jobs."""
    unknown: list[str] = field(default_factory=list)
    """Names of input datasets that the catalogue does not have."""

    def __post_init__(self) -> None:
        """Begin with the rules of a task that was refined before."""
        self.rules = parse_rules(self.task["splitrule"])

    @property
    def number(self) -> int:
        """The number of the task."""
        return int(self.task["jeditaskid"])

    def datasets(self) -> list[Row]:
        """Return all its datasets, without their numbers."""
        unmerged = [one.unmerged for one in self.outputs if one.unmerged is not None]
        outputs = [one.row for one in self.outputs]
        return [*self.masters, *self.secondaries, *self.constituents, *unmerged, *outputs]

    def dataset_count(self) -> int:
        """Return the number of rows that the datasets make: a secondary for each master."""
        again = len(self.secondaries) * (len(self.masters) - 1)
        return max(0, len(self.datasets()) + again)

    def templates(self) -> list[Row]:
        """Return the templates of its outputs."""
        unmerged = [one.unmerged_template for one in self.outputs]
        return [*(one.template for one in self.outputs), *filter(None, unmerged)]
