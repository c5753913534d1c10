-- Parameters of jobs of any age; their modificationtime is 1970-01-01 while the job lives. A condition
-- on modificationtime saves the server from looking into every partition.
CREATE VIEW pandadb.jobparams AS
SELECT 'jobparamstable'::text AS place, pandaid, modificationtime, jobparameters
  FROM doma_panda.jobparamstable
UNION ALL
SELECT 'jobparamstable_arch', pandaid, modificationtime, jobparameters
  FROM doma_pandaarch.jobparamstable_arch;
