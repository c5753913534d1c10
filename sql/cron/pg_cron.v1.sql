-- Refreshes of statistics by pg_cron, instead of `pandadb stats refresh` in a crontab. psql runs it
-- in the database of pg_cron (cron.database_name), as a superuser or with the rights to schedule:
--   psql -d postgres -v database=panda -v owner=panda -f sql/cron/pg_cron.v1.sql
-- owner is a role that may refresh: the owner of the schemas, or a login that is a panda_writer. A job
-- that is there is changed, so that it can be run again. pg_cron's times are UTC unless cron.timezone
-- is set. Two jobs at once do no harm: the second does nothing.

SELECT cron.schedule_in_database(
           'pandadb ' || name, schedule, command, :'database', :'owner', active => true)
  FROM (VALUES
        ('jedi_aux_status_mintaskid', '* * * * *',
         'CALL doma_panda.jedi_refr_mintaskids_bystatus()'),
        ('jobs_share_stats', '* * * * *',
         'CALL doma_panda.update_jobsact_stats_by_gshare()'),
        ('jobsdefined_share_stats', '* * * * *',
         'CALL doma_panda.update_jobsdef_stats_by_gshare()'),
        ('mv_jobsactive4_stats', '* * * * *',
         'CALL doma_panda.update_jobsactive_stats()'),
        ('job_stats_hp', '* * * * *',
         'CALL doma_panda.update_job_stats_hp()'),
        ('mv_running_jumbo_task_count', '*/2 * * * *',
         'CALL doma_panda.update_run_jumbo_count()'),
        ('total_walltime_cache', '*/5 * * * *',
         'CALL doma_panda.update_total_walltime()'),
        ('typical_num_input', '*/30 * * * *',
         'CALL doma_panda.update_num_input_data_files()'),
        ('mv_worker_node_summary', '0 * * * *',
         'SELECT pandadb.refresh_worker_node_view(''mv_worker_node_summary'')'),
        ('mv_worker_node_gpu_summary', '0 * * * *',
         'SELECT pandadb.refresh_worker_node_view(''mv_worker_node_gpu_summary'')'),
        ('worker_node_metrics', '0 8 * * *',
         'CALL doma_panda.update_worker_node_metrics()')
       ) AS job (name, schedule, command);
