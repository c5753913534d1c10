"""Files picked, and jobs generated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.services.tasks.min_task_ids import refresh_min_task_ids
from pandadb.services.tasks.picking import pick_files, put_back_files
from tests.compat.families.part import OPTIONS, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.generation.slices import Chunk

GENERATOR = "families"
"""The name of the server's process in the golden files."""


class Generation(Part):
    """Files picked, and jobs generated."""

    chunks: Sequence[Chunk] = ()
    """Those picked last."""

    def pick_files(self, *, task: int, nfiles: int, **_: str) -> dict[str, Any]:
        refresh_min_task_ids(self.database)
        self.chunks = pick_files(
            self.database, task, nfiles=nfiles, generator=GENERATOR, options=OPTIONS
        )
        names = [
            [chunk.task["jeditaskid"], sorted(file["lfn"] for file in chunk.master.files)]
            for chunk in self.chunks
        ]
        return {"tasks": names}

    def put_back(self) -> None:
        put_back_files(self.database, self.chunks, options=OPTIONS)
