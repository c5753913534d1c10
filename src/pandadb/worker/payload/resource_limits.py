"""Limits of the resources of a payload, from the columns of its job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MB = 2**20
UNITS = {"B": 1, "KB": 2**10, "MB": MB, "GB": 2**30}
"""Units of `minramunit` and `maxdiskunit`; a column without a unit is in MB."""
NAMES = ("cpu", "memory", "file_size", "open_files")


def resource_limits(
    job: Mapping[str, Any], resources: Mapping[str, Any] | None = None
) -> dict[str, int]:
    """Return the limits of each process of a payload, for `setrlimit`; no limit has no key.

    `cpu` is the seconds of `maxcpucount` for each core, `memory` the address space in bytes, of
    `minramcount`, `file_size` the bytes of the largest file, of `maxdiskcount`. The resources of
    the job override them: seconds, MB, MB and a number of `open_files`. No core is dumped.
    """
    cores = max(1, job.get("corecount") or 1)
    found = {
        "cpu": (job.get("maxcpucount") or 0) * cores,
        "memory": (job.get("minramcount") or 0) * _unit(job.get("minramunit")),
        "file_size": (job.get("maxdiskcount") or 0) * _unit(job.get("maxdiskunit")),
    }
    for name in NAMES:
        value = (resources or {}).get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = int(value * (MB if name in ("memory", "file_size") else 1))
    return {"core": 0, **{name: value for name, value in found.items() if value > 0}}


def timeout_of(job: Mapping[str, Any], given: float | None) -> float | None:
    """Return the seconds that a payload may run: its own timeout, else `maxwalltime`, if any."""
    return given or job.get("maxwalltime") or None


def _unit(name: str | None) -> int:
    return UNITS.get((name or "MB").strip().upper(), MB)
