"""The description of a payload in JOBPARAMSTABLE: a program or a handler, and what it needs."""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAGS = ("stderr_is_failure", "failure_is_final")
KEYS = frozenset({"argv", "env", "timeout", "inputs", "handler", "arguments", *FLAGS})


class InvalidPayload(InvalidInput):
    """A description of a payload that is malformed, or that this worker cannot run."""


@dataclass(frozen=True)
class Payload:
    """A payload: a program with its arguments, or the name of a handler with its arguments."""

    argv: tuple[str, ...] = ()
    handler: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    timeout: float | None = None
    """Seconds that it may run."""
    inputs: dict[str, bytes | Path] = field(default_factory=dict)
    """Content by name, or a file that is copied."""
    stderr_is_failure: bool = False
    """Whether a program that writes to its standard error has failed."""
    failure_is_final: bool = False
    """Whether no other attempt is made after a failure."""


def parse_payload(parameters: str | Mapping[str, Any] | None) -> Payload:
    """Return the payload of a JSON object such as `{"argv": ["sort", "x"], "inputs": {"x": "…"}}`.

    An input is text, `{"base64": …}` for bytes, or `{"copy": path}` for a file of the host.

    Raises:
        InvalidPayload: It is no such object; the sentence names the key.
    """
    given = _object(parameters)
    unknown = sorted(given.keys() - KEYS)
    if unknown:
        raise InvalidPayload(f"The payload has {unknown[0]!r}: known are {', '.join(sorted(KEYS))}")
    if ("argv" in given) == ("handler" in given):
        raise InvalidPayload("The payload needs either argv, a list of texts, or handler, a name")
    return Payload(
        _argv(given["argv"]) if "argv" in given else (),
        _text("handler", given["handler"]) if "handler" in given else None,
        _mapping("arguments", given.get("arguments")),
        {_text("env", name): _text(f"env {name}", value) for name, value in _env(given).items()},
        _timeout(given.get("timeout")),
        {
            name: _content(name, value)
            for name, value in _mapping("inputs", given.get("inputs")).items()
        },
        **{name: _flag(name, given[name]) for name in FLAGS if name in given},
    )


def _object(parameters: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    try:
        given = json.loads(parameters) if isinstance(parameters, str) else parameters
    except (ValueError, RecursionError) as error:
        raise InvalidPayload(f"The job's parameters are not JSON: {error}") from None
    if not isinstance(given, dict):
        raise InvalidPayload("The job's parameters are no JSON object with argv or handler")
    return given


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidPayload(f"{name} has to be text without NUL, not {str(value)[:60]!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidPayload(f"{name} has characters that UTF-8 cannot have") from None
    return value


def _argv(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not value[0]:
        raise InvalidPayload("argv has to be a list of texts that begins with a program")
    return tuple(_text("argv", one) for one in value)


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidPayload(f"{name} has to be a JSON object, not {str(value)[:60]!r}")
    return value


def _env(given: Mapping[str, Any]) -> dict[str, Any]:
    env = _mapping("env", given.get("env"))
    for name in env:
        if not name or "=" in name:
            raise InvalidPayload(f"env has {name!r}, which no variable can be called")
    return env


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidPayload(f"{name} has to be true or false, not {str(value)[:60]!r}")
    return value


def _timeout(value: Any) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise InvalidPayload(f"timeout has to be seconds above 0, not {str(value)[:60]!r}")
    return float(value)


def _content(name: str, value: Any) -> bytes | Path:
    match value:
        case str():
            return value.encode("utf-8", "surrogatepass")
        case {"base64": str(text), **rest} if not rest:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error:
                raise InvalidPayload(f"The input {name!r} is no base64") from None
        case {"copy": str(path), **rest} if not rest and os.path.isabs(path):  # noqa: PTH117
            return Path(_text(f"input {name}", path))
    raise InvalidPayload(
        f"The input {name!r} has to be text, a base64 or a copy with the absolute path of a file"
    )
