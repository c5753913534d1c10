-- The beginning of a refresh of statistics: its one time (UTC), or NULL while another session
-- refreshes them, which is no reason to wait. The lock is that of the row in statistics_run and lasts until the end of
-- the transaction. In a transaction that is REPEATABLE READ, another refresh that it does not see
-- makes this one fail (40001) before it doubles a row.
CREATE FUNCTION pandadb.begin_refresh(statistics text) RETURNS timestamp
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO pandadb.statistics_run (name) VALUES (statistics) ON CONFLICT DO NOTHING;
    PERFORM FROM pandadb.statistics_run WHERE name = statistics FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RAISE NOTICE '% are refreshed by another session: nothing was done', statistics;
        RETURN NULL;
    END IF;
    RETURN clock_timestamp() AT TIME ZONE 'UTC';
END
$$;
