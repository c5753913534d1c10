"""Search paths that `pandadb db grant` sets: PanDA's server names procedures without a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.migrating.catalogue import Difference
from pandadb.services import grants
from pandadb.services.drift.roles import option, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

OF_DATABASE = text("""
SELECT setting FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig)
    AS setting
 WHERE datname = current_database() AND setrole = 0 AND setting LIKE 'search_path=%'
""")
OF_MEMBERS = text("""
SELECT r.rolname,
       (SELECT setting FROM pg_db_role_setting s, unnest(setconfig) AS setting
         WHERE s.setrole = r.oid AND setting LIKE 'search_path=%'
           AND s.setdatabase IN (0, (SELECT oid FROM pg_database
                                      WHERE datname = current_database()))
         ORDER BY s.setdatabase DESC LIMIT 1)
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member AND r.rolcanlogin
 WHERE m.roleid = to_regrole(:role)
   AND pg_has_role(m.member, m.roleid, 'USAGE')  -- who has made a role is its ADMIN only
 ORDER BY 1
""")


def find(session: Session, roles: Mapping[str, str]) -> Iterator[Difference]:
    """Yield the search paths of database and login roles that are other; without roles none."""
    if not roles:
        return
    path = session.scalar(OF_DATABASE)
    if not str(path).startswith(grants.SEARCH_PATH):
        sentence = (
            f"the database has {path or 'no search_path'}, PanDA's server needs"
            f" one that begins with doma_panda: pandadb db grant{option(roles)}"
        )
        yield Difference("search_path", "database", sentence)
    for login, path in _members(session, roles["writer"]):
        if (
            path is not None
            and "doma_panda" not in path.replace(",", " ").replace("=", " ").split()
        ):
            sentence = (
                f"role {login} has {path}, PanDA's server needs doma_panda in it:"
                f" ALTER ROLE {quoted(login)} RESET search_path, and IN DATABASE"
            )
            yield Difference("search_path", login, sentence)
    wanted = f"search_path={grants.OF_MONITORS}"
    for login, path in _members(session, roles["monitor"]):
        if path != wanted:
            sentence = (
                f"role {login} has {path or 'no search_path'}, a monitor needs {wanted}:"
                f" pandadb db grant{option(roles)} --member {login}=monitor"
            )
            yield Difference("search_path", login, sentence)


def _members(session: Session, role: str) -> list[tuple[str, str | None]]:
    found = session.execute(OF_MEMBERS, {"role": quoted(role)})
    return [(login, path) for login, path in found]
