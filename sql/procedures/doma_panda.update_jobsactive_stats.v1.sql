-- Counts of active jobs by their main attributes. Readers see the old rows until the new ones stand;
-- one time is in all of them.
CREATE PROCEDURE doma_panda.update_jobsactive_stats()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('mv_jobsactive4_stats');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.mv_jobsactive4_stats;
    INSERT INTO doma_panda.mv_jobsactive4_stats (
               cur_date, cloud, computingsite, countrygroup, workinggroup, relocationflag, jobstatus,
               processingtype, prodsourcelabel, currentpriority, vo, workqueue_id, resource_type,
               num_of_jobs, num_of_cores)
    SELECT began, cloud, computingsite, countrygroup, workinggroup, relocationflag, jobstatus,
           processingtype, prodsourcelabel, currentpriority, vo, workqueue_id, resource_type,
           num_of_jobs, num_of_cores
      FROM pandadb.count_active_jobs();
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('mv_jobsactive4_stats', began, written);
END
$$;
