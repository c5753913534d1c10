-- Bitwise OR of two numbers, under the name that PanDA's statements use.
CREATE FUNCTION doma_panda.bitor(p_bits1 integer, p_bits2 integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT p_bits1 | p_bits2
$$;
