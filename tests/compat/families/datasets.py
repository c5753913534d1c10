"""Files fed and lost."""

from __future__ import annotations

from typing import Any

from pandadb.services import datasets
from tests.compat.families.part import OPTIONS, Part


class Datasets(Part):
    """Files fed and lost."""

    def feed(self, vo: str, label: str, task: int, datasets: dict[str, Any]) -> dict[str, Any]:
        """The contents feeder."""
        return self._fed(vo, label, task, datasets)

    def _fed(self, vo: str, label: str, task: int, given: dict[str, Any]) -> dict[str, Any]:
        catalogue = datasets.JsonCatalogue(given)
        report = datasets.feed(self.database, task, catalogue, vo=vo, label=label, options=OPTIONS)
        names = {one.task: sorted(one.names) for one in report.fed.values()}
        return {"datasets": [[task, found] for task, found in names.items()]}
