-- CPUs per site, queue and CPU level, of the worker nodes seen in the last month, and their share
-- of the queue in per cent. A host that has reported several CPU models counts with the last one.
CREATE MATERIALIZED VIEW doma_panda.mv_worker_node_summary AS
SELECT level.site, level.panda_queue, level.cpu_architecture_level, level.total_logical_cpus,
       round(
           100.0 * level.total_logical_cpus
           / nullif(sum(level.total_logical_cpus) OVER (PARTITION BY level.panda_queue), 0), 2
       ) AS pct_within_pq
  FROM (
        SELECT node.site, queue.panda_queue, node.cpu_architecture_level,
               sum(node.n_logical_cpus)::bigint AS total_logical_cpus
          FROM (
                SELECT DISTINCT ON (site, host_name)
                       site, host_name, cpu_architecture_level, n_logical_cpus
                  FROM doma_panda.worker_node
                 ORDER BY site, host_name, last_seen DESC NULLS LAST, cpu_model
               ) AS node
          JOIN doma_panda.worker_node_queue AS queue
         USING (site, host_name)
         WHERE queue.last_seen > (now() AT TIME ZONE 'UTC') - interval '1 month'
         GROUP BY node.site, queue.panda_queue, node.cpu_architecture_level
       ) AS level;

CREATE UNIQUE INDEX ux_mv_wn_summary
    ON doma_panda.mv_worker_node_summary (site, panda_queue, cpu_architecture_level);
