-- The counts of JOB_STATS_HP: the highest priority of the jobs of a key that wait for their start,
-- and how many have it. Merge jobs of unmerged outputs and of events are left out. A work queue that
-- is not known is one of its own.
CREATE FUNCTION pandadb.count_highest_priorities()
RETURNS TABLE (
    prodsourcelabel varchar, cloud varchar, resource_type varchar, gshare varchar,
    jobstatus varchar, workqueue_id integer, vo varchar, max_priority bigint,
    max_priority_count bigint
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT a.prodsourcelabel, a.cloud, a.resource_type, a.gshare, a.jobstatus, a.workqueue_id,
               a.vo, a.currentpriority, a.processingtype, a.eventservice
          FROM doma_panda.jobsactive4 AS a
         WHERE a.jobstatus = 'activated'
         UNION ALL
        SELECT d.prodsourcelabel, d.cloud, d.resource_type, d.gshare, d.jobstatus, d.workqueue_id,
               d.vo, d.currentpriority, d.processingtype, d.eventservice
          FROM doma_panda.jobsdefined4 AS d
         WHERE d.jobstatus IN ('assigned', 'defined')
    ), counted AS (
        SELECT job.prodsourcelabel, job.cloud, job.resource_type, job.gshare, job.jobstatus,
               job.workqueue_id, job.vo, job.currentpriority::bigint AS priority,
               count(*) AS number
          FROM live AS job
         WHERE job.processingtype IS DISTINCT FROM 'pmerge'
           AND job.eventservice IS DISTINCT FROM 2
           AND num_nulls(job.prodsourcelabel, job.cloud, job.resource_type, job.gshare, job.vo) = 0
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ), ranked AS (
        SELECT counted.*,
               max(priority) OVER (
                   PARTITION BY counted.prodsourcelabel, counted.cloud, counted.resource_type,
                                counted.gshare, counted.jobstatus, counted.workqueue_id, counted.vo
               ) AS highest
          FROM counted
    )
    SELECT r.prodsourcelabel, r.cloud, r.resource_type, r.gshare, r.jobstatus, r.workqueue_id,
           r.vo, r.priority, r.number
      FROM ranked AS r
     WHERE r.priority = r.highest;
END
$$;
