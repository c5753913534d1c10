-- The walltime that queued jobs ask for. Only rows that change are written.
CREATE PROCEDURE doma_panda.update_total_walltime()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('total_walltime_cache');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    WITH found AS MATERIALIZED (
        SELECT * FROM pandadb.sum_queued_walltime()
    ), gone AS (
        DELETE FROM doma_panda.total_walltime_cache AS kept
         WHERE NOT EXISTS (
                   SELECT FROM found
                    WHERE (found.vo, found.agg_type, found.agg_key, found.prodsourcelabel,
                           found.resource_type)
                        = (kept.vo, kept.agg_type, kept.agg_key, kept.prodsourcelabel,
                           kept.resource_type))
    )
    INSERT INTO doma_panda.total_walltime_cache AS kept (
               vo, agg_type, agg_key, prodsourcelabel, resource_type, total_walltime, n_has_value,
               n_no_value)
    SELECT vo, agg_type, agg_key, prodsourcelabel, resource_type, total_walltime, n_has_value,
           n_no_value
      FROM found
        ON CONFLICT (vo, agg_type, agg_key, prodsourcelabel, resource_type) DO UPDATE
       SET (total_walltime, n_has_value, n_no_value)
         = (EXCLUDED.total_walltime, EXCLUDED.n_has_value, EXCLUDED.n_no_value)
     WHERE (kept.total_walltime, kept.n_has_value, kept.n_no_value)
           IS DISTINCT FROM (EXCLUDED.total_walltime, EXCLUDED.n_has_value, EXCLUDED.n_no_value);
    written := count(*) FROM doma_panda.total_walltime_cache;
    PERFORM pandadb.end_refresh('total_walltime_cache', began, written);
END
$$;
