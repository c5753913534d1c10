"""Files of the segments of a task's work (SW): each segment has files of secondary datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.feeds.feed_settings import FileChoice
from pandadb.core.sql.validation import InvalidValue, shown
from pandadb.core.tasks.split_rules import has_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.datasets.attributes import InputDataset


def segment_choices(
    parameters: Mapping[str, Any], rules: Mapping[str, str], datasets: Sequence[InputDataset]
) -> dict[int, FileChoice]:
    """Return the choice of files of secondary datasets, by their number: those of a segment.

    The container of the master is the name of the segment and its number, `name/7`.

    Raises:
        InvalidValue: The files of a segment are not named one by one.
    """
    if not has_rule(rules, "SW"):
        return {}
    segments = {
        item["id"]: item
        for item in parameters.get("segmentSpecs") or ()
        if isinstance(item, dict) and "id" in item
    }
    containers = {one.datasetid: str(one.row["containername"] or "") for one in datasets}
    return {
        one.datasetid: _choice(segments.get(_number(containers.get(one.row["masterid"], ""))))
        for one in datasets
        if not one.is_pseudo and not one.is_master
    }


def _number(container: str) -> int | None:
    last = container.rpartition("/")[2]
    return int(last) if last.isascii() and last.isdecimal() else None


def _choice(segment: Mapping[str, Any] | None) -> FileChoice:
    """Return the files of a segment; all for none, or for one without files."""
    if segment is None:
        return FileChoice()
    files = segment.get("files")
    if files is None and "datasets" in segment:
        raise InvalidValue(
            "segmentSpecs: datasets of a segment are not supported by feed; name its files instead"
        )
    if not isinstance(files or [], list) or not all(isinstance(one, str) for one in files or ()):
        raise InvalidValue(f"segmentSpecs: files has to be a list of names, not {shown(files)}")
    return FileChoice(frozenset(files or ()))
