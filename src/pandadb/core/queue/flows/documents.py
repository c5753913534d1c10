"""Flows as JSON, YAML or TOML: a document with the values of the flow, and its jobs."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import yaml

from pandadb.core.queue.flows.flow_rows import NewFlow
from pandadb.core.queue.new_jobs import NewQueueJob
from pandadb.core.sql.validation import InvalidValue, near

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FORMATS: Mapping[str, Callable[[str], Any]] = {
    "json": json.loads,
    "yaml": yaml.safe_load,
    "yml": yaml.safe_load,
    "toml": tomllib.loads,
}
"""The parser of each format, by the ending of a file's name."""
ERRORS = (ValueError, yaml.YAMLError, RecursionError)
TYPES: Mapping[str, tuple[type, ...]] = {
    "argv": (list,),
    "parents": (list,),
    "arguments": (dict,),
    "env": (dict,),
    "inputs": (dict,),
    "metadata": (dict,),
    "resources": (dict,),
    "columns": (dict,),
    "timeout": (int, float),
    "delay": (int, float),
    "priority": (int,),
}
"""The types of values that no later check looks at."""


def read(text: str, ending: str) -> tuple[NewFlow, list[NewQueueJob]]:
    """Return the flow of a document, and its jobs.

    Raises:
        InvalidValue: The document is malformed; the sentence has the place.
    """
    if ending not in FORMATS:
        raise InvalidValue(f"A flow is a file of {', '.join(FORMATS)}, not of {ending!r}")
    try:
        given = FORMATS[ending](text)
    except ERRORS as error:
        raise InvalidValue(f"This is no {ending}: {error}") from None
    if not isinstance(given, dict):
        raise InvalidValue("A flow is a document with a name and jobs")
    jobs = given.pop("jobs", None)
    if not isinstance(jobs, list) or not all(isinstance(one, dict) for one in jobs):
        raise InvalidValue("jobs of a flow are a list, each with its name and values")
    made = [_made(NewQueueJob, one, f"job {n}: ") for n, one in enumerate(jobs, start=1)]
    return _made(NewFlow, given, ""), made


def _made(kind: type[Any], given: Mapping[str, Any], where: str) -> Any:
    """Return a flow or a job of the values of a document."""
    known = [field.name for field in fields(kind)]
    for name in given:
        if name not in known:
            raise InvalidValue(f"{where}{name!r} is unknown{near(str(name), known)}")
    _check_types(given, where)
    try:
        return kind(**given)
    except TypeError as error:
        raise InvalidValue(f"{where}{_missing(error)}") from None
    except InvalidValue as error:
        raise InvalidValue(f"{where}{error}") from None


def _missing(error: TypeError) -> str:
    return str(error).partition("() ")[2] or str(error)


def _check_types(given: Mapping[str, Any], where: str) -> None:
    for name, types in TYPES.items():
        value = given.get(name)
        if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
            kinds = " or ".join(_words(types))
            raise InvalidValue(f"{where}{name} has to be {kinds}, not {value!r}")


def _words(types: Sequence[type]) -> list[str]:
    words = {list: "a list", dict: "a table of names", int: "a whole number", float: "a number"}
    return [words[one] for one in types]
