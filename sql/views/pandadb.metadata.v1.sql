-- Metadata of jobs of any age; their modificationtime is 1970-01-01 while the job lives. A condition
-- on modificationtime saves the server from looking into every partition.
CREATE VIEW pandadb.metadata AS
SELECT 'metatable'::text AS place, pandaid, modificationtime, metadata
  FROM doma_panda.metatable
UNION ALL
SELECT 'metatable_arch', pandaid, modificationtime, metadata
  FROM doma_pandaarch.metatable_arch;
