"""New jobs of slices: columns, files and parameters put together. Job generation 3, 5 and 6."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pandadb.core.generation import random_seeds, task_libraries
from pandadb.core.generation.job_request import TEST_LABELS, USER_LABELS
from pandadb.core.generation.jobs import event_ranges, event_service, file_rows, job_columns
from pandadb.core.generation.outputs import middle_names, output_files, queue_storages
from pandadb.core.generation.parameters import execution_steps, job_parameters, streams
from pandadb.core.jobs.creation.placeholders import PANDAID
from pandadb.core.jobs.creation.submission import NewJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.outputs.output_files import JobOutputs
    from pandadb.core.generation.slices import Queue, Row, Slice
    from pandadb.core.generation.task_libraries import Library
    from pandadb.core.sql.transaction import Transaction

BUILD = "panda"


@dataclass(frozen=True)
class JobParts:
    """The parts that a job is put together from."""

    request: JobRequest
    slice: Slice
    """Its first queue is that of the job."""
    columns: Mapping[str, Any]
    outputs: JobOutputs
    library: Library | None
    seed: tuple[Row, Row] | None
    """A random seed, with its dataset."""
    storages: Mapping[str, str | None]
    """The storage of each queue where outputs stay (SO)."""
    is_consumer: bool = False
    """Whether other jobs may have the same input and outputs."""


def make(session: Transaction, request: JobRequest, slices: Sequence[Slice]) -> list[NewJob]:
    """Return the jobs of slices in order, each queue's build before its first; outputs are stored.

    Jobs of tasks of the event service come queue by queue.

    Raises:
        NotGenerated: A placeholder, or a part of the task's parameters, is missing.
    """
    numbers = event_ranges.jobset_numbers(request, slices)
    values = [
        job_columns.of_slice(request, one, number)
        for one, number in zip(slices, numbers, strict=True)
    ]
    datasets = [value["proddblock"] for value in values]
    outputs = output_files.make(session, request, slices, datasets)
    taken = random_seeds.take(session, request, len(slices))
    seeds: Sequence[tuple[Row, Row] | None] = taken or [None] * len(slices)
    queues = {queue.name: queue for one in slices for queue in one.queues}
    storages = queue_storages.of_queues(session, request, [*queues.values()])
    built = task_libraries.for_queues(session, request, [*queues.values()])
    jobs: list[NewJob] = []
    for one, value, made, seed in zip(slices, values, outputs, seeds, strict=True):
        jobs += _builds(one, built, queues)
        library = built.get(one.queue.name)
        alone = JobParts(request, one, value, made[0], library, seed, storages)
        jobs += map(_job, _parts(alone, made, built))
    jobs = _of_submitter(request, jobs)
    return _by_queue(jobs) if event_service.has_consumers(request.task) else jobs


def _builds(one: Slice, built: Mapping[str, Library], queues: dict[str, Queue]) -> Iterator[NewJob]:
    """Yield the builds of a slice's queues that have had none yet."""
    for queue in one.queues:
        library = built.get(queue.name)
        if library and library.build and queues.pop(queue.name, None):
            yield library.build


def _parts(
    alone: JobParts, outputs: Sequence[JobOutputs], built: Mapping[str, Library]
) -> Iterator[JobParts]:
    """Yield the parts of the job of a slice, or of those that share it, by turns on its queues."""
    request, one = alone.request, alone.slice
    number = event_service.consumers_at(request, one.queue)
    if number is None:
        yield alone
        return
    for index in range(number):
        place = index % len(one.queues)
        queue = one.queues[place]
        yield replace(
            alone,
            slice=replace(one, queue=queue),
            columns=job_columns.of_consumer(request, alone.columns, one, queue),
            outputs=outputs[place % len(outputs)],
            library=built.get(queue.name),
            is_consumer=True,
        )


