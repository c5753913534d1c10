"""Names of parameters in the query of an address: a wrong one is named with the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST = "/api/v1/openapi.json"
UNKNOWN = "extra_forbidden"
"""Pydantic's type of the error of a name that a model does not have."""
LONGEST = 60
"""Characters of a name or value in a sentence."""


def names_of(request: Request) -> list[str]:
    """Return the names that the route of a request knows."""
    route: Any = request.scope["route"]
    return [*_names(route.dependant.query_params)]


def _names(parameters: Iterable[Any]) -> Iterator[str]:
    for one in parameters:
        kind = one.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield one.alias


async def check_names(request: Request) -> None:
    """Refuse names that a route does not know, and names that are there twice.

    A filter that is not heeded would be an answer with other rows than those that are asked for.

    Raises:
        HTTPException: 400; the sentence has the name, and the nearest one.
    """
    known, given = names_of(request), [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise HTTPException(400, unknown_name(name, known))
        if given.count(name) > 1:
            words = "give it once, with commas between several values where it takes them"
            raise HTTPException(400, f"The parameter {name!r} is there twice: {words}.")


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Return the sentence about an unknown name."""
    near = get_close_matches(name[:LONGEST], [*known], 1)
    nearest = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no parameter {name[:LONGEST]!r}.{nearest} The list of all is in {LIST}."


def sentence_of(first: Mapping[str, Any], known: Iterable[str]) -> str:
    """Return the sentence about the first error of the values of a query or form."""
    name = str(first["loc"][-1])
    if first["type"] == UNKNOWN:
        return unknown_name(name, known)
    return f"{name}: {first['msg']}."
