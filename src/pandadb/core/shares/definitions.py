"""Definitions of global shares in JSON or YAML: read, checked one by one and as a tree.

A file has all shares: a list of objects with the columns of GLOBAL_SHARES, those below a share
as its `children` or with its name as their `parent`.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml

from pandadb.core.shares.matching import compile_pattern
from pandadb.core.shares.tree import PATTERN_COLUMNS, RESERVED_NAMES, SHARE
from pandadb.core.sql.validation import InvalidValue, check_columns, shown
from pandadb.models import GlobalShares

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = Mapping[str, Any]

COLUMNS = tuple(SHARE.keys())
OPTIONAL = tuple(name for name in COLUMNS if SHARE[name].nullable)
CHILDREN = "children"
PERCENT = (0, 100)
"""Limits of a value: PanDA gives it as per cent of the parent; it is a weight among siblings."""


class InvalidShares(InvalidValue):
    """Shares that cannot be a tree; nothing was changed."""


def parse(text: str) -> list[dict[str, Any]]:
    """Return the shares of a text, each with the columns that it has, in its order.

    Raises:
        InvalidShares: The text is neither JSON nor YAML, or no list of objects.
    """
    shares: list[dict[str, Any]] = []
    pending = [*reversed([(one, None) for one in _listed(_load(text))])]
    while pending:
        given, parent = pending.pop()
        if not isinstance(given, dict):
            raise InvalidShares(f"a share has to be an object, not {shown(given)}")
        share = {name: value for name, value in given.items() if name != CHILDREN}
        if parent is not None and share.setdefault("parent", parent) != parent:
            raise InvalidShares(
                f"{_named(share)} is below {shown(parent)}, and names another parent:"
                f" {shown(share['parent'])}"
            )
        shares.append(share)
        below = _listed(given.get(CHILDREN) or [])
        pending += reversed([(child, share.get("name")) for child in below])
    if not shares:
        raise InvalidShares("there are no shares in the text")
    return shares


def _load(text: str) -> Any:
    is_json = text.lstrip()[:1] in ("[", "{")
    try:
        return json.loads(text) if is_json else _plain_yaml(text)
    except (ValueError, yaml.YAMLError) as error:
        kind = "JSON" if is_json else "YAML"
        raise InvalidShares(f"the text is not {kind}: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InvalidShares("the text is nested too deeply") from None


def _plain_yaml(text: str) -> Any:
    """Return YAML without aliases: one could stand for more than any memory has."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise yaml.YAMLError("aliases are not supported")
    return yaml.safe_load(text)


def _listed(given: Any) -> list[Any]:
    if isinstance(given, dict) and given.keys() == {"shares"}:
        given = given["shares"]
    if not isinstance(given, list):
        raise InvalidShares(f"shares have to be a list, not {shown(given)}")
    return given


def check(shares: Sequence[Row]) -> None:
    """See that shares with these columns can be, each by itself.

    Raises:
        InvalidShares: One cannot; the sentence names it.
    """
    for place, share in enumerate(shares, 1):
        mistake = next(_mistakes(share), None)
        if mistake:
            raise InvalidShares(f"{_named(share, place)}: {mistake}")


def _named(share: Row, place: int = 0) -> str:
    name = share.get("name")
    if isinstance(name, str) and name:
        return f"share {shown(name)}"
    return f"share number {place}" if place else "a share"


def _mistakes(share: Row) -> Iterator[str]:
    """Yield the errors of a share."""
    yield from (f"it has no {name}" for name in ("name", "value") if name not in share)
    try:
        check_columns(GlobalShares, share)
    except InvalidValue as error:
        yield str(error)
        return
    least, most = PERCENT
    if not share["name"].strip():
        yield "its name is empty"
    if share["name"] in RESERVED_NAMES:
        yield f"the name is pandadb's own: {' and '.join(RESERVED_NAMES)} are no shares"
    if not least <= share["value"] <= most:
        yield f"value has to be from {least} to {most} per cent, not {share['value']}"
    if share.get("throttled") not in (None, "Y", "N"):
        yield f"throttled is Y or N, not {shown(share['throttled'])}"
    for name in PATTERN_COLUMNS:
        pattern = share.get(name)
        if pattern is not None and compile_pattern(pattern) is None:
            yield f"{name} has {shown(pattern)}, which is no pattern"


def check_tree(shares: Sequence[Row], queue_ids: Mapping[int, str]) -> None:
    """See that shares are a tree: names, parents, values of siblings, numbers.

    `queue_ids` are the numbers of work queues, with their names: shares have others.

    Raises:
        InvalidShares: They are none; the sentence names the share.
    """
    mistake = next(_mistakes_in_tree(shares, queue_ids), None)
    if mistake:
        raise InvalidShares(mistake)


def _mistakes_in_tree(shares: Sequence[Row], queue_ids: Mapping[int, str]) -> Iterator[str]:
    names = Counter(share["name"] for share in shares)
    yield from (f"share {shown(name)} is there {n} times" for name, n in names.items() if n > 1)
    parents = {share["name"]: share["parent"] for share in shares}
    for name, parent in parents.items():
        if parent is not None and parent not in parents:
            yield f"share {shown(name)} has the parent {shown(parent)}, which is no share"
    yield from _cycles(parents)
    totals: Counter[str | None] = Counter()
    for share in shares:
        totals[share["parent"]] += share["value"]
    for above, total in totals.items():
        where = "at the top" if above is None else f"below {shown(above)}"
        if not total:
            yield f"the shares {where} have no value above 0"
    numbers = Counter(share["queue_id"] for share in shares if share["queue_id"] is not None)
    for share in shares:
        number = share["queue_id"]
        if number in queue_ids:
            taken = shown(queue_ids[number])
            yield f"share {shown(share['name'])} has the queue_id {number} of work queue {taken}"
        if numbers[number] > 1:
            yield f"share {shown(share['name'])} has the queue_id {number} of another share"


def _cycles(parents: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a sentence for a share that is below itself."""
    ends: set[str | None] = {None}
    for name in parents:
        path: dict[str, None] = {}
        above: str | None = name
        while above not in ends and above is not None:
            if above in path:
                way = " → ".join([*[*path][[*path].index(above) :], above])
                yield f"share {shown(above)} is below itself: {way}"
                return
            path[above] = None
            above = parents.get(above)
        ends |= path.keys()
