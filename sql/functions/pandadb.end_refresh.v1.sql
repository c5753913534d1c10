-- The end of a refresh of statistics, with how many rows they have now.
CREATE FUNCTION pandadb.end_refresh(statistics text, began timestamp, written bigint) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE pandadb.statistics_run
       SET refreshed_at = began,
           took_ms = 1000 * extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - began),
           row_count = written,
           run_by = SESSION_USER
     WHERE name = statistics
$$;
