"""Numbers of new datasets and templates, and the links between datasets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.tasks.refinement.drafts import Draft, Row

NO_MASTER = -1
"""The master of unmerged outputs of a task without a log: so they are no masters themselves."""


@dataclass
class NumberedRows:
    """Rows of a task, with their numbers."""

    datasets: list[Row] = field(default_factory=list)
    templates: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Numbers:
    """Numbers that sequences have given."""

    datasets: Iterator[int]
    templates: Iterator[int]

    def give(self, draft: Draft) -> NumberedRows:
        """Number the datasets of a task in the order of their links."""
        rows = NumberedRows()
        self._inputs(draft, rows)
        unmerged = self._unmerged(draft, rows)
        for place, output in enumerate(draft.outputs):
            dataset = self._dataset(rows, output.row, provenanceid=unmerged.get(place))
            self._template(rows, output.template, dataset)
            if output.unmerged_template is not None:
                self._template(rows, output.unmerged_template, unmerged[place])
        return rows

    def _inputs(self, draft: Draft, rows: NumberedRows) -> None:
        """Number the masters, each with secondaries of its own, and constituents."""
        containers = dict(draft.containers)
        for master in draft.masters:
            number = self._dataset(rows, master)
            containers.setdefault(master["containername"], number)
            for secondary in draft.secondaries:
                self._dataset(rows, secondary, masterid=number)
        for constituent in draft.constituents:
            if constituent["containername"] in containers:
                master_id = containers[constituent["containername"]]
                self._dataset(rows, constituent, masterid=master_id)

    def _unmerged(self, draft: Draft, rows: NumberedRows) -> dict[int, int]:
        """Number datasets of unmerged files, by their outputs: the log is master of the others."""
        found: dict[int, int] = {}
        master = NO_MASTER
        for place, output in enumerate(draft.outputs):
            if output.unmerged is not None and output.is_log:
                master = found[place] = self._dataset(rows, output.unmerged)
        for place, output in enumerate(draft.outputs):
            if output.unmerged is not None and not output.is_log:
                found[place] = self._dataset(rows, output.unmerged, masterid=master)
        return found

    def _dataset(self, rows: NumberedRows, row: Row, **links: int | None) -> int:
        number = next(self.datasets)
        rows.datasets.append({**row, "datasetid": number, **links})
        return number

    def _template(self, rows: NumberedRows, template: Row, dataset: int) -> None:
        number = next(self.templates)
        rows.templates.append({**template, "datasetid": dataset, "outtempid": number})
