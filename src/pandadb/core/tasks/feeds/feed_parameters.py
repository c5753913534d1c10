"""Settings of a feed from a task's parameters, JEDI_TASKPARAMS, and its split rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.feeds.feed_settings import ATTEMPTS, BUNCH, FeedSettings, FileChoice
from pandadb.core.sql import validation
from pandadb.core.sql.validation import InvalidValue, shown
from pandadb.core.tasks.feeds.file_patterns import read_patterns
from pandadb.core.tasks.split_rules import NAMES, SCOUTS, has_rule, rule_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNSUPPORTED = {"LX": "loadXML"}
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
ALIGNED = 1
"""The value of OI: files with events that fill jobs come first."""
LARGEST_NUMBER = 10**12
"""Numbers of events of all files of a dataset have to fit their columns (bigint)."""
MOST_ATTEMPTS = 32_767
"""Attempts and failures of a file (smallint)."""
LIMITS = {"maxAttempt": MOST_ATTEMPTS, "maxFailure": MOST_ATTEMPTS}
"""Largest values of parameters, where it is not the usual one."""
RENAMED = {"nEventsPerInputFile": "nEventsPerFile"}
"""Parameters with another name that comes first."""


def read_parameters(text: str | None) -> dict[str, Any]:
    """Return the parameters of a task.

    Raises:
        InvalidValue: The text is no JSON object.
    """
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"its parameters in JEDI_TASKPARAMS are no JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidValue(f"its parameters in JEDI_TASKPARAMS are no object: {shown(found)}")
    return {**found, **{new: found[old] for old, new in RENAMED.items() if old in found}}


def settings_of(parameters: Mapping[str, Any], rules: Mapping[str, str]) -> FeedSettings:
    """Return the settings of a feed from the parameters and the split rules of a task.

    Raises:
        InvalidValue: A parameter has a wrong type, a pattern is no regular expression, or the task
            chooses files in a way that is not supported.
    """
    for code, name in UNSUPPORTED.items():
        if has_rule(rules, code):
            raise InvalidValue(f"{name} ({code}) in its split rule is not supported by feed")
    return FeedSettings(**_of_parameters(parameters), **_of_rules(rules, parameters))


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


def _of_rules(rules: Mapping[str, str], parameters: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: _of_rule(rules, code) for name, code in RULES.items()}
    switches = {name: has_rule(rules, code) for name, code in SWITCHES.items()}
    bunch = 1 if has_rule(rules, "NI") else BUNCH
    return {
        **numbers,
        **switches,
        "first_event": _of_rule(rules, "FT") or 0,
        "max_attempt": 1 if has_rule(rules, "DR") else _whole(parameters, "maxAttempt", ATTEMPTS),
        "files_per_job": _files_per_job(rules),
        "uses_scouts": rules.get("US") == SCOUTS,
        "aligns_events": rule_number(rules, "OI") == ALIGNED,
        "chunks_to_wait": rule_number(rules, "NT") or bunch,
        "pfns": _texts(parameters, "pfnList") if has_rule(rules, "PL") else (),
    }


def tasks_whose_files_are_skipped(parameters: Mapping[str, Any]) -> list[int]:
    """Return the tasks with the input to be left out, `skipFilesUsedBy`.

    Raises:
        InvalidValue: One of them is no number.
    """
    given = parameters.get("skipFilesUsedBy")
    if given is None:
        return []
    try:
        return validation.ids([int(one) for one in str(given).split(",")], "skipFilesUsedBy")
    except ValueError:
        raise InvalidValue(f"skipFilesUsedBy has to be ids of tasks, not {shown(given)}") from None


def _files_per_job(rules: Mapping[str, str]) -> int | None:
    """Return NF; of a dynamic number of events for each range of a file."""
    found, inside, least = (rule_number(rules, code) for code in ("NF", "EI", "DY"))
    if found and inside and least and inside > least:
        return found * (inside // least)
    return found


def _whole(parameters: Mapping[str, Any], name: str, default: Any = None) -> Any:
    value = parameters.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidValue(f"{name} has to be a whole number from 0 on, not {shown(value)}")
    _refuse_large(name, value, LIMITS.get(name, LARGEST_NUMBER))
    return value


def _of_rule(rules: Mapping[str, str], code: str) -> int | None:
    number = rule_number(rules, code)
    if number is not None:
        _refuse_large(f"{NAMES[code]} ({code}) in its split rule", number, LARGEST_NUMBER)
    return number


def _refuse_large(name: str, value: int, most: int) -> None:
    if value > most:
        raise InvalidValue(f"{name} is too large: {shown(value)}, the limit is {most:,}")


def _texts(parameters: Mapping[str, Any], name: str) -> Sequence[str]:
    value = parameters.get(name, ())
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise InvalidValue(f"{name} has to be a list of texts, not {shown(value)}")
    return value


def _choices(parameters: Mapping[str, Any]) -> dict[str, FileChoice]:
    """Return the choice of files of each dataset in the templates of jobParameters and the log."""
    found: dict[str, FileChoice] = {}
    for item in _templates(parameters):
        for name in (item["dataset"], *(item.get("expandedList") or ())):
            before = found.get(name, FileChoice())
            found[name] = FileChoice(
                _names(item["files"]) if "files" in item else before.names,
                *(
                    read_patterns(kind, item[kind]) if kind in item else getattr(before, kind)
                    for kind in ("include", "exclude")
                ),
            )
    return found


def _names(files: Any) -> frozenset[str]:
    """Return the names of chosen files: texts, or objects with an `lfn`.

    Raises:
        InvalidValue: There is no list of them.
    """
    if isinstance(files, list):
        given = [one.get("lfn") if isinstance(one, dict) else one for one in files]
        names = frozenset(one for one in given if isinstance(one, str))
        if all(isinstance(one, str) for one in given):
            return names
    raise InvalidValue(f"files has to be a list of names of files, not {shown(files)}")


def _templates(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    items = [*parameters.get("jobParameters", ()), parameters.get("log")]
    for item in items:
        if isinstance(item, dict) and item.get("type") == "template" and item.get("dataset"):
            yield item
