-- The host of a worker from the name that its pilot gives, such as slot1_2@host. At CERN the name
-- of a batch node may have the host after its second dash.
CREATE FUNCTION pandadb.worker_host(node text) RETURNS text
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT coalesce(substring(node FROM '^[^@]+@atlprd[0-9]+-[^-]+-([^.]+[.]cern[.]ch)$'),
                    substring(node FROM '@([^@]+)$'), node)
$$;
