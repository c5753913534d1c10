"""Files fed and lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.services.datasets import JsonCatalogue, feed
from tests.compat.families.part import OPTIONS, Part

if TYPE_CHECKING:
    from pandadb.services.datasets import FeedReport


class Datasets(Part):
    """Files fed and lost."""

    def feed(self, vo: str, label: str, task: int, datasets: dict[str, Any]) -> dict[str, Any]:
        """The contents feeder."""
        catalogue = JsonCatalogue(datasets)
        report: FeedReport = feed(
            self.database, task, catalogue, vo=vo, label=label, options=OPTIONS
        )
        return {"datasets": [[one.task, sorted(one.due)] for one in report.fed.values()]}
