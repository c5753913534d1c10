-- The owner may make the schemas anew, the monitor makes temporary tables. PanDA's server calls
-- procedures without naming their schema.

GRANT CREATE, TEMPORARY ON DATABASE :"database" TO :"owner";
GRANT TEMPORARY ON DATABASE :"database" TO :"monitor";
ALTER DATABASE :"database" SET search_path = doma_panda, public;
