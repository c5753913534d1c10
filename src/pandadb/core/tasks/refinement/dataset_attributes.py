"""Attributes of datasets, tokens of two letters in JEDI_DATASETS (semantics 4.1), from parameters.

They are in the order of the server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pandadb.core.tasks.submission.parameters import Item, is_given

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAGS: Mapping[str, str] = {
    "check": "cc", "usedup": "ud", "random": "rd", "reusable": "ru", "indexConsistent": "ic",
    "mergeOnly": "mo",
}  # fmt: skip
"""Parameters that set a token by being there."""
ALLOW_NO_OUTPUT, PSEUDO, MERGE_ONLY = "an", "ps", "mo"
NO_STAGING = "ns=1"


def attributes_of(item: Item) -> list[str]:
    """Return the attributes that an item of the parameters gives its dataset."""
    found = [str(item["attributes"])] if is_given(item, "attributes") else []
    found += _numbers(item, {"ratio": "ratio", "eventRatio": "er"})
    found += [token for name, token in FLAGS.items() if is_given(item, name)]
    found += _numbers(item, {"offset": "of"})
    found += [ALLOW_NO_OUTPUT] if is_given(item, "allowNoOutput") else []
    found += _numbers(item, {"nFilesPerJob": "np", "num_records": "nr"})
    if is_given(item, "transient"):
        found.append(f"tr={int(item['transient'] is True)}")
    found += [PSEUDO] if is_given(item, "pseudo") else []
    return found


def _numbers(item: Item, tokens: Mapping[str, str]) -> list[str]:
    return [f"{token}={item[name]}" for name, token in tokens.items() if is_given(item, name)]


def attributes_text(attributes: list[str]) -> str | None:
    """Return the text of the column; None for none."""
    return ",".join(attributes) or None


def has_attribute(attributes: list[str], token: str) -> bool:
    """Return whether a token is among attributes."""
    return token in ",".join(attributes).split(",")


def unmerged_attributes(attributes: list[str]) -> list[str]:
    """Return the attributes of the dataset of unmerged files of an output dataset."""
    found = [ALLOW_NO_OUTPUT] if has_attribute(attributes, ALLOW_NO_OUTPUT) else []
    ratio = ratio_of(attributes)
    return [*found, f"ratio={ratio}"] if ratio > 1 else found


def ratio_of(attributes: list[str]) -> Any:
    """Return the files of the dataset for one file of the master; 1 without a ratio."""
    found = re.search(r"ratio=(\d+)(\.\d+)?", ",".join(attributes))
    if found is None:
        return 1
    return float(found[1] + found[2]) if found[2] else int(found[1])
