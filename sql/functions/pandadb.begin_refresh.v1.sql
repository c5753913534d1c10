-- The beginning of a refresh of statistics: its one time (UTC), or NULL while another session
-- refreshes them. The lock is that of their row in statistics_run, until the end of the transaction;
-- a row that is missing, as in a restored schema, is made. In a REPEATABLE READ transaction, a
-- refresh that its snapshot does not have makes this one fail (40001) before it doubles a row.
CREATE FUNCTION pandadb.begin_refresh(statistics text) RETURNS timestamp
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pandadb.statistics_run WHERE name = statistics) THEN
        INSERT INTO pandadb.statistics_run (name) VALUES (statistics) ON CONFLICT DO NOTHING;
    END IF;
    PERFORM FROM pandadb.statistics_run WHERE name = statistics FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RAISE NOTICE '% are refreshed by another session: nothing was done', statistics;
        RETURN NULL;
    END IF;
    RETURN clock_timestamp() AT TIME ZONE 'UTC';
END
$$;
