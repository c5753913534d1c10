-- The same for what the role that runs this makes later: tomorrow's partitions, the next tables.
-- A later table of secrets has to be taken away from the readers by the revision that makes it.

ALTER DEFAULT PRIVILEGES
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
GRANT ALL ON TABLES TO :"owner";
ALTER DEFAULT PRIVILEGES
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
GRANT ALL ON SEQUENCES TO :"owner";

ALTER DEFAULT PRIVILEGES
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
GRANT SELECT ON TABLES TO :"writer", :"reader", :"archiver";

ALTER DEFAULT PRIVILEGES IN SCHEMA doma_panda, doma_pandameta, doma_deft
GRANT INSERT, UPDATE, DELETE ON TABLES TO :"writer";
ALTER DEFAULT PRIVILEGES IN SCHEMA doma_panda, doma_pandameta, doma_deft
GRANT USAGE, SELECT ON SEQUENCES TO :"writer";

ALTER DEFAULT PRIVILEGES IN SCHEMA doma_pandaarch, pandadb
GRANT INSERT, UPDATE, DELETE ON TABLES TO :"archiver";
ALTER DEFAULT PRIVILEGES IN SCHEMA pandadb
GRANT USAGE, SELECT ON SEQUENCES TO :"archiver";
