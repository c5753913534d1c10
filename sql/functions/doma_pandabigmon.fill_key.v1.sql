-- Django writes an explicit NULL where a model's key is a plain integer, and a default is not taken
-- then. The arguments of the trigger are the key's column and its sequence.
CREATE FUNCTION doma_pandabigmon.fill_key() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN jsonb_populate_record(
        NEW, jsonb_build_object(TG_ARGV[0], nextval(TG_ARGV[1]::regclass))
    );
END
$$;
