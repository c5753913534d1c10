-- PanDA's server converts numbers to numbers, which Oracle allows; PostgreSQL knows texts only.
CREATE FUNCTION doma_panda.to_number(p_number integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT p_number::numeric
$$;
