"""Inputs of a form: each value by the type and the limits of its parameter, then the address."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.services.applications.declarations import Application, Parameter

LONGEST_ADDRESS = 254
"""Characters of a mail address (RFC 5321, 4.5.3.1.3)."""
LONGEST_NUMBER = 4000
"""Digits: Python refuses to read much more."""


class InvalidInputs(InvalidInput):
    """An input that its parameter does not allow, or an address that is none."""


def checked(application: Application, given: Mapping[str, str]) -> dict[str, str]:
    """Return the values of all parameters as the program gets them.

    Raises:
        InvalidInputs: The first one, in the order of the declaration, that is not allowed.
    """
    readers = {"integer": _integer, "number": _number, "choice": _choice, "text": _text}
    return {
        name: readers[parameter.type](name, given.get(name, ""), parameter)
        for name, parameter in application.parameters.items()
    }


def checked_address(given: str) -> str:
    """Return a mail address: any text with an @, as it is a text only.

    Raises:
        InvalidInputs: It has none, is too long, or has characters that no header can have.
    """
    address = given.strip(" ")
    if "@" not in address or len(address) > LONGEST_ADDRESS or not address.isprintable():
        raise InvalidInputs("invalid email address")
    return address


def _integer(name: str, text: str, parameter: Parameter) -> str:
    try:
        value = int(text if len(text) <= LONGEST_NUMBER else "")
    except ValueError:
        raise InvalidInputs(f"parameter '{name}' is not an integer") from None
    _check_limits(name, value, parameter)
    return str(value)


def _number(name: str, text: str, parameter: Parameter) -> str:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInputs(f"parameter '{name}' is not a number")
    _check_limits(name, value, parameter)
    return repr(value)


def _check_limits(name: str, value: float, parameter: Parameter) -> None:
    if parameter.minimum is not None and value < parameter.minimum:
        raise InvalidInputs(f"parameter '{name}' is below {parameter.minimum:,.15g}")
    if parameter.maximum is not None and value > parameter.maximum:
        raise InvalidInputs(f"parameter '{name}' is above {parameter.maximum:,.15g}")


def _choice(name: str, text: str, parameter: Parameter) -> str:
    if text not in parameter.choices:
        raise InvalidInputs(f"parameter '{name}' is not one of {', '.join(parameter.choices)}")
    return text


def _text(name: str, text: str, parameter: Parameter) -> str:
    """Check a text; programs take one that begins with a dash for an option."""
    if len(text) > parameter.max_length:
        raise InvalidInputs(
            f"parameter '{name}' is longer than {parameter.max_length:,} characters"
        )
    if not text.isprintable():
        raise InvalidInputs(f"parameter '{name}' has characters that cannot be printed")
    if parameter.pattern is not None:
        if not re.fullmatch(parameter.pattern, text):
            raise InvalidInputs(f"parameter '{name}' has not the form {parameter.pattern}")
    elif text.startswith("-"):
        raise InvalidInputs(f"parameter '{name}' begins with a dash, as options do")
    return text
