-- The lowest task id of each status that agents look for. Their queries join it to leave out the
-- partitions of old tasks. A status without tasks keeps its old minimum: too low does no harm.
CREATE PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus()
LANGUAGE sql
AS $$
    INSERT INTO doma_panda.jedi_aux_status_mintaskid AS lowest (status, min_jeditaskid)
    SELECT task.status, min(task.jeditaskid)
      FROM doma_panda.jedi_tasks AS task
     WHERE task.status NOT IN ('broken', 'aborted', 'finished', 'failed')
     GROUP BY task.status
        ON CONFLICT (status) DO UPDATE
       SET min_jeditaskid = EXCLUDED.min_jeditaskid
     WHERE lowest.min_jeditaskid IS DISTINCT FROM EXCLUDED.min_jeditaskid
$$;
