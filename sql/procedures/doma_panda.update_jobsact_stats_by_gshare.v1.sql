-- Counts and computing power of active jobs by share and queue, the basis of share balancing. Readers
-- see the old rows until the new ones stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_jobsact_stats_by_gshare()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('jobs_share_stats');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.jobs_share_stats;
    INSERT INTO doma_panda.jobs_share_stats (
               ts, gshare, workqueue_id, resource_type, computingsite, jobstatus, maxpriority,
               prorated_diskio_avg, prorated_mem_avg, njobs, hs, vo, nucleus)
    SELECT began, gshare, workqueue_id, resource_type, computingsite, jobstatus, maxpriority,
           prorated_diskio_avg, prorated_mem_avg, njobs, hs, vo, nucleus
      FROM pandadb.count_share_jobs(of_defined => false);
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('jobs_share_stats', began, written);
END
$$;
