-- A text as JSON; NULL if it is none, as METADATA of jobs may be XML, cut off, or free text.
CREATE FUNCTION pandadb.json_or_null(given text) RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
STRICT
AS $$
BEGIN
    RETURN given::pg_catalog.jsonb;
EXCEPTION
    WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
        RETURN NULL;
END
$$;
