"""How PostgreSQL would run the statements that a function sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session


def plans(session: Session, work: Callable[[], Any]) -> list[str]:
    """Return the plan of each statement; a table is scanned only where no index would do."""
    connection, sent = session.connection(), []

    def remember(*given: Any) -> None:
        if not given[2].startswith(("SAVEPOINT", "ROLLBACK TO")):
            sent.append(given[2:4])

    event.listen(connection, "before_cursor_execute", remember)
    work()
    event.remove(connection, "before_cursor_execute", remember)
    session.execute(text("SET LOCAL enable_seqscan = off"))  # test tables are too small to tell
    return [
        "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
        for statement, values in sent
    ]
