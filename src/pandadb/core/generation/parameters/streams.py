"""Streams of a job: the names of its files by the placeholders of their datasets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.generation.job_request import NotGenerated
from pandadb.core.generation.jobs.file_rows import is_pseudo
from pandadb.core.generation.task_rules import JUMBO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Row, Slice

MERGED = "TRN_"
"""The prefix of streams of files to be merged."""
MERGED_STREAMS = re.compile(r"^(?=OUTPUT|LOG)")
DIGITS_AT_END = re.compile(r"\d+$")
PAIR_OF_LOGS = {"LOG_MERGE": "TRN_LOG0"}
"""Streams that merge the files of a stream with another name."""
WITH_JUMBO = ("W", *JUMBO)
"""Values of USEJUMBO of tasks that may have jumbo jobs."""
LISTED_STREAM = "IN"
"""The stream of names of a list (PL)."""


@dataclass
class Streams:
    """The names of a job's files by stream, and the names of the datasets."""

    names: dict[str, list[str]] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    counted: bool = False
    """Whether lists of names are written to a file when the job runs: of tasks with jumbo jobs."""
    dropped: dict[str, list[str]] = field(default_factory=dict)
    """Outputs of merge jobs without anything to merge."""
    merges: dict[str, str] = field(default_factory=dict)
    """Of merge jobs: `inputs:outputs` of all streams, by the name of the stream without number."""


def of_job(request: JobRequest, one: Slice, outputs: Sequence[tuple[str | None, str]]) -> Streams:
    """Return the streams of a job."""
    found = Streams(counted=request.task["usejumbo"] in WITH_JUMBO)
    for dataset, files in one.inputs:
        stream = _input_stream(request, dataset)
        names = _input_names(request, files)
        if request.has("pfnList") and dataset["masterid"] is None and is_pseudo(dataset):
            stream, names = LISTED_STREAM, [_listed_name(request, name) for name in names]
        found.names[stream] = names
        container = (dataset["containername"] or dataset["datasetname"]).removesuffix("/")
        found.datasets[stream] = container.rpartition(":")[2]
    for output, name in outputs:
        found.names.setdefault(output or "", []).append(name)
    if request.is_merging:
        _pair(found)
    return found


def _input_stream(request: JobRequest, dataset: Row) -> str:
    stream: str = dataset["streamname"] or ""
    return MERGED_STREAMS.sub(MERGED, stream) if request.is_merging else stream


def _input_names(request: JobRequest, files: Sequence[Row]) -> list[str]:
    """Return the names, sorted and once each; to merge, the largest file first."""
    if request.is_merging:
        return [f["lfn"] for f in sorted(files, key=lambda f: f["fsize"] or 0, reverse=True)]
    names = [file["lfn"] for file in files]
    if request.has("dynamicNumEvents"):
        return [*dict.fromkeys(names)]
    return names if request.number("orderInputBy") == 1 else sorted(set(names))


def _listed_name(request: JobRequest, name: str) -> str:
    """Return the name that a file, `number:…`, stands for in the task's list of names (PL)."""
    names, number = request.taskparams.get("pfnList"), name.partition(":")[0]
    if not isinstance(names, list) or not number.isdecimal() or int(number) >= len(names):
        raise NotGenerated(f"the parameter pfnList of the task has no name for {name!r}")
    return str(names[int(number)]).partition("^")[0]


def _pair(streams: Streams) -> None:
    """Pair the streams to be merged with those that they are merged into."""
    merges: dict[str, list[str]] = {}
    for stream, merged in _pairs(streams):
        if merged not in streams.names:
            streams.dropped[stream] = streams.names[stream]
            continue
        inputs, outputs = streams.names[merged], streams.names[stream]
        pair = f"{','.join(inputs)}:{','.join(outputs)}" if inputs else ""
        merges.setdefault(DIGITS_AT_END.sub("", stream), []).append(f"{pair} ")
    for stream in streams.dropped:
        del streams.names[stream]
    streams.merges = {stream: "".join(pairs) for stream, pairs in merges.items()}


def _pairs(streams: Streams) -> Iterator[tuple[str, str]]:
    for stream in streams.names:
        if stream and not stream.startswith(MERGED):
            merged = PAIR_OF_LOGS.get(stream, "")
            yield stream, merged if merged in streams.names else f"{MERGED}{stream}"
