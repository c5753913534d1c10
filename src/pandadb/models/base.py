"""The declarative base: schema names, constraint names, and what every table has in common."""

from __future__ import annotations

import inspect
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, MetaData, Sequence, SmallInteger, Table
from sqlalchemy.orm import DeclarativeBase, Relationship, relationship

from pandadb.models.types import BigInt, SmallInt, Timestamp

PANDA = "doma_panda"
ARCHIVE = "doma_pandaarch"
META = "doma_pandameta"
DEFT = "doma_deft"
BIGMON = "doma_pandabigmon"
PANDADB = "pandadb"
"""The schema of pandadb itself: nothing of it is in the schemas that mirror PanDA's."""

MIRRORED_SCHEMAS = (PANDA, ARCHIVE, META, DEFT, BIGMON)

NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
}
"""PostgreSQL's own default names, since upstream lets the server name its constraints."""


class Base(DeclarativeBase):
    """Base of all tables; `doma_panda` is the schema where a table names no other."""

    __table__: ClassVar[Table]

    metadata = MetaData(schema=PANDA, naming_convention=NAMES)
    type_annotation_map = {
        BigInt: BigInteger(),
        SmallInt: SmallInteger(),
        datetime: Timestamp(),
    }

    @classmethod
    def __table_cls__(cls, name: str, metadata: MetaData, *items: Any, **options: Any) -> Table:
        """Make the table of a class: its comment is the class's docstring.

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
