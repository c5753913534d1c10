"""Parameters of operations: fields of their forms, and their values from the texts of a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pandadb.errors import InvalidInput


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation: a field of its form."""

    name: str
    label: str
    kind: Literal["text", "number", "checkbox", "choice"] = "text"
    default: str = ""
    hint: str = ""
    options: tuple[str, ...] = ()
    is_required: bool = False
    """Whether there is no dry run without a value."""


def values_of(parameters: tuple[Parameter, ...], given: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of parameters: those of a form, else the defaults."""
    return {one.name: str(given.get(one.name, one.default)).strip() for one in parameters}


def missing(parameters: tuple[Parameter, ...], values: Mapping[str, str]) -> list[str]:
    """Return the labels of required parameters without a value."""
    return [one.label for one in parameters if one.is_required and not values[one.name]]


def number(values: Mapping[str, str], name: str) -> int:
    """Return a parameter as a number.

    Raises:
        InvalidInput: It is none.
    """
    try:
        return int(values[name])
    except ValueError:
        raise InvalidInput(f"{name} has to be a number, not {values[name]!r}") from None


def flag(values: Mapping[str, str], name: str) -> bool:
    """Return whether a box is checked."""
    return values[name] == "true"
