-- Flows with their states, each by the first rule that fits, and the numbers of their jobs by state. A
-- suspended job alone fails no flow. The state is never stored: JEDI_TASKS has the status flow for all.
CREATE VIEW pandadb.flow AS
SELECT task.jeditaskid, task.taskname AS name, task.username,
       CASE WHEN number.jobs = number.waiting THEN 'waiting'
            WHEN number.jobs = number.waiting + number.ready THEN 'ready'
            WHEN number.leaves = number.completed_leaves THEN 'completed'
            WHEN number.failed > 0 THEN 'failed'
            WHEN number.stopped > 0 THEN 'stopped'
            WHEN number.paused > 0 THEN 'paused'
            ELSE 'running'
       END AS state,
       coalesce(task.superstatus = 'stopped', false) AS is_stopped,
       number.jobs AS njobs, number.waiting AS nwaiting, number.ready AS nready,
       number.running AS nrunning, number.suspended AS nsuspended, number.completed AS ncompleted,
       number.failed AS nfailed, number.stopped AS nstopped, number.paused AS npaused,
       task.creationdate, greatest(task.modificationtime, number.changed_at) AS changed_at
  FROM doma_panda.jedi_tasks task
 CROSS JOIN LATERAL (
           SELECT count(*) AS jobs,
                  count(*) FILTER (WHERE job.state = 'waiting') AS waiting,
                  count(*) FILTER (WHERE job.state = 'ready') AS ready,
                  count(*) FILTER (WHERE job.state = 'running') AS running,
                  count(*) FILTER (WHERE job.state = 'suspended') AS suspended,
                  count(*) FILTER (WHERE job.state = 'completed') AS completed,
                  count(*) FILTER (WHERE job.state = 'failed') AS failed,
                  count(*) FILTER (WHERE job.state = 'stopped') AS stopped,
                  count(*) FILTER (WHERE job.state = 'paused') AS paused,
                  count(*) FILTER (WHERE job.is_leaf) AS leaves,
                  count(*) FILTER (WHERE job.is_leaf AND job.state = 'completed') AS completed_leaves,
                  max(job.changed_at) AS changed_at
             FROM pandadb.flow_job job
            WHERE job.jeditaskid = task.jeditaskid
       ) number
 WHERE task.status = 'flow' AND task.tasktype = 'flow';
