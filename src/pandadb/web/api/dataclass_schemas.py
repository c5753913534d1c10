"""Schemas of the API's answers that are dataclasses of services."""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache, reduce
from operator import or_
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from pandadb.core.partitions.intervals import Bound
from pandadb.services.archive.explanations.places import ExplainedPlace
from pandadb.services.archive.explanations.proofs import HeldTask, Proven
from pandadb.services.maintenance import LastRun
from pandadb.web.api.row_schemas import schema_of

NAMES = {"datetime": datetime, "date": date, "Path": Path, "Bound": Bound, "LastRun": LastRun,
         "ExplainedPlace": ExplainedPlace, "Proven": Proven, "HeldTask": HeldTask}  # fmt: skip
"""Types that modules of dataclasses import for type checkers only."""


@cache
def _known(kind: type[Any]) -> type[BaseModel]:
    """Return the one schema of a dataclass that others have in them."""
    return schema_of_class(kind)


def schema_of_class(kind: type[Any], **more: Any) -> type[BaseModel]:
    """Return the schema of a dataclass as `dataclasses.asdict` makes an object of it."""
    known = vars(sys.modules[kind.__module__])
    lacking = {name: one for name, one in NAMES.items() if name not in known}
    hints = get_type_hints(kind, known, lacking)
    given = {one.name: _schema(hints[one.name]) for one in fields(kind)}
    return schema_of(kind.__name__, (kind.__doc__ or "").partition("\n")[0], **given, **more)


def _schema(hint: Any) -> Any:
    """Return a type with the schemas of the dataclasses in it."""
    if isinstance(hint, type) and is_dataclass(hint):
        return _known(hint)
    origin, words = get_origin(hint), tuple(map(_schema, get_args(hint)))
    if origin in (Union, UnionType):
        return reduce(or_, words)
    return origin[words] if origin else hint
