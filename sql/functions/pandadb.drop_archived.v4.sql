-- The only way in which the archiver drops a partition of live jobs: what is in it has been copied,
-- the newest proof says that the copy is the same, and it is still what it was then. A partition
-- that was swapped is its own copy: a proof of that says nothing here.
-- The ledger has to say that it was copied and is still there: a partition whose rows were restored
-- from the archive, where days have become a month since, has a proof of the day in that month.
-- A transaction of another isolation level would not see what was changed before it got the lock.
-- Rows that a policy hides would be dropped uncounted: with row_security off, that is an error.
-- All columns are counted, by name, also those that pandadb does not know and cannot have copied;
-- those of a type without a hash, such as json, as the text that they are written as.
CREATE OR REPLACE FUNCTION pandadb.drop_archived(live_table text, live_partition text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
SET row_security = off
SET transform_null_equals = off
AS $$
#variable_conflict error
DECLARE
    child regclass;
    columns text;
    proof pandadb.archive_proof;
    counted bigint;
    summed numeric;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'drop in a transaction that is READ COMMITTED: others see too little';
    END IF;
    SELECT c.oid INTO child
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
      JOIN pg_class p ON p.oid = i.inhparent AND p.relname = live_table
      JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = 'doma_panda'
     WHERE c.relname = live_partition
       AND live_table IN ('jobsarchived4', 'filestable4', 'jobparamstable', 'metatable')
       AND pg_get_expr(c.relpartbound, c.oid) !~ 'DEFAULT|MINVALUE|MAXVALUE';
    IF child IS NULL THEN
        RAISE EXCEPTION '% is no partition of a day of %', live_partition, live_table;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', child);
    SELECT * INTO proof FROM pandadb.archive_proof a
     WHERE a.table_name = live_table AND a.partition_name = live_partition
     ORDER BY a.id DESC LIMIT 1;
    IF proof.how IS DISTINCT FROM 'copy' THEN
        RAISE EXCEPTION 'there is no proof of a copy of %', live_partition;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM doma_panda.tablepart4copying
                    WHERE table_name = upper(live_table)
                      AND partition_name = left(live_partition, 30)
                      AND copied_to_arch = 'Y' AND deleted_on IS NULL) THEN
        RAISE EXCEPTION 'the ledger does not say that % is copied and still here', live_partition;
    END IF;
    IF (proof.target_rows, proof.target_sum)
       IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION 'the newest proof of % says that the copy differs', live_partition;
    END IF;
    WITH RECURSIVE has AS (
        SELECT attname, atttypid FROM pg_attribute
         WHERE attrelid = child AND attnum > 0 AND NOT attisdropped
    ), made_of (type, part) AS (
        SELECT atttypid, atttypid FROM has
         UNION
        SELECT m.type, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
          FROM made_of m JOIN pg_type t ON t.oid = m.part
         WHERE t.typtype = 'd' OR t.typsubscript = 'array_subscript_handler'::regproc
    ), unhashed AS (
        SELECT m.type FROM made_of m JOIN pg_type t ON t.oid = m.part
         WHERE t.typtype = 'b' AND t.typsubscript <> 'array_subscript_handler'::regproc
           AND NOT EXISTS (
               SELECT 1 FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod AND a.amname = 'hash'
                WHERE o.opcdefault AND (o.opcintype = t.oid OR EXISTS (
                      SELECT 1 FROM pg_cast c
                       WHERE c.castsource = t.oid AND c.casttarget = o.opcintype
                         AND c.castmethod = 'b' AND c.castcontext = 'i')))
    )
    SELECT string_agg(quote_ident(attname) || CASE WHEN u.type IS NULL THEN '' ELSE '::text' END,
                      ', ' ORDER BY attname COLLATE "C") INTO columns
      FROM has LEFT JOIN (SELECT DISTINCT type FROM unhashed) AS u ON u.type = atttypid;
    EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(hash_record_extended('
                   'ROW(%s), 0)::text, 0)::numeric), 0) FROM %s', columns, child)
       INTO counted, summed;
    IF (counted, summed) IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION '% has changed since it was copied: prove it again', live_partition;
    END IF;
    -- Writers may wait for the partition by now, and hold its table: they are not to be the victims.
    PERFORM set_config('lock_timeout', '100ms', true);
    EXECUTE format('DROP TABLE %s', child);
    UPDATE doma_panda.tablepart4copying
       SET deleted_on = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE table_name = upper(live_table) AND partition_name = left(live_partition, 30);
    RETURN counted;
END
$$;
