"""Attributes of a dataset of a task: JEDI_DATASETS.attributes, tokens of two letters (4.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.dataset_types import INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

MASTER_TYPES = (*INPUTS, "pp_input", "trn_log", "trn_output")
"""Types of datasets that jobs are made from: masters, unless they have a master themselves."""
SEQUENCE_NUMBERS = "seq_number"
"""The name of a dataset of numbers, one for each job."""
PSEUDO_DATASETS = ("pseudo_dataset", SEQUENCE_NUMBERS)
"""Names of datasets that no catalogue has."""


@dataclass(frozen=True)
class InputDataset:
    """An input dataset of a task: its row, and the meaning of its attributes."""

    row: Mapping[str, Any]
    """Columns of JEDI_DATASETS."""

    @property
    def datasetid(self) -> int:
        """The number of the dataset."""
        return int(self.row["datasetid"])

    @property
    def name(self) -> str:
        """The name of the dataset, with its scope."""
        return str(self.row["datasetname"])

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the attributes."""
        return tuple((self.row["attributes"] or "").split(","))

    @property
    def is_master(self) -> bool:
        """Whether jobs are made from its files, and not from those of another dataset."""
        return self.row["masterid"] is None and self.row["type"] in MASTER_TYPES

    @property
    def is_pseudo(self) -> bool:
        """Whether no catalogue has it: its files are made up."""
        pseudo = self.name in PSEUDO_DATASETS or self.row["type"] == "pp_input"
        return pseudo or "ps" in self.tokens

    @property
    def is_sequence(self) -> bool:
        """Whether its files are numbers, one for each job."""
        return self.name == SEQUENCE_NUMBERS

    @property
    def is_tracked(self) -> bool:
        """Whether JEDI keeps track of its files: each is used once."""
        whole = self._has("nosplit") and self._has("repeat")
        return not (whole or "ru" in self.tokens)

    @property
    def is_random(self) -> bool:
        """Whether its files are taken in random order."""
        return "rd" in self.tokens

    @property
    def is_checked(self) -> bool:
        """Whether files count only if a job of the parent task has finished them."""
        return "cc" in self.tokens

    @property
    def is_index_consistent(self) -> bool:
        """Whether a file is used only if all such datasets have its index."""
        return "ic" in self.tokens

    @property
    def is_never_staged(self) -> bool:
        """Whether its files are not staged from tape beforehand."""
        return "ns" in self.tokens

    @property
    def offset(self) -> int:
        """Files that are left out at the beginning."""
        return self._number("of") or 0

    @property
    def records(self) -> int | None:
        """Records of a dataset of numbers, where the task gives them."""
        return self._number("nr")

    @property
    def files_per_job(self) -> int | None:
        """Files that go into each job, where it is given."""
        found = self._number("np")
        return 1 if found is None and self.is_sequence else found

    def times_ratio(self, nfiles: int) -> int | None:
        """Return how many files go with so many of the master; None for all of them (`nosplit`)."""
        if self._has("nosplit"):
            return None
        found = re.search(r"ratio=(\d+(?:\.\d+)?)", self.row["attributes"] or "")
        return ceil(nfiles * float(found[1])) if found else nfiles

    def _has(self, word: str) -> bool:
        return word in (self.row["attributes"] or "")

    def _number(self, token: str) -> int | None:
        found = re.search(rf"(?:^|,){token}=(\d+)", self.row["attributes"] or "")
        return int(found[1]) if found else None
