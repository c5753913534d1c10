"""Ways in which jobs use the files of a dataset: JEDI_DATASETS.attributes. Job generation 1, 2."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pandadb.core.datasets import dataset_types

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Row

INPUT_TYPES = dataset_types.INPUTS
PREPROCESSED_TYPES = ("pp_input",)
MERGE_TYPES = ("trn_log", "trn_output")
PROCESS_TYPES = (*INPUT_TYPES, *PREPROCESSED_TYPES, *MERGE_TYPES)
"""Types of datasets that jobs are generated for."""
SEQUENCE_NUMBERS = "seq_number"
"""The name of a dataset whose files are numbers, one for each job."""


@dataclass(frozen=True)
class Usage:
    """The use of a dataset's files by jobs."""

    ratio: float = 1
    """Files for each file of the master."""
    files_per_job: int | None = None
    """Files of a job, whatever the number of those of the master."""
    event_ratio: float | None = None
    """Events for each event of the master."""
    is_whole: bool = False
    """Whether each job uses all files (`nosplit`)."""
    is_repeated: bool = False
    """Whether its files are used round and round (`repeat`)."""
    is_reusable: bool = False
    """Whether its files are used from the beginning again when too few are left (`ru`)."""
    is_random: bool = False
    """Whether files that are added once more come in a random order (`rd`)."""
    is_sequence: bool = False
    """Whether its files are sequence numbers."""

    @property
    def is_tracked(self) -> bool:
        """Return whether the states and the counters follow the use of its files."""
        return not self.is_reusable and not (self.is_whole and self.is_repeated)

    def files_for(self, master_files: int) -> int:
        """Return the number of files that belong to so many files of the master, by the ratio."""
        return math.ceil(self.ratio * master_files)


def usage_of(dataset: Row) -> Usage:
    """Return the use of a dataset's files."""
    return _usage(dataset.get("attributes") or "", dataset["datasetname"] == SEQUENCE_NUMBERS)


@lru_cache(1024)
def _usage(attributes: str, is_sequence: bool) -> Usage:
    words = attributes.split(",")
    ratio, files = _number("ratio", attributes), _number("np", attributes)
    return Usage(
        ratio=1 if ratio is None else ratio,
        files_per_job=(1 if is_sequence else None) if files is None else int(files),
        event_ratio=_number("er", attributes),
        is_whole="nosplit" in attributes,
        is_repeated="repeat" in attributes,
        is_reusable="ru" in words,
        is_random="rd" in words,
        is_sequence=is_sequence,
    )


def _number(name: str, attributes: str) -> float | None:
    """Return the number of an attribute, whole if it is written so."""
    found = re.search(rf"(?:^|,){name}=(\d+(?:\.\d+)?)", attributes, re.ASCII)
    if found is None:
        return None
    return float(found[1]) if "." in found[1] else int(found[1])


def is_merge(dataset: Row) -> bool:
    """Return whether its files are outputs to be merged."""
    return dataset["type"] in MERGE_TYPES
