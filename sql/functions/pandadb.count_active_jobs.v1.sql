-- The counts of MV_JOBSACTIVE4_STATS. Priorities are cut to tens, towards zero. RETURN QUERY may be
-- parallel; the INSERT of a query may not.
CREATE FUNCTION pandadb.count_active_jobs()
RETURNS TABLE (
    cloud varchar, computingsite varchar, countrygroup varchar, workinggroup varchar,
    relocationflag smallint, jobstatus varchar, processingtype varchar, prodsourcelabel varchar,
    currentpriority bigint, vo varchar, workqueue_id integer, resource_type varchar,
    num_of_jobs bigint, num_of_cores bigint
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT job.cloud, job.computingsite, job.countrygroup, job.workinggroup, job.relocationflag,
           job.jobstatus, job.processingtype, job.prodsourcelabel,
           (job.currentpriority / 10 * 10)::bigint, job.vo, job.workqueue_id, job.resource_type,
           count(*), sum(coalesce(job.actualcorecount, job.corecount))
      FROM doma_panda.jobsactive4 AS job
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
END
$$;
