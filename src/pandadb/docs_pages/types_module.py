"""The module of types of a job: its states, its verbs and its columns, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.states import STATES
from pandadb.models import JobsActive4
from pandadb.models.jobs.all_tables import JOB_TABLES
from pandadb.services.jobs import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = '''"""Types of a job for type checkers: its states, its verbs and its columns.

Written from the models and the states by `pandadb docs types`. Light to import: no SQLAlchemy.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - typing.get_type_hints reads them
from decimal import Decimal  # noqa: TC003
from typing import Literal, TypedDict
'''


def page() -> str:
    """Return the text of the module."""
    columns = (f"    {c.name}: {_type(c)}" for c in JobsActive4.__table__.columns)
    return "\n".join(
        (
            HEAD,
            *_literal("JobStatus", STATES, "A state of a job."),
            *_literal("JobVerb", (*VERBS, "cancel"), "A verb of `jobs.advance`."),
            *_literal("JobTable", (job.__tablename__ for job in JOB_TABLES), "A table of jobs."),
            "",
            "",
            "class JobColumns(TypedDict, total=False):",
            '    """Columns of a job. Times are naive UTC; `docs/dictionary` has the meanings."""',
            "",
            *columns,
            "",
            "",
            "class JobRow(JobColumns, total=False):",
            '    """A job as `jobs.iterate` yields it: columns, and the table that has it."""',
            "",
            "    table: JobTable",
            "",
        )
    )


def _literal(name: str, words: Iterable[str], meaning: str) -> list[str]:
    lines = (f'    "{word}",' for word in words)
    return [f"{name} = Literal[", *lines, "]", f'"""{meaning}"""']


def _type(column: Any) -> str:
    name: str = column.type.python_type.__name__
    if name == "Decimal":
        name = "Decimal | int"  # verbs take both
    return f"{name} | None" if column.nullable else name
