"""The differences of Python 2, as functions that a converted section calls.

Only the standard library is imported: the process that runs a trusted section has these, too.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pandadb.sequences.language.python2.texts import FloatText, encoded, filled, repr_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DIVIDE, DIVISOR = "<division of Python 2>", "<divisor of Python 2>"
REMAINDER, COMPARE = "<remainder of Python 2>", "<comparison of Python 2>"
ATTRIBUTE, TEXT = "<attribute of Python 2>", "<text of Python 2>"
"""Names of functions that a converted section calls; no program can write them."""
OF_DICTIONARIES: dict[str, Callable[..., Any]] = {
    "keys": list, "values": lambda held: [*held.values()], "items": lambda held: [*held.items()],
    "iterkeys": iter, "itervalues": lambda held: iter(held.values()),
    "iteritems": lambda held: iter(held.items()), "has_key": operator.contains,
    "viewkeys": lambda held: held.keys(), "viewvalues": lambda held: held.values(),
    "viewitems": lambda held: held.items(),
}  # fmt: skip
OF_ITERATORS = {"next": "__next__", "xreadlines": "__iter__"}
MISSING = object()
ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge,
}  # fmt: skip
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    **ORDERS, "Eq": operator.eq, "NotEq": operator.ne, "Is": operator.is_,
    "IsNot": operator.is_not, "In": lambda one, other: one in other,
    "NotIn": lambda one, other: one not in other,
}  # fmt: skip


class Divisor:
    """The right side of `a /= b`."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __rtruediv__(self, left: Any) -> Any:
        """Divide by it."""
        return divide(left, self._value)


def divide(left: Any, right: Any) -> Any:
    """Divide as Python 2 does: whole numbers give a whole number."""
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


def remainder(left: Any, right: Any) -> Any:
    """Return a remainder, or a text with values filled in: a float has 12 digits."""
    if not isinstance(left, str):
        return left % right
    if isinstance(right, dict):
        return left % {key: filled(value) for key, value in right.items()}
    return left % (tuple(map(filled, right)) if isinstance(right, tuple) else filled(right))


def with_short_floats(form: Callable[..., str]) -> Callable[..., str]:
    """Return the method `format` of a text: a float without a form has 12 digits."""

    def fill(*values: Any, **names: Any) -> str:
        return form(*map(_short, values), **{name: _short(one) for name, one in names.items()})

    return fill


def _short(value: Any) -> Any:
    return FloatText(value) if type(value) is float else value


def compare(kinds: str, *values: Any) -> Any:
    """Compare values by `Lt` and so on; those of different types have an order, too."""
    result: Any = True
    for kind, left, right in zip(kinds.split(), values, values[1:], strict=False):
        result = _compared(kind, left, right)
        if not result:
            break
    return result


def _compared(kind: str, left: Any, right: Any) -> Any:
    try:
        return COMPARISONS[kind](left, right)
    except TypeError:
        if kind not in ORDERS:
            raise
        return ORDERS[kind](cmp(left, right), 0)


def cmp(left: Any, right: Any) -> int:
    """Return -1, 0 or 1."""
    if left == right:
        return 0
    try:
        return -1 if left < right else 1
    except TypeError:
        pass
    if isinstance(left, list | tuple) and type(left) is type(right):
        different = (one for one in map(cmp, left, right) if one)
        return next(different, -1 if len(left) < len(right) else 1)
    if isinstance(left, dict) and isinstance(right, dict):
        sides = [(len(one), sorted_(one.items())) for one in (left, right)]
        return cmp(*sides)
    return -1 if _rank(left) < _rank(right) else 1


def _rank(value: Any) -> tuple[bool, str]:
    """Return the place of a type: None, numbers, and then types by name."""
    is_number = isinstance(value, int | float)
    return value is not None, "" if value is None or is_number else type(value).__name__


def sorted_(
    values: Iterable[Any], cmp: Any = None, key: Any = None, reverse: bool = False
) -> list[Any]:
    """Return values in their order."""
    found = [*values]
    sort_(found, cmp, key, reverse)
    return found


def sort_(values: list[Any], cmp: Any = None, key: Any = None, reverse: bool = False) -> None:
    """Sort a list by a comparison or a key."""
    if cmp is None:
        try:
            values.sort(key=key, reverse=bool(reverse))
        except TypeError:
            cmp = _cmp
        else:
            return
    place = functools.cmp_to_key(cmp)
    values.sort(key=lambda one: place(one if key is None else key(one)), reverse=bool(reverse))


_cmp = cmp


def _extreme(sign: int) -> Callable[..., Any]:
    name = "max" if sign > 0 else "min"

    def extreme(*values: Any, key: Any = None) -> Any:
        some = [*(values[0] if len(values) == 1 else values)]
        if not some:
            raise ValueError(f"{name}() arg is an empty sequence")
        best, *rest = some
        for one in rest:
            pair = (one, best) if key is None else (key(one), key(best))
            if cmp(*pair) == sign:
                best = one
        return best

    return extreme


