"""Settings of a feed from a task's parameters, JEDI_TASKPARAMS, and its split rule."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.feeds.feed_settings import ATTEMPTS, BUNCH, FeedSettings, FileChoice
from pandadb.core.sql.validation import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNSUPPORTED = {"LX": "loadXML", "SW": "segmentedWork"}
"""Split rules with a choice of files that feed does not support."""
NUMBERS = {
    "nfiles": "nFiles", "nevents": "nEvents", "events_per_file": "nEventsPerFile",
    "events_per_job": "nEventsPerJob", "target_events_per_job": "tgtNumEventsPerJob",
    "max_failure": "maxFailure",
}  # fmt: skip
"""Settings that are numbers among the parameters."""
RULES = {"granularity": "DY", "max_files_per_job": "MF", "max_events_per_job": "NE"}
"""Settings that are numbers in the split rule."""
SWITCHES = {
    "uses_real_events": "UE", "respects_rules": "RR", "respects_lumiblocks": "RL",
    "is_per_lumiblock": "RP",
}  # fmt: skip
"""Settings that the split rule switches on."""
SCOUTS, ALIGNED = 2, 1
"""Values of US, and of OI."""
RENAMED = {"nEventsPerInputFile": "nEventsPerFile"}
"""Parameters with another name that comes first."""


def number_of(splitrule: str | None, code: str) -> int | None:
    """Return the whole number of a split rule's code; None where the task does not have it."""
    found = re.search(rf"(?:^|,){code}=(\d+)", splitrule or "")
    return int(found[1]) if found else None


def has(splitrule: str | None, code: str) -> bool:
    """Return whether a split rule has a code, whatever its number."""
    return number_of(splitrule, code) is not None


def read_parameters(text: str | None) -> dict[str, Any]:
    """Return the parameters of a task.

    Raises:
        InvalidValue: The text is no JSON object.
    """
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise InvalidValue(f"its parameters in JEDI_TASKPARAMS are no JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidValue(f"its parameters in JEDI_TASKPARAMS are no object: {shown(found)}")
    return {**found, **{new: found[old] for old, new in RENAMED.items() if old in found}}


def settings_of(parameters: Mapping[str, Any], splitrule: str | None) -> FeedSettings:
    """Return the settings of a feed.

    Raises:
        InvalidValue: A parameter has a wrong type, a pattern is no regular expression, or the task
            chooses files in a way that is not supported.
    """
    for code, name in UNSUPPORTED.items():
        if has(splitrule, code):
            raise InvalidValue(f"{name} ({code}) in its split rule is not supported by feed")
    return FeedSettings(**_of_parameters(parameters), **_of_rule(splitrule, parameters))


def _of_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: _whole(parameters, given) for name, given in NUMBERS.items()}
    return {
        **numbers,
        "knows_no_events": "useRealNumEvents" in parameters,
        "skips_short_input": parameters.get("skipShortInput") is True,
        "skips_short_output": bool(parameters.get("skipShortOutput")),
        "skips_empty_input": bool(parameters.get("skipEmptyInput")),
        "choices": _choices(parameters),
    }


def _of_rule(splitrule: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: number_of(splitrule, code) for name, code in RULES.items()}
    switches = {name: has(splitrule, code) for name, code in SWITCHES.items()}
    bunch = 1 if has(splitrule, "NI") else BUNCH
    return {
        **numbers,
        **switches,
        "first_event": number_of(splitrule, "FT") or 0,
        "max_attempt": 1 if has(splitrule, "DR") else _whole(parameters, "maxAttempt", ATTEMPTS),
        "files_per_job": _files_per_job(splitrule),
        "uses_scouts": number_of(splitrule, "US") == SCOUTS,
        "aligns_events": number_of(splitrule, "OI") == ALIGNED,
        "chunks_to_wait": number_of(splitrule, "NT") or bunch,
        "pfns": _texts(parameters, "pfnList") if has(splitrule, "PL") else (),
    }


def tasks_whose_files_are_skipped(parameters: Mapping[str, Any]) -> list[int]:
    """Return the tasks with the input to be left out, `skipFilesUsedBy`.

    Raises:
        InvalidValue: One of them is no number.
    """
    given = parameters.get("skipFilesUsedBy")
    try:
        return [int(one) for one in str(given).split(",")] if given is not None else []
    except ValueError:
        raise InvalidValue(f"skipFilesUsedBy has to be ids of tasks, not {shown(given)}") from None


def _files_per_job(splitrule: str | None) -> int | None:
    """Return NF; of a dynamic number of events for each range of a file."""
    found, inside, least = (number_of(splitrule, code) for code in ("NF", "EI", "DY"))
    if found and inside and least and inside > least:
        return found * (inside // least)
    return found


def _whole(parameters: Mapping[str, Any], name: str, default: Any = None) -> Any:
    value = parameters.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidValue(f"{name} has to be a whole number from 0 on, not {shown(value)}")
    return value


def _texts(parameters: Mapping[str, Any], name: str) -> Sequence[str]:
    value = parameters.get(name, ())
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise InvalidValue(f"{name} has to be a list of texts, not {shown(value)}")
    return value


def _choices(parameters: Mapping[str, Any]) -> dict[str, FileChoice]:
    """Return the choice of files of each dataset in the templates of jobParameters and the log."""
    found: dict[str, FileChoice] = {}
    for item in _templates(parameters):
        for name in (item["dataset"], *item.get("expandedList", ())):
            before = found.get(name, FileChoice())
            names = (one["lfn"] if isinstance(one, dict) else one for one in item.get("files", ()))
            found[name] = FileChoice(
                frozenset(names) if "files" in item else before.names,
                _patterns(item["include"]) if "include" in item else before.include,
                _patterns(item["exclude"]) if "exclude" in item else before.exclude,
            )
    return found


def _templates(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    items = [*parameters.get("jobParameters", ()), parameters.get("log")]
    for item in items:
        if isinstance(item, dict) and item.get("type") == "template" and item.get("dataset"):
            yield item


def _patterns(text: str) -> list[re.Pattern[str]]:
    """Return the patterns of a text, separated by commas."""
    try:
        return [re.compile(one) for one in text.split(",")]
    except re.error as error:
        raise InvalidValue(
            f"the pattern of files {shown(text)} is no regular expression: {error}"
        ) from None
