-- Servers set a task's modificationtime back on purpose, so that an agent takes the task at once.
-- realmodificationtime keeps the time at which that was done.
CREATE FUNCTION doma_panda.update_realmodificationtime_trg() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.modificationtime IS DISTINCT FROM OLD.modificationtime THEN
        NEW.realmodificationtime := clock_timestamp() AT TIME ZONE 'UTC';
    END IF;
    RETURN NEW;
END
$$;
