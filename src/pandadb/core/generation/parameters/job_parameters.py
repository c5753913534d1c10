"""The parameters of a job: a template with its placeholders resolved, job generation 3 and 6."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pandadb.core.generation.job_request import NotGenerated
from pandadb.core.generation.parameters import arithmetic, name_lists
from pandadb.core.generation.parameters.streams import MERGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandadb.core.generation.parameters.streams import Streams

PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
PARTS = re.compile(
    r"(?P<streams>[^/\[]+)(?P<part>\[[^\]]*\])?(?P<marks>(?:/[^/\[]*(?:\[[^\]]*\])?)*)"
)
"""Streams by commas, a part of their names, `[0:2]`, and marks, `/L/A`."""
MARK = re.compile(r"/([A-Z])(?:\[([^\]]*)\])?")
PART = re.compile(r"\[(-?\d+)?(:)?(-?\d+)?\]")
EVENT_SERVICE_ONLY = re.compile(
    r"<PANDA_ES(?:_ONLY|MERGE[^>]*)>[^<]*</PANDA_ES(?:_ONLY|MERGE[^>]*)>"
)
"""Parameters of jobs of the event service."""
EVENT_SERVICE_TAG = re.compile(r"</?PANDA_ES_ONLY>")
MERGE_OF_EVENTS = re.compile(r"(<PANDA_ESMERGE[^>]*>[^<]*</PANDA_ESMERGE[^>]*>)")
"""Parameters of the jobs that merge what jobs of the event service have written."""
UNMERGED = "panda.um."
"""The beginning of names of files to be merged."""
EMPTY = " "
"""Parameters that would be empty: the column's NULL stands for another thing."""


@dataclass(frozen=True)
class Placeholder:
    """A placeholder with streams: `${IN,MB[0:2]/L/A}`."""

    streams: tuple[str, ...]
    part: str | None
    marks: Mapping[str, str | None]
    """Letters, with the text in brackets after them."""


def resolved(
    template: str,
    streams: Streams,
    values: Mapping[str, str | int | None],
    *,
    by_events: bool = False,
) -> str:
    """Return a template with its placeholders resolved; `values` are those of no stream.

    Parameters of the event service are left out, but of its jobs, `by_events`. Those of the jobs
    that will merge its outputs have placeholders that only these can resolve.

    Raises:
        NotGenerated: A placeholder cannot be resolved; the sentence names it.
    """
    text = EVENT_SERVICE_TAG.sub("", template) if by_events else template
    if not by_events:
        text = EVENT_SERVICE_ONLY.sub("", template)
    text = _without_dropped(text, streams)
    parts = MERGE_OF_EVENTS.split(text)
    for index, part in enumerate(parts):
        is_later = index % 2 == 1
        parts[index] = PLACEHOLDER.sub(
            lambda found, later=is_later: _resolved(found, streams, values, is_later=later),
            part,
        )
    return "".join(parts) or EMPTY


def unmerged_names(text: str, names: Iterable[str]) -> str:
    """Return parameters with names of outputs to be merged that begin with their mark."""
    for name in names:
        text = text.replace(name.removeprefix(UNMERGED), name)
        text = text.replace(UNMERGED * 2, UNMERGED)
    return text


def parse_placeholder(text: str) -> Placeholder | None:
    """Return the parts of a placeholder, without its braces; None if it has other ones."""
    found = PARTS.fullmatch(text)
    if found is None:
        return None
    marks = {mark[1]: mark[2] for mark in MARK.finditer(found["marks"])}
    if "".join(mark[0] for mark in MARK.finditer(found["marks"])) != found["marks"]:
        return None
    return Placeholder(tuple(found["streams"].split(",")), found["part"], marks)


def _resolved(
    found: re.Match[str],
    streams: Streams,
    values: Mapping[str, str | int | None],
    *,
    is_later: bool,
) -> str:
    text = found[1]
    if (value := values.get(text)) is not None:
        return str(value)
    if (merges := _merges(text, streams)) is not None:
        return merges
    placeholder = parse_placeholder(text)
    names = _names(placeholder, streams) if placeholder else []
    written = _written(placeholder, names, streams) if placeholder and names else None
    if written is None and is_later:
        return found[0]
    if written is None:
        raise NotGenerated(
            f"the placeholder {found[0]} of the job parameters cannot be resolved: the streams are"
            f" {', '.join(filter(None, streams.names)) or 'none'}"
        )
    return written


def _merges(text: str, streams: Streams) -> str | None:
    merged, _, stream = text.partition(":")
    return streams.merges.get(stream) if merged == f"{MERGED}{stream}" else None


def _names(placeholder: Placeholder, streams: Streams) -> list[str]:
    names = [name for stream in placeholder.streams for name in streams.names.get(stream, ())]
    if placeholder.part is None:
        return names
    part = PART.fullmatch(placeholder.part)
    if part is None or not (part[2] or part[1]):
        return []
    start, stop = (int(end) if end else None for end in (part[1], part[3]))
    if part[2]:
        return names[start:stop]
    return names[start:][:1] if start is not None else []


def _written(placeholder: Placeholder, names: list[str], streams: Streams) -> str | None:
    marks = placeholder.marks
    if "L" in marks and streams.counted:
        return f"tmpin__cnt_{streams.datasets.get(placeholder.streams[-1])}"
    if "L" in marks:
        return name_lists.listed(names, by_blanks="S" in marks, quoted="A" in marks)
    written: str | None = None
    match [*marks.items()]:
        case []:
            written = name_lists.shortened(names)
        case [("T", None)]:
            written = str(names)
        case [("F", None)]:
            dataset = streams.datasets.get(placeholder.streams[-1])
            written = None if dataset is None else f"tmpin_{dataset}"
        case [("E", None)]:
            written = unquote(name_lists.listed(names))
        case [("M", str() as formula)] if len(names) == 1:
            written = arithmetic.result(formula, names[0])
    return written


def _without_dropped(text: str, streams: Streams) -> str:
    """Return the text without options of outputs without anything to merge."""
    for stream in streams.dropped:
        for name in (stream, f"{MERGED}{stream}"):
            text = re.sub(rf"--[^=]+=\$\{{{re.escape(name)}\}}", "", text)
    return text
