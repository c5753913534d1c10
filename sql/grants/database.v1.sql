-- The owner may make the schemas anew. PanDA's server calls procedures without naming their schema.

GRANT CREATE, TEMPORARY ON DATABASE :"database" TO :"owner";
ALTER DATABASE :"database" SET search_path = doma_panda, public;
