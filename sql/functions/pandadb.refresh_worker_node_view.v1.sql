-- Refreshes one of the views of worker nodes while others read it. Only the owner of a view may do
-- that, so the function works with the owner's rights: servers may call it.
CREATE FUNCTION pandadb.refresh_worker_node_view(view_name text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp;
    filled boolean;
    written bigint;
BEGIN
    IF view_name NOT IN ('mv_worker_node_summary', 'mv_worker_node_gpu_summary') THEN
        RAISE EXCEPTION '% is no view of worker nodes', view_name;
    END IF;
    began := pandadb.begin_refresh(view_name);
    IF began IS NULL THEN
        RETURN;
    END IF;
    -- A view that a restored dump left empty cannot be refreshed CONCURRENTLY.
    filled := relispopulated FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'doma_panda' AND c.relname = view_name;
    IF view_name = 'mv_worker_node_summary' THEN
        IF filled THEN
            REFRESH MATERIALIZED VIEW CONCURRENTLY doma_panda.mv_worker_node_summary;
        ELSE
            REFRESH MATERIALIZED VIEW doma_panda.mv_worker_node_summary;
        END IF;
        written := count(*) FROM doma_panda.mv_worker_node_summary;
    ELSE
        IF filled THEN
            REFRESH MATERIALIZED VIEW CONCURRENTLY doma_panda.mv_worker_node_gpu_summary;
        ELSE
            REFRESH MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary;
        END IF;
        written := count(*) FROM doma_panda.mv_worker_node_gpu_summary;
    END IF;
    PERFORM pandadb.end_refresh(view_name, began, written);
END
$$;
