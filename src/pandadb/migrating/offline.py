"""What a script for psql looks at before it changes anything, as `pandadb db upgrade` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.models.base import MIRRORED_SCHEMAS, PANDADB

if TYPE_CHECKING:
    from collections.abc import Collection

STAMPS = f"{PANDADB}.alembic_version"
REVISION_CHECK = """DO $$
DECLARE
    stamps text;
    tables bigint;
BEGIN
    IF to_regclass('{table}') IS NOT NULL THEN
        SELECT string_agg(version_num, ', ' ORDER BY version_num) INTO stamps
          FROM {table};
    END IF;
{check}END
$$"""
FROM_NOTHING = """\
    IF stamps IS NOT NULL THEN
        RAISE EXCEPTION 'This script makes a new database, and this one is at revision %', stamps
            USING HINT = 'pandadb db sql REVISION:head begins there.';
    END IF;
    SELECT count(*) INTO tables FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ({schemas})
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
    IF tables > 0 THEN
        RAISE EXCEPTION 'There are % tables in PanDA''s schemas, and no revision: pandadb has not '
            'made them', tables USING HINT = 'Make a new database, and load the rows into that.';
    END IF;
    DROP TABLE IF EXISTS {table};
"""
"""An empty table of stamps is what a downgrade to base leaves."""
FROM_REVISION = """\
    IF NOT ARRAY[{wanted}] <@ coalesce(string_to_array(stamps, ', '), '{{}}') THEN
        RAISE EXCEPTION 'This script begins at revision {named}, and this database is at %',
            coalesce(stamps, 'none')
            USING HINT = 'A range begins at a revision of pandadb.alembic_version. Where that has '
                'only one of the site''s, such as site_0001, this stands for pandadb''s before it.';
    END IF;
"""


def guard(revisions: Collection[str]) -> str:
    """Return the statement that ends a script on a database that it is not for.

    The script begins at some revisions; none for one that makes everything.
    """
    if not revisions:
        schemas = ", ".join(f"'{name}'" for name in MIRRORED_SCHEMAS)
        check = FROM_NOTHING.format(schemas=schemas, table=STAMPS)
    else:
        wanted = ", ".join(f"'{revision}'" for revision in revisions)
        check = FROM_REVISION.format(wanted=wanted, named=", ".join(revisions))
    return REVISION_CHECK.format(table=STAMPS, check=check)
