-- The highest priority of the jobs that wait, and how many have it. Readers see the old rows until the
-- new ones stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_job_stats_hp()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('job_stats_hp');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.job_stats_hp;
    INSERT INTO doma_panda.job_stats_hp (
               ts, prodsourcelabel, cloud, resource_type, gshare, jobstatus, workqueue_id, vo,
               max_priority, max_priority_count)
    SELECT began, prodsourcelabel, cloud, resource_type, gshare, jobstatus, workqueue_id, vo,
           max_priority, max_priority_count
      FROM pandadb.count_highest_priorities();
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('job_stats_hp', began, written);
END
$$;
