-- Files of jobs of any age; their modificationtime is 1970-01-01 while the job lives. A condition on
-- modificationtime saves the server from looking into every partition.
CREATE VIEW pandadb.files AS
SELECT 'filestable4'::text AS place, row_id, pandaid, modificationtime, guid, lfn, type,
       dataset, status, proddblock, proddblocktoken, dispatchdblock, dispatchdblocktoken,
       destinationdblock, destinationdblocktoken, destinationse, fsize, md5sum, checksum,
       scope, jeditaskid, datasetid, fileid, attemptnr, creationtime
  FROM doma_panda.filestable4
UNION ALL
SELECT 'filestable_arch', row_id, pandaid, modificationtime, guid, lfn, type, dataset,
       status, proddblock, proddblocktoken, dispatchdblock, dispatchdblocktoken,
       destinationdblock, destinationdblocktoken, destinationse, fsize, md5sum, checksum,
       scope, jeditaskid, datasetid, fileid, attemptnr, creationtime
  FROM doma_pandaarch.filestable_arch;
