"""The platform that a task needs: the encoded text of a request as the JSON of JEDI_TASKS.

The text is `platform@base#cpus&gpu`, each part but the first optional. A CPU is
`architecture-vendor-instructions`, several stand in parentheses with | between them; a GPU is
`vendor-model`, with conditions after colons. `*` stands for any.
"""

from __future__ import annotations

import json
import re
from typing import Any

GPU_CONDITIONS = {
    "cuda": "version",
    "uarch": "microarchitecture",
    "driver": "driver_version",
    "model": "model",
    "vram": "vram",
}
"""Conditions of a GPU by their names in the text, with those in JSON."""
CONDITION = re.compile(r"(\w+)(>=|<=|!=|==|>|<|=)(.*)")


def encode_architecture(architecture: str | None) -> str | None:
    """Return the platform as JSON; JSON without an encoded part stays as it is."""
    if architecture is None:
        return None
    given = _json(architecture)
    if isinstance(given, list | str) or (given is not None and "encoded_platform" not in given):
        return architecture
    encoded = architecture if given is None else str(given["encoded_platform"])
    known = given or {}
    found = {
        "sw_platform": known.get("sw_platform", "") if given else _before(encoded),
        "base_platform": known.get("base_platform") or _part(encoded, "@", "#&"),
        "cpu_specs": _bare_all(known.get("cpu_specs") or cpus(encoded)),
        "gpu_spec": _bare(known.get("gpu_spec") or gpu(encoded)),
    }
    return json.dumps({name: value for name, value in found.items() if value})


def cpus(encoded: str) -> list[dict[str, str]]:
    """Return the CPUs of an encoded platform; without any, the beginning of the platform."""
    if "#" not in encoded:
        name = "" if encoded[:1] in ("^", "@", "&") else encoded.split("-", maxsplit=1)[0]
        return [_named(("arch", "vendor", "instr"), name)] if name else []
    part = _part(encoded, "#", "^@&") or ""
    part = part.removeprefix("(").removesuffix(")")
    return [_named(("arch", "vendor", "instr"), one) for one in part.split("|")] if part else []


def gpu(encoded: str) -> dict[str, Any] | None:
    """Return the GPU of an encoded platform, with its conditions; None for none."""
    part = _part(encoded, "&", "^@#")
    if not part:
        return None
    name, *conditions = part.split(":")
    found: dict[str, Any] = dict(_named(("vendor", "model"), name))
    for condition in conditions:
        read = CONDITION.match(condition)
        if read and read[1] in GPU_CONDITIONS:
            found[GPU_CONDITIONS[read[1]]] = _condition(read[1], read[2], read[3])
    return found


def _condition(name: str, sign: str, value: str) -> Any:
    if name == "model":
        return {"pattern": value, "excl": True} if sign == "!=" else value
    if name == "uarch":
        return value
    return f"{'==' if sign == '=' else sign}{value}"


def _json(text: str) -> dict[str, Any] | list[Any] | str | None:
    """Return the JSON value of a text; None for no JSON, and for a number: it is a platform."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list | str) else None


def _before(encoded: str) -> str:
    return re.split("[@#&]", encoded, maxsplit=1)[0]


def _part(encoded: str, sign: str, ends: str) -> str | None:
    found = re.search(f"{sign}([^{re.escape(ends)}]*)", encoded)
    return found[1] or None if found else None


def _named(names: tuple[str, ...], text: str) -> dict[str, str]:
    values = text.split("-")
    return {name: values[place] if place < len(values) else "*" for place, name in enumerate(names)}


def _bare(spec: Any) -> dict[str, Any] | None:
    """Return a description without wildcards."""
    if not isinstance(spec, dict):
        return None
    return {name: value for name, value in spec.items() if value != "*"} or None


def _bare_all(specs: Any) -> list[dict[str, Any]]:
    return [one for one in map(_bare, specs) if one] if isinstance(specs, list) else []
