-- The monitor compares times with to_date(text, format), which keeps the time of day on
-- Oracle, while PostgreSQL's own is midnight. It is found before that one only by roles whose search
-- path names pg_catalog last: those of the monitor. The time zone of the session changes nothing.
CREATE FUNCTION doma_pandabigmon.to_date(p_text text, p_format text)
RETURNS timestamp without time zone
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT pg_catalog.to_timestamp('+00 ' || p_text, 'TZH ' || p_format) AT TIME ZONE 'UTC'
$$;
