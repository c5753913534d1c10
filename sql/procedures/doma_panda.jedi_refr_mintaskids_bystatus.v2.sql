-- The lowest task id of each status that agents look for. Their queries join it to leave out the
-- partitions of old tasks. A status without tasks keeps its old minimum: too low does no harm.
CREATE OR REPLACE PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('jedi_aux_status_mintaskid');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO doma_panda.jedi_aux_status_mintaskid AS lowest (status, min_jeditaskid)
    SELECT task.status, min(task.jeditaskid)
      FROM doma_panda.jedi_tasks AS task
     WHERE task.status NOT IN ('broken', 'aborted', 'finished', 'failed')
     GROUP BY task.status
     ORDER BY task.status  -- other writers of the table lock its rows in this order
        ON CONFLICT (status) DO UPDATE
       SET min_jeditaskid = EXCLUDED.min_jeditaskid
     WHERE lowest.min_jeditaskid IS DISTINCT FROM EXCLUDED.min_jeditaskid;
    written := count(*) FROM doma_panda.jedi_aux_status_mintaskid;
    PERFORM pandadb.end_refresh('jedi_aux_status_mintaskid', began, written);
END
$$;
