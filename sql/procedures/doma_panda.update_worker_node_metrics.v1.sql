-- Adds the last day of each host: its jobs that ended, and its workers. Hosts and sites without a name
-- have no row, nor have hosts of servers.
CREATE PROCEDURE doma_panda.update_worker_node_metrics()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('worker_node_metrics');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO doma_panda.worker_node_metrics (site, host_name, "timestamp", key, statistics)
    WITH queue AS (
        SELECT panda_queue, data ->> 'atlas_site' AS site
          FROM doma_panda.schedconfig_json
         WHERE data ->> 'atlas_site' <> ''
    )
    SELECT queue.site, pandadb.worker_host(job.modificationhost), began, 'jobs',
           jsonb_build_object(
               'jobs_failed', count(*) FILTER (WHERE job.jobstatus = 'failed'),
               'jobs_finished', count(*) FILTER (WHERE job.jobstatus = 'finished'),
               'hc_failed', count(*) FILTER (
                   WHERE job.jobstatus = 'failed' AND job.produsername = 'gangarbt'),
               'hc_finished', count(*) FILTER (
                   WHERE job.jobstatus = 'finished' AND job.produsername = 'gangarbt'),
               'hssec_failed', coalesce(
                   sum(job.hs06sec) FILTER (WHERE job.jobstatus = 'failed'), 0),
               'hssec_finished', coalesce(
                   sum(job.hs06sec) FILTER (WHERE job.jobstatus = 'finished'), 0))
      FROM doma_panda.jobsarchived4 AS job
      JOIN queue ON queue.panda_queue = job.computingsite
     WHERE job.endtime > began - interval '1 day'
       AND job.jobstatus IN ('finished', 'failed')
       AND job.modificationhost <> ''
       AND job.modificationhost NOT LIKE 'aipanda%'
       AND job.modificationhost NOT LIKE 'grid-job-%'
     GROUP BY 1, 2
     UNION ALL
    SELECT queue.site, pandadb.worker_host(worker.nodeid), began, 'workers',
           jsonb_build_object(
               'worker_failed', count(*) FILTER (WHERE worker.status = 'failed'),
               'worker_finished', count(*) FILTER (WHERE worker.status = 'finished'),
               'worker_cancelled', count(*) FILTER (WHERE worker.status = 'cancelled'))
      FROM doma_panda.harvester_workers AS worker
      JOIN queue ON queue.panda_queue = worker.computingsite
     WHERE worker.endtime > began - interval '1 day'
       AND worker.status IN ('finished', 'failed', 'cancelled')
       AND worker.nodeid <> ''
       AND worker.nodeid NOT LIKE 'grid-job-%'
     GROUP BY 1, 2;
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('worker_node_metrics', began, written);
END
$$;
