-- Hosts per site, queue and kind of GPU, of those seen in the last month.
CREATE MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary AS
SELECT gpu.site, queue.panda_queue, gpu.vendor, gpu.model, gpu.vram, gpu.architecture,
       gpu.framework, gpu.framework_version, gpu.driver_version, gpu.count AS gpus_per_host,
       count(DISTINCT gpu.host_name) AS host_count
  FROM doma_panda.worker_node_gpus AS gpu
  JOIN doma_panda.worker_node_queue AS queue
 USING (site, host_name)
 WHERE gpu.last_seen > (now() AT TIME ZONE 'UTC') - interval '1 month'
 GROUP BY gpu.site, queue.panda_queue, gpu.vendor, gpu.model, gpu.vram, gpu.architecture,
          gpu.framework, gpu.framework_version, gpu.driver_version, gpu.count;

CREATE UNIQUE INDEX ux_mv_wn_gpu_summary
    ON doma_panda.mv_worker_node_gpu_summary (
        site, panda_queue, vendor, model, vram, architecture, framework, framework_version,
        driver_version, gpus_per_host
    );
