"""Metrics of the network between sites, from dumps of NWS and CRIC's cost matrix (semantics 8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.dumps.shapes import shaped
from pandadb.core.sites.rows.measure_times import read_time
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, mistake_in, shown
from pandadb.models import NetworkMatrixKV, Site

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pandadb.core.sites.dumps.dump_kinds import Dumps
    from pandadb.core.sql.transaction import Transaction

ACTIVITIES = ("Production Input", "Production Output", "Express")
UNKNOWN = "UNKNOWN"
"""The name of a source or destination that NWS does not know."""
VALID = timedelta(minutes=30)
"""The age of the oldest metric of NWS that is loaded."""
MEASURED_AT = "%Y-%m-%dT%H:%M:%S"
CLOSENESS = "AGIS_closeness"
DURATIONS = ("1h", "1d", "1w")


class Metric(NamedTuple):
    """A metric of the network between two sites."""

    src: str
    dst: str
    key: str
    value: Decimal | int | None
    ts: datetime | None
    """When it was measured, naive UTC."""


def checked(metrics: Iterable[Iterable[Any]]) -> list[Metric]:
    """Return metrics given as source, destination, key, value and time.

    A time is a datetime (naive UTC) or a text in ISO format.

    Raises:
        InvalidValue: One has other fields, or a value does not fit its column.
    """
    found = []
    for number, given in enumerate(metrics, start=1):
        values = [*given]
        if len(values) != len(Metric._fields):
            raise InvalidValue(f"metric {number} has {len(values)} fields, not 5: {shown(values)}")
        values[4] = _moment(values[4])
        src, dst, key, value, ts = values
        found.append(Metric(src, dst, key, value, ts))
    check_metrics(found)
    return [one._replace(value=_decimal(one.value)) for one in found]


def check_metrics(metrics: Iterable[Metric]) -> None:
    """See that metrics fit the columns of NETWORK_MATRIX_KV.

    Raises:
        InvalidValue: One does not.
    """
    for one in metrics:
        for name, value in zip(Metric._fields, one, strict=True):
            if mistake := mistake_in(NetworkMatrixKV, name, value):
                place = " ".join(shown(part) for part in one[:3])
                raise InvalidValue(f"metric {place}: {mistake}")


def known_sites(session: Transaction) -> set[str]:
    """Return the names of the sites of SITE."""
    return {*connection_of(session).scalars(select(Site.__table__.c.site_name))}


def metrics_of(
    dumps: Dumps, sites: Collection[str], at: datetime, skipped: dict[str, str]
) -> list[Metric]:
    """Return the metrics of dumps between the sites of SITE.

    Metrics of NWS that are older than half an hour, or are malformed, are left out, and so are
    sites that SITE lacks: each of these is in `skipped`.

    Raises:
        InvalidValue: A dump has another shape.
    """
    nws, known = shaped(dumps, DumpKind.NWS), {*sites, UNKNOWN}
    found: list[Metric] = []
    for pair, metrics in nws.items():
        source, colon, destination = pair.partition(":")
        if not colon or ":" in destination:
            skipped[pair] = "no pair of sites, SOURCE:DESTINATION"
        elif lacking := {source, destination} - known:
            skipped[pair] = f"SITE does not have {', '.join(sorted(lacking))}"
        else:
            found += (
                Metric(source, destination, key, _decimal(value), moment)
                for key, value, moment in _measured(metrics, at - VALID)
            )
    return [*found, *_closeness(dumps, known, at, skipped)]


def _measured(metrics: Mapping[str, Any], oldest: datetime) -> Iterator[tuple[str, Any, datetime]]:
    files, rates = _part(metrics, "files"), _part(metrics, "mbps")
    done, queued = _part(files, "done"), _part(files, "queued")
    for activity in ACTIVITIES:
        yield from _values(done.get(activity), oldest, activity, {"done_1h": "1h", "done_6h": "6h"})
        yield from _values(queued.get(activity), oldest, activity, {"queued": "latest"})
    for system, one in rates.items():
        for duration in DURATIONS:
            yield from _values(one, oldest, system, {f"mbps_{duration}": duration})


def _values(
    given: Any, oldest: datetime, prefix: str, names: Mapping[str, str]
) -> Iterator[tuple[str, Any, datetime]]:
    """Yield the values of a metric, all or none: it is too old, malformed, or not there."""
    moment = read_time(given.get("timestamp"), MEASURED_AT) if isinstance(given, dict) else None
    if moment is None or moment <= oldest:
        return
    if not any(_is_no_number(given.get(one)) for one in names.values()):
        for name, field in names.items():
            yield f"{prefix}_{name}", given[field], moment


def _closeness(
    dumps: Dumps, sites: Collection[str], at: datetime, skipped: dict[str, str]
) -> Iterator[Metric]:
    for number, one in enumerate(shaped(dumps, DumpKind.COST_MATRIX), start=1):
        source, destination, value = one.get("src"), one.get("dst"), one.get("closeness")
        if not (isinstance(source, str) and isinstance(destination, str)) or _is_no_number(value):
            skipped[f"cost_matrix {number}"] = "src, dst or closeness is not there"
        elif source not in sites or destination not in sites or UNKNOWN in {source, destination}:
            skipped[f"{source}:{destination}"] = "SITE does not have both"
        else:
            yield Metric(source, destination, CLOSENESS, _decimal(value), at)


def _part(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name)
    return found if isinstance(found, dict) else {}


def _is_no_number(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, int | float)


def _moment(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        return given


def _decimal(value: Any) -> Any:
    """Return a float as the number that is written; whole numbers and NULL stay."""
    return Decimal(repr(value)) if isinstance(value, float) else value
