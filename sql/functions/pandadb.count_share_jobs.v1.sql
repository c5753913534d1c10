-- The counts of JOBS_SHARE_STATS, or of JOBSDEFINED_SHARE_STATS: jobs of known queues by share,
-- queue, state, cores and core power. A job without cores has one. A core power that is no number
-- leaves HS unknown, and a value beyond its column is cut: one odd queue or job stops no refresh.
CREATE FUNCTION pandadb.count_share_jobs(of_defined boolean)
RETURNS TABLE (
    gshare varchar, workqueue_id integer, resource_type varchar, computingsite varchar,
    jobstatus varchar, maxpriority bigint, prorated_diskio_avg numeric, prorated_mem_avg numeric,
    njobs bigint, hs bigint, vo varchar, nucleus varchar
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH queue AS (
        SELECT panda_queue,
               CASE WHEN data ->> 'corepower' ~ '^ *[0-9]{1,6}([.][0-9]*)? *$'
                    THEN (data ->> 'corepower')::double precision END AS corepower
          FROM doma_panda.schedconfig_json
    ), live AS (
        SELECT a.gshare, a.workqueue_id, a.resource_type, a.computingsite, a.jobstatus,
               a.currentpriority, a.diskio, a.minramcount, a.corecount, a.vo, a.nucleus
          FROM doma_panda.jobsactive4 AS a
         WHERE NOT of_defined
         UNION ALL
        SELECT d.gshare, d.workqueue_id, d.resource_type, d.computingsite, d.jobstatus,
               d.currentpriority, d.diskio, d.minramcount, d.corecount, d.vo, d.nucleus
          FROM doma_panda.jobsdefined4 AS d
         WHERE of_defined
    ), counted AS (
        SELECT job.gshare, job.workqueue_id, job.resource_type, job.computingsite, job.jobstatus,
               job.corecount, job.vo, job.nucleus, max(job.currentpriority) AS highest,
               avg(job.diskio) AS diskio, avg(job.minramcount) AS memory, count(*) AS number,
               CASE WHEN job.corecount > 0 THEN job.corecount ELSE 1 END AS cores
          FROM live AS job
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    )
    SELECT c.gshare, c.workqueue_id, c.resource_type, c.computingsite, c.jobstatus,
           c.highest::bigint, least(c.diskio / c.cores, 999999999.99),
           least(c.memory / c.cores, 999999999.99), c.number,
           (c.number * c.cores * queue.corepower)::bigint, c.vo, c.nucleus
      FROM counted AS c
      JOIN queue ON queue.panda_queue = c.computingsite;
END
$$;
