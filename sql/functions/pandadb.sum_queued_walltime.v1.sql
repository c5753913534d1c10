-- The sums of TOTAL_WALLTIME_CACHE: of jobs in JOBSDEFINED4 and of activated and starting ones
-- together, by work queue if it is a Resource queue, else by share. Jobs of which a part of the key
-- is missing or empty have no row to count in.
CREATE FUNCTION pandadb.sum_queued_walltime()
RETURNS TABLE (
    vo varchar, agg_type text, agg_key varchar, prodsourcelabel varchar, resource_type varchar,
    total_walltime bigint, n_has_value integer, n_no_value integer
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT a.vo, a.gshare, a.workqueue_id, a.prodsourcelabel, a.resource_type, a.maxwalltime
          FROM doma_panda.jobsactive4 AS a
         WHERE a.jobstatus IN ('activated', 'starting')
         UNION ALL
        SELECT d.vo, d.gshare, d.workqueue_id, d.prodsourcelabel, d.resource_type, d.maxwalltime
          FROM doma_panda.jobsdefined4 AS d
    ), keyed AS (
        SELECT live.*,
               CASE WHEN queue.queue_id IS NULL THEN 'gshare' ELSE 'workqueue' END AS kind,
               CASE WHEN queue.queue_id IS NULL THEN live.gshare
                    ELSE live.workqueue_id::varchar END AS key
          FROM live
          LEFT JOIN doma_panda.jedi_work_queue AS queue
            ON queue.queue_id = live.workqueue_id AND queue.queue_function = 'Resource'
         WHERE live.workqueue_id IS NOT NULL
    )
    SELECT k.vo, k.kind, k.key, k.prodsourcelabel, k.resource_type,
           least(sum(coalesce(k.maxwalltime, 0)), 9223372036854775807)::bigint,
           count(k.maxwalltime)::integer, (count(*) - count(k.maxwalltime))::integer
      FROM keyed AS k
     WHERE k.vo <> '' AND k.key <> '' AND k.prodsourcelabel <> '' AND k.resource_type <> ''
     GROUP BY 1, 2, 3, 4, 5;
END
$$;
