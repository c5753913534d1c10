-- Every job of the four tables with its task, for the monitor: isarchive is 1 for the finished ones,
-- es is the kind of event service job, 0 for others and for clones (sc: in specialhandling).
CREATE VIEW doma_pandabigmon.combined_wait_act_def_arch4 AS
SELECT 0 AS partid, NULL::text AS dbmodtime, job.pandaid, job.jobdefinitionid, job.schedulerid,
       job.pilotid, job.creationtime, job.creationhost, job.modificationtime,
       job.modificationhost, job.atlasrelease, job.transformation, job.homepackage,
       job.prodserieslabel, job.prodsourcelabel, job.produserid, job.assignedpriority,
       job.currentpriority, job.attemptnr, job.maxattempt, job.jobstatus, job.jobname,
       job.maxcpucount, job.maxcpuunit, job.maxdiskcount, job.maxdiskunit, job.ipconnectivity,
       job.minramcount, job.minramunit, job.starttime, job.endtime, job.cpuconsumptiontime,
       job.cpuconsumptionunit, job.commandtopilot, job.transexitcode, job.piloterrorcode,
       job.piloterrordiag, job.exeerrorcode, job.exeerrordiag, job.superrorcode,
       job.superrordiag, job.ddmerrorcode, job.brokerageerrorcode, job.brokerageerrordiag,
       job.jobdispatchererrorcode, job.jobdispatchererrordiag, job.taskbuffererrorcode,
       job.taskbuffererrordiag, job.computingsite, job.computingelement, job.jobparameters,
       job.metadata, job.proddblock, job.dispatchdblock, job.destinationdblock,
       job.destinationse, job.nevents, job.grid, job.cloud, job.cpuconversion, job.sourcesite,
       job.destinationsite, job.transfertype, job.taskid, job.cmtconfig, job.statechangetime,
       job.proddbupdatetime, job.lockedby, job.relocationflag, job.jobexecutionid, job.vo,
       job.pilottiming, job.workinggroup, job.processingtype, job.produsername, job.ninputfiles,
       job.countrygroup, job.batchid, job.parentid, job.specialhandling, job.jobsetid,
       job.corecount, job.ninputdatafiles, job.inputfiletype, job.inputfileproject,
       job.inputfilebytes, job.noutputdatafiles, job.outputfilebytes, job.jobmetrics,
       job.workqueue_id, jeditaskid, job.jobsubstatus, job.actualcorecount, job.reqid,
       job.maxrss, job.maxvmem, job.maxswap, job.maxpss, job.avgrss, job.avgvmem, job.avgswap,
       job.avgpss, job.maxwalltime, job.nucleus,
       CASE
           WHEN job.eventservice IN (1, 2, 4, 5)
                AND coalesce(job.specialhandling, '') NOT LIKE '%sc:%'
           THEN job.eventservice::integer
           ELSE 0
       END AS es,
       task.taskname, task.tasktype, job.isarchive, job.eventservice, task.username,
       job.resource_type
  FROM (
        SELECT 0 AS isarchive, defined.* FROM doma_panda.jobsdefined4 AS defined
        UNION ALL
        SELECT 0, waiting.* FROM doma_panda.jobswaiting4 AS waiting
        UNION ALL
        SELECT 0, active.* FROM doma_panda.jobsactive4 AS active
        UNION ALL
        SELECT 1, archived.* FROM doma_panda.jobsarchived4 AS archived
       ) AS job
  LEFT JOIN doma_panda.jedi_tasks AS task
 USING (jeditaskid);