def attribute(value: Any, name: str) -> Any:
    """Return an attribute that Python 2 has; MISSING if the value has none of these."""
    match value:
        case Mapping():
            make = OF_DICTIONARIES.get(name)
            return MISSING if make is None else functools.partial(make, value)
        case list() if name == "sort":
            return functools.partial(sort_, value)
        case str() if name in OF_TEXTS:
            return functools.partial(OF_TEXTS[name], value)
        case BaseException() if name == "message" and not hasattr(value, name):
            return value.args[0] if len(value.args) == 1 else ""
        case _ if name in OF_ITERATORS and hasattr(value, OF_ITERATORS[name]):
            return MISSING if hasattr(value, name) else getattr(value, OF_ITERATORS[name])
    return MISSING


def any_attribute(value: Any, name: str) -> Any:
    """Return an attribute, one of Python 2 first."""
    found = attribute(value, name)
    if found is not MISSING:
        return found
    found = getattr(value, name)
    return with_short_floats(found) if name == "format" and isinstance(value, str) else found


def translated(text: str, table: Any, deleted: str = "") -> str:
    """Return a text with other characters: a table is a text of 256, or None."""
    kept = "".join(one for one in text if one not in deleted)
    if isinstance(table, str):
        table = dict(enumerate(table))
    return kept if table is None else kept.translate(table)


OF_TEXTS: dict[str, Callable[..., str]] = {
    "encode": functools.partial(encoded, action="encode"),
    "decode": functools.partial(encoded, action="decode"), "translate": translated,
}  # fmt: skip
"""Methods of texts."""


def map_(function: Any, *values: Iterable[Any]) -> list[Any]:
    """Return a list of results; without a function that of the values."""
    if len(values) == 1:
        return [*values[0]] if function is None else [*map(function, values[0])]
    lists = [[*one] for one in values]
    longest = max(map(len, lists), default=0)
    rows = [tuple(one[n] if n < len(one) else None for one in lists) for n in range(longest)]
    return rows if function is None else [function(*row) for row in rows]


def filter_(function: Any, values: Any) -> Any:
    """Return the values that a function is true for: of a text a text, of a tuple a tuple."""
    kept = [*filter(function, values)]
    if isinstance(values, str):
        return "".join(kept)
    return tuple(kept) if isinstance(values, tuple) else kept


def round_(value: float, digits: int = 0) -> float:
    """Round a half away from zero; the result is a float."""
    value = float(value)
    scale = 10.0**digits
    whole = float(int(abs(value) * scale + 0.5)) if digits == 0 else round(abs(value), digits)
    return whole if value >= 0 else -whole


def oct_(value: int) -> str:
    """Return a number with the digits 0 to 7: 8 is 010."""
    return f"{'-' if value < 0 else ''}0{abs(value):o}" if value else "0"


def apply(function: Callable[..., Any], values: Any = (), names: Any = None) -> Any:
    """Call a function."""
    return function(*values, **(names or {}))


def coerce(left: Any, right: Any) -> tuple[Any, Any]:
    """Return two numbers as numbers of one type."""
    kind = type(left + right)
    return kind(left), kind(right)


class Printer:
    """The statement `print`: a comma at its end owes a space, and the next one writes it."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._owing: set[int] = set()

    def print(self, *values: Any, end: str = "\n", file: Any = None, **_: Any) -> None:
        """Print values; the end ` ` is a comma."""
        write, place = (self._write, 0) if file is None else (file.write, id(file))
        parts: list[str] = []
        owes = place in self._owing
        for value in values:
            text = text_of(value)
            parts += [" ", text] if owes else [text]
            owes = not (isinstance(value, str) and text[-1:].isspace() and text[-1:] != " ")
        self._owing.discard(place)
        if end != " ":
            parts.append(end)
        elif owes:
            self._owing.add(place)
        write("".join(parts))

    def settle(self) -> None:
        """Write the space that is owed, since something else is written next."""
        if 0 in self._owing:
            self._owing.discard(0)
            self._write(" ")


FUNCTIONS: dict[str, Any] = {
    DIVIDE: divide, COMPARE: compare, TEXT: text_of, "repr": repr_of,
    "map": map_, "filter": filter_,
    "zip": lambda *values: [*zip(*values, strict=False)], "reduce": functools.reduce, "cmp": cmp,
    "sorted": sorted_, "min": _extreme(-1), "max": _extreme(1), "round": round_, "oct": oct_,
    "apply": apply, "coerce": coerce, "intern": sys.intern, "unichr": chr,
}  # fmt: skip
"""Names of Python 2 that the subset has, too."""
