-- The typical number of input files of active jobs. Only rows that change are written.
CREATE PROCEDURE doma_panda.update_num_input_data_files()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('typical_num_input');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    WITH found AS MATERIALIZED (
        SELECT * FROM pandadb.typical_num_inputs()
    ), gone AS (
        DELETE FROM doma_panda.typical_num_input AS kept
         WHERE NOT EXISTS (
                   SELECT FROM found
                    WHERE (found.vo, found.agg_type, found.agg_key, found.prodsourcelabel,
                           found.processingtype)
                        = (kept.vo, kept.agg_type, kept.agg_key, kept.prodsourcelabel,
                           kept.processingtype))
    )
    INSERT INTO doma_panda.typical_num_input AS kept (
               vo, agg_type, agg_key, prodsourcelabel, processingtype, ninputdatafiles)
    SELECT vo, agg_type, agg_key, prodsourcelabel, processingtype, ninputdatafiles
      FROM found
        ON CONFLICT (vo, agg_type, agg_key, prodsourcelabel, processingtype) DO UPDATE
       SET ninputdatafiles = EXCLUDED.ninputdatafiles
     WHERE kept.ninputdatafiles IS DISTINCT FROM EXCLUDED.ninputdatafiles;
    written := count(*) FROM doma_panda.typical_num_input;
    PERFORM pandadb.end_refresh('typical_num_input', began, written);
END
$$;
