"""The shapes of dumps, as far as they are read; fields beyond these are left alone.

Strict: nothing is converted from another type. A dump of another shape is refused whole.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sql.validation import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sites.dumps.dump_kinds import Dumps

PLACE = 60
"""Characters of a name that a sentence shows."""


class DumpShape(BaseModel):
    """A part of a dump."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Member(DumpShape):
    """An endpoint or a PanDA site in the list of a site."""

    state: str


class CricSite(DumpShape):
    """A site of CRIC."""

    state: str
    tier_level: int | None
    datapolicies: list[str]
    ddmendpoints: dict[str, Member]
    presources: dict[str, dict[str, Member]]


class CricEndpoint(DumpShape):
    """A DDM endpoint of CRIC."""

    state: str
    token: str | None
    site: str | None
    type: str | None
    is_tape: bool | None


class CricQueue(DumpShape):
    """A PanDA queue of CRIC, as far as sites and relations need it."""

    panda_resource: str
    atlas_site: str | None = None
    astorages: dict[str, list[str]] | None = None


class QueueFacts(DumpShape):
    """Texts of a PanDA queue that services read from SCHEDCONFIG_JSON."""

    status: str | None = None
    panda_resource: str | None = None
    atlas_site: str | None = None
    vo_name: str | None = None
    type: str | None = None
    resource_type: str | None = None
    capability: str | None = None


class ActivityStatus(DumpShape):
    """The status of an activity at an endpoint, such as OFF."""

    value: str | None


class Exclusion(DumpShape):
    """The exclusion of an activity at an endpoint."""

    status: ActivityStatus | None = None


class SpaceUsage(DumpShape):
    """Bytes of an endpoint, as Rucio counts them."""

    used: int | float | None = None
    free: int | float | None = None
    updated_at: str | None = None


class RseUsage(DumpShape):
    """Space of an endpoint by its use."""

    storage: SpaceUsage | None = None
    expired: SpaceUsage | None = None
    min_free_space: SpaceUsage | None = None
    unavailable: SpaceUsage | None = None


SHAPES: dict[DumpKind, Any] = {
    DumpKind.SITES: dict[str, CricSite],
    DumpKind.DDM_ENDPOINTS: dict[str, CricEndpoint],
    DumpKind.PANDA_QUEUES: dict[str, CricQueue],
    DumpKind.BLACKLIST_WRITE: dict[str, Any] | list[str],
    DumpKind.BLACKLIST_READ: dict[str, Any] | list[str],
    DumpKind.BLACKLIST_FULL: dict[str, dict[str, Exclusion]],
    DumpKind.RSE_USAGE: dict[str, RseUsage],
    DumpKind.TAGS: dict[str, dict[str, Any] | list[Any]],
    DumpKind.SITE_STATS: dict[str, dict[str, int]],
    DumpKind.NWS: dict[str, dict[str, Any]],
    DumpKind.COST_MATRIX: list[dict[str, Any]],
}
FACTS = dict[str, QueueFacts]


def shaped(dumps: Dumps, kind: DumpKind) -> Any:
    """Return a dump with its shape validated; an empty one if it is not given.

    Raises:
        InvalidValue: It has another shape; the sentence names the place.
    """
    empty: Any = [] if kind is DumpKind.COST_MATRIX else {}
    return validated(kind, SHAPES[kind], dumps.get(kind, empty))


def validated(kind: DumpKind, shape: Any, given: Any) -> Any:
    """Return a value with its shape validated.

    Raises:
        InvalidValue: It has another shape; the sentence names the place.
    """
    try:
        return _adapter(shape).validate_python(given, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ", ".join([str(kind), *map(_short, first["loc"])])
        if first["type"] == "missing":
            raise InvalidValue(f"{place} is missing") from None
        wanted = first["msg"].removeprefix("Input should be ")
        raise InvalidValue(f"{place} has to be {wanted}, not {shown(first['input'])}") from None


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def missing(dumps: Dumps, kinds: Iterable[DumpKind]) -> list[DumpKind]:
    """Return the kinds that are not among the dumps."""
    return [kind for kind in kinds if kind not in dumps]


def _short(place: object) -> str:
    text = str(place)
    return text if len(text) <= PLACE else f"{text[:PLACE]}…"
