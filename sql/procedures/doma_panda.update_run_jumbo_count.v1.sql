-- Tasks that use jumbo jobs and run, are ready or pending. Readers see the old rows until the new ones
-- stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_run_jumbo_count()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('mv_running_jumbo_task_count');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.mv_running_jumbo_task_count;
    INSERT INTO doma_panda.mv_running_jumbo_task_count (
               cur_date, vo, cloud, prodsourcelabel, usejumbo, status, gshare, workqueue_id,
               task_count)
    SELECT began, task.vo, task.cloud, task.prodsourcelabel, task.usejumbo, task.status,
           task.gshare, task.workqueue_id, count(*)
      FROM doma_panda.jedi_tasks AS task
     WHERE task.status IN ('running', 'pending', 'ready') AND task.usejumbo <> ''
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('mv_running_jumbo_task_count', began, written);
END
$$;
