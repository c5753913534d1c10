"""Messages: bodies that are read, the keys that they have to have, and keys that are unknown."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pandadb.errors import InvalidInput
from pandadb.gateway.keys import is_true
from pandadb.gateway.sentences import sentence_of

if TYPE_CHECKING:
    from pandadb.gateway.settings import GatewaySettings

RESULT_KEYS = ("message", "reduction_data", "reduction_log", "admin_log", "information")
"""Keys that events have, and that are ignored in a message that asks for a reduction."""
INSTRUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
LARGEST_NUMBER = 10**15
LONGEST_KEY = 60
DEEPEST = 50
"""Values in each other that a message may have."""
MAX_SCRIPT = 8_388_608


class BadMessage(InvalidInput):
    """A message that never can be worked on; the sentence names the key."""

    def __init__(self, sentence: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.body = body or {}


def _instrument(value: Any) -> Any:
    if not isinstance(value, str) or not INSTRUMENT.fullmatch(value):
        raise ValueError("a name of letters, digits, - and _ is needed")
    return value.upper()


def _whole(value: Any) -> Any:
    """Return a whole number, also of 101.0; leading zeros and blanks of a text are nothing."""
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number is needed")  # noqa: TRY004 - pydantic reports this one
    return value


def _present(value: Any) -> Any:
    if value is None:
        raise ValueError("it is null")
    return value


def _nothing(value: Any) -> Any:
    return None if value == "" else value


def _truth(value: Any) -> Any:
    """Return a value that is to be true or false; an empty one is as good as none."""
    empty = value is None or (isinstance(value, str | list | dict) and not value)
    return None if empty else is_true(value)


def _groups(value: Any) -> Any:
    """Return variables in two groups; other values than objects are none."""
    return value if isinstance(value, dict) else {}


Instrument = Annotated[str, BeforeValidator(_instrument)]
RunNumber = Annotated[int, Field(gt=0, le=LARGEST_NUMBER), BeforeValidator(_whole)]
Version = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(_whole)]
Needed = Annotated[Any, BeforeValidator(_present)]


class Message(BaseModel):
    """The rules that all messages have in common."""

    model_config = ConfigDict(extra="allow")

    @property
    def unknown(self) -> list[str]:
        """Return the names of keys that no message has."""
        return sorted(self.model_extra or {})


Kind = TypeVar("Kind", bound=Message)


class RunMessage(Message):
    """A run that is to be reduced."""

    instrument: Instrument
    rb_number: Needed
    run_number: RunNumber
    data: Needed
    facility: Any = "ISIS"
    run_version: Version | None = None
    reduction_script: Annotated[str, Field(max_length=MAX_SCRIPT)] | None = None
    reduction_arguments: Annotated[dict[str, Any], BeforeValidator(_groups)] = Field(
        default_factory=dict
    )
    started_by: Any = None
    description: Any = None
    run_description: Any = None
    overwrite: Annotated[bool | None, BeforeValidator(_truth)] = None
    cancel: Any = None
    retry_in: Any = None
    software: Any = None
    flat_output: Any = None
    job_id: Any = None
    message: Any = None
    reduction_data: Any = None
    reduction_log: Any = None
    admin_log: Any = None
    information: Any = None


class PendingMessage(RunMessage):
    """A run that is to be reduced by the script of its message."""

    reduction_script: Annotated[str, Field(max_length=MAX_SCRIPT)]


class CancelMessage(Message):
    """A run that is to be cancelled."""

    run_number: RunNumber
    run_version: Version = 0
    instrument: Instrument | None = None
    rb_number: Any = None

    @model_validator(mode="before")
    @classmethod
    def without_null(cls, values: Any) -> Any:
        """Take null for a missing key."""
        if isinstance(values, dict):
            return {name: value for name, value in values.items() if value is not None}
        return values


class ReportMessage(Message):
    """A report of another system's worker; without an instrument its numbers name the run."""

    instrument: Annotated[Instrument | None, BeforeValidator(_nothing)] = None
    rb_number: Needed
    run_number: RunNumber
    run_version: Version | None = None
    started_by: Any = None
    message: Any = None
    reduction_data: Any = None
    reduction_log: Any = None
    admin_log: Any = None
    software: Any = None
    information: Any = None
    retry_in: Any = None


def read_body(body: bytes, settings: GatewaySettings) -> dict[str, Any]:
    """Return the JSON object of a body, with pandadb's names of keys.

    Raises:
        BadMessage: It is too large, no UTF-8, no JSON object, or has a character that no text of
            the database can have.
    """
    if len(body) > settings.max_body:
        raise BadMessage(f"The body has {len(body)} bytes: {settings.max_body} at most")
    try:
        found = json.loads(
            body.decode("utf-8"), parse_constant=_refused, parse_float=_finite, parse_int=_short
        )
    except UnicodeDecodeError as error:
        raise BadMessage(f"The body is no UTF-8, at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"The body is no JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise BadMessage(f"The body is no JSON object, but {type(found).__name__}")
    names: dict[str, str] = {theirs: ours for ours, theirs in settings.keys.items()}
    message = {names.get(str(name), str(name)): value for name, value in found.items()}
    number, depth = _size(message)
    if number > settings.max_keys:
        raise BadMessage(f"The message has {number} keys: {settings.max_keys} at most")
    if depth > DEEPEST:
        raise BadMessage(f"The message has values {depth} deep in each other: {DEEPEST} at most")
    for name, value in message.items():
        if _is_unstorable(name) or _is_unstorable(value):
            raise BadMessage(f"{_shown(name)}: it has a NUL or half a surrogate pair", message)
    return message


def validated(kind: type[Kind], message: dict[str, Any]) -> Kind:
    """Return a message with its keys checked.

    Raises:
        BadMessage: A key is missing, or its value cannot be; the sentence names each.
    """
    try:
        return kind.model_validate(message)
    except ValidationError as error:
        raise BadMessage(sentence_of(error), message) from None


def unknown_keys(message: Message) -> list[str]:
    """Return a sentence for each key that no message has, at most twenty."""
    return [f"The key {_shown(name)} is unknown: it is kept" for name in message.unknown[:20]]


def _refused(name: str) -> Any:
    raise ValueError(f"it has {name}")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("it has a number that is too large")
    return number


def _short(text: str) -> int:
    if len(text) > 400:
        raise ValueError("it has a number that is too large")
    return int(text)


def _size(value: Any) -> tuple[int, int]:
    """Return how many keys a JSON value has, in all objects of it, and how deep it is."""
    number, deepest, left = 0, 0, [(value, 1)]
    while left:
        one, depth = left.pop()
        deepest = max(deepest, depth)
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        number += len(one) if isinstance(one, dict) else 0
        left.extend((each, depth + 1) for each in inner)
    return number, deepest


def _is_unstorable(value: Any) -> bool:
    """Return whether a JSON value has a text that the database cannot have."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left.extend((*one, *one.values()))
        elif isinstance(one, list):
            left.extend(one)
        elif isinstance(one, str) and not one.isascii():
            try:
                one.encode()
            except UnicodeEncodeError:
                return True
        if isinstance(one, str) and "\0" in one:
            return True
    return False


def _shown(name: str) -> str:
    return repr(name[:LONGEST_KEY])
