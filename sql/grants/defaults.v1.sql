-- The same for what the owner makes later, and who runs this: tomorrow's partitions, new tables.
-- The revision that makes a table of secrets takes it away from all others: op.withhold().

ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
GRANT ALL ON TABLES TO :"owner";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
GRANT ALL ON SEQUENCES TO :"owner";

ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
GRANT SELECT ON TABLES TO :"writer", :"reader", :"archiver";

ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER
   IN SCHEMA doma_panda, doma_pandameta, doma_deft
GRANT INSERT, UPDATE, DELETE ON TABLES TO :"writer";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER
   IN SCHEMA doma_panda, doma_pandameta, doma_deft
GRANT USAGE, SELECT ON SEQUENCES TO :"writer";

ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER IN SCHEMA doma_pandaarch, pandadb
GRANT INSERT, UPDATE, DELETE ON TABLES TO :"archiver";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER IN SCHEMA pandadb
GRANT USAGE, SELECT ON SEQUENCES TO :"archiver";
