-- Measurements of worker nodes, per PanDA queue that a node has been seen in.
CREATE VIEW doma_panda.worker_node_metrics_by_queue AS
SELECT queue.panda_queue, metric.host_name, metric."timestamp", metric.key, metric.statistics
  FROM doma_panda.worker_node_metrics AS metric
  JOIN doma_panda.worker_node_queue AS queue
 USING (site, host_name);
