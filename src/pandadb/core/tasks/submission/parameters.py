"""The parameters of a task in JSON: their shape, and errors that name the parameter.

Keys that are not declared here are kept as they are; the refinement reads some of them.
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field
from sqlalchemy import Integer, String

from pandadb.core.jobs.creation import job_input
from pandadb.core.jobs.creation.job_input import Shape
from pandadb.core.sql.column_values import is_plain
from pandadb.core.sql.validation import InvalidValue, check_text, shown

WHOLE = re.compile(r"\s*-?\d{1,19}\s*")
"""A whole number in a text, no longer than a column takes."""
Parameters = dict[str, Any]
Item = dict[str, Any]
"""An item of `jobParameters`, or the log: a text of the command line, a number or a dataset."""


class InvalidTask(InvalidValue):
    """Parameters of a task that cannot be followed; the sentence names the parameter."""


class UnknownDataset(InvalidTask):
    """An input dataset that the catalogue does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the input dataset {name!r} is unknown")
        self.name = name


def _as_list(given: Any) -> Any:
    return [given] if isinstance(given, dict) else given


class OpenShape(Shape):
    """A shape with further keys that are not checked."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)


# Fields have the names that PanDA gives parameters.
# ruff: noqa: N815


class Task(OpenShape):
    """The least that a request has to have."""

    taskName: str = Field(title="text", min_length=1)
    vo: str = Field(title="text", min_length=1)
    prodSourceLabel: str = Field(title="text", min_length=1)
    userName: str | None = Field(None, title="text")
    taskType: str | None = Field(None, title="text")
    taskPriority: int | float | str | None = Field(None, title="a whole number")
    parentTaskName: str | None = Field(None, title="text")
    jobParameters: list[Item] = Field([], title="a list of objects")
    log: Annotated[list[Item], BeforeValidator(_as_list)] = Field([], title="an object")
    buildSpec: dict[str, Any] | None = Field(None, title="an object")
    esmergeSpec: dict[str, Any] | None = Field(None, title="an object")


class Parameter(OpenShape):
    """An item of `jobParameters`, or the log."""

    type: str = Field(title="constant or template")
    value: str | int | float | None = Field(None, title="text")
    param_type: str | None = Field(None, title="text")
    dataset: str | None = Field(None, title="text")
    container: str | None = Field(None, title="text")
    token: str | None = Field(None, title="text")
    destination: str | None = Field(None, title="text")
    attributes: str | None = Field(None, title="text")
    offset: int | None = Field(None, title="a whole number")
    expandedList: list[str] | None = Field(None, title="a list of datasets")
    nFilesPerJob: int | str | None = Field(None, title="a whole number")


def read_parameters(text: str) -> Parameters:
    """Return the parameters of a task from JSON.

    Raises:
        InvalidTask: The text is no JSON, or has no task.
    """
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        raise InvalidTask(
            f"this is not JSON: {'it is nested too deeply' if deep else error}"
        ) from None
    return check_task(found)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; json would take the last of the values of a name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice in one object")
    return found


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def check_task(given: Any) -> Parameters:
    """Check that parameters are those of a task.

    Raises:
        InvalidTask: They are not; the sentence names the parameter.
    """
    if not isinstance(given, dict):
        raise InvalidTask(f"a task is a JSON object, not {shown(given)}")
    _check(Task, given)
    _check_texts(given)
    return given


def _check_texts(given: Parameters) -> None:
    """Check all texts of parameters, however deep: many reach columns and conditions."""
    left: list[tuple[str, Any]] = [*given.items()]
    while left:
        name, value = left.pop()
        if isinstance(value, str):
            try:
                check_text(name, value)
            except InvalidValue as error:
                raise InvalidTask(str(error)) from None
        elif isinstance(value, dict):
            left += [("a name in the parameters", one) for one in value]
            left += value.items()
        elif isinstance(value, list | tuple):
            left += [(name, one) for one in value]


def check_items(items: list[Any]) -> None:
    """Check items of `jobParameters` and logs, each by itself.

    Raises:
        InvalidTask: One has another shape; the sentence has its number.
    """
    for number, item in enumerate(items, start=1):
        try:
            _check(Parameter, item)
        except InvalidTask as error:
            raise InvalidTask(f"parameter {number} of {len(items)}: {error}") from None


def _check(shape: type[Shape], given: Any) -> None:
    try:
        job_input.check(shape, given)
    except InvalidValue as error:
        raise InvalidTask(str(error)) from None


def encode_parameters(parameters: Parameters) -> str:
    """Return parameters in JSON, for the tables of tasks.

    Raises:
        InvalidTask: They are nested too deeply.
    """
    try:
        return json.dumps(parameters)
    except RecursionError:
        raise InvalidTask("the parameters are nested too deeply") from None


def is_given(parameters: Parameters, name: str) -> bool:
    """Return whether a parameter has a value, whichever: null is none."""
    return parameters.get(name) is not None


def fitted(kind: Any, value: Any) -> Any:
    """Return a value as a type of column takes it: texts as numbers, fractions rounded."""
    if isinstance(kind, Integer) and not isinstance(value, bool):
        if isinstance(value, str) and is_plain(value) and WHOLE.fullmatch(value):
            return int(value)
        if isinstance(value, float) and abs(value) < 1e18:
            return int(Decimal(value).to_integral_value(ROUND_HALF_UP))
    if isinstance(kind, String) and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value