def _job(parts: JobParts) -> NewJob:
    request, outputs = parts.request, parts.outputs
    serves = event_service.serves(request, parts.slice.queue) or parts.is_consumer
    found = streams.of_job(request, parts.slice, outputs.streams)
    text = job_parameters.resolved(
        _template(request),
        found,
        _values(parts),
        by_events=serves and not request.has("useJobCloning"),
    )
    dropped = {name for names in found.dropped.values() for name in names}
    written = [
        file_rows.of_output(request, file, dataset, by_events=serves)
        for file, dataset in outputs.files
        if file["lfn"] not in dropped
    ]
    unmerged = [file["lfn"] for file in written if file_rows.is_unmerged(file)]
    queue = parts.slice.queue
    if queue.name in parts.storages:
        storage = parts.storages[queue.name]
        written = [file_rows.staying(file, queue, storage) for file in written]
    if parts.is_consumer:
        written = [*map(_own_log, written)]
    values = {**parts.columns, "destinationdblock": _destination(outputs)}
    used = [*file_rows.inputs(request, parts.slice)]
    archive = request.taskparams.get("tarBallViaDDM")
    if archive:
        used.append(file_rows.tarball(request, archive))
        values["proddblock"] = values["proddblock"] or used[-1]["dataset"]
    return NewJob(
        values,
        [*used, *written, *_extra_inputs(parts)],
        execution_steps.with_steps(request, job_parameters.unmerged_names(text, unmerged)),
        replaces=_former(parts.slice),
    )


def _own_log(file: dict[str, Any]) -> dict[str, Any]:
    """Return a file of a job that shares its outputs; each has a log of its own."""
    return {**file, "lfn": f"{file['lfn']}.{PANDAID}"} if file["type"] == "log" else file


def _by_queue(jobs: Sequence[NewJob]) -> list[NewJob]:
    """Return jobs queue by queue, in the order of the first of each."""
    found: dict[str, list[NewJob]] = {}
    for job in jobs:
        found.setdefault(job.columns["computingsite"], []).append(job)
    return [job for one in found.values() for job in one]


def _extra_inputs(parts: JobParts) -> Iterator[dict[str, Any]]:
    if parts.library:
        yield dict(parts.library.file)
    if parts.seed:
        yield file_rows.of_input(*parts.seed, random_seeds.KIND_IN_JOBS)


def _template(request: JobRequest) -> str:
    if request.is_merging:
        return request.required("mergeSpec", "jobParameters")
    return request.template


def _values(parts: JobParts) -> dict[str, str | int | None]:
    """Return the values of the placeholders that are no streams."""
    (master, masters), *_ = parts.slice.inputs
    segment = middle_names.segment(parts.request, parts.slice)
    ranges = [(f["startevent"], f["endevent"]) for f in masters if f["startevent"] is not None]
    events = sum(end - start + 1 for start, end in ranges if end is not None)
    firsts = [f["firstevent"] for f in masters if f["firstevent"] is not None]
    serial, seed = parts.outputs.serial, parts.seed
    return {
        "SN": serial,
        "SN/P": f"{serial:06d}",
        "RNDMSEED": random_seeds.value(parts.request, seed[0]) if seed else None,
        "MAXEVENTS": events or -1,
        "SKIPEVENTS": ranges[0][0] if ranges else 0,
        "FIRSTEVENT": firsts[0] if firsts else None,
        "SURL": parts.request.taskparams.get("sourceURL"),
        "ATTEMPTNR": parts.columns["attemptnr"],
        "LIB": parts.library.file["lfn"] if parts.library else None,
        "MIDDLENAME": parts.outputs.middle_name,
        "SEGMENT_NAME": segment,
        "SEGMENT_ID": None if segment is None else master["datasetid"],
    }


def _destination(outputs: JobOutputs) -> str | None:
    """Return the name of the first dataset of an output, else of a log."""
    names = [(row["type"].endswith("log"), row["datasetname"]) for _, row in outputs.files]
    return min(names, key=lambda one: one[0])[1] if names else None


def _former(one: Slice) -> list[int]:
    """Return the jobs that had files of the slice before, in the order of the files."""
    rows = (file["pandaid"] for _, found in one.inputs for file in found)
    return [*dict.fromkeys(pandaid for pandaid in rows if pandaid is not None)]


def _of_submitter(request: JobRequest, jobs: list[NewJob]) -> list[NewJob]:
    """Return jobs of users and of tests with the columns that depend on the whole call."""
    label = request.task["prodsourcelabel"]
    if label not in (*USER_LABELS, *TEST_LABELS):
        return jobs
    first = bool(jobs) and jobs[0].columns["prodsourcelabel"] == BUILD
    number = 2 * (len(jobs) - first) + first
    return [replace(job, columns=_user_columns(request, job, number)) for job in jobs]


def _user_columns(request: JobRequest, job: NewJob, number: int) -> dict[str, Any]:
    found = {**job.columns, "jobsetid": job.columns["jobsetid"] or None}
    if found["prodsourcelabel"] not in USER_LABELS:
        return found
    return {**found, "taskid": number, "jobdefinitionid": request.submitter.jobid}
