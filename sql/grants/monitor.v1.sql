-- What a BigPanDA monitor may do besides reading: it keeps its users, sessions, cache and statistics of
-- requests in its own schema, and nobody else does.

GRANT USAGE
   ON SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
   TO :"monitor";
GRANT SELECT
   ON ALL TABLES IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, pandadb
   TO :"monitor";
REVOKE ALL ON doma_panda.secrets, doma_panda.pilottoken, doma_pandameta.proxykey
 FROM :"monitor";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA doma_pandabigmon TO :"monitor";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA doma_pandabigmon TO :"monitor";

ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER
   IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, pandadb
GRANT SELECT ON TABLES TO :"monitor";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER IN SCHEMA doma_pandabigmon
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"monitor";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner", CURRENT_USER IN SCHEMA doma_pandabigmon
GRANT USAGE ON SEQUENCES TO :"monitor";
