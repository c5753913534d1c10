-- What each role may do with the tables that are there. It can be run again at any time.

GRANT USAGE
   ON SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft, doma_pandabigmon, pandadb
   TO :"writer", :"reader", :"archiver";

-- The owner owns it all: ownership.v1.sql. Everybody else may read.
GRANT SELECT
   ON ALL TABLES IN SCHEMA doma_panda, doma_pandaarch, doma_pandameta, doma_deft,
      doma_pandabigmon, pandadb
   TO :"writer", :"reader", :"archiver";

-- Servers write what is theirs. They read the versions, but migrations write them.
GRANT INSERT, UPDATE, DELETE
   ON ALL TABLES IN SCHEMA doma_panda, doma_pandameta, doma_deft
   TO :"writer";
GRANT USAGE, SELECT
   ON ALL SEQUENCES IN SCHEMA doma_panda, doma_pandameta, doma_deft
   TO :"writer";
-- Who loads records raises these two above the ids that came with them.
GRANT UPDATE ON SEQUENCE doma_deft.prodsys2_task_id_seq, doma_panda.jobsdefined4_pandaid_seq
   TO :"writer";
GRANT TRUNCATE ON doma_panda.network_matrix_kv_temp TO :"writer";
REVOKE INSERT, UPDATE, DELETE ON doma_panda.pandadb_version FROM :"writer";

-- Whoever ends jobs that have been where they are for too long notes when that was done.
GRANT INSERT, UPDATE ON pandadb.maintenance_run TO :"writer";
-- Statistics are refreshed by servers: the tables are theirs, and each refresh is noted. Views of worker
-- nodes, which only their owner can refresh, are refreshed by a function with the owner's rights.
GRANT INSERT, UPDATE ON pandadb.statistics_run TO :"writer";
GRANT EXECUTE ON FUNCTION pandadb.refresh_worker_node_view(text) TO :"writer";
-- Whoever loads sites notes what that has changed.
GRANT INSERT ON pandadb.site_change TO :"writer";

-- Reports on workers have times of their own, kept until the workers are cleaned up.
GRANT INSERT, UPDATE, DELETE ON pandadb.harvester_worker_time TO :"writer";

-- Queued jobs, their leases, dependencies and groups, the workers and what is to be sent are the servers'.
GRANT INSERT, UPDATE, DELETE
   ON pandadb.job_control, pandadb.job_lease, pandadb.job_dependency, pandadb.job_group,
      pandadb.job_group_member, pandadb.outbox, pandadb.worker, pandadb.end_listener
   TO :"writer";
GRANT USAGE, SELECT ON SEQUENCE pandadb.job_lease_token TO :"writer";
-- So are the messages that gateways receive, and what they make of them.
GRANT INSERT, UPDATE, DELETE
   ON pandadb.gateway_message, pandadb.gateway_delivery, pandadb.gateway_dead_letter,
      pandadb.gateway_run, pandadb.gateway_cancel, pandadb.gateway_instrument,
      pandadb.gateway_variable, pandadb.gateway_process
   TO :"writer";

-- A worker that ends late changes its job in the archive, too.
GRANT UPDATE ON doma_pandaarch.jobsarchived TO :"writer";

-- The archiver moves finished jobs with all that belongs to them, there and back, and keeps books.
GRANT INSERT, UPDATE, DELETE
   ON ALL TABLES IN SCHEMA doma_pandaarch, pandadb
   TO :"archiver";
GRANT INSERT, UPDATE, DELETE
   ON doma_panda.jobsarchived4, doma_panda.filestable4, doma_panda.metatable,
      doma_panda.jobparamstable, doma_panda.tablepart4copying
   TO :"archiver";
-- The last output of queued jobs, which has no place in the archive.
GRANT DELETE ON doma_panda.jobsdebug TO :"archiver";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pandadb TO :"archiver";
REVOKE INSERT, UPDATE, DELETE ON pandadb.alembic_version FROM :"archiver";
-- Its proofs stay as they are, and it drops what is proven, not what it likes.
REVOKE UPDATE, DELETE ON pandadb.archive_proof FROM :"archiver";
GRANT EXECUTE ON FUNCTION pandadb.drop_archived(text, text) TO :"archiver";

-- Passwords, tokens, keys and sessions are read by nobody who need not.
REVOKE ALL ON doma_panda.secrets, doma_panda.pilottoken, doma_pandameta.proxykey
 FROM :"reader", :"archiver";
REVOKE ALL
    ON doma_pandabigmon.auth_user, doma_pandabigmon.authtoken_token,
       doma_pandabigmon.django_session, doma_pandabigmon.djangocache,
       doma_pandabigmon.social_auth_association, doma_pandabigmon.social_auth_code,
       doma_pandabigmon.social_auth_nonce, doma_pandabigmon.social_auth_partial,
       doma_pandabigmon.social_auth_usersocialauth
  FROM :"writer", :"reader", :"archiver";
