"""Files fed and lost."""

from __future__ import annotations

from typing import Any

from pandadb.services.datasets import Catalogue, CatalogueError, JsonCatalogue, Listing, feed, lose
from pandadb.services.tasks.min_task_ids import refresh_min_task_ids
from tests.compat.families.part import OPTIONS, Part


class NoCatalogue:
    """Stands for a catalogue that does not answer: the judge gives none without datasets."""

    def list_files(self, name: str) -> Listing | None:
        raise CatalogueError(f"no answer for {name}")


class Datasets(Part):
    """Files fed and lost."""

    def feed(self, vo: str, label: str, task: int, datasets: dict[str, Any]) -> dict[str, Any]:
        """The contents feeder."""
        refresh_min_task_ids(self.database)
        catalogue: Catalogue = JsonCatalogue(datasets) if datasets else NoCatalogue()
        report = feed(self.database, task, catalogue, vo=vo, label=label, options=OPTIONS)
        return {"datasets": [[one.task, sorted(one.due)] for one in report.fed.values()]}

    def lose_files(
        self,
        user: str,
        dataset: str,
        files: list[str],
        *,
        recover_parent: bool = False,
        production_role: bool = True,
    ) -> dict[str, Any]:
        """Files of an output dataset are lost."""
        found = lose(
            self.database,
            dataset,
            files,
            by=user,
            production=production_role,
            recover_parent=recover_parent,
            options=OPTIONS,
        )
        return {
            "done": True,
            "task": found.task,
            "inputs": found.loss.for_parent,
            "text": found.reason,
        }
