-- PanDA's server calls procedures and functions without naming their schema.

ALTER DATABASE :"database" SET search_path = doma_panda, public;
