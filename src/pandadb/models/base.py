"""The declarative base: schema names, constraint names, and options common to all tables."""

from __future__ import annotations

import inspect
from datetime import datetime
from reprlib import Repr
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import sqlalchemy
from sqlalchemy import BigInteger, Column, MetaData, Sequence, SmallInteger, Table
from sqlalchemy.orm import DeclarativeBase, Relationship, registry, relationship
from typing_extensions import override

from pandadb.models.types import BigInt, SmallInt, Timestamp

PANDA = "doma_panda"
ARCHIVE = "doma_pandaarch"
META = "doma_pandameta"
DEFT = "doma_deft"
BIGMON = "doma_pandabigmon"
PANDADB = "pandadb"
"""The schema of pandadb itself: none of its objects are in the schemas that mirror PanDA's."""

MIRRORED_SCHEMAS = (PANDA, ARCHIVE, META, DEFT, BIGMON)

NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
}
"""PostgreSQL's own default names, since upstream lets the server name its constraints."""


CLASSES: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""All mapped classes by name, those of tables and those of views: relationships go by these names.
"""
TYPES: dict[Any, Any] = {
    BigInt: BigInteger(),
    SmallInt: SmallInteger(),
    datetime: Timestamp(),
}
"""The column types of annotations."""
STATES = ("jobstatus", "status")
SECRET = {"secret": True}
"""The `info` of a key with a secret value: `repr` hides it."""
SHORT = Repr()
SHORT.maxstring = SHORT.maxother = 60


class ShortRepr:
    """A `repr` of the key and the state: `JobsActive4(pandaid=8, jobstatus='running')`.

    It loads nothing: columns that are not loaded are left out, but for the key.
    """

    @override
    def __repr__(self) -> str:
        state = sqlalchemy.inspect(self)
        mapper = state.mapper
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        identity = zip(keys, state.identity or (), strict=False)
        known = {**dict(identity), **state.dict}
        secret = {key for key in keys if mapper.columns[key].info == SECRET}
        shown = ", ".join(
            f"{name}={'***' if name in secret else _short(known[name])}"
            for name in dict.fromkeys((*keys, *STATES))
            if name in known
        )
        return f"{type(self).__name__}({shown})"


def _short(value: Any) -> str:
    """Return the `repr` of a value on one line, shortened."""
    return str(value) if isinstance(value, datetime) else SHORT.repr(value)


class Base(ShortRepr, DeclarativeBase):
    """Base of all tables; `doma_panda` is the schema where a table names no other."""

    __table__: ClassVar[Table]

    registry = registry(
        metadata=MetaData(schema=PANDA, naming_convention=NAMES),
        class_registry=CLASSES,
        type_annotation_map=TYPES,
    )

    @classmethod
    def __table_cls__(cls, name: str, metadata: MetaData, *items: Any, **options: Any) -> Table:
        """Create the table of a class, with the class's docstring as its comment.

        A column that the class declares again (another default, say) keeps the place and the
        comment that a mixin gave it: Declarative would move it to the front, without a comment.
        """
        columns = [item for item in items if isinstance(item, Column)]
        others = [item for item in items if not isinstance(item, Column)]
        mixins = [base for base in cls.__mro__ if not issubclass(base, DeclarativeBase)]
        order = [key.rstrip("_") for mixin in mixins for key in inspect.get_annotations(mixin)]
        columns.sort(key=lambda c: order.index(c.name) if c.name in order else len(order))
        for column in columns:
            if column.comment is None and column.name in order:
                declared = [getattr(mixin, column.key, None) for mixin in mixins]
                column.comment = next((m.column.comment for m in declared if m is not None), None)
        comment = " ".join((cls.__doc__ or "").split()) or None
        return Table(name, metadata, *columns, *others, comment=comment, **options)


def sequence(name: str, schema: str = PANDA, **options: Any) -> Sequence:
    """Return a bigint sequence that belongs to the schema, whether or not a column uses it."""
    return Sequence(name, schema=schema, metadata=Base.metadata, data_type=BigInteger(), **options)


def related(join: str, back: str | None = None, **options: Any) -> Relationship[Any]:
    """Return a read-only relationship: the database has no foreign keys that would make one."""
    return relationship(primaryjoin=join, back_populates=back, viewonly=True, **options)
