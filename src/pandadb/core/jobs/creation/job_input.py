"""Schemas of input, declared once for Python objects and for JSON.

Only the shape is validated here, strictly: no value is converted from another type. The values of
columns have rules of their own, see `validation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError

from pandadb.core.sql.validation import InvalidValue, check_text, shown

Item = TypeVar("Item")
PandaID = Annotated[int, Field(gt=0, lt=2**63)]
Columns = InstanceOf[Mapping[Any, Any]]
Several = list[Item] | tuple[Item, ...]
"""Not Sequence: str is one, and its validation takes five times as long."""


class Shape(BaseModel):
    """A declared shape; the title of a field is its description in error messages."""

    model_config = ConfigDict(strict=True, extra="forbid", from_attributes=True, frozen=True)


class Job(Shape):
    """A new job: columns, and its satellites."""

    columns: Columns = Field({}, title="columns with their values")
    files: Several[Columns] = Field((), title="a list of files, each with columns of its own")
    parameters: str = Field("", title="text")
    metadata: str | None = Field(None, title="text")
    replaces: Several[PandaID] = Field((), title="a list of PandaIDs")


class Report(Shape):
    """The report of a pilot, without the parts with rules of their own: numbers, metadata."""

    jobstatus: str = Field(title="text")
    values: Columns = Field({}, title="columns with their values")
    report: str | None = Field(None, title="text")


def check(shape: type[Shape], given: Any) -> None:
    """Validate the shape of an object or a mapping, and that PostgreSQL can take its texts.

    Raises:
        InvalidValue: It has another shape; the sentence names the field and its description.
    """
    try:
        found = shape.model_validate(given)
    except ValidationError as error:
        raise InvalidValue(_sentence(shape, error)) from None
    for name, value in vars(found).items():
        if value.__class__ is str:
            check_text(name, value)


def _sentence(shape: type[Shape], error: ValidationError) -> str:
    """Return the first error as a sentence."""
    first = error.errors(include_url=False, include_context=False)[0]
    if not first["loc"]:
        return f"this is no {shape.__name__.lower()}, but {shown(first['input'])}"
    name, *place = first["loc"]
    field = shape.model_fields.get(str(name))
    if field is None:
        return f"{name} is unknown: a {shape.__name__.lower()} has {', '.join(shape.model_fields)}"
    if first["type"] == "missing":
        return f"{name} is missing: it has to be {field.title}"
    number = next((f": number {step + 1} is" for step in place if isinstance(step, int)), ", not")
    return f"{name} has to be {field.title}{number} {shown(first['input'])}"
