-- The medians of TYPICAL_NUM_INPUT over the active jobs, halves rounded up, by work queue if it is
-- a Resource queue, else by share. Jobs of which a part of the key is missing or empty are left out.
CREATE FUNCTION pandadb.typical_num_inputs()
RETURNS TABLE (
    vo varchar, agg_type text, agg_key varchar, prodsourcelabel varchar, processingtype varchar,
    ninputdatafiles integer
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH keyed AS (
        SELECT job.vo, job.prodsourcelabel, job.processingtype, job.ninputdatafiles AS files,
               CASE WHEN queue.queue_id IS NULL THEN 'gshare' ELSE 'workqueue' END AS kind,
               CASE WHEN queue.queue_id IS NULL THEN job.gshare
                    ELSE job.workqueue_id::varchar END AS key
          FROM doma_panda.jobsactive4 AS job
          LEFT JOIN doma_panda.jedi_work_queue AS queue
            ON queue.queue_id = job.workqueue_id AND queue.queue_function = 'Resource'
         WHERE job.workqueue_id IS NOT NULL AND job.ninputdatafiles IS NOT NULL
    )
    SELECT k.vo, k.kind, k.key, k.prodsourcelabel, k.processingtype,
           round((percentile_cont(0.5) WITHIN GROUP (ORDER BY k.files))::numeric)::integer
      FROM keyed AS k
     WHERE k.vo <> '' AND k.key <> '' AND k.prodsourcelabel <> '' AND k.processingtype <> ''
     GROUP BY 1, 2, 3, 4, 5;
END
$$;
