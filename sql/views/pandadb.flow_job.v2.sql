-- Jobs of flows: of tasks with the type flow, controlled by the job queue. A control row belongs to the
-- newest attempt of a job. `stopped` are jobs that somebody has cancelled, and those that were closed
-- with a parent or with their flow; `suspended` are jobs of which a step has failed for good. A leaf is
-- a job in its newest version that no job of its flow waits for.
CREATE VIEW pandadb.flow_job AS
SELECT job.jeditaskid, job.pandaid, control.name, control.index_number, control.public_id, control.queue,
       CASE WHEN control.suspended THEN 'suspended'
            WHEN job.jobstatus = 'finished' THEN 'completed'
            WHEN job.jobstatus = 'failed' THEN 'failed'
            WHEN job.jobstatus IN ('cancelled', 'closed') THEN 'stopped'
            WHEN control.held AND job.jobstatus IN ('pending', 'throttled') THEN 'paused'
            WHEN job.jobstatus = 'pending' THEN 'waiting'
            WHEN job.jobstatus IN ('activated', 'throttled') THEN 'ready'
            ELSE 'running'
       END AS state,
       job.jobstatus, job.jobname, job.currentpriority, job.attemptnr, job.creationtime, job.starttime,
       job.endtime, greatest(job.modificationtime, control.last_changed) AS changed_at,
       control.index_number = max(control.index_number) OVER (
           PARTITION BY job.jeditaskid, coalesce(control.name, job.pandaid::text)
       ) AND NOT EXISTS (
           SELECT FROM pandadb.job_dependency edge
            WHERE edge.parent = job.pandaid
              AND NOT EXISTS (
                      SELECT FROM doma_panda.jobsdefined4 child
                       WHERE child.pandaid = edge.child AND child.jeditaskid IS DISTINCT FROM job.jeditaskid
                  )
              AND NOT EXISTS (
                      SELECT FROM doma_panda.jobsactive4 child
                       WHERE child.pandaid = edge.child AND child.jeditaskid IS DISTINCT FROM job.jeditaskid
                  )
              AND NOT EXISTS (
                      SELECT FROM doma_panda.jobsarchived4 child
                       WHERE child.pandaid = edge.child AND child.jeditaskid IS DISTINCT FROM job.jeditaskid
                  )
       ) AS is_leaf
  FROM pandadb.jobs job
  JOIN pandadb.job_control control ON control.pandaid = job.pandaid
 WHERE job.place <> 'jobsarchived' OR NOT EXISTS (
           SELECT FROM doma_panda.jobsarchived4 live WHERE live.pandaid = job.pandaid
       );
