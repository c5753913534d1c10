\set ON_ERROR_STOP on

SET client_encoding = 'UTF8';

SET DateStyle = 'ISO, MDY';

SET IntervalStyle = 'postgres';

SET TimeZone = 'UTC';

SET timezone_abbreviations = 'Default';

SET bytea_output = 'hex';

SET extra_float_digits = '1';

SET xmlbinary = 'base64';

SET xmloption = 'content';

SET lc_monetary = 'C';

SET lc_numeric = 'C';

SET lc_time = 'C';

SET gin_fuzzy_search_limit = '0';

SET row_security = 'off';

SET enable_partition_pruning = 'on';

SET constraint_exclusion = 'partition';

SET plan_cache_mode = 'auto';

SET search_path = 'public';

SET array_nulls = 'on';

SET backslash_quote = 'safe_encoding';

SET standard_conforming_strings = 'on';

SET transform_null_equals = 'off';

SET quote_all_identifiers = 'off';

SET default_transaction_isolation = 'read committed';

SET default_transaction_deferrable = 'off';

SET exit_on_error = 'off';

SET check_function_bodies = 'on';

SET default_table_access_method = 'heap';

SET lock_timeout = '4s';

SET statement_timeout = '60s';

SELECT pg_advisory_lock(hashtext('pandadb migrations'));

DO $$
DECLARE
    stamps text;
    tables bigint;
BEGIN
    IF to_regclass('pandadb.alembic_version') IS NOT NULL THEN
        SELECT string_agg(version_num, ', ' ORDER BY version_num) INTO stamps
          FROM pandadb.alembic_version;
    END IF;
    IF stamps IS NOT NULL THEN
        RAISE EXCEPTION 'This script makes a new database, and this one is at revision %', stamps
            USING HINT = 'pandadb db sql REVISION:head begins there.';
    END IF;
    SELECT count(*) INTO tables FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('doma_panda', 'doma_pandaarch', 'doma_pandameta', 'doma_deft', 'doma_pandabigmon')
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
    IF tables > 0 THEN
        RAISE EXCEPTION 'There are % tables in PanDA''s schemas, and no revision: pandadb has not '
            'made them', tables USING HINT = 'Make a new database, and load the rows into that.';
    END IF;
    DROP TABLE IF EXISTS pandadb.alembic_version;
END
$$;

CREATE SCHEMA IF NOT EXISTS pandadb;

BEGIN;

CREATE TABLE pandadb.alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE SCHEMA IF NOT EXISTS doma_panda;

CREATE SCHEMA IF NOT EXISTS doma_pandaarch;

CREATE SCHEMA IF NOT EXISTS doma_pandameta;

CREATE SCHEMA IF NOT EXISTS doma_deft;

CREATE SCHEMA IF NOT EXISTS doma_pandabigmon;

INSERT INTO pandadb.alembic_version (version_num) VALUES ('0001') RETURNING pandadb.alembic_version.version_num;

COMMIT;

BEGIN;

-- Running upgrade 0001 -> 0002

CREATE SEQUENCE doma_panda.group_jobid_seq AS BIGINT;

CREATE SEQUENCE doma_panda.jobsdefined4_pandaid_seq AS BIGINT;

CREATE TABLE doma_panda.jobsdefined4 (
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    jobdefinitionid BIGINT DEFAULT '0' NOT NULL, 
    jobname VARCHAR(256), 
    jeditaskid BIGINT, 
    taskid INTEGER, 
    reqid INTEGER, 
    jobsetid BIGINT, 
    parentid BIGINT, 
    batchid VARCHAR(80), 
    schedulerid VARCHAR(128), 
    pilotid VARCHAR(200), 
    jobexecutionid BIGINT DEFAULT '0', 
    workqueue_id INTEGER, 
    vo VARCHAR(32), 
    produserid VARCHAR(250), 
    produsername VARCHAR(60), 
    jobstatus VARCHAR(15) DEFAULT 'defined' NOT NULL, 
    jobsubstatus VARCHAR(80), 
    commandtopilot VARCHAR(250), 
    lockedby VARCHAR(128), 
    relocationflag SMALLINT DEFAULT '0', 
    creationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    statechangetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    starttime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    endtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    proddbupdatetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    creationhost VARCHAR(128), 
    modificationhost VARCHAR(128), 
    prodserieslabel VARCHAR(20) DEFAULT 'Rome', 
    prodsourcelabel VARCHAR(20) DEFAULT 'managed', 
    workinggroup VARCHAR(20), 
    countrygroup VARCHAR(20), 
    gshare VARCHAR(32), 
    processingtype VARCHAR(64), 
    job_label VARCHAR(20), 
    specialhandling VARCHAR(80), 
    assignedpriority INTEGER DEFAULT '0' NOT NULL, 
    currentpriority INTEGER DEFAULT '0' NOT NULL, 
    attemptnr SMALLINT DEFAULT '0' NOT NULL, 
    maxattempt SMALLINT DEFAULT '0' NOT NULL, 
    failedattempt SMALLINT, 
    eventservice SMALLINT, 
    atlasrelease VARCHAR(64), 
    homepackage VARCHAR(80), 
    transformation VARCHAR(250), 
    cmtconfig VARCHAR(250), 
    container_name VARCHAR(200), 
    jobparameters TEXT, 
    metadata TEXT, 
    nevents BIGINT DEFAULT '0' NOT NULL, 
    transexitcode VARCHAR(128), 
    pilottiming VARCHAR(100), 
    jobmetrics VARCHAR(500), 
    corecount SMALLINT, 
    maxcpucount BIGINT DEFAULT '0' NOT NULL, 
    maxcpuunit VARCHAR(32), 
    minramcount BIGINT DEFAULT '0' NOT NULL, 
    minramunit CHAR(4), 
    maxdiskcount BIGINT DEFAULT '0' NOT NULL, 
    maxdiskunit CHAR(4), 
    ipconnectivity CHAR(5), 
    maxwalltime BIGINT, 
    resource_type VARCHAR(56), 
    diskio INTEGER, 
    computingsite VARCHAR(128), 
    computingelement VARCHAR(128), 
    cloud VARCHAR(50), 
    grid VARCHAR(50), 
    nucleus VARCHAR(52), 
    sourcesite VARCHAR(36), 
    destinationsite VARCHAR(36), 
    cpu_architecture_level VARCHAR(20), 
    proddblock VARCHAR(255), 
    dispatchdblock VARCHAR(255), 
    destinationdblock VARCHAR(255), 
    destinationse VARCHAR(250), 
    transfertype VARCHAR(10), 
    ninputfiles INTEGER, 
    ninputdatafiles INTEGER, 
    inputfiletype VARCHAR(32), 
    inputfileproject VARCHAR(64), 
    inputfilebytes BIGINT, 
    noutputdatafiles INTEGER, 
    outputfilebytes BIGINT, 
    outputfiletype VARCHAR(32), 
    piloterrorcode INTEGER DEFAULT '0' NOT NULL, 
    piloterrordiag VARCHAR(500), 
    exeerrorcode INTEGER DEFAULT '0' NOT NULL, 
    exeerrordiag VARCHAR(500), 
    superrorcode INTEGER DEFAULT '0' NOT NULL, 
    superrordiag VARCHAR(250), 
    ddmerrorcode INTEGER DEFAULT '0' NOT NULL, 
    ddmerrordiag VARCHAR(700), 
    brokerageerrorcode INTEGER DEFAULT '0' NOT NULL, 
    brokerageerrordiag VARCHAR(250), 
    jobdispatchererrorcode INTEGER DEFAULT '0' NOT NULL, 
    jobdispatchererrordiag VARCHAR(250), 
    taskbuffererrorcode INTEGER DEFAULT '0' NOT NULL, 
    taskbuffererrordiag VARCHAR(300), 
    cpuconsumptiontime NUMERIC(20, 0) DEFAULT '0' NOT NULL, 
    cpuconsumptionunit VARCHAR(128), 
    cpuconversion NUMERIC(9, 4), 
    actualcorecount INTEGER, 
    meancorecount NUMERIC(8, 2), 
    hs06 BIGINT, 
    hs06sec BIGINT, 
    maxrss BIGINT, 
    maxvmem BIGINT, 
    maxswap BIGINT, 
    maxpss BIGINT, 
    avgrss BIGINT, 
    avgvmem BIGINT, 
    avgswap BIGINT, 
    avgpss BIGINT, 
    memory_leak BIGINT, 
    memory_leak_x2 NUMERIC(14, 3), 
    totrchar BIGINT, 
    totwchar BIGINT, 
    totrbytes BIGINT, 
    totwbytes BIGINT, 
    raterchar BIGINT, 
    ratewchar BIGINT, 
    raterbytes BIGINT, 
    ratewbytes BIGINT, 
    gco2_regional NUMERIC(10, 2), 
    gco2_global NUMERIC(10, 2), 
    CONSTRAINT jobsdefined4_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE doma_panda.jobsdefined4 IS 'Jobs not yet ready to run: pending, defined, waiting or assigned.';

COMMENT ON COLUMN doma_panda.jobsdefined4.pandaid IS 'PandaID of the job, drawn from one sequence for all job tables';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobdefinitionid IS 'Number the client gave a group of jobs, 0 for jobs made by JEDI';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobname IS 'Name given to the job by its submitter or JEDI';

COMMENT ON COLUMN doma_panda.jobsdefined4.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_panda.jobsdefined4.taskid IS 'Task number as the submitter sees it, for JEDI jobs the JEDI task';

COMMENT ON COLUMN doma_panda.jobsdefined4.reqid IS 'Production request the task belongs to';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobsetid IS 'Set the job belongs to; for event service drawn from the PandaID sequence';

COMMENT ON COLUMN doma_panda.jobsdefined4.parentid IS 'Job this one replaces, its PandaID';

COMMENT ON COLUMN doma_panda.jobsdefined4.batchid IS 'Id of the pilot in the batch system';

COMMENT ON COLUMN doma_panda.jobsdefined4.schedulerid IS 'What submitted the pilot, e.g. a Harvester instance';

COMMENT ON COLUMN doma_panda.jobsdefined4.pilotid IS 'Pilot''s identity: batch log URLs, type and version, separated by bars';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobexecutionid IS 'Set to 0 when the job is dispatched, otherwise legacy';

COMMENT ON COLUMN doma_panda.jobsdefined4.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jobsdefined4.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jobsdefined4.produserid IS 'Submitter''s identity, the certificate DN or a user id';

COMMENT ON COLUMN doma_panda.jobsdefined4.produsername IS 'Submitter''s clean name';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobstatus IS 'State of the job, from pending to finished, failed, cancelled or closed';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobsubstatus IS 'Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial';

COMMENT ON COLUMN doma_panda.jobsdefined4.commandtopilot IS 'Command the pilot gets with its next heartbeat; tobekilled ends the job';

COMMENT ON COLUMN doma_panda.jobsdefined4.lockedby IS 'Component that owns the job''s bookkeeping, jedi for JEDI jobs';

COMMENT ON COLUMN doma_panda.jobsdefined4.relocationflag IS '1 site given at submission, 2 must not be reassigned, 3 throttled with its user, else 0';

COMMENT ON COLUMN doma_panda.jobsdefined4.creationtime IS 'When the job was inserted, set anew for each new PandaID';

COMMENT ON COLUMN doma_panda.jobsdefined4.modificationtime IS 'Last heartbeat, move or lock; partition key once archived, then the time it became final';

COMMENT ON COLUMN doma_panda.jobsdefined4.statechangetime IS 'When jobstatus changed last';

COMMENT ON COLUMN doma_panda.jobsdefined4.starttime IS 'When a pilot took the job, then when its payload was first seen running';

COMMENT ON COLUMN doma_panda.jobsdefined4.endtime IS 'When the payload ended or the job was killed';

COMMENT ON COLUMN doma_panda.jobsdefined4.proddbupdatetime IS 'Set at creation, later the Activator''s lock';

COMMENT ON COLUMN doma_panda.jobsdefined4.creationhost IS 'Host the job was submitted from';

COMMENT ON COLUMN doma_panda.jobsdefined4.modificationhost IS 'Host that changed the job last: a server or a worker node';

COMMENT ON COLUMN doma_panda.jobsdefined4.prodserieslabel IS 'Production series the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobsdefined4.prodsourcelabel IS 'Kind of job: managed production, user analysis, panda build, test, ptest, rc_test and others';

COMMENT ON COLUMN doma_panda.jobsdefined4.workinggroup IS 'Physics or production group the job runs for';

COMMENT ON COLUMN doma_panda.jobsdefined4.countrygroup IS 'Country group whose share the job may use';

COMMENT ON COLUMN doma_panda.jobsdefined4.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jobsdefined4.processingtype IS 'What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from';

COMMENT ON COLUMN doma_panda.jobsdefined4.job_label IS 'Family of the source label: managed or user';

COMMENT ON COLUMN doma_panda.jobsdefined4.specialhandling IS 'Comma-separated flags that change how the job is handled, e.g. debug, localpool';

COMMENT ON COLUMN doma_panda.jobsdefined4.assignedpriority IS 'Priority given at submission';

COMMENT ON COLUMN doma_panda.jobsdefined4.currentpriority IS 'Priority used for dispatch, higher first; 10 less after each pilot retry';

COMMENT ON COLUMN doma_panda.jobsdefined4.attemptnr IS 'Number of this attempt';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxattempt IS 'Attempts allowed; -1 at submission means no retry';

COMMENT ON COLUMN doma_panda.jobsdefined4.failedattempt IS 'Number of attempts that failed';

COMMENT ON COLUMN doma_panda.jobsdefined4.eventservice IS '1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain jobs';

COMMENT ON COLUMN doma_panda.jobsdefined4.atlasrelease IS 'Software release the payload needs';

COMMENT ON COLUMN doma_panda.jobsdefined4.homepackage IS 'Software package or cache the payload runs in';

COMMENT ON COLUMN doma_panda.jobsdefined4.transformation IS 'Payload script, by name or URL';

COMMENT ON COLUMN doma_panda.jobsdefined4.cmtconfig IS 'Platform the software was built for, with hardware constraints if any';

COMMENT ON COLUMN doma_panda.jobsdefined4.container_name IS 'Container image the payload runs in';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobparameters IS 'Always NULL, the parameters are in JOBPARAMSTABLE';

COMMENT ON COLUMN doma_panda.jobsdefined4.metadata IS 'Always NULL, the metadata is in METATABLE';

COMMENT ON COLUMN doma_panda.jobsdefined4.nevents IS 'Events to process; for event service the events processed so far';

COMMENT ON COLUMN doma_panda.jobsdefined4.transexitcode IS 'Exit code of the payload script';

COMMENT ON COLUMN doma_panda.jobsdefined4.pilottiming IS 'Durations of the pilot''s stages in seconds, separated by bars';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobmetrics IS 'Pilot''s measurements as key=value words';

COMMENT ON COLUMN doma_panda.jobsdefined4.corecount IS 'Cores asked for; NULL counts as 1';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxcpucount IS 'CPU time limit in seconds, 0 is unknown';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxcpuunit IS 'Unit of maxcpucount';

COMMENT ON COLUMN doma_panda.jobsdefined4.minramcount IS 'Memory needed, MB';

COMMENT ON COLUMN doma_panda.jobsdefined4.minramunit IS 'Unit of minramcount, normally MB';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxdiskcount IS 'Scratch disk space needed, MB';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxdiskunit IS 'Unit of maxdiskcount, normally MB';

COMMENT ON COLUMN doma_panda.jobsdefined4.ipconnectivity IS 'Whether the worker node needs outbound network, yes or no';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxwalltime IS 'Expected or allowed wall time, seconds';

COMMENT ON COLUMN doma_panda.jobsdefined4.resource_type IS 'Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM';

COMMENT ON COLUMN doma_panda.jobsdefined4.diskio IS 'Expected disk traffic, kB/s';

COMMENT ON COLUMN doma_panda.jobsdefined4.computingsite IS 'PanDA queue the job is assigned to';

COMMENT ON COLUMN doma_panda.jobsdefined4.computingelement IS 'CE the job runs through, from its latest Harvester worker';

COMMENT ON COLUMN doma_panda.jobsdefined4.cloud IS 'Region of the queue, a cloud in ATLAS';

COMMENT ON COLUMN doma_panda.jobsdefined4.grid IS 'Grid the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobsdefined4.nucleus IS 'Main site of the task, collects its outputs';

COMMENT ON COLUMN doma_panda.jobsdefined4.sourcesite IS 'Site the inputs come from';

COMMENT ON COLUMN doma_panda.jobsdefined4.destinationsite IS 'Site the outputs go to';

COMMENT ON COLUMN doma_panda.jobsdefined4.cpu_architecture_level IS 'Microarchitecture level of the worker node''s CPU, e.g. x86_64-v3';

COMMENT ON COLUMN doma_panda.jobsdefined4.proddblock IS 'Input dataset';

COMMENT ON COLUMN doma_panda.jobsdefined4.dispatchdblock IS 'Dataset that moves the inputs to the site, NULL if nothing is moved';

COMMENT ON COLUMN doma_panda.jobsdefined4.destinationdblock IS 'Output dataset';

COMMENT ON COLUMN doma_panda.jobsdefined4.destinationse IS 'Where the outputs go: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_panda.jobsdefined4.transfertype IS 'How the payload gets its inputs, e.g. direct access';

COMMENT ON COLUMN doma_panda.jobsdefined4.ninputfiles IS 'Number of input files';

COMMENT ON COLUMN doma_panda.jobsdefined4.ninputdatafiles IS 'Number of input files that hold data, without libraries and the like';

COMMENT ON COLUMN doma_panda.jobsdefined4.inputfiletype IS 'Data type of the inputs, e.g. AOD, EVNT';

COMMENT ON COLUMN doma_panda.jobsdefined4.inputfileproject IS 'Project of the inputs, the first part of the dataset name';

COMMENT ON COLUMN doma_panda.jobsdefined4.inputfilebytes IS 'Size of the data inputs in bytes';

COMMENT ON COLUMN doma_panda.jobsdefined4.noutputdatafiles IS 'Number of output files made, without logs';

COMMENT ON COLUMN doma_panda.jobsdefined4.outputfilebytes IS 'Size of the outputs in bytes, without logs';

COMMENT ON COLUMN doma_panda.jobsdefined4.outputfiletype IS 'Data types of the outputs';

COMMENT ON COLUMN doma_panda.jobsdefined4.piloterrorcode IS 'Error seen by the pilot, 0 is none';

COMMENT ON COLUMN doma_panda.jobsdefined4.piloterrordiag IS 'What the pilot says about its error';

COMMENT ON COLUMN doma_panda.jobsdefined4.exeerrorcode IS 'Error of the payload, 0 is none';

COMMENT ON COLUMN doma_panda.jobsdefined4.exeerrordiag IS 'What is known about the payload''s error';

COMMENT ON COLUMN doma_panda.jobsdefined4.superrorcode IS 'Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done';

COMMENT ON COLUMN doma_panda.jobsdefined4.superrordiag IS 'What is known about the supervising layer''s error';

COMMENT ON COLUMN doma_panda.jobsdefined4.ddmerrorcode IS 'Error of data management, 0 is none';

COMMENT ON COLUMN doma_panda.jobsdefined4.ddmerrordiag IS 'What is known about the data management error';

COMMENT ON COLUMN doma_panda.jobsdefined4.brokerageerrorcode IS 'Error of the brokerage, 0 is none';

COMMENT ON COLUMN doma_panda.jobsdefined4.brokerageerrordiag IS 'What is known about the brokerage error';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobdispatchererrorcode IS 'Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts';

COMMENT ON COLUMN doma_panda.jobsdefined4.jobdispatchererrordiag IS 'What is known about the dispatcher''s error';

COMMENT ON COLUMN doma_panda.jobsdefined4.taskbuffererrorcode IS 'Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another job';

COMMENT ON COLUMN doma_panda.jobsdefined4.taskbuffererrordiag IS 'What is known about the server''s error';

COMMENT ON COLUMN doma_panda.jobsdefined4.cpuconsumptiontime IS 'CPU time used, in seconds unless cpuconsumptionunit says otherwise';

COMMENT ON COLUMN doma_panda.jobsdefined4.cpuconsumptionunit IS 'Unit of cpuconsumptiontime, sometimes with the CPU model';

COMMENT ON COLUMN doma_panda.jobsdefined4.cpuconversion IS 'Factor from CPU time used to normalized CPU time, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsdefined4.actualcorecount IS 'Cores really given, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsdefined4.meancorecount IS 'Average number of cores the payload used, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsdefined4.hs06 IS 'HS06 power the job occupies: cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobsdefined4.hs06sec IS 'HS06 seconds used: wall time by cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxrss IS 'Highest resident memory, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxvmem IS 'Highest virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxswap IS 'Highest swap use, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.maxpss IS 'Highest proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.avgrss IS 'Average resident memory, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.avgvmem IS 'Average virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.avgswap IS 'Average swap use, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.avgpss IS 'Average proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.memory_leak IS 'Slope of memory over time, unit not known, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobsdefined4.memory_leak_x2 IS 'Chi-square of the memory fit, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobsdefined4.totrchar IS 'Read by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.totwchar IS 'Written by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.totrbytes IS 'Read from storage in total, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.totwbytes IS 'Written to storage in total, kB';

COMMENT ON COLUMN doma_panda.jobsdefined4.raterchar IS 'Average rate of reads through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobsdefined4.ratewchar IS 'Average rate of writes through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobsdefined4.raterbytes IS 'Average rate of reads from storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobsdefined4.ratewbytes IS 'Average rate of writes to storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobsdefined4.gco2_regional IS 'CO2 emitted, in grams, by the carbon intensity of the site''s region';

COMMENT ON COLUMN doma_panda.jobsdefined4.gco2_global IS 'CO2 emitted, in grams, by a worldwide average carbon intensity';

CREATE INDEX jobsdef_statechangetime_idx ON doma_panda.jobsdefined4 (statechangetime);

CREATE UNIQUE INDEX jobsdefined4_jeditaskid_idx ON doma_panda.jobsdefined4 (jeditaskid, pandaid);

CREATE INDEX jobsdefined4_jobname_idx ON doma_panda.jobsdefined4 (jobname);

CREATE INDEX jobsdefined4_jobsetid_idx ON doma_panda.jobsdefined4 (jobsetid);

CREATE INDEX jobsdefined4_label_csite_stat ON doma_panda.jobsdefined4 (prodsourcelabel, computingsite, jobstatus);

CREATE INDEX jobsdefined4_produsername_idx ON doma_panda.jobsdefined4 (produsername);

CREATE INDEX jobsdefined4_reqid_idx ON doma_panda.jobsdefined4 (reqid);

CREATE INDEX jobsdefined4_workqueue_idx ON doma_panda.jobsdefined4 (workqueue_id, cloud, jobstatus, prodsourcelabel, currentpriority);

CREATE TABLE doma_panda.jobswaiting4 (
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    jobdefinitionid BIGINT DEFAULT '0' NOT NULL, 
    jobname VARCHAR(256), 
    jeditaskid BIGINT, 
    taskid INTEGER, 
    reqid INTEGER, 
    jobsetid BIGINT, 
    parentid BIGINT, 
    batchid VARCHAR(80), 
    schedulerid VARCHAR(128), 
    pilotid VARCHAR(200), 
    jobexecutionid BIGINT DEFAULT '0', 
    workqueue_id INTEGER, 
    vo VARCHAR(32), 
    produserid VARCHAR(250), 
    produsername VARCHAR(60), 
    jobstatus VARCHAR(15) DEFAULT 'waiting' NOT NULL, 
    jobsubstatus VARCHAR(80), 
    commandtopilot VARCHAR(250), 
    lockedby VARCHAR(128), 
    relocationflag SMALLINT DEFAULT '0', 
    creationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    statechangetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    starttime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    endtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    proddbupdatetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    creationhost VARCHAR(128), 
    modificationhost VARCHAR(128), 
    prodserieslabel VARCHAR(20) DEFAULT 'Rome', 
    prodsourcelabel VARCHAR(20) DEFAULT 'managed', 
    workinggroup VARCHAR(20), 
    countrygroup VARCHAR(20), 
    gshare VARCHAR(32), 
    processingtype VARCHAR(64), 
    job_label VARCHAR(20), 
    specialhandling VARCHAR(80), 
    assignedpriority INTEGER DEFAULT '0' NOT NULL, 
    currentpriority INTEGER DEFAULT '0' NOT NULL, 
    attemptnr SMALLINT DEFAULT '0' NOT NULL, 
    maxattempt SMALLINT DEFAULT '0' NOT NULL, 
    failedattempt SMALLINT, 
    eventservice SMALLINT, 
    atlasrelease VARCHAR(64), 
    homepackage VARCHAR(80), 
    transformation VARCHAR(250), 
    cmtconfig VARCHAR(250), 
    container_name VARCHAR(200), 
    jobparameters TEXT, 
    metadata TEXT, 
    nevents BIGINT DEFAULT '0' NOT NULL, 
    transexitcode VARCHAR(128), 
    pilottiming VARCHAR(100), 
    jobmetrics VARCHAR(500), 
    corecount SMALLINT, 
    maxcpucount BIGINT DEFAULT '0' NOT NULL, 
    maxcpuunit VARCHAR(32), 
    minramcount BIGINT DEFAULT '0' NOT NULL, 
    minramunit CHAR(4), 
    maxdiskcount BIGINT DEFAULT '0' NOT NULL, 
    maxdiskunit CHAR(4), 
    ipconnectivity CHAR(5), 
    maxwalltime BIGINT, 
    resource_type VARCHAR(56), 
    diskio INTEGER, 
    computingsite VARCHAR(128), 
    computingelement VARCHAR(128), 
    cloud VARCHAR(50), 
    grid VARCHAR(50), 
    nucleus VARCHAR(52), 
    sourcesite VARCHAR(36), 
    destinationsite VARCHAR(36), 
    cpu_architecture_level VARCHAR(20), 
    proddblock VARCHAR(255), 
    dispatchdblock VARCHAR(255), 
    destinationdblock VARCHAR(255), 
    destinationse VARCHAR(250), 
    transfertype VARCHAR(10), 
    ninputfiles INTEGER, 
    ninputdatafiles INTEGER, 
    inputfiletype VARCHAR(32), 
    inputfileproject VARCHAR(64), 
    inputfilebytes BIGINT, 
    noutputdatafiles INTEGER, 
    outputfilebytes BIGINT, 
    outputfiletype VARCHAR(32), 
    piloterrorcode INTEGER DEFAULT '0' NOT NULL, 
    piloterrordiag VARCHAR(500), 
    exeerrorcode INTEGER DEFAULT '0' NOT NULL, 
    exeerrordiag VARCHAR(500), 
    superrorcode INTEGER DEFAULT '0' NOT NULL, 
    superrordiag VARCHAR(250), 
    ddmerrorcode INTEGER DEFAULT '0' NOT NULL, 
    ddmerrordiag VARCHAR(700), 
    brokerageerrorcode INTEGER DEFAULT '0' NOT NULL, 
    brokerageerrordiag VARCHAR(250), 
    jobdispatchererrorcode INTEGER DEFAULT '0' NOT NULL, 
    jobdispatchererrordiag VARCHAR(250), 
    taskbuffererrorcode INTEGER DEFAULT '0' NOT NULL, 
    taskbuffererrordiag VARCHAR(300), 
    cpuconsumptiontime NUMERIC(20, 0) DEFAULT '0' NOT NULL, 
    cpuconsumptionunit VARCHAR(128), 
    cpuconversion NUMERIC(9, 4), 
    actualcorecount INTEGER, 
    meancorecount NUMERIC(8, 2), 
    hs06 BIGINT, 
    hs06sec BIGINT, 
    maxrss BIGINT, 
    maxvmem BIGINT, 
    maxswap BIGINT, 
    maxpss BIGINT, 
    avgrss BIGINT, 
    avgvmem BIGINT, 
    avgswap BIGINT, 
    avgpss BIGINT, 
    memory_leak BIGINT, 
    memory_leak_x2 NUMERIC(14, 3), 
    totrchar BIGINT, 
    totwchar BIGINT, 
    totrbytes BIGINT, 
    totwbytes BIGINT, 
    raterchar BIGINT, 
    ratewchar BIGINT, 
    raterbytes BIGINT, 
    ratewbytes BIGINT, 
    gco2_regional NUMERIC(10, 2), 
    gco2_global NUMERIC(10, 2), 
    CONSTRAINT jobswaiting4_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE doma_panda.jobswaiting4 IS 'Legacy table of jobs waiting for input; the current server keeps them in JOBSDEFINED4.';

COMMENT ON COLUMN doma_panda.jobswaiting4.pandaid IS 'PandaID of the job, drawn from one sequence for all job tables';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobdefinitionid IS 'Number the client gave a group of jobs, 0 for jobs made by JEDI';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobname IS 'Name given to the job by its submitter or JEDI';

COMMENT ON COLUMN doma_panda.jobswaiting4.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_panda.jobswaiting4.taskid IS 'Task number as the submitter sees it, for JEDI jobs the JEDI task';

COMMENT ON COLUMN doma_panda.jobswaiting4.reqid IS 'Production request the task belongs to';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobsetid IS 'Set the job belongs to; for event service drawn from the PandaID sequence';

COMMENT ON COLUMN doma_panda.jobswaiting4.parentid IS 'Job this one replaces, its PandaID';

COMMENT ON COLUMN doma_panda.jobswaiting4.batchid IS 'Id of the pilot in the batch system';

COMMENT ON COLUMN doma_panda.jobswaiting4.schedulerid IS 'What submitted the pilot, e.g. a Harvester instance';

COMMENT ON COLUMN doma_panda.jobswaiting4.pilotid IS 'Pilot''s identity: batch log URLs, type and version, separated by bars';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobexecutionid IS 'Set to 0 when the job is dispatched, otherwise legacy';

COMMENT ON COLUMN doma_panda.jobswaiting4.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jobswaiting4.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jobswaiting4.produserid IS 'Submitter''s identity, the certificate DN or a user id';

COMMENT ON COLUMN doma_panda.jobswaiting4.produsername IS 'Submitter''s clean name';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobstatus IS 'State of the job, from pending to finished, failed, cancelled or closed';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobsubstatus IS 'Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial';

COMMENT ON COLUMN doma_panda.jobswaiting4.commandtopilot IS 'Command the pilot gets with its next heartbeat; tobekilled ends the job';

COMMENT ON COLUMN doma_panda.jobswaiting4.lockedby IS 'Component that owns the job''s bookkeeping, jedi for JEDI jobs';

COMMENT ON COLUMN doma_panda.jobswaiting4.relocationflag IS '1 site given at submission, 2 must not be reassigned, 3 throttled with its user, else 0';

COMMENT ON COLUMN doma_panda.jobswaiting4.creationtime IS 'When the job was inserted, set anew for each new PandaID';

COMMENT ON COLUMN doma_panda.jobswaiting4.modificationtime IS 'Last heartbeat, move or lock; partition key once archived, then the time it became final';

COMMENT ON COLUMN doma_panda.jobswaiting4.statechangetime IS 'When jobstatus changed last';

COMMENT ON COLUMN doma_panda.jobswaiting4.starttime IS 'When a pilot took the job, then when its payload was first seen running';

COMMENT ON COLUMN doma_panda.jobswaiting4.endtime IS 'When the payload ended or the job was killed';

COMMENT ON COLUMN doma_panda.jobswaiting4.proddbupdatetime IS 'Set at creation, later the Activator''s lock';

COMMENT ON COLUMN doma_panda.jobswaiting4.creationhost IS 'Host the job was submitted from';

COMMENT ON COLUMN doma_panda.jobswaiting4.modificationhost IS 'Host that changed the job last: a server or a worker node';

COMMENT ON COLUMN doma_panda.jobswaiting4.prodserieslabel IS 'Production series the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobswaiting4.prodsourcelabel IS 'Kind of job: managed production, user analysis, panda build, test, ptest, rc_test and others';

COMMENT ON COLUMN doma_panda.jobswaiting4.workinggroup IS 'Physics or production group the job runs for';

COMMENT ON COLUMN doma_panda.jobswaiting4.countrygroup IS 'Country group whose share the job may use';

COMMENT ON COLUMN doma_panda.jobswaiting4.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jobswaiting4.processingtype IS 'What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from';

COMMENT ON COLUMN doma_panda.jobswaiting4.job_label IS 'Family of the source label: managed or user';

COMMENT ON COLUMN doma_panda.jobswaiting4.specialhandling IS 'Comma-separated flags that change how the job is handled, e.g. debug, localpool';

COMMENT ON COLUMN doma_panda.jobswaiting4.assignedpriority IS 'Priority given at submission';

COMMENT ON COLUMN doma_panda.jobswaiting4.currentpriority IS 'Priority used for dispatch, higher first; 10 less after each pilot retry';

COMMENT ON COLUMN doma_panda.jobswaiting4.attemptnr IS 'Number of this attempt';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxattempt IS 'Attempts allowed; -1 at submission means no retry';

COMMENT ON COLUMN doma_panda.jobswaiting4.failedattempt IS 'Number of attempts that failed';

COMMENT ON COLUMN doma_panda.jobswaiting4.eventservice IS '1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain jobs';

COMMENT ON COLUMN doma_panda.jobswaiting4.atlasrelease IS 'Software release the payload needs';

COMMENT ON COLUMN doma_panda.jobswaiting4.homepackage IS 'Software package or cache the payload runs in';

COMMENT ON COLUMN doma_panda.jobswaiting4.transformation IS 'Payload script, by name or URL';

COMMENT ON COLUMN doma_panda.jobswaiting4.cmtconfig IS 'Platform the software was built for, with hardware constraints if any';

COMMENT ON COLUMN doma_panda.jobswaiting4.container_name IS 'Container image the payload runs in';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobparameters IS 'Always NULL, the parameters are in JOBPARAMSTABLE';

COMMENT ON COLUMN doma_panda.jobswaiting4.metadata IS 'Always NULL, the metadata is in METATABLE';

COMMENT ON COLUMN doma_panda.jobswaiting4.nevents IS 'Events to process; for event service the events processed so far';

COMMENT ON COLUMN doma_panda.jobswaiting4.transexitcode IS 'Exit code of the payload script';

COMMENT ON COLUMN doma_panda.jobswaiting4.pilottiming IS 'Durations of the pilot''s stages in seconds, separated by bars';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobmetrics IS 'Pilot''s measurements as key=value words';

COMMENT ON COLUMN doma_panda.jobswaiting4.corecount IS 'Cores asked for; NULL counts as 1';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxcpucount IS 'CPU time limit in seconds, 0 is unknown';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxcpuunit IS 'Unit of maxcpucount';

COMMENT ON COLUMN doma_panda.jobswaiting4.minramcount IS 'Memory needed, MB';

COMMENT ON COLUMN doma_panda.jobswaiting4.minramunit IS 'Unit of minramcount, normally MB';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxdiskcount IS 'Scratch disk space needed, MB';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxdiskunit IS 'Unit of maxdiskcount, normally MB';

COMMENT ON COLUMN doma_panda.jobswaiting4.ipconnectivity IS 'Whether the worker node needs outbound network, yes or no';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxwalltime IS 'Expected or allowed wall time, seconds';

COMMENT ON COLUMN doma_panda.jobswaiting4.resource_type IS 'Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM';

COMMENT ON COLUMN doma_panda.jobswaiting4.diskio IS 'Expected disk traffic, kB/s';

COMMENT ON COLUMN doma_panda.jobswaiting4.computingsite IS 'PanDA queue the job is assigned to';

COMMENT ON COLUMN doma_panda.jobswaiting4.computingelement IS 'CE the job runs through, from its latest Harvester worker';

COMMENT ON COLUMN doma_panda.jobswaiting4.cloud IS 'Region of the queue, a cloud in ATLAS';

COMMENT ON COLUMN doma_panda.jobswaiting4.grid IS 'Grid the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobswaiting4.nucleus IS 'Main site of the task, collects its outputs';

COMMENT ON COLUMN doma_panda.jobswaiting4.sourcesite IS 'Site the inputs come from';

COMMENT ON COLUMN doma_panda.jobswaiting4.destinationsite IS 'Site the outputs go to';

COMMENT ON COLUMN doma_panda.jobswaiting4.cpu_architecture_level IS 'Microarchitecture level of the worker node''s CPU, e.g. x86_64-v3';

COMMENT ON COLUMN doma_panda.jobswaiting4.proddblock IS 'Input dataset';

COMMENT ON COLUMN doma_panda.jobswaiting4.dispatchdblock IS 'Dataset that moves the inputs to the site, NULL if nothing is moved';

COMMENT ON COLUMN doma_panda.jobswaiting4.destinationdblock IS 'Output dataset';

COMMENT ON COLUMN doma_panda.jobswaiting4.destinationse IS 'Where the outputs go: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_panda.jobswaiting4.transfertype IS 'How the payload gets its inputs, e.g. direct access';

COMMENT ON COLUMN doma_panda.jobswaiting4.ninputfiles IS 'Number of input files';

COMMENT ON COLUMN doma_panda.jobswaiting4.ninputdatafiles IS 'Number of input files that hold data, without libraries and the like';

COMMENT ON COLUMN doma_panda.jobswaiting4.inputfiletype IS 'Data type of the inputs, e.g. AOD, EVNT';

COMMENT ON COLUMN doma_panda.jobswaiting4.inputfileproject IS 'Project of the inputs, the first part of the dataset name';

COMMENT ON COLUMN doma_panda.jobswaiting4.inputfilebytes IS 'Size of the data inputs in bytes';

COMMENT ON COLUMN doma_panda.jobswaiting4.noutputdatafiles IS 'Number of output files made, without logs';

COMMENT ON COLUMN doma_panda.jobswaiting4.outputfilebytes IS 'Size of the outputs in bytes, without logs';

COMMENT ON COLUMN doma_panda.jobswaiting4.outputfiletype IS 'Data types of the outputs';

COMMENT ON COLUMN doma_panda.jobswaiting4.piloterrorcode IS 'Error seen by the pilot, 0 is none';

COMMENT ON COLUMN doma_panda.jobswaiting4.piloterrordiag IS 'What the pilot says about its error';

COMMENT ON COLUMN doma_panda.jobswaiting4.exeerrorcode IS 'Error of the payload, 0 is none';

COMMENT ON COLUMN doma_panda.jobswaiting4.exeerrordiag IS 'What is known about the payload''s error';

COMMENT ON COLUMN doma_panda.jobswaiting4.superrorcode IS 'Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done';

COMMENT ON COLUMN doma_panda.jobswaiting4.superrordiag IS 'What is known about the supervising layer''s error';

COMMENT ON COLUMN doma_panda.jobswaiting4.ddmerrorcode IS 'Error of data management, 0 is none';

COMMENT ON COLUMN doma_panda.jobswaiting4.ddmerrordiag IS 'What is known about the data management error';

COMMENT ON COLUMN doma_panda.jobswaiting4.brokerageerrorcode IS 'Error of the brokerage, 0 is none';

COMMENT ON COLUMN doma_panda.jobswaiting4.brokerageerrordiag IS 'What is known about the brokerage error';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobdispatchererrorcode IS 'Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts';

COMMENT ON COLUMN doma_panda.jobswaiting4.jobdispatchererrordiag IS 'What is known about the dispatcher''s error';

COMMENT ON COLUMN doma_panda.jobswaiting4.taskbuffererrorcode IS 'Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another job';

COMMENT ON COLUMN doma_panda.jobswaiting4.taskbuffererrordiag IS 'What is known about the server''s error';

COMMENT ON COLUMN doma_panda.jobswaiting4.cpuconsumptiontime IS 'CPU time used, in seconds unless cpuconsumptionunit says otherwise';

COMMENT ON COLUMN doma_panda.jobswaiting4.cpuconsumptionunit IS 'Unit of cpuconsumptiontime, sometimes with the CPU model';

COMMENT ON COLUMN doma_panda.jobswaiting4.cpuconversion IS 'Factor from CPU time used to normalized CPU time, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobswaiting4.actualcorecount IS 'Cores really given, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobswaiting4.meancorecount IS 'Average number of cores the payload used, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobswaiting4.hs06 IS 'HS06 power the job occupies: cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobswaiting4.hs06sec IS 'HS06 seconds used: wall time by cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxrss IS 'Highest resident memory, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxvmem IS 'Highest virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxswap IS 'Highest swap use, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.maxpss IS 'Highest proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.avgrss IS 'Average resident memory, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.avgvmem IS 'Average virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.avgswap IS 'Average swap use, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.avgpss IS 'Average proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.memory_leak IS 'Slope of memory over time, unit not known, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobswaiting4.memory_leak_x2 IS 'Chi-square of the memory fit, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobswaiting4.totrchar IS 'Read by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.totwchar IS 'Written by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.totrbytes IS 'Read from storage in total, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.totwbytes IS 'Written to storage in total, kB';

COMMENT ON COLUMN doma_panda.jobswaiting4.raterchar IS 'Average rate of reads through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobswaiting4.ratewchar IS 'Average rate of writes through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobswaiting4.raterbytes IS 'Average rate of reads from storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobswaiting4.ratewbytes IS 'Average rate of writes to storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobswaiting4.gco2_regional IS 'CO2 emitted, in grams, by the carbon intensity of the site''s region';

COMMENT ON COLUMN doma_panda.jobswaiting4.gco2_global IS 'CO2 emitted, in grams, by a worldwide average carbon intensity';

CREATE INDEX jobswait_statechangetime_idx ON doma_panda.jobswaiting4 (statechangetime);

CREATE UNIQUE INDEX jobswaiting4_jeditaskid_idx ON doma_panda.jobswaiting4 (jeditaskid, pandaid);

CREATE INDEX jobswaiting4_jobexecid_idx ON doma_panda.jobswaiting4 (jobexecutionid);

CREATE INDEX jobswaiting4_reqid_idx ON doma_panda.jobswaiting4 (reqid);

CREATE INDEX jobswaiting4_workqueue_idx ON doma_panda.jobswaiting4 (workqueue_id, cloud, jobstatus, prodsourcelabel, currentpriority);

CREATE TABLE doma_panda.jobsactive4 (
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    jobdefinitionid BIGINT DEFAULT '0' NOT NULL, 
    jobname VARCHAR(256), 
    jeditaskid BIGINT, 
    taskid INTEGER, 
    reqid INTEGER, 
    jobsetid BIGINT, 
    parentid BIGINT, 
    batchid VARCHAR(80), 
    schedulerid VARCHAR(128), 
    pilotid VARCHAR(200), 
    jobexecutionid BIGINT DEFAULT '0', 
    workqueue_id INTEGER, 
    vo VARCHAR(32), 
    produserid VARCHAR(250), 
    produsername VARCHAR(60), 
    jobstatus VARCHAR(15) DEFAULT 'activated' NOT NULL, 
    jobsubstatus VARCHAR(80), 
    commandtopilot VARCHAR(250), 
    lockedby VARCHAR(128), 
    relocationflag SMALLINT DEFAULT '0', 
    creationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    statechangetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    starttime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    endtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    proddbupdatetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    creationhost VARCHAR(128), 
    modificationhost VARCHAR(128), 
    prodserieslabel VARCHAR(20) DEFAULT 'Rome', 
    prodsourcelabel VARCHAR(20) DEFAULT 'managed', 
    workinggroup VARCHAR(20), 
    countrygroup VARCHAR(20), 
    gshare VARCHAR(32), 
    processingtype VARCHAR(64), 
    job_label VARCHAR(20), 
    specialhandling VARCHAR(80), 
    assignedpriority INTEGER DEFAULT '0' NOT NULL, 
    currentpriority INTEGER DEFAULT '0' NOT NULL, 
    attemptnr SMALLINT DEFAULT '0' NOT NULL, 
    maxattempt SMALLINT DEFAULT '0' NOT NULL, 
    failedattempt SMALLINT, 
    eventservice SMALLINT, 
    atlasrelease VARCHAR(64), 
    homepackage VARCHAR(80), 
    transformation VARCHAR(250), 
    cmtconfig VARCHAR(250), 
    container_name VARCHAR(200), 
    jobparameters TEXT, 
    metadata TEXT, 
    nevents BIGINT DEFAULT '0' NOT NULL, 
    transexitcode VARCHAR(128), 
    pilottiming VARCHAR(100), 
    jobmetrics VARCHAR(500), 
    corecount SMALLINT, 
    maxcpucount BIGINT DEFAULT '0' NOT NULL, 
    maxcpuunit VARCHAR(32), 
    minramcount BIGINT DEFAULT '0' NOT NULL, 
    minramunit CHAR(4), 
    maxdiskcount BIGINT DEFAULT '0' NOT NULL, 
    maxdiskunit CHAR(4), 
    ipconnectivity CHAR(5), 
    maxwalltime BIGINT, 
    resource_type VARCHAR(56), 
    diskio INTEGER, 
    computingsite VARCHAR(128), 
    computingelement VARCHAR(128), 
    cloud VARCHAR(50), 
    grid VARCHAR(50), 
    nucleus VARCHAR(52), 
    sourcesite VARCHAR(36), 
    destinationsite VARCHAR(36), 
    cpu_architecture_level VARCHAR(20), 
    proddblock VARCHAR(255), 
    dispatchdblock VARCHAR(255), 
    destinationdblock VARCHAR(255), 
    destinationse VARCHAR(250), 
    transfertype VARCHAR(10), 
    ninputfiles INTEGER, 
    ninputdatafiles INTEGER, 
    inputfiletype VARCHAR(32), 
    inputfileproject VARCHAR(64), 
    inputfilebytes BIGINT, 
    noutputdatafiles INTEGER, 
    outputfilebytes BIGINT, 
    outputfiletype VARCHAR(32), 
    piloterrorcode INTEGER DEFAULT '0' NOT NULL, 
    piloterrordiag VARCHAR(500), 
    exeerrorcode INTEGER DEFAULT '0' NOT NULL, 
    exeerrordiag VARCHAR(500), 
    superrorcode INTEGER DEFAULT '0' NOT NULL, 
    superrordiag VARCHAR(250), 
    ddmerrorcode INTEGER DEFAULT '0' NOT NULL, 
    ddmerrordiag VARCHAR(700), 
    brokerageerrorcode INTEGER DEFAULT '0' NOT NULL, 
    brokerageerrordiag VARCHAR(250), 
    jobdispatchererrorcode INTEGER DEFAULT '0' NOT NULL, 
    jobdispatchererrordiag VARCHAR(250), 
    taskbuffererrorcode INTEGER DEFAULT '0' NOT NULL, 
    taskbuffererrordiag VARCHAR(300), 
    cpuconsumptiontime NUMERIC(20, 0) DEFAULT '0' NOT NULL, 
    cpuconsumptionunit VARCHAR(128), 
    cpuconversion NUMERIC(9, 4), 
    actualcorecount INTEGER, 
    meancorecount NUMERIC(8, 2), 
    hs06 BIGINT, 
    hs06sec BIGINT, 
    maxrss BIGINT, 
    maxvmem BIGINT, 
    maxswap BIGINT, 
    maxpss BIGINT, 
    avgrss BIGINT, 
    avgvmem BIGINT, 
    avgswap BIGINT, 
    avgpss BIGINT, 
    memory_leak BIGINT, 
    memory_leak_x2 NUMERIC(14, 3), 
    totrchar BIGINT, 
    totwchar BIGINT, 
    totrbytes BIGINT, 
    totwbytes BIGINT, 
    raterchar BIGINT, 
    ratewchar BIGINT, 
    raterbytes BIGINT, 
    ratewbytes BIGINT, 
    gco2_regional NUMERIC(10, 2), 
    gco2_global NUMERIC(10, 2), 
    CONSTRAINT jobsactive4_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE doma_panda.jobsactive4 IS 'Jobs ready to run, with a pilot or finishing, from activated to transferring and merging.';

COMMENT ON COLUMN doma_panda.jobsactive4.pandaid IS 'PandaID of the job, drawn from one sequence for all job tables';

COMMENT ON COLUMN doma_panda.jobsactive4.jobdefinitionid IS 'Number the client gave a group of jobs, 0 for jobs made by JEDI';

COMMENT ON COLUMN doma_panda.jobsactive4.jobname IS 'Name given to the job by its submitter or JEDI';

COMMENT ON COLUMN doma_panda.jobsactive4.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_panda.jobsactive4.taskid IS 'Task number as the submitter sees it, for JEDI jobs the JEDI task';

COMMENT ON COLUMN doma_panda.jobsactive4.reqid IS 'Production request the task belongs to';

COMMENT ON COLUMN doma_panda.jobsactive4.jobsetid IS 'Set the job belongs to; for event service drawn from the PandaID sequence';

COMMENT ON COLUMN doma_panda.jobsactive4.parentid IS 'Job this one replaces, its PandaID';

COMMENT ON COLUMN doma_panda.jobsactive4.batchid IS 'Id of the pilot in the batch system';

COMMENT ON COLUMN doma_panda.jobsactive4.schedulerid IS 'What submitted the pilot, e.g. a Harvester instance';

COMMENT ON COLUMN doma_panda.jobsactive4.pilotid IS 'Pilot''s identity: batch log URLs, type and version, separated by bars';

COMMENT ON COLUMN doma_panda.jobsactive4.jobexecutionid IS 'Set to 0 when the job is dispatched, otherwise legacy';

COMMENT ON COLUMN doma_panda.jobsactive4.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jobsactive4.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jobsactive4.produserid IS 'Submitter''s identity, the certificate DN or a user id';

COMMENT ON COLUMN doma_panda.jobsactive4.produsername IS 'Submitter''s clean name';

COMMENT ON COLUMN doma_panda.jobsactive4.jobstatus IS 'State of the job, from pending to finished, failed, cancelled or closed';

COMMENT ON COLUMN doma_panda.jobsactive4.jobsubstatus IS 'Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial';

COMMENT ON COLUMN doma_panda.jobsactive4.commandtopilot IS 'Command the pilot gets with its next heartbeat; tobekilled ends the job';

COMMENT ON COLUMN doma_panda.jobsactive4.lockedby IS 'Component that owns the job''s bookkeeping, jedi for JEDI jobs';

COMMENT ON COLUMN doma_panda.jobsactive4.relocationflag IS '1 site given at submission, 2 must not be reassigned, 3 throttled with its user, else 0';

COMMENT ON COLUMN doma_panda.jobsactive4.creationtime IS 'When the job was inserted, set anew for each new PandaID';

COMMENT ON COLUMN doma_panda.jobsactive4.modificationtime IS 'Last heartbeat, move or lock; partition key once archived, then the time it became final';

COMMENT ON COLUMN doma_panda.jobsactive4.statechangetime IS 'When jobstatus changed last';

COMMENT ON COLUMN doma_panda.jobsactive4.starttime IS 'When a pilot took the job, then when its payload was first seen running';

COMMENT ON COLUMN doma_panda.jobsactive4.endtime IS 'When the payload ended or the job was killed';

COMMENT ON COLUMN doma_panda.jobsactive4.proddbupdatetime IS 'Set at creation, later the Activator''s lock';

COMMENT ON COLUMN doma_panda.jobsactive4.creationhost IS 'Host the job was submitted from';

COMMENT ON COLUMN doma_panda.jobsactive4.modificationhost IS 'Host that changed the job last: a server or a worker node';

COMMENT ON COLUMN doma_panda.jobsactive4.prodserieslabel IS 'Production series the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobsactive4.prodsourcelabel IS 'Kind of job: managed production, user analysis, panda build, test, ptest, rc_test and others';

COMMENT ON COLUMN doma_panda.jobsactive4.workinggroup IS 'Physics or production group the job runs for';

COMMENT ON COLUMN doma_panda.jobsactive4.countrygroup IS 'Country group whose share the job may use';

COMMENT ON COLUMN doma_panda.jobsactive4.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jobsactive4.processingtype IS 'What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from';

COMMENT ON COLUMN doma_panda.jobsactive4.job_label IS 'Family of the source label: managed or user';

COMMENT ON COLUMN doma_panda.jobsactive4.specialhandling IS 'Comma-separated flags that change how the job is handled, e.g. debug, localpool';

COMMENT ON COLUMN doma_panda.jobsactive4.assignedpriority IS 'Priority given at submission';

COMMENT ON COLUMN doma_panda.jobsactive4.currentpriority IS 'Priority used for dispatch, higher first; 10 less after each pilot retry';

COMMENT ON COLUMN doma_panda.jobsactive4.attemptnr IS 'Number of this attempt';

COMMENT ON COLUMN doma_panda.jobsactive4.maxattempt IS 'Attempts allowed; -1 at submission means no retry';

COMMENT ON COLUMN doma_panda.jobsactive4.failedattempt IS 'Number of attempts that failed';

COMMENT ON COLUMN doma_panda.jobsactive4.eventservice IS '1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain jobs';

COMMENT ON COLUMN doma_panda.jobsactive4.atlasrelease IS 'Software release the payload needs';

COMMENT ON COLUMN doma_panda.jobsactive4.homepackage IS 'Software package or cache the payload runs in';

COMMENT ON COLUMN doma_panda.jobsactive4.transformation IS 'Payload script, by name or URL';

COMMENT ON COLUMN doma_panda.jobsactive4.cmtconfig IS 'Platform the software was built for, with hardware constraints if any';

COMMENT ON COLUMN doma_panda.jobsactive4.container_name IS 'Container image the payload runs in';

COMMENT ON COLUMN doma_panda.jobsactive4.jobparameters IS 'Always NULL, the parameters are in JOBPARAMSTABLE';

COMMENT ON COLUMN doma_panda.jobsactive4.metadata IS 'Always NULL, the metadata is in METATABLE';

COMMENT ON COLUMN doma_panda.jobsactive4.nevents IS 'Events to process; for event service the events processed so far';

COMMENT ON COLUMN doma_panda.jobsactive4.transexitcode IS 'Exit code of the payload script';

COMMENT ON COLUMN doma_panda.jobsactive4.pilottiming IS 'Durations of the pilot''s stages in seconds, separated by bars';

COMMENT ON COLUMN doma_panda.jobsactive4.jobmetrics IS 'Pilot''s measurements as key=value words';

COMMENT ON COLUMN doma_panda.jobsactive4.corecount IS 'Cores asked for; NULL counts as 1';

COMMENT ON COLUMN doma_panda.jobsactive4.maxcpucount IS 'CPU time limit in seconds, 0 is unknown';

COMMENT ON COLUMN doma_panda.jobsactive4.maxcpuunit IS 'Unit of maxcpucount';

COMMENT ON COLUMN doma_panda.jobsactive4.minramcount IS 'Memory needed, MB';

COMMENT ON COLUMN doma_panda.jobsactive4.minramunit IS 'Unit of minramcount, normally MB';

COMMENT ON COLUMN doma_panda.jobsactive4.maxdiskcount IS 'Scratch disk space needed, MB';

COMMENT ON COLUMN doma_panda.jobsactive4.maxdiskunit IS 'Unit of maxdiskcount, normally MB';

COMMENT ON COLUMN doma_panda.jobsactive4.ipconnectivity IS 'Whether the worker node needs outbound network, yes or no';

COMMENT ON COLUMN doma_panda.jobsactive4.maxwalltime IS 'Expected or allowed wall time, seconds';

COMMENT ON COLUMN doma_panda.jobsactive4.resource_type IS 'Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM';

COMMENT ON COLUMN doma_panda.jobsactive4.diskio IS 'Expected disk traffic, kB/s';

COMMENT ON COLUMN doma_panda.jobsactive4.computingsite IS 'PanDA queue the job is assigned to';

COMMENT ON COLUMN doma_panda.jobsactive4.computingelement IS 'CE the job runs through, from its latest Harvester worker';

COMMENT ON COLUMN doma_panda.jobsactive4.cloud IS 'Region of the queue, a cloud in ATLAS';

COMMENT ON COLUMN doma_panda.jobsactive4.grid IS 'Grid the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobsactive4.nucleus IS 'Main site of the task, collects its outputs';

COMMENT ON COLUMN doma_panda.jobsactive4.sourcesite IS 'Site the inputs come from';

COMMENT ON COLUMN doma_panda.jobsactive4.destinationsite IS 'Site the outputs go to';

COMMENT ON COLUMN doma_panda.jobsactive4.cpu_architecture_level IS 'Microarchitecture level of the worker node''s CPU, e.g. x86_64-v3';

COMMENT ON COLUMN doma_panda.jobsactive4.proddblock IS 'Input dataset';

COMMENT ON COLUMN doma_panda.jobsactive4.dispatchdblock IS 'Dataset that moves the inputs to the site, NULL if nothing is moved';

COMMENT ON COLUMN doma_panda.jobsactive4.destinationdblock IS 'Output dataset';

COMMENT ON COLUMN doma_panda.jobsactive4.destinationse IS 'Where the outputs go: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_panda.jobsactive4.transfertype IS 'How the payload gets its inputs, e.g. direct access';

COMMENT ON COLUMN doma_panda.jobsactive4.ninputfiles IS 'Number of input files';

COMMENT ON COLUMN doma_panda.jobsactive4.ninputdatafiles IS 'Number of input files that hold data, without libraries and the like';

COMMENT ON COLUMN doma_panda.jobsactive4.inputfiletype IS 'Data type of the inputs, e.g. AOD, EVNT';

COMMENT ON COLUMN doma_panda.jobsactive4.inputfileproject IS 'Project of the inputs, the first part of the dataset name';

COMMENT ON COLUMN doma_panda.jobsactive4.inputfilebytes IS 'Size of the data inputs in bytes';

COMMENT ON COLUMN doma_panda.jobsactive4.noutputdatafiles IS 'Number of output files made, without logs';

COMMENT ON COLUMN doma_panda.jobsactive4.outputfilebytes IS 'Size of the outputs in bytes, without logs';

COMMENT ON COLUMN doma_panda.jobsactive4.outputfiletype IS 'Data types of the outputs';

COMMENT ON COLUMN doma_panda.jobsactive4.piloterrorcode IS 'Error seen by the pilot, 0 is none';

COMMENT ON COLUMN doma_panda.jobsactive4.piloterrordiag IS 'What the pilot says about its error';

COMMENT ON COLUMN doma_panda.jobsactive4.exeerrorcode IS 'Error of the payload, 0 is none';

COMMENT ON COLUMN doma_panda.jobsactive4.exeerrordiag IS 'What is known about the payload''s error';

COMMENT ON COLUMN doma_panda.jobsactive4.superrorcode IS 'Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done';

COMMENT ON COLUMN doma_panda.jobsactive4.superrordiag IS 'What is known about the supervising layer''s error';

COMMENT ON COLUMN doma_panda.jobsactive4.ddmerrorcode IS 'Error of data management, 0 is none';

COMMENT ON COLUMN doma_panda.jobsactive4.ddmerrordiag IS 'What is known about the data management error';

COMMENT ON COLUMN doma_panda.jobsactive4.brokerageerrorcode IS 'Error of the brokerage, 0 is none';

COMMENT ON COLUMN doma_panda.jobsactive4.brokerageerrordiag IS 'What is known about the brokerage error';

COMMENT ON COLUMN doma_panda.jobsactive4.jobdispatchererrorcode IS 'Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts';

COMMENT ON COLUMN doma_panda.jobsactive4.jobdispatchererrordiag IS 'What is known about the dispatcher''s error';

COMMENT ON COLUMN doma_panda.jobsactive4.taskbuffererrorcode IS 'Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another job';

COMMENT ON COLUMN doma_panda.jobsactive4.taskbuffererrordiag IS 'What is known about the server''s error';

COMMENT ON COLUMN doma_panda.jobsactive4.cpuconsumptiontime IS 'CPU time used, in seconds unless cpuconsumptionunit says otherwise';

COMMENT ON COLUMN doma_panda.jobsactive4.cpuconsumptionunit IS 'Unit of cpuconsumptiontime, sometimes with the CPU model';

COMMENT ON COLUMN doma_panda.jobsactive4.cpuconversion IS 'Factor from CPU time used to normalized CPU time, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsactive4.actualcorecount IS 'Cores really given, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsactive4.meancorecount IS 'Average number of cores the payload used, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsactive4.hs06 IS 'HS06 power the job occupies: cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobsactive4.hs06sec IS 'HS06 seconds used: wall time by cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobsactive4.maxrss IS 'Highest resident memory, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.maxvmem IS 'Highest virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.maxswap IS 'Highest swap use, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.maxpss IS 'Highest proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.avgrss IS 'Average resident memory, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.avgvmem IS 'Average virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.avgswap IS 'Average swap use, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.avgpss IS 'Average proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.memory_leak IS 'Slope of memory over time, unit not known, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobsactive4.memory_leak_x2 IS 'Chi-square of the memory fit, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobsactive4.totrchar IS 'Read by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.totwchar IS 'Written by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.totrbytes IS 'Read from storage in total, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.totwbytes IS 'Written to storage in total, kB';

COMMENT ON COLUMN doma_panda.jobsactive4.raterchar IS 'Average rate of reads through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobsactive4.ratewchar IS 'Average rate of writes through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobsactive4.raterbytes IS 'Average rate of reads from storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobsactive4.ratewbytes IS 'Average rate of writes to storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobsactive4.gco2_regional IS 'CO2 emitted, in grams, by the carbon intensity of the site''s region';

COMMENT ON COLUMN doma_panda.jobsactive4.gco2_global IS 'CO2 emitted, in grams, by a worldwide average carbon intensity';

CREATE INDEX jobsactive4_compsitestatus_idx ON doma_panda.jobsactive4 (computingsite, jobstatus);

CREATE INDEX jobsactive4_csite_label_prior3 ON doma_panda.jobsactive4 (computingsite, prodsourcelabel, currentpriority, jobstatus, maxdiskcount, commandtopilot);

CREATE UNIQUE INDEX jobsactive4_jeditaskid_idx ON doma_panda.jobsactive4 (jeditaskid, pandaid);

CREATE INDEX jobsactive4_jeditaskidstat_idx ON doma_panda.jobsactive4 (jeditaskid, jobstatus);

CREATE INDEX jobsactive4_jobdefid_idx ON doma_panda.jobsactive4 (jobdefinitionid);

CREATE INDEX jobsactive4_jobname_idx ON doma_panda.jobsactive4 (jobname);

CREATE INDEX jobsactive4_modtime_idx ON doma_panda.jobsactive4 (modificationtime);

CREATE INDEX jobsactive4_prior_idx ON doma_panda.jobsactive4 (currentpriority, pandaid);

CREATE INDEX jobsactive4_proddblock_st_idx ON doma_panda.jobsactive4 (proddblock, jobstatus);

CREATE INDEX jobsactive4_produsernamest_idx ON doma_panda.jobsactive4 (produsername, jobstatus);

CREATE INDEX jobsactive4_reqid_idx ON doma_panda.jobsactive4 (reqid);

CREATE INDEX jobsactive4_stat_label_wgr_idx ON doma_panda.jobsactive4 (jobstatus, prodsourcelabel, workinggroup);

CREATE INDEX jobsactive4_workqueue_idx ON doma_panda.jobsactive4 (workqueue_id, cloud, jobstatus, prodsourcelabel, currentpriority);

CREATE INDEX jobsactive_statechangetime_idx ON doma_panda.jobsactive4 (statechangetime);

CREATE TABLE doma_panda.jobsarchived4 (
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    jobdefinitionid BIGINT DEFAULT '0' NOT NULL, 
    jobname VARCHAR(256), 
    jeditaskid BIGINT, 
    taskid INTEGER, 
    reqid INTEGER, 
    jobsetid BIGINT, 
    parentid BIGINT, 
    batchid VARCHAR(80), 
    schedulerid VARCHAR(128), 
    pilotid VARCHAR(200), 
    jobexecutionid BIGINT DEFAULT '0', 
    workqueue_id INTEGER, 
    vo VARCHAR(32), 
    produserid VARCHAR(250), 
    produsername VARCHAR(60), 
    jobstatus VARCHAR(15) DEFAULT 'activated' NOT NULL, 
    jobsubstatus VARCHAR(80), 
    commandtopilot VARCHAR(250), 
    lockedby VARCHAR(128), 
    relocationflag SMALLINT DEFAULT '0', 
    creationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    statechangetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    starttime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    endtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    proddbupdatetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00', 
    creationhost VARCHAR(128), 
    modificationhost VARCHAR(128), 
    prodserieslabel VARCHAR(20) DEFAULT 'Rome', 
    prodsourcelabel VARCHAR(20) DEFAULT 'managed', 
    workinggroup VARCHAR(20), 
    countrygroup VARCHAR(20), 
    gshare VARCHAR(32), 
    processingtype VARCHAR(64), 
    job_label VARCHAR(20), 
    specialhandling VARCHAR(80), 
    assignedpriority INTEGER DEFAULT '0' NOT NULL, 
    currentpriority INTEGER DEFAULT '0' NOT NULL, 
    attemptnr SMALLINT DEFAULT '0' NOT NULL, 
    maxattempt SMALLINT DEFAULT '0' NOT NULL, 
    failedattempt SMALLINT, 
    eventservice SMALLINT, 
    atlasrelease VARCHAR(64), 
    homepackage VARCHAR(80), 
    transformation VARCHAR(250), 
    cmtconfig VARCHAR(250), 
    container_name VARCHAR(200), 
    jobparameters TEXT, 
    metadata TEXT, 
    nevents BIGINT DEFAULT '0' NOT NULL, 
    transexitcode VARCHAR(128), 
    pilottiming VARCHAR(100), 
    jobmetrics VARCHAR(500), 
    corecount SMALLINT, 
    maxcpucount BIGINT DEFAULT '0' NOT NULL, 
    maxcpuunit VARCHAR(32), 
    minramcount BIGINT DEFAULT '0' NOT NULL, 
    minramunit CHAR(4), 
    maxdiskcount BIGINT DEFAULT '0' NOT NULL, 
    maxdiskunit CHAR(4), 
    ipconnectivity CHAR(5), 
    maxwalltime BIGINT, 
    resource_type VARCHAR(56), 
    diskio INTEGER, 
    computingsite VARCHAR(128), 
    computingelement VARCHAR(128), 
    cloud VARCHAR(50), 
    grid VARCHAR(50), 
    nucleus VARCHAR(52), 
    sourcesite VARCHAR(36), 
    destinationsite VARCHAR(36), 
    cpu_architecture_level VARCHAR(20), 
    proddblock VARCHAR(255), 
    dispatchdblock VARCHAR(255), 
    destinationdblock VARCHAR(255), 
    destinationse VARCHAR(250), 
    transfertype VARCHAR(10), 
    ninputfiles INTEGER, 
    ninputdatafiles INTEGER, 
    inputfiletype VARCHAR(32), 
    inputfileproject VARCHAR(64), 
    inputfilebytes BIGINT, 
    noutputdatafiles INTEGER, 
    outputfilebytes BIGINT, 
    outputfiletype VARCHAR(32), 
    piloterrorcode INTEGER DEFAULT '0' NOT NULL, 
    piloterrordiag VARCHAR(500), 
    exeerrorcode INTEGER DEFAULT '0' NOT NULL, 
    exeerrordiag VARCHAR(500), 
    superrorcode INTEGER DEFAULT '0' NOT NULL, 
    superrordiag VARCHAR(250), 
    ddmerrorcode INTEGER DEFAULT '0' NOT NULL, 
    ddmerrordiag VARCHAR(700), 
    brokerageerrorcode INTEGER DEFAULT '0' NOT NULL, 
    brokerageerrordiag VARCHAR(250), 
    jobdispatchererrorcode INTEGER DEFAULT '0' NOT NULL, 
    jobdispatchererrordiag VARCHAR(250), 
    taskbuffererrorcode INTEGER DEFAULT '0' NOT NULL, 
    taskbuffererrordiag VARCHAR(300), 
    cpuconsumptiontime NUMERIC(20, 0) DEFAULT '0' NOT NULL, 
    cpuconsumptionunit VARCHAR(128), 
    cpuconversion NUMERIC(9, 4), 
    actualcorecount INTEGER, 
    meancorecount NUMERIC(8, 2), 
    hs06 BIGINT, 
    hs06sec BIGINT, 
    maxrss BIGINT, 
    maxvmem BIGINT, 
    maxswap BIGINT, 
    maxpss BIGINT, 
    avgrss BIGINT, 
    avgvmem BIGINT, 
    avgswap BIGINT, 
    avgpss BIGINT, 
    memory_leak BIGINT, 
    memory_leak_x2 NUMERIC(14, 3), 
    totrchar BIGINT, 
    totwchar BIGINT, 
    totrbytes BIGINT, 
    totwbytes BIGINT, 
    raterchar BIGINT, 
    ratewchar BIGINT, 
    raterbytes BIGINT, 
    ratewbytes BIGINT, 
    gco2_regional NUMERIC(10, 2), 
    gco2_global NUMERIC(10, 2), 
    CONSTRAINT jobsarchived4_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.jobsarchived4 IS 'Jobs in a final state, partitioned by the time they became final.';

COMMENT ON COLUMN doma_panda.jobsarchived4.pandaid IS 'PandaID of the job, drawn from one sequence for all job tables';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobdefinitionid IS 'Number the client gave a group of jobs, 0 for jobs made by JEDI';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobname IS 'Name given to the job by its submitter or JEDI';

COMMENT ON COLUMN doma_panda.jobsarchived4.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_panda.jobsarchived4.taskid IS 'Task number as the submitter sees it, for JEDI jobs the JEDI task';

COMMENT ON COLUMN doma_panda.jobsarchived4.reqid IS 'Production request the task belongs to';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobsetid IS 'Set the job belongs to; for event service drawn from the PandaID sequence';

COMMENT ON COLUMN doma_panda.jobsarchived4.parentid IS 'Job this one replaces, its PandaID';

COMMENT ON COLUMN doma_panda.jobsarchived4.batchid IS 'Id of the pilot in the batch system';

COMMENT ON COLUMN doma_panda.jobsarchived4.schedulerid IS 'What submitted the pilot, e.g. a Harvester instance';

COMMENT ON COLUMN doma_panda.jobsarchived4.pilotid IS 'Pilot''s identity: batch log URLs, type and version, separated by bars';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobexecutionid IS 'Set to 0 when the job is dispatched, otherwise legacy';

COMMENT ON COLUMN doma_panda.jobsarchived4.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jobsarchived4.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jobsarchived4.produserid IS 'Submitter''s identity, the certificate DN or a user id';

COMMENT ON COLUMN doma_panda.jobsarchived4.produsername IS 'Submitter''s clean name';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobstatus IS 'State of the job, from pending to finished, failed, cancelled or closed';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobsubstatus IS 'Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial';

COMMENT ON COLUMN doma_panda.jobsarchived4.commandtopilot IS 'Command the pilot gets with its next heartbeat; tobekilled ends the job';

COMMENT ON COLUMN doma_panda.jobsarchived4.lockedby IS 'Component that owns the job''s bookkeeping, jedi for JEDI jobs';

COMMENT ON COLUMN doma_panda.jobsarchived4.relocationflag IS '1 site given at submission, 2 must not be reassigned, 3 throttled with its user, else 0';

COMMENT ON COLUMN doma_panda.jobsarchived4.creationtime IS 'When the job was inserted, set anew for each new PandaID';

COMMENT ON COLUMN doma_panda.jobsarchived4.modificationtime IS 'Last heartbeat, move or lock; partition key once archived, then the time it became final';

COMMENT ON COLUMN doma_panda.jobsarchived4.statechangetime IS 'When jobstatus changed last';

COMMENT ON COLUMN doma_panda.jobsarchived4.starttime IS 'When a pilot took the job, then when its payload was first seen running';

COMMENT ON COLUMN doma_panda.jobsarchived4.endtime IS 'When the payload ended or the job was killed';

COMMENT ON COLUMN doma_panda.jobsarchived4.proddbupdatetime IS 'Set at creation, later the Activator''s lock';

COMMENT ON COLUMN doma_panda.jobsarchived4.creationhost IS 'Host the job was submitted from';

COMMENT ON COLUMN doma_panda.jobsarchived4.modificationhost IS 'Host that changed the job last: a server or a worker node';

COMMENT ON COLUMN doma_panda.jobsarchived4.prodserieslabel IS 'Production series the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobsarchived4.prodsourcelabel IS 'Kind of job: managed production, user analysis, panda build, test, ptest, rc_test and others';

COMMENT ON COLUMN doma_panda.jobsarchived4.workinggroup IS 'Physics or production group the job runs for';

COMMENT ON COLUMN doma_panda.jobsarchived4.countrygroup IS 'Country group whose share the job may use';

COMMENT ON COLUMN doma_panda.jobsarchived4.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jobsarchived4.processingtype IS 'What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from';

COMMENT ON COLUMN doma_panda.jobsarchived4.job_label IS 'Family of the source label: managed or user';

COMMENT ON COLUMN doma_panda.jobsarchived4.specialhandling IS 'Comma-separated flags that change how the job is handled, e.g. debug, localpool';

COMMENT ON COLUMN doma_panda.jobsarchived4.assignedpriority IS 'Priority given at submission';

COMMENT ON COLUMN doma_panda.jobsarchived4.currentpriority IS 'Priority used for dispatch, higher first; 10 less after each pilot retry';

COMMENT ON COLUMN doma_panda.jobsarchived4.attemptnr IS 'Number of this attempt';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxattempt IS 'Attempts allowed; -1 at submission means no retry';

COMMENT ON COLUMN doma_panda.jobsarchived4.failedattempt IS 'Number of attempts that failed';

COMMENT ON COLUMN doma_panda.jobsarchived4.eventservice IS '1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain jobs';

COMMENT ON COLUMN doma_panda.jobsarchived4.atlasrelease IS 'Software release the payload needs';

COMMENT ON COLUMN doma_panda.jobsarchived4.homepackage IS 'Software package or cache the payload runs in';

COMMENT ON COLUMN doma_panda.jobsarchived4.transformation IS 'Payload script, by name or URL';

COMMENT ON COLUMN doma_panda.jobsarchived4.cmtconfig IS 'Platform the software was built for, with hardware constraints if any';

COMMENT ON COLUMN doma_panda.jobsarchived4.container_name IS 'Container image the payload runs in';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobparameters IS 'Always NULL, the parameters are in JOBPARAMSTABLE';

COMMENT ON COLUMN doma_panda.jobsarchived4.metadata IS 'Always NULL, the metadata is in METATABLE';

COMMENT ON COLUMN doma_panda.jobsarchived4.nevents IS 'Events to process; for event service the events processed so far';

COMMENT ON COLUMN doma_panda.jobsarchived4.transexitcode IS 'Exit code of the payload script';

COMMENT ON COLUMN doma_panda.jobsarchived4.pilottiming IS 'Durations of the pilot''s stages in seconds, separated by bars';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobmetrics IS 'Pilot''s measurements as key=value words';

COMMENT ON COLUMN doma_panda.jobsarchived4.corecount IS 'Cores asked for; NULL counts as 1';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxcpucount IS 'CPU time limit in seconds, 0 is unknown';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxcpuunit IS 'Unit of maxcpucount';

COMMENT ON COLUMN doma_panda.jobsarchived4.minramcount IS 'Memory needed, MB';

COMMENT ON COLUMN doma_panda.jobsarchived4.minramunit IS 'Unit of minramcount, normally MB';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxdiskcount IS 'Scratch disk space needed, MB';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxdiskunit IS 'Unit of maxdiskcount, normally MB';

COMMENT ON COLUMN doma_panda.jobsarchived4.ipconnectivity IS 'Whether the worker node needs outbound network, yes or no';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxwalltime IS 'Expected or allowed wall time, seconds';

COMMENT ON COLUMN doma_panda.jobsarchived4.resource_type IS 'Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM';

COMMENT ON COLUMN doma_panda.jobsarchived4.diskio IS 'Expected disk traffic, kB/s';

COMMENT ON COLUMN doma_panda.jobsarchived4.computingsite IS 'PanDA queue the job is assigned to';

COMMENT ON COLUMN doma_panda.jobsarchived4.computingelement IS 'CE the job runs through, from its latest Harvester worker';

COMMENT ON COLUMN doma_panda.jobsarchived4.cloud IS 'Region of the queue, a cloud in ATLAS';

COMMENT ON COLUMN doma_panda.jobsarchived4.grid IS 'Grid the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_panda.jobsarchived4.nucleus IS 'Main site of the task, collects its outputs';

COMMENT ON COLUMN doma_panda.jobsarchived4.sourcesite IS 'Site the inputs come from';

COMMENT ON COLUMN doma_panda.jobsarchived4.destinationsite IS 'Site the outputs go to';

COMMENT ON COLUMN doma_panda.jobsarchived4.cpu_architecture_level IS 'Microarchitecture level of the worker node''s CPU, e.g. x86_64-v3';

COMMENT ON COLUMN doma_panda.jobsarchived4.proddblock IS 'Input dataset';

COMMENT ON COLUMN doma_panda.jobsarchived4.dispatchdblock IS 'Dataset that moves the inputs to the site, NULL if nothing is moved';

COMMENT ON COLUMN doma_panda.jobsarchived4.destinationdblock IS 'Output dataset';

COMMENT ON COLUMN doma_panda.jobsarchived4.destinationse IS 'Where the outputs go: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_panda.jobsarchived4.transfertype IS 'How the payload gets its inputs, e.g. direct access';

COMMENT ON COLUMN doma_panda.jobsarchived4.ninputfiles IS 'Number of input files';

COMMENT ON COLUMN doma_panda.jobsarchived4.ninputdatafiles IS 'Number of input files that hold data, without libraries and the like';

COMMENT ON COLUMN doma_panda.jobsarchived4.inputfiletype IS 'Data type of the inputs, e.g. AOD, EVNT';

COMMENT ON COLUMN doma_panda.jobsarchived4.inputfileproject IS 'Project of the inputs, the first part of the dataset name';

COMMENT ON COLUMN doma_panda.jobsarchived4.inputfilebytes IS 'Size of the data inputs in bytes';

COMMENT ON COLUMN doma_panda.jobsarchived4.noutputdatafiles IS 'Number of output files made, without logs';

COMMENT ON COLUMN doma_panda.jobsarchived4.outputfilebytes IS 'Size of the outputs in bytes, without logs';

COMMENT ON COLUMN doma_panda.jobsarchived4.outputfiletype IS 'Data types of the outputs';

COMMENT ON COLUMN doma_panda.jobsarchived4.piloterrorcode IS 'Error seen by the pilot, 0 is none';

COMMENT ON COLUMN doma_panda.jobsarchived4.piloterrordiag IS 'What the pilot says about its error';

COMMENT ON COLUMN doma_panda.jobsarchived4.exeerrorcode IS 'Error of the payload, 0 is none';

COMMENT ON COLUMN doma_panda.jobsarchived4.exeerrordiag IS 'What is known about the payload''s error';

COMMENT ON COLUMN doma_panda.jobsarchived4.superrorcode IS 'Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done';

COMMENT ON COLUMN doma_panda.jobsarchived4.superrordiag IS 'What is known about the supervising layer''s error';

COMMENT ON COLUMN doma_panda.jobsarchived4.ddmerrorcode IS 'Error of data management, 0 is none';

COMMENT ON COLUMN doma_panda.jobsarchived4.ddmerrordiag IS 'What is known about the data management error';

COMMENT ON COLUMN doma_panda.jobsarchived4.brokerageerrorcode IS 'Error of the brokerage, 0 is none';

COMMENT ON COLUMN doma_panda.jobsarchived4.brokerageerrordiag IS 'What is known about the brokerage error';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobdispatchererrorcode IS 'Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts';

COMMENT ON COLUMN doma_panda.jobsarchived4.jobdispatchererrordiag IS 'What is known about the dispatcher''s error';

COMMENT ON COLUMN doma_panda.jobsarchived4.taskbuffererrorcode IS 'Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another job';

COMMENT ON COLUMN doma_panda.jobsarchived4.taskbuffererrordiag IS 'What is known about the server''s error';

COMMENT ON COLUMN doma_panda.jobsarchived4.cpuconsumptiontime IS 'CPU time used, in seconds unless cpuconsumptionunit says otherwise';

COMMENT ON COLUMN doma_panda.jobsarchived4.cpuconsumptionunit IS 'Unit of cpuconsumptiontime, sometimes with the CPU model';

COMMENT ON COLUMN doma_panda.jobsarchived4.cpuconversion IS 'Factor from CPU time used to normalized CPU time, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsarchived4.actualcorecount IS 'Cores really given, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsarchived4.meancorecount IS 'Average number of cores the payload used, reported by the pilot';

COMMENT ON COLUMN doma_panda.jobsarchived4.hs06 IS 'HS06 power the job occupies: cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobsarchived4.hs06sec IS 'HS06 seconds used: wall time by cores by the core power of the queue';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxrss IS 'Highest resident memory, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxvmem IS 'Highest virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxswap IS 'Highest swap use, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.maxpss IS 'Highest proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.avgrss IS 'Average resident memory, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.avgvmem IS 'Average virtual memory, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.avgswap IS 'Average swap use, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.avgpss IS 'Average proportional set size, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.memory_leak IS 'Slope of memory over time, unit not known, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobsarchived4.memory_leak_x2 IS 'Chi-square of the memory fit, parsed from jobmetrics';

COMMENT ON COLUMN doma_panda.jobsarchived4.totrchar IS 'Read by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.totwchar IS 'Written by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.totrbytes IS 'Read from storage in total, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.totwbytes IS 'Written to storage in total, kB';

COMMENT ON COLUMN doma_panda.jobsarchived4.raterchar IS 'Average rate of reads through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobsarchived4.ratewchar IS 'Average rate of writes through system calls, bytes/s';

COMMENT ON COLUMN doma_panda.jobsarchived4.raterbytes IS 'Average rate of reads from storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobsarchived4.ratewbytes IS 'Average rate of writes to storage, bytes/s';

COMMENT ON COLUMN doma_panda.jobsarchived4.gco2_regional IS 'CO2 emitted, in grams, by the carbon intensity of the site''s region';

COMMENT ON COLUMN doma_panda.jobsarchived4.gco2_global IS 'CO2 emitted, in grams, by a worldwide average carbon intensity';

CREATE INDEX jobs_destinationdblock_idx ON doma_panda.jobsarchived4 (destinationdblock);

CREATE INDEX jobs_statechangetime_idx ON doma_panda.jobsarchived4 (statechangetime);

CREATE INDEX jobs_upper_produsername_idx ON doma_panda.jobsarchived4 (upper(produsername));

CREATE INDEX jobsarc4_jeditaskid3attr_idx ON doma_panda.jobsarchived4 (jeditaskid, jobstatus, prodsourcelabel, pandaid);

CREATE INDEX jobsarch4_compsite_5attr_idx ON doma_panda.jobsarchived4 (computingsite, cloud, jobstatus, prodsourcelabel, processingtype, modificationtime);

CREATE INDEX jobsarch4_mtimeprodslabel_idx ON doma_panda.jobsarchived4 (modificationtime, prodsourcelabel);

CREATE INDEX jobsarch4_piloterrcode_idx ON doma_panda.jobsarchived4 (piloterrorcode);

CREATE INDEX jobsarch4_produsernamest_idx ON doma_panda.jobsarchived4 (produsername, jobstatus);

CREATE INDEX jobsarch4_specialhandling_idx ON doma_panda.jobsarchived4 (specialhandling);

CREATE INDEX jobsarch4_taskid_3attr_idx ON doma_panda.jobsarchived4 (taskid, prodsourcelabel, jobstatus, processingtype);

CREATE INDEX jobsarch4_workgroup_status_idx ON doma_panda.jobsarchived4 (workinggroup, jobstatus);

CREATE INDEX jobsarchived4_batchid_idx ON doma_panda.jobsarchived4 (batchid);

CREATE INDEX jobsarchived4_changetime ON doma_panda.jobsarchived4 (lockedby, prodsourcelabel, (
CASE
    WHEN statechangetime > proddbupdatetime THEN 1
    ELSE NULL::integer
END));

CREATE INDEX jobsarchived4_jobdefid_idx ON doma_panda.jobsarchived4 (jobdefinitionid);

CREATE INDEX jobsarchived4_jobname_idx ON doma_panda.jobsarchived4 (jobname);

CREATE INDEX jobsarchived4_jobsetid_idx ON doma_panda.jobsarchived4 (jobsetid);

CREATE INDEX jobsarchived4_reqid_idx ON doma_panda.jobsarchived4 (reqid);

CREATE INDEX jobsarchived4_workqueue_idx ON doma_panda.jobsarchived4 (workqueue_id, cloud, jobstatus, prodsourcelabel, currentpriority);

CREATE TABLE doma_panda.jobsarchived4_default PARTITION OF doma_panda.jobsarchived4 DEFAULT;

CREATE TABLE doma_pandaarch.jobsarchived (
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    jobdefinitionid BIGINT DEFAULT '0' NOT NULL, 
    jobname VARCHAR(256), 
    jeditaskid BIGINT, 
    taskid INTEGER, 
    reqid INTEGER, 
    jobsetid BIGINT, 
    parentid BIGINT, 
    batchid VARCHAR(80), 
    schedulerid VARCHAR(128), 
    pilotid VARCHAR(200), 
    jobexecutionid BIGINT DEFAULT '0', 
    workqueue_id INTEGER, 
    vo VARCHAR(32), 
    produserid VARCHAR(250), 
    produsername VARCHAR(60), 
    jobstatus VARCHAR(15) DEFAULT 'unknown' NOT NULL, 
    jobsubstatus VARCHAR(80), 
    commandtopilot VARCHAR(250), 
    lockedby VARCHAR(128), 
    relocationflag SMALLINT DEFAULT '0', 
    creationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    statechangetime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC'), 
    starttime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC'), 
    endtime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC'), 
    proddbupdatetime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC'), 
    creationhost VARCHAR(128), 
    modificationhost VARCHAR(128), 
    prodserieslabel VARCHAR(20), 
    prodsourcelabel VARCHAR(20), 
    workinggroup VARCHAR(20), 
    countrygroup VARCHAR(20), 
    gshare VARCHAR(32), 
    processingtype VARCHAR(64), 
    job_label VARCHAR(20), 
    specialhandling VARCHAR(80), 
    assignedpriority INTEGER DEFAULT '0' NOT NULL, 
    currentpriority INTEGER DEFAULT '0' NOT NULL, 
    attemptnr SMALLINT DEFAULT '0' NOT NULL, 
    maxattempt SMALLINT DEFAULT '0' NOT NULL, 
    failedattempt SMALLINT, 
    eventservice SMALLINT, 
    atlasrelease VARCHAR(64), 
    homepackage VARCHAR(80), 
    transformation VARCHAR(250), 
    cmtconfig VARCHAR(250), 
    container_name VARCHAR(200), 
    jobparameters TEXT, 
    metadata TEXT, 
    nevents BIGINT, 
    transexitcode VARCHAR(128), 
    pilottiming VARCHAR(100), 
    jobmetrics VARCHAR(500), 
    corecount SMALLINT, 
    maxcpucount BIGINT DEFAULT '0' NOT NULL, 
    maxcpuunit VARCHAR(32), 
    minramcount BIGINT DEFAULT '0' NOT NULL, 
    minramunit CHAR(4), 
    maxdiskcount BIGINT DEFAULT '0' NOT NULL, 
    maxdiskunit CHAR(4), 
    ipconnectivity CHAR(5), 
    maxwalltime BIGINT, 
    resource_type VARCHAR(56), 
    diskio INTEGER, 
    computingsite VARCHAR(128), 
    computingelement VARCHAR(128), 
    cloud VARCHAR(50), 
    grid VARCHAR(50), 
    nucleus VARCHAR(52), 
    sourcesite VARCHAR(36), 
    destinationsite VARCHAR(36), 
    cpu_architecture_level VARCHAR(20), 
    proddblock VARCHAR(255), 
    dispatchdblock VARCHAR(255), 
    destinationdblock VARCHAR(255), 
    destinationse VARCHAR(250), 
    transfertype VARCHAR(10), 
    ninputfiles INTEGER, 
    ninputdatafiles INTEGER, 
    inputfiletype VARCHAR(32), 
    inputfileproject VARCHAR(64), 
    inputfilebytes BIGINT, 
    noutputdatafiles INTEGER, 
    outputfilebytes BIGINT, 
    outputfiletype VARCHAR(32), 
    piloterrorcode INTEGER DEFAULT '0' NOT NULL, 
    piloterrordiag VARCHAR(500), 
    exeerrorcode INTEGER DEFAULT '0' NOT NULL, 
    exeerrordiag VARCHAR(500), 
    superrorcode INTEGER DEFAULT '0' NOT NULL, 
    superrordiag VARCHAR(250), 
    ddmerrorcode INTEGER DEFAULT '0' NOT NULL, 
    ddmerrordiag VARCHAR(700), 
    brokerageerrorcode INTEGER DEFAULT '0' NOT NULL, 
    brokerageerrordiag VARCHAR(250), 
    jobdispatchererrorcode INTEGER DEFAULT '0' NOT NULL, 
    jobdispatchererrordiag VARCHAR(250), 
    taskbuffererrorcode INTEGER DEFAULT '0' NOT NULL, 
    taskbuffererrordiag VARCHAR(300), 
    cpuconsumptiontime NUMERIC(20, 0), 
    cpuconsumptionunit VARCHAR(128), 
    cpuconversion NUMERIC(9, 4), 
    actualcorecount INTEGER, 
    meancorecount NUMERIC(8, 2), 
    hs06 BIGINT, 
    hs06sec BIGINT, 
    maxrss BIGINT, 
    maxvmem BIGINT, 
    maxswap BIGINT, 
    maxpss BIGINT, 
    avgrss BIGINT, 
    avgvmem BIGINT, 
    avgswap BIGINT, 
    avgpss BIGINT, 
    memory_leak BIGINT, 
    memory_leak_x2 NUMERIC(14, 3), 
    totrchar BIGINT, 
    totwchar BIGINT, 
    totrbytes BIGINT, 
    totwbytes BIGINT, 
    raterchar BIGINT, 
    ratewchar BIGINT, 
    raterbytes BIGINT, 
    ratewbytes BIGINT, 
    gco2_regional NUMERIC(10, 2), 
    gco2_global NUMERIC(10, 2), 
    CONSTRAINT jobsarchived_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_pandaarch.jobsarchived IS 'Archive of final jobs, copied from JOBSARCHIVED4.';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.pandaid IS 'PandaID of the job, drawn from one sequence for all job tables';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobdefinitionid IS 'Number the client gave a group of jobs, 0 for jobs made by JEDI';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobname IS 'Name given to the job by its submitter or JEDI';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.taskid IS 'Task number as the submitter sees it, for JEDI jobs the JEDI task';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.reqid IS 'Production request the task belongs to';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobsetid IS 'Set the job belongs to; for event service drawn from the PandaID sequence';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.parentid IS 'Job this one replaces, its PandaID';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.batchid IS 'Id of the pilot in the batch system';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.schedulerid IS 'What submitted the pilot, e.g. a Harvester instance';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.pilotid IS 'Pilot''s identity: batch log URLs, type and version, separated by bars';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobexecutionid IS 'Set to 0 when the job is dispatched, otherwise legacy';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.produserid IS 'Submitter''s identity, the certificate DN or a user id';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.produsername IS 'Submitter''s clean name';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobstatus IS 'State of the job, from pending to finished, failed, cancelled or closed';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobsubstatus IS 'Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.commandtopilot IS 'Command the pilot gets with its next heartbeat; tobekilled ends the job';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.lockedby IS 'Component that owns the job''s bookkeeping, jedi for JEDI jobs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.relocationflag IS '1 site given at submission, 2 must not be reassigned, 3 throttled with its user, else 0';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.creationtime IS 'When the job was inserted, set anew for each new PandaID';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.modificationtime IS 'Last heartbeat, move or lock; partition key once archived, then the time it became final';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.statechangetime IS 'When jobstatus changed last';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.starttime IS 'When a pilot took the job, then when its payload was first seen running';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.endtime IS 'When the payload ended or the job was killed';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.proddbupdatetime IS 'Set at creation, later the Activator''s lock';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.creationhost IS 'Host the job was submitted from';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.modificationhost IS 'Host that changed the job last: a server or a worker node';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.prodserieslabel IS 'Production series the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.prodsourcelabel IS 'Kind of job: managed production, user analysis, panda build, test, ptest, rc_test and others';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.workinggroup IS 'Physics or production group the job runs for';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.countrygroup IS 'Country group whose share the job may use';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.processingtype IS 'What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.job_label IS 'Family of the source label: managed or user';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.specialhandling IS 'Comma-separated flags that change how the job is handled, e.g. debug, localpool';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.assignedpriority IS 'Priority given at submission';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.currentpriority IS 'Priority used for dispatch, higher first; 10 less after each pilot retry';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.attemptnr IS 'Number of this attempt';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxattempt IS 'Attempts allowed; -1 at submission means no retry';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.failedattempt IS 'Number of attempts that failed';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.eventservice IS '1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain jobs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.atlasrelease IS 'Software release the payload needs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.homepackage IS 'Software package or cache the payload runs in';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.transformation IS 'Payload script, by name or URL';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.cmtconfig IS 'Platform the software was built for, with hardware constraints if any';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.container_name IS 'Container image the payload runs in';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobparameters IS 'Always NULL, the parameters are in JOBPARAMSTABLE';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.metadata IS 'Always NULL, the metadata is in METATABLE';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.nevents IS 'Events to process; for event service the events processed so far';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.transexitcode IS 'Exit code of the payload script';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.pilottiming IS 'Durations of the pilot''s stages in seconds, separated by bars';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobmetrics IS 'Pilot''s measurements as key=value words';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.corecount IS 'Cores asked for; NULL counts as 1';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxcpucount IS 'CPU time limit in seconds, 0 is unknown';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxcpuunit IS 'Unit of maxcpucount';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.minramcount IS 'Memory needed, MB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.minramunit IS 'Unit of minramcount, normally MB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxdiskcount IS 'Scratch disk space needed, MB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxdiskunit IS 'Unit of maxdiskcount, normally MB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ipconnectivity IS 'Whether the worker node needs outbound network, yes or no';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxwalltime IS 'Expected or allowed wall time, seconds';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.resource_type IS 'Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.diskio IS 'Expected disk traffic, kB/s';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.computingsite IS 'PanDA queue the job is assigned to';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.computingelement IS 'CE the job runs through, from its latest Harvester worker';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.cloud IS 'Region of the queue, a cloud in ATLAS';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.grid IS 'Grid the job belongs to, mostly legacy';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.nucleus IS 'Main site of the task, collects its outputs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.sourcesite IS 'Site the inputs come from';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.destinationsite IS 'Site the outputs go to';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.cpu_architecture_level IS 'Microarchitecture level of the worker node''s CPU, e.g. x86_64-v3';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.proddblock IS 'Input dataset';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.dispatchdblock IS 'Dataset that moves the inputs to the site, NULL if nothing is moved';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.destinationdblock IS 'Output dataset';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.destinationse IS 'Where the outputs go: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.transfertype IS 'How the payload gets its inputs, e.g. direct access';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ninputfiles IS 'Number of input files';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ninputdatafiles IS 'Number of input files that hold data, without libraries and the like';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.inputfiletype IS 'Data type of the inputs, e.g. AOD, EVNT';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.inputfileproject IS 'Project of the inputs, the first part of the dataset name';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.inputfilebytes IS 'Size of the data inputs in bytes';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.noutputdatafiles IS 'Number of output files made, without logs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.outputfilebytes IS 'Size of the outputs in bytes, without logs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.outputfiletype IS 'Data types of the outputs';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.piloterrorcode IS 'Error seen by the pilot, 0 is none';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.piloterrordiag IS 'What the pilot says about its error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.exeerrorcode IS 'Error of the payload, 0 is none';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.exeerrordiag IS 'What is known about the payload''s error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.superrorcode IS 'Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.superrordiag IS 'What is known about the supervising layer''s error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ddmerrorcode IS 'Error of data management, 0 is none';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ddmerrordiag IS 'What is known about the data management error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.brokerageerrorcode IS 'Error of the brokerage, 0 is none';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.brokerageerrordiag IS 'What is known about the brokerage error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobdispatchererrorcode IS 'Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.jobdispatchererrordiag IS 'What is known about the dispatcher''s error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.taskbuffererrorcode IS 'Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another job';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.taskbuffererrordiag IS 'What is known about the server''s error';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.cpuconsumptiontime IS 'CPU time used, in seconds unless cpuconsumptionunit says otherwise';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.cpuconsumptionunit IS 'Unit of cpuconsumptiontime, sometimes with the CPU model';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.cpuconversion IS 'Factor from CPU time used to normalized CPU time, reported by the pilot';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.actualcorecount IS 'Cores really given, reported by the pilot';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.meancorecount IS 'Average number of cores the payload used, reported by the pilot';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.hs06 IS 'HS06 power the job occupies: cores by the core power of the queue';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.hs06sec IS 'HS06 seconds used: wall time by cores by the core power of the queue';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxrss IS 'Highest resident memory, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxvmem IS 'Highest virtual memory, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxswap IS 'Highest swap use, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.maxpss IS 'Highest proportional set size, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.avgrss IS 'Average resident memory, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.avgvmem IS 'Average virtual memory, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.avgswap IS 'Average swap use, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.avgpss IS 'Average proportional set size, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.memory_leak IS 'Slope of memory over time, unit not known, parsed from jobmetrics';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.memory_leak_x2 IS 'Chi-square of the memory fit, parsed from jobmetrics';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.totrchar IS 'Read by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.totwchar IS 'Written by the payload through system calls in total, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.totrbytes IS 'Read from storage in total, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.totwbytes IS 'Written to storage in total, kB';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.raterchar IS 'Average rate of reads through system calls, bytes/s';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ratewchar IS 'Average rate of writes through system calls, bytes/s';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.raterbytes IS 'Average rate of reads from storage, bytes/s';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.ratewbytes IS 'Average rate of writes to storage, bytes/s';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.gco2_regional IS 'CO2 emitted, in grams, by the carbon intensity of the site''s region';

COMMENT ON COLUMN doma_pandaarch.jobsarchived.gco2_global IS 'CO2 emitted, in grams, by a worldwide average carbon intensity';

CREATE INDEX job_prodlabel_status_idx ON doma_pandaarch.jobsarchived (prodsourcelabel, jobstatus);

CREATE INDEX jobs_batchid_idx ON doma_pandaarch.jobsarchived (batchid);

CREATE INDEX jobs_comsite_3attr_pandaid_idx ON doma_pandaarch.jobsarchived (computingsite, jobstatus, prodsourcelabel, processingtype, pandaid);

CREATE INDEX jobs_exeerrorcode_idx ON doma_pandaarch.jobsarchived (exeerrorcode);

CREATE INDEX jobs_jeditaskid_pandaid_idx ON doma_pandaarch.jobsarchived (jeditaskid, pandaid);

CREATE INDEX jobs_jobdefid_produsername_idx ON doma_pandaarch.jobsarchived (jobdefinitionid, produsername);

CREATE INDEX jobs_jobname_idx ON doma_pandaarch.jobsarchived (jobname);

CREATE INDEX jobs_jobsetid_produsername_idx ON doma_pandaarch.jobsarchived (jobsetid, produsername);

CREATE INDEX jobs_pandaid_idx ON doma_pandaarch.jobsarchived (pandaid);

CREATE INDEX jobs_produsername_4attr_idx ON doma_pandaarch.jobsarchived (produsername, jobstatus, prodsourcelabel, jobsetid, jobdefinitionid);

CREATE INDEX jobs_specialhandling_idx ON doma_pandaarch.jobsarchived (specialhandling);

CREATE INDEX jobs_statechangetime_idx ON doma_pandaarch.jobsarchived (statechangetime);

CREATE INDEX jobs_taskid_3attr_pandaid_idx ON doma_pandaarch.jobsarchived (taskid, prodsourcelabel, jobstatus, processingtype, pandaid);

CREATE INDEX jobs_upper_produsername_idx ON doma_pandaarch.jobsarchived (upper(produsername));

CREATE INDEX jobsarchived_reqid_idx ON doma_pandaarch.jobsarchived (reqid);

CREATE TABLE doma_pandaarch.jobsarchived_default PARTITION OF doma_pandaarch.jobsarchived DEFAULT;

UPDATE pandadb.alembic_version SET version_num='0002' WHERE pandadb.alembic_version.version_num = '0001';

COMMIT;

BEGIN;

-- Running upgrade 0002 -> 0003

CREATE SEQUENCE doma_panda.filestable4_row_id_seq AS BIGINT CACHE 20;

CREATE TABLE doma_panda.filestable4 (
    row_id BIGINT NOT NULL, 
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    guid VARCHAR(64), 
    lfn VARCHAR(4000), 
    type VARCHAR(20), 
    dataset VARCHAR(255), 
    status VARCHAR(64), 
    proddblock VARCHAR(255), 
    proddblocktoken VARCHAR(250), 
    dispatchdblock VARCHAR(255), 
    dispatchdblocktoken VARCHAR(250), 
    destinationdblock VARCHAR(255), 
    destinationdblocktoken VARCHAR(250), 
    destinationse VARCHAR(250), 
    fsize BIGINT DEFAULT '0' NOT NULL, 
    md5sum VARCHAR(40), 
    checksum VARCHAR(40), 
    scope VARCHAR(30), 
    jeditaskid BIGINT, 
    datasetid BIGINT, 
    fileid BIGINT, 
    attemptnr SMALLINT, 
    creationtime TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT filestable4_pkey PRIMARY KEY (row_id, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.filestable4 IS 'Files of each job attempt: inputs, outputs, logs and libraries.';

COMMENT ON COLUMN doma_panda.filestable4.row_id IS 'Number of the row, one per job attempt and file';

COMMENT ON COLUMN doma_panda.filestable4.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.filestable4.modificationtime IS '1970-01-01 while the job lives, then its final modificationtime; partition key';

COMMENT ON COLUMN doma_panda.filestable4.guid IS 'Globally unique id of the file, NULL if unknown';

COMMENT ON COLUMN doma_panda.filestable4.lfn IS 'Logical file name, unique in its scope';

COMMENT ON COLUMN doma_panda.filestable4.type IS 'Role: input, pseudo_input, pp_input, lib, output, log, zipinput or zipoutput';

COMMENT ON COLUMN doma_panda.filestable4.dataset IS 'Dataset or container the file belongs to, as the task names it';

COMMENT ON COLUMN doma_panda.filestable4.status IS 'Inputs: unknown to ready, cached, missing, skipped; outputs: to ready, finished, failed, nooutput';

COMMENT ON COLUMN doma_panda.filestable4.proddblock IS 'Dataset of an input file';

COMMENT ON COLUMN doma_panda.filestable4.proddblocktoken IS 'Storage hint for the input dataset';

COMMENT ON COLUMN doma_panda.filestable4.dispatchdblock IS 'Dataset that moves the input to the site, NULL if it is not moved';

COMMENT ON COLUMN doma_panda.filestable4.dispatchdblocktoken IS 'Storage token or flags; TOMERGE marks an unmerged input, an an optional output';

COMMENT ON COLUMN doma_panda.filestable4.destinationdblock IS 'Dataset of an output or log file, with a _sub suffix while it is transferred';

COMMENT ON COLUMN doma_panda.filestable4.destinationdblocktoken IS 'Storage token of the output; TOMERGE marks an output still to be merged';

COMMENT ON COLUMN doma_panda.filestable4.destinationse IS 'Where the output goes: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_panda.filestable4.fsize IS 'Size in bytes, 0 if unknown';

COMMENT ON COLUMN doma_panda.filestable4.md5sum IS 'MD5 checksum of the file';

COMMENT ON COLUMN doma_panda.filestable4.checksum IS 'Checksum with its kind as prefix: ad for adler32, md for MD5';

COMMENT ON COLUMN doma_panda.filestable4.scope IS 'Rucio scope of the file';

COMMENT ON COLUMN doma_panda.filestable4.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_panda.filestable4.datasetid IS 'Dataset of the task, JEDI_DATASETS';

COMMENT ON COLUMN doma_panda.filestable4.fileid IS 'File of the task, JEDI_DATASET_CONTENTS';

COMMENT ON COLUMN doma_panda.filestable4.attemptnr IS 'Attempt of the file; equals that in JEDI_DATASET_CONTENTS if this job is its current try';

COMMENT ON COLUMN doma_panda.filestable4.creationtime IS 'Only in the archive: time the row was created, NULL if never recorded';

CREATE INDEX filestable4_datasetype3col_idx ON doma_panda.filestable4 (dataset, type, destinationdblock, status, pandaid);

CREATE INDEX filestable4_destdblock_idx ON doma_panda.filestable4 (destinationdblock);

CREATE INDEX filestable4_dispdblock_idx ON doma_panda.filestable4 (dispatchdblock);

CREATE INDEX filestable4_lfn_idx ON doma_panda.filestable4 (lfn);

CREATE INDEX filestable4_pandaid_idx ON doma_panda.filestable4 (pandaid);

CREATE INDEX filestable4_taskfileid_idx ON doma_panda.filestable4 (jeditaskid, datasetid, fileid);

CREATE TABLE doma_panda.filestable4_live PARTITION OF doma_panda.filestable4 FOR VALUES FROM (MINVALUE) TO ('1970-01-02');

CREATE TABLE doma_panda.filestable4_default PARTITION OF doma_panda.filestable4 DEFAULT;

CREATE TABLE doma_pandaarch.filestable_arch (
    row_id BIGINT NOT NULL, 
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    guid VARCHAR(64), 
    lfn VARCHAR(4000), 
    type VARCHAR(20), 
    dataset VARCHAR(255), 
    status VARCHAR(64), 
    proddblock VARCHAR(255), 
    proddblocktoken VARCHAR(250), 
    dispatchdblock VARCHAR(255), 
    dispatchdblocktoken VARCHAR(250), 
    destinationdblock VARCHAR(255), 
    destinationdblocktoken VARCHAR(250), 
    destinationse VARCHAR(250), 
    fsize BIGINT DEFAULT '0', 
    md5sum VARCHAR(40), 
    checksum VARCHAR(40), 
    scope VARCHAR(30), 
    jeditaskid BIGINT, 
    datasetid BIGINT, 
    fileid BIGINT, 
    attemptnr SMALLINT, 
    creationtime TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT filestable_arch_pkey PRIMARY KEY (row_id, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_pandaarch.filestable_arch IS 'Archive of the files of jobs, copied from FILESTABLE4.';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.row_id IS 'Number of the row, one per job attempt and file';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.modificationtime IS '1970-01-01 while the job lives, then its final modificationtime; partition key';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.guid IS 'Globally unique id of the file, NULL if unknown';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.lfn IS 'Logical file name, unique in its scope';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.type IS 'Role: input, pseudo_input, pp_input, lib, output, log, zipinput or zipoutput';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.dataset IS 'Dataset or container the file belongs to, as the task names it';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.status IS 'Inputs: unknown to ready, cached, missing, skipped; outputs: to ready, finished, failed, nooutput';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.proddblock IS 'Dataset of an input file';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.proddblocktoken IS 'Storage hint for the input dataset';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.dispatchdblock IS 'Dataset that moves the input to the site, NULL if it is not moved';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.dispatchdblocktoken IS 'Storage token or flags; TOMERGE marks an unmerged input, an an optional output';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.destinationdblock IS 'Dataset of an output or log file, with a _sub suffix while it is transferred';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.destinationdblocktoken IS 'Storage token of the output; TOMERGE marks an output still to be merged';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.destinationse IS 'Where the output goes: a site, a storage element or a nucleus';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.fsize IS 'Size in bytes, 0 if unknown';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.md5sum IS 'MD5 checksum of the file';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.checksum IS 'Checksum with its kind as prefix: ad for adler32, md for MD5';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.scope IS 'Rucio scope of the file';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.jeditaskid IS 'Task, JEDI_TASKS; NULL for jobs not made by JEDI';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.datasetid IS 'Dataset of the task, JEDI_DATASETS';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.fileid IS 'File of the task, JEDI_DATASET_CONTENTS';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.attemptnr IS 'Attempt of the file; equals that in JEDI_DATASET_CONTENTS if this job is its current try';

COMMENT ON COLUMN doma_pandaarch.filestable_arch.creationtime IS 'Only in the archive: time the row was created, NULL if never recorded';

CREATE INDEX file_arch_task_dset_fileid_idx ON doma_pandaarch.filestable_arch (jeditaskid, datasetid, fileid, pandaid);

CREATE INDEX files_arch_lfn_idx ON doma_pandaarch.filestable_arch (lfn);

CREATE INDEX files_arch_pandaid_idx ON doma_pandaarch.filestable_arch (pandaid);

CREATE INDEX files_arch_rowid_idx ON doma_pandaarch.filestable_arch (row_id);

CREATE TABLE doma_pandaarch.filestable_arch_default PARTITION OF doma_pandaarch.filestable_arch DEFAULT;

CREATE TABLE doma_panda.metatable (
    pandaid BIGINT NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    metadata TEXT, 
    CONSTRAINT metatable_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.metatable IS 'Metadata of jobs, one row per job that has any.';

COMMENT ON COLUMN doma_panda.metatable.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.metatable.modificationtime IS '1970-01-01 while the job lives, then its final modificationtime; partition key';

COMMENT ON COLUMN doma_panda.metatable.metadata IS 'Metadata of the job: what the pilot or the submitter gave, JSON or XML';

CREATE TABLE doma_panda.metatable_live PARTITION OF doma_panda.metatable FOR VALUES FROM (MINVALUE) TO ('1970-01-02');

CREATE TABLE doma_panda.metatable_default PARTITION OF doma_panda.metatable DEFAULT;

CREATE TABLE doma_pandaarch.metatable_arch (
    pandaid BIGINT DEFAULT '0' NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    metadata TEXT, 
    CONSTRAINT metatable_arch_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_pandaarch.metatable_arch IS 'Archive of job metadata, copied from METATABLE.';

COMMENT ON COLUMN doma_pandaarch.metatable_arch.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_pandaarch.metatable_arch.modificationtime IS '1970-01-01 while the job lives, then its final modificationtime; partition key';

COMMENT ON COLUMN doma_pandaarch.metatable_arch.metadata IS 'Metadata of the job: what the pilot or the submitter gave, JSON or XML';

CREATE INDEX meta_arch_pandaid_idx ON doma_pandaarch.metatable_arch (pandaid);

CREATE TABLE doma_pandaarch.metatable_arch_default PARTITION OF doma_pandaarch.metatable_arch DEFAULT;

CREATE TABLE doma_panda.jobparamstable (
    pandaid BIGINT NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    jobparameters TEXT, 
    CONSTRAINT jobparamstable_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.jobparamstable IS 'Parameters of jobs, one row per job.';

COMMENT ON COLUMN doma_panda.jobparamstable.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.jobparamstable.modificationtime IS '1970-01-01 while the job lives, then its final modificationtime; partition key';

COMMENT ON COLUMN doma_panda.jobparamstable.jobparameters IS 'Command line arguments of the payload';

CREATE TABLE doma_panda.jobparamstable_live PARTITION OF doma_panda.jobparamstable FOR VALUES FROM (MINVALUE) TO ('1970-01-02');

CREATE TABLE doma_panda.jobparamstable_default PARTITION OF doma_panda.jobparamstable DEFAULT;

CREATE TABLE doma_pandaarch.jobparamstable_arch (
    pandaid BIGINT NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    jobparameters TEXT, 
    CONSTRAINT jobparamstable_arch_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_pandaarch.jobparamstable_arch IS 'Archive of job parameters, copied from JOBPARAMSTABLE.';

COMMENT ON COLUMN doma_pandaarch.jobparamstable_arch.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_pandaarch.jobparamstable_arch.modificationtime IS '1970-01-01 while the job lives, then its final modificationtime; partition key';

COMMENT ON COLUMN doma_pandaarch.jobparamstable_arch.jobparameters IS 'Command line arguments of the payload';

CREATE INDEX jobparams_arch_pandaid_idx ON doma_pandaarch.jobparamstable_arch (pandaid);

CREATE TABLE doma_pandaarch.jobparamstable_arch_default PARTITION OF doma_pandaarch.jobparamstable_arch DEFAULT;

UPDATE pandadb.alembic_version SET version_num='0003' WHERE pandadb.alembic_version.version_num = '0002';

COMMIT;

BEGIN;

-- Running upgrade 0003 -> 0004

CREATE TABLE doma_panda.jedi_job_retry_history (
    jeditaskid BIGINT NOT NULL, 
    oldpandaid BIGINT NOT NULL, 
    newpandaid BIGINT NOT NULL, 
    ins_utc_tstamp TIMESTAMP WITHOUT TIME ZONE DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC') NOT NULL, 
    relationtype VARCHAR(32), 
    originpandaid BIGINT, 
    CONSTRAINT jedi_job_retry_history_jeditaskid_oldpandaid_newpandaid_ori_key UNIQUE (jeditaskid, oldpandaid, newpandaid, originpandaid, ins_utc_tstamp)
)
 PARTITION BY RANGE (ins_utc_tstamp);

COMMENT ON TABLE doma_panda.jedi_job_retry_history IS 'Which job or jobset follows which, with the kind of relation.';

COMMENT ON COLUMN doma_panda.jedi_job_retry_history.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_job_retry_history.oldpandaid IS 'Earlier job, or a jobset for jobset_id and jobset_retry';

COMMENT ON COLUMN doma_panda.jedi_job_retry_history.newpandaid IS 'Later job, or a jobset for jobset_retry and jobset_map';

COMMENT ON COLUMN doma_panda.jedi_job_retry_history.ins_utc_tstamp IS 'When the relation was recorded; partition key';

COMMENT ON COLUMN doma_panda.jedi_job_retry_history.relationtype IS 'Kind of relation: retry, merge, es_merge, jobset_id, jobset_retry or jobset_map';

COMMENT ON COLUMN doma_panda.jedi_job_retry_history.originpandaid IS 'First job of the chain of attempts, the smallest if several';

CREATE INDEX jedi_job_retry_hist_oldpid_idx ON doma_panda.jedi_job_retry_history (oldpandaid);

CREATE INDEX jedi_job_retry_hist_origid_idx ON doma_panda.jedi_job_retry_history (originpandaid);

CREATE UNIQUE INDEX jedi_job_retry_history_uq ON doma_panda.jedi_job_retry_history (jeditaskid, newpandaid, oldpandaid, originpandaid, ins_utc_tstamp);

CREATE TABLE doma_panda.jedi_job_retry_history_default PARTITION OF doma_panda.jedi_job_retry_history DEFAULT;

CREATE TABLE doma_panda.job_metrics (
    pandaid BIGINT NOT NULL, 
    jeditaskid BIGINT, 
    creationtime TIMESTAMP WITHOUT TIME ZONE, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    data TEXT, 
    CONSTRAINT job_metrics_pkey PRIMARY KEY (pandaid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.job_metrics IS 'Measurements of jobs, one JSON document per job, e.g. the queuing period.';

COMMENT ON COLUMN doma_panda.job_metrics.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.job_metrics.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.job_metrics.creationtime IS 'When the row was created';

COMMENT ON COLUMN doma_panda.job_metrics.modificationtime IS 'When a measurement was stored last';

COMMENT ON COLUMN doma_panda.job_metrics.data IS 'Measurements as a JSON object';

CREATE TABLE doma_panda.job_metrics_default PARTITION OF doma_panda.job_metrics DEFAULT;

CREATE TABLE doma_panda.job_output_report (
    pandaid BIGINT NOT NULL, 
    prodsourcelabel VARCHAR(20), 
    jobstatus VARCHAR(15) NOT NULL, 
    attemptnr SMALLINT NOT NULL, 
    data TEXT, 
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    lockedby VARCHAR(56), 
    lockedtime TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT job_output_report_pkey PRIMARY KEY (pandaid, attemptnr)
);

COMMENT ON TABLE doma_panda.job_output_report IS 'Final reports of pilots that wait for the Adder.';

COMMENT ON COLUMN doma_panda.job_output_report.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.job_output_report.prodsourcelabel IS 'Kind of the job: managed, user, panda, test and others';

COMMENT ON COLUMN doma_panda.job_output_report.jobstatus IS 'Final status the pilot reported, or esregister to register event service files';

COMMENT ON COLUMN doma_panda.job_output_report.attemptnr IS 'Attempt of the job the report is for';

COMMENT ON COLUMN doma_panda.job_output_report.data IS 'Report of the outputs, JSON or XML; may be empty';

COMMENT ON COLUMN doma_panda.job_output_report.timestamp IS 'When the report was stored';

COMMENT ON COLUMN doma_panda.job_output_report.lockedby IS 'Adder process that works on the report, NULL if free';

COMMENT ON COLUMN doma_panda.job_output_report.lockedtime IS 'When it was locked; moved by an offset to delay the next try';

CREATE TABLE doma_panda.jobs_statuslog (
    pandaid BIGINT NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    jobstatus VARCHAR(15) NOT NULL, 
    prodsourcelabel VARCHAR(20), 
    cloud VARCHAR(50), 
    computingsite VARCHAR(128), 
    modificationhost VARCHAR(128), 
    modiftime_extended TIMESTAMP WITHOUT TIME ZONE
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.jobs_statuslog IS 'Log of job status changes, nearly complete: some bulk updates leave no row.';

COMMENT ON COLUMN doma_panda.jobs_statuslog.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.jobs_statuslog.modificationtime IS 'When the change was recorded, by the database clock; partition key';

COMMENT ON COLUMN doma_panda.jobs_statuslog.jobstatus IS 'Status the job changed to';

COMMENT ON COLUMN doma_panda.jobs_statuslog.prodsourcelabel IS 'Kind of the job: managed, user, panda, test and others';

COMMENT ON COLUMN doma_panda.jobs_statuslog.cloud IS 'Region of the job''s queue';

COMMENT ON COLUMN doma_panda.jobs_statuslog.computingsite IS 'PanDA queue of the job at the time';

COMMENT ON COLUMN doma_panda.jobs_statuslog.modificationhost IS 'Server host that made the change';

COMMENT ON COLUMN doma_panda.jobs_statuslog.modiftime_extended IS 'Same time as modificationtime with fractions of a second';

CREATE INDEX jobs_statuslog_pandaid_idx ON doma_panda.jobs_statuslog (pandaid);

CREATE TABLE doma_panda.jobs_statuslog_default PARTITION OF doma_panda.jobs_statuslog DEFAULT;

CREATE TABLE doma_panda.jobsdebug (
    pandaid BIGINT NOT NULL, 
    stdout VARCHAR(2048), 
    CONSTRAINT jobsdebug_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE doma_panda.jobsdebug IS 'Tail of the payload''s output for jobs in debug mode.';

COMMENT ON COLUMN doma_panda.jobsdebug.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.jobsdebug.stdout IS 'Last output the pilot sent, at most 2048 characters';

CREATE TABLE doma_panda.tmp_pandaids_relations (
    pandaid BIGINT NOT NULL, 
    newjobid BIGINT NOT NULL
);

COMMENT ON TABLE doma_panda.tmp_pandaids_relations IS 'Scratch table that maps a PandaID to another job id.';

COMMENT ON COLUMN doma_panda.tmp_pandaids_relations.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_panda.tmp_pandaids_relations.newjobid IS 'Job id that stands for the PandaID';

UPDATE pandadb.alembic_version SET version_num='0004' WHERE pandadb.alembic_version.version_num = '0003';

COMMIT;

BEGIN;

-- Running upgrade 0004 -> 0005

CREATE SEQUENCE doma_panda.jedi_output_template_id_seq AS BIGINT;

CREATE TABLE doma_panda.cloudtasks (
    id INTEGER NOT NULL, 
    taskname VARCHAR(128), 
    taskid INTEGER, 
    cloud VARCHAR(20), 
    status VARCHAR(20), 
    tmod TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    tenter TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT cloudtasks_id_pk PRIMARY KEY (id)
);

COMMENT ON TABLE doma_panda.cloudtasks IS 'Which cloud a task was sent to, before JEDI.';

COMMENT ON COLUMN doma_panda.cloudtasks.id IS 'Number of the row';

COMMENT ON COLUMN doma_panda.cloudtasks.taskname IS 'Name of the task';

COMMENT ON COLUMN doma_panda.cloudtasks.taskid IS 'Number of the task';

COMMENT ON COLUMN doma_panda.cloudtasks.cloud IS 'Cloud that it was sent to';

COMMENT ON COLUMN doma_panda.cloudtasks.status IS 'State of that';

COMMENT ON COLUMN doma_panda.cloudtasks.tmod IS 'Last change';

COMMENT ON COLUMN doma_panda.cloudtasks.tenter IS 'When the row was made';

CREATE INDEX cloudtasks_task_idx ON doma_panda.cloudtasks (taskname, taskid);

CREATE TABLE doma_panda.jedi_aux_status_mintaskid (
    status VARCHAR(64) NOT NULL, 
    min_jeditaskid BIGINT NOT NULL, 
    CONSTRAINT jedi_aux_status_mintaskid_pkey PRIMARY KEY (status)
);

COMMENT ON TABLE doma_panda.jedi_aux_status_mintaskid IS 'The lowest task of each state; agents join it to leave out old partitions.';

COMMENT ON COLUMN doma_panda.jedi_aux_status_mintaskid.status IS 'State of tasks';

COMMENT ON COLUMN doma_panda.jedi_aux_status_mintaskid.min_jeditaskid IS 'Lowest task in that state; too low does no harm';

CREATE TABLE doma_panda.jedi_jobparams_template (
    jeditaskid BIGINT NOT NULL, 
    jobparamstemplate TEXT, 
    CONSTRAINT jedi_jobparams_template_pkey PRIMARY KEY (jeditaskid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_jobparams_template IS 'Templates of the parameters of a task''s jobs.';

COMMENT ON COLUMN doma_panda.jedi_jobparams_template.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_jobparams_template.jobparamstemplate IS 'Command line with placeholders for files, seeds and numbers';

CREATE TABLE doma_panda.jedi_jobparams_template_default PARTITION OF doma_panda.jedi_jobparams_template DEFAULT;

CREATE TABLE doma_panda.jedi_output_template (
    jeditaskid BIGINT NOT NULL, 
    datasetid BIGINT NOT NULL, 
    outtempid BIGINT NOT NULL, 
    filenametemplate VARCHAR(256) NOT NULL, 
    maxserialnr INTEGER, 
    serialnr INTEGER, 
    sourcename VARCHAR(256), 
    streamname VARCHAR(20), 
    outtype VARCHAR(20), 
    CONSTRAINT jedi_output_template_pkey PRIMARY KEY (jeditaskid, datasetid, outtempid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_output_template IS 'Templates of the names of a task''s output files.';

COMMENT ON COLUMN doma_panda.jedi_output_template.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_output_template.datasetid IS 'Output dataset, JEDI_DATASETS';

COMMENT ON COLUMN doma_panda.jedi_output_template.outtempid IS 'Number of the template';

COMMENT ON COLUMN doma_panda.jedi_output_template.filenametemplate IS 'File name with a placeholder for the serial number';

COMMENT ON COLUMN doma_panda.jedi_output_template.maxserialnr IS 'Last serial number to be used';

COMMENT ON COLUMN doma_panda.jedi_output_template.serialnr IS 'Next serial number';

COMMENT ON COLUMN doma_panda.jedi_output_template.sourcename IS 'Name that the program gives the file';

COMMENT ON COLUMN doma_panda.jedi_output_template.streamname IS 'Placeholder of the stream in the parameters';

COMMENT ON COLUMN doma_panda.jedi_output_template.outtype IS 'Type of the files: output or log';

CREATE TABLE doma_panda.jedi_output_template_default PARTITION OF doma_panda.jedi_output_template DEFAULT;

CREATE TABLE doma_panda.jedi_taskparams (
    jeditaskid BIGINT NOT NULL, 
    taskparams TEXT, 
    CONSTRAINT jedi_taskparams_pkey PRIMARY KEY (jeditaskid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_taskparams IS 'Parameters of tasks, as they were submitted.';

COMMENT ON COLUMN doma_panda.jedi_taskparams.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_taskparams.taskparams IS 'Parameters, JSON';

CREATE TABLE doma_panda.jedi_taskparams_default PARTITION OF doma_panda.jedi_taskparams DEFAULT;

CREATE TABLE doma_panda.jedi_tasks (
    jeditaskid BIGINT NOT NULL, 
    taskname VARCHAR(256), 
    status VARCHAR(64) NOT NULL, 
    username VARCHAR(128) NOT NULL, 
    creationdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    reqid INTEGER, 
    oldstatus VARCHAR(64), 
    cloud VARCHAR(10), 
    site VARCHAR(60), 
    starttime TIMESTAMP WITHOUT TIME ZONE, 
    endtime TIMESTAMP WITHOUT TIME ZONE, 
    frozentime TIMESTAMP WITHOUT TIME ZONE, 
    prodsourcelabel VARCHAR(20), 
    workinggroup VARCHAR(32), 
    vo VARCHAR(32), 
    corecount INTEGER, 
    tasktype VARCHAR(64), 
    processingtype VARCHAR(64), 
    taskpriority INTEGER, 
    currentpriority INTEGER, 
    architecture VARCHAR(256), 
    transuses VARCHAR(64), 
    transhome VARCHAR(128), 
    transpath VARCHAR(128), 
    lockedby VARCHAR(56), 
    lockedtime TIMESTAMP WITHOUT TIME ZONE, 
    termcondition VARCHAR(100), 
    splitrule VARCHAR(200), 
    walltime INTEGER, 
    walltimeunit VARCHAR(32), 
    outdiskcount INTEGER, 
    outdiskunit VARCHAR(32), 
    workdiskcount INTEGER, 
    workdiskunit VARCHAR(32), 
    ramcount INTEGER, 
    ramunit VARCHAR(32), 
    iointensity INTEGER, 
    iointensityunit VARCHAR(32), 
    workqueue_id INTEGER, 
    progress SMALLINT, 
    failurerate SMALLINT, 
    errordialog VARCHAR(510), 
    countrygroup VARCHAR(20), 
    parent_tid BIGINT, 
    eventservice SMALLINT, 
    ticketid VARCHAR(50), 
    ticketsystemtype VARCHAR(32), 
    statechangetime TIMESTAMP WITHOUT TIME ZONE, 
    superstatus VARCHAR(64), 
    campaign VARCHAR(32), 
    mergeramcount INTEGER, 
    mergeramunit VARCHAR(32), 
    mergewalltime INTEGER, 
    mergewalltimeunit VARCHAR(32), 
    throttledtime TIMESTAMP WITHOUT TIME ZONE, 
    numthrottled SMALLINT, 
    mergecorecount INTEGER, 
    goal SMALLINT, 
    assessmenttime TIMESTAMP WITHOUT TIME ZONE, 
    cputime INTEGER, 
    cputimeunit VARCHAR(32), 
    cpuefficiency SMALLINT, 
    basewalltime INTEGER, 
    amiflag_old VARCHAR(10), 
    amiflag INTEGER DEFAULT '1', 
    nucleus VARCHAR(52), 
    baseramcount INTEGER, 
    ttcrequested TIMESTAMP WITHOUT TIME ZONE, 
    ttcpredicted TIMESTAMP WITHOUT TIME ZONE, 
    ttcpredictiondate TIMESTAMP WITHOUT TIME ZONE, 
    rescuetime TIMESTAMP WITHOUT TIME ZONE, 
    requesttype VARCHAR(32), 
    gshare VARCHAR(32), 
    usejumbo CHAR(1), 
    resource_type VARCHAR(56), 
    diskio INTEGER, 
    diskiounit VARCHAR(32), 
    memory_leak_core BIGINT, 
    memory_leak_x2 NUMERIC(14, 3), 
    attemptnr SMALLINT, 
    container_name VARCHAR(200), 
    job_label VARCHAR(20), 
    realmodificationtime TIMESTAMP WITHOUT TIME ZONE, 
    framework VARCHAR(50), 
    activatedtime TIMESTAMP WITHOUT TIME ZONE, 
    queuedtime TIMESTAMP WITHOUT TIME ZONE, 
    actiontime TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT jedi_tasks_pkey PRIMARY KEY (jeditaskid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_tasks IS 'Tasks: what is to be done with datasets, cut into jobs by JEDI.';

COMMENT ON COLUMN doma_panda.jedi_tasks.jeditaskid IS 'Task, the same number as in T_TASK';

COMMENT ON COLUMN doma_panda.jedi_tasks.taskname IS 'Name of the task; a random one until the task is refined';

COMMENT ON COLUMN doma_panda.jedi_tasks.status IS 'State of the task: registered, defined, ready, scouting, running, paused, done, failed and others';

COMMENT ON COLUMN doma_panda.jedi_tasks.username IS 'Who submitted the task';

COMMENT ON COLUMN doma_panda.jedi_tasks.creationdate IS 'When the task came into this table';

COMMENT ON COLUMN doma_panda.jedi_tasks.modificationtime IS 'Last change; servers date it back on purpose, so that an agent takes the task at once';

COMMENT ON COLUMN doma_panda.jedi_tasks.reqid IS 'Production request that the task belongs to';

COMMENT ON COLUMN doma_panda.jedi_tasks.oldstatus IS 'State to come back to from pending, throttled, paused or staging, and during commands';

COMMENT ON COLUMN doma_panda.jedi_tasks.cloud IS 'Cloud that the task is assigned to, WORLD for any';

COMMENT ON COLUMN doma_panda.jedi_tasks.site IS 'Queue that the task has to run at, NULL for any';

COMMENT ON COLUMN doma_panda.jedi_tasks.starttime IS 'When the first jobs were made; NULL again after a retry';

COMMENT ON COLUMN doma_panda.jedi_tasks.endtime IS 'When the task became final';

COMMENT ON COLUMN doma_panda.jedi_tasks.frozentime IS 'Since when the task is pending, NULL if it is not';

COMMENT ON COLUMN doma_panda.jedi_tasks.prodsourcelabel IS 'Kind of work: managed, user, test and others';

COMMENT ON COLUMN doma_panda.jedi_tasks.workinggroup IS 'Physics group that the task is for';

COMMENT ON COLUMN doma_panda.jedi_tasks.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jedi_tasks.corecount IS 'Cores per job, 0 for any number';

COMMENT ON COLUMN doma_panda.jedi_tasks.tasktype IS 'Type of the task: prod, anal and others';

COMMENT ON COLUMN doma_panda.jedi_tasks.processingtype IS 'What the jobs do, e.g. evgen, simul, reco, merge';

COMMENT ON COLUMN doma_panda.jedi_tasks.taskpriority IS 'Priority given at submission';

COMMENT ON COLUMN doma_panda.jedi_tasks.currentpriority IS 'Priority in use, the higher the sooner';

COMMENT ON COLUMN doma_panda.jedi_tasks.architecture IS 'Platform that the software needs';

COMMENT ON COLUMN doma_panda.jedi_tasks.transuses IS 'Software release';

COMMENT ON COLUMN doma_panda.jedi_tasks.transhome IS 'Software package, with its cache';

COMMENT ON COLUMN doma_panda.jedi_tasks.transpath IS 'Program that the jobs run';

COMMENT ON COLUMN doma_panda.jedi_tasks.lockedby IS 'Agent that works on the task, NULL for none';

COMMENT ON COLUMN doma_panda.jedi_tasks.lockedtime IS 'When the agent took the task or said that it still works on it';

COMMENT ON COLUMN doma_panda.jedi_tasks.termcondition IS 'Condition under which the task ends early';

COMMENT ON COLUMN doma_panda.jedi_tasks.splitrule IS 'How the task is cut into jobs: codes with values, separated by commas';

COMMENT ON COLUMN doma_panda.jedi_tasks.walltime IS 'Wall time per event or file, in walltimeunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.walltimeunit IS 'Unit of walltime, e.g. kHS06sPerEvent; NULL has it estimated again, ava starts the avalanche';

COMMENT ON COLUMN doma_panda.jedi_tasks.outdiskcount IS 'Size of the output per event or file, in outdiskunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.outdiskunit IS 'Unit of outdiskcount, e.g. kBPerEvent';

COMMENT ON COLUMN doma_panda.jedi_tasks.workdiskcount IS 'Scratch space of a job, in workdiskunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.workdiskunit IS 'Unit of workdiskcount, usually MB';

COMMENT ON COLUMN doma_panda.jedi_tasks.ramcount IS 'Memory per core or per job, in ramunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.ramunit IS 'Unit of ramcount, e.g. MBPerCore';

COMMENT ON COLUMN doma_panda.jedi_tasks.iointensity IS 'Rate of input and output, in iointensityunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.iointensityunit IS 'Unit of iointensity, kBPerS';

COMMENT ON COLUMN doma_panda.jedi_tasks.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jedi_tasks.progress IS 'Progress in per cent; not written by current servers';

COMMENT ON COLUMN doma_panda.jedi_tasks.failurerate IS 'Rate of failures in per cent; not written by current servers';

COMMENT ON COLUMN doma_panda.jedi_tasks.errordialog IS 'Why the task is where it is, for people';

COMMENT ON COLUMN doma_panda.jedi_tasks.countrygroup IS 'Country group that the task is charged to';

COMMENT ON COLUMN doma_panda.jedi_tasks.parent_tid IS 'Task whose output this one reads; its own number without a parent';

COMMENT ON COLUMN doma_panda.jedi_tasks.eventservice IS 'Whether and how jobs take ranges of events: 0 not, 1 to 3 kinds of event service';

COMMENT ON COLUMN doma_panda.jedi_tasks.ticketid IS 'Ticket about the task';

COMMENT ON COLUMN doma_panda.jedi_tasks.ticketsystemtype IS 'System of the ticket, e.g. ggus';

COMMENT ON COLUMN doma_panda.jedi_tasks.statechangetime IS 'When the state last changed';

COMMENT ON COLUMN doma_panda.jedi_tasks.superstatus IS 'State last told to T_TASK';

COMMENT ON COLUMN doma_panda.jedi_tasks.campaign IS 'Campaign of the task';

COMMENT ON COLUMN doma_panda.jedi_tasks.mergeramcount IS 'Memory of a merge job, in mergeramunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.mergeramunit IS 'Unit of mergeramcount';

COMMENT ON COLUMN doma_panda.jedi_tasks.mergewalltime IS 'Wall time of a merge job, in mergewalltimeunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.mergewalltimeunit IS 'Unit of mergewalltime';

COMMENT ON COLUMN doma_panda.jedi_tasks.throttledtime IS 'When a throttled task is released';

COMMENT ON COLUMN doma_panda.jedi_tasks.numthrottled IS 'How often the task was throttled for failures';

COMMENT ON COLUMN doma_panda.jedi_tasks.mergecorecount IS 'Cores of a merge job';

COMMENT ON COLUMN doma_panda.jedi_tasks.goal IS 'Success that is asked for, per mille of events or files; 1000 without a value';

COMMENT ON COLUMN doma_panda.jedi_tasks.assessmenttime IS 'When the progress was last looked at';

COMMENT ON COLUMN doma_panda.jedi_tasks.cputime IS 'CPU time per event, in cputimeunit';

COMMENT ON COLUMN doma_panda.jedi_tasks.cputimeunit IS 'Unit of cputime, e.g. HS06sPerEvent';

COMMENT ON COLUMN doma_panda.jedi_tasks.cpuefficiency IS 'CPU efficiency assumed, per cent';

COMMENT ON COLUMN doma_panda.jedi_tasks.basewalltime IS 'Wall time of a job whatever its input, seconds';

COMMENT ON COLUMN doma_panda.jedi_tasks.amiflag_old IS 'Former amiflag';

COMMENT ON COLUMN doma_panda.jedi_tasks.amiflag IS 'Bits that say what the metadata catalogue AMI has still to read';

COMMENT ON COLUMN doma_panda.jedi_tasks.nucleus IS 'Site that collects the output of a WORLD task';

COMMENT ON COLUMN doma_panda.jedi_tasks.baseramcount IS 'Memory of a job whatever its cores, MB';

COMMENT ON COLUMN doma_panda.jedi_tasks.ttcrequested IS 'When the task should be complete';

COMMENT ON COLUMN doma_panda.jedi_tasks.ttcpredicted IS 'When the task is predicted to be complete';

COMMENT ON COLUMN doma_panda.jedi_tasks.ttcpredictiondate IS 'When that was predicted';

COMMENT ON COLUMN doma_panda.jedi_tasks.rescuetime IS 'When the task was last rescued from being stuck';

COMMENT ON COLUMN doma_panda.jedi_tasks.requesttype IS 'Type of the request that the task comes from';

COMMENT ON COLUMN doma_panda.jedi_tasks.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jedi_tasks.usejumbo IS 'Whether jumbo jobs are used: W, R, P, L or D, NULL for no';

COMMENT ON COLUMN doma_panda.jedi_tasks.resource_type IS 'Type of resource that the jobs ask for, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.jedi_tasks.diskio IS 'Expected disk traffic per core, in diskiounit';

COMMENT ON COLUMN doma_panda.jedi_tasks.diskiounit IS 'Unit of diskio, kBPerS';

COMMENT ON COLUMN doma_panda.jedi_tasks.memory_leak_core IS 'Memory that a job leaks per core, unit not known';

COMMENT ON COLUMN doma_panda.jedi_tasks.memory_leak_x2 IS 'How well the leak was fitted, chi square';

COMMENT ON COLUMN doma_panda.jedi_tasks.attemptnr IS 'Attempt of the task, one more with each retry';

COMMENT ON COLUMN doma_panda.jedi_tasks.container_name IS 'Image of the container that the jobs run in';

COMMENT ON COLUMN doma_panda.jedi_tasks.job_label IS 'Label of the jobs, as their prodsourcelabel';

COMMENT ON COLUMN doma_panda.jedi_tasks.realmodificationtime IS 'True time of the last change of modificationtime, set by a trigger';

COMMENT ON COLUMN doma_panda.jedi_tasks.framework IS 'System that submitted the task';

COMMENT ON COLUMN doma_panda.jedi_tasks.activatedtime IS 'Since when the task has been active, until it goes into TASK_METRICS';

COMMENT ON COLUMN doma_panda.jedi_tasks.queuedtime IS 'Since when the task has had input to process, NULL if it has none';

COMMENT ON COLUMN doma_panda.jedi_tasks.actiontime IS 'When an agent should next act on the task';

CREATE INDEX jedi_tasks_amiflag_idx ON doma_panda.jedi_tasks (amiflag);

CREATE INDEX jedi_tasks_creation_idx ON doma_panda.jedi_tasks (creationdate);

CREATE INDEX jedi_tasks_lockedby_idx ON doma_panda.jedi_tasks (lockedby);

CREATE INDEX jedi_tasks_modiftime_idx ON doma_panda.jedi_tasks (modificationtime);

CREATE INDEX jedi_tasks_nametaskid_idx ON doma_panda.jedi_tasks (taskname, jeditaskid);

CREATE INDEX jedi_tasks_parent_tid_idx ON doma_panda.jedi_tasks (parent_tid);

CREATE INDEX jedi_tasks_realmodtime_idx ON doma_panda.jedi_tasks (realmodificationtime);

CREATE INDEX jedi_tasks_reqid_idx ON doma_panda.jedi_tasks (reqid, username);

CREATE INDEX jedi_tasks_status3attr_idx ON doma_panda.jedi_tasks (status, workqueue_id, prodsourcelabel, jeditaskid);

CREATE INDEX jedi_upper_tasks_name_idx ON doma_panda.jedi_tasks (upper(taskname));

CREATE TABLE doma_panda.jedi_tasks_default PARTITION OF doma_panda.jedi_tasks DEFAULT;

CREATE TABLE doma_panda.task_attempts (
    jeditaskid BIGINT NOT NULL, 
    attemptnr INTEGER NOT NULL, 
    starttime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    endtime TIMESTAMP WITHOUT TIME ZONE, 
    startstatus VARCHAR(32), 
    endstatus VARCHAR(32), 
    CONSTRAINT task_attempts_pkey PRIMARY KEY (jeditaskid, attemptnr, starttime)
)
 PARTITION BY RANGE (starttime);

COMMENT ON TABLE doma_panda.task_attempts IS 'Attempts of tasks: when each began and how it ended.';

COMMENT ON COLUMN doma_panda.task_attempts.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.task_attempts.attemptnr IS 'Attempt, from 0 or 1 on';

COMMENT ON COLUMN doma_panda.task_attempts.starttime IS 'When the attempt began; partition key';

COMMENT ON COLUMN doma_panda.task_attempts.endtime IS 'When it ended, NULL while it goes on';

COMMENT ON COLUMN doma_panda.task_attempts.startstatus IS 'State in which the attempt began';

COMMENT ON COLUMN doma_panda.task_attempts.endstatus IS 'State in which it ended';

CREATE TABLE doma_panda.task_attempts_default PARTITION OF doma_panda.task_attempts DEFAULT;

CREATE TABLE doma_panda.task_evaluation (
    jeditaskid BIGINT NOT NULL, 
    metric VARCHAR(128) NOT NULL, 
    value_json TEXT, 
    timestamp TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT task_evaluation_pkey PRIMARY KEY (jeditaskid, metric)
);

COMMENT ON TABLE doma_panda.task_evaluation IS 'Judgements on tasks that are computed now and then.';

COMMENT ON COLUMN doma_panda.task_evaluation.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.task_evaluation.metric IS 'What is judged';

COMMENT ON COLUMN doma_panda.task_evaluation.value_json IS 'Result, JSON';

COMMENT ON COLUMN doma_panda.task_evaluation.timestamp IS 'When it was computed';

CREATE TABLE doma_panda.task_metrics (
    jeditaskid BIGINT NOT NULL, 
    creationtime TIMESTAMP WITHOUT TIME ZONE, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    data TEXT, 
    CONSTRAINT task_metrics_pkey PRIMARY KEY (jeditaskid, modificationtime)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.task_metrics IS 'Measurements of tasks, such as periods of queuing and running.';

COMMENT ON COLUMN doma_panda.task_metrics.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.task_metrics.creationtime IS 'When the row was made';

COMMENT ON COLUMN doma_panda.task_metrics.modificationtime IS 'Last change; partition key';

COMMENT ON COLUMN doma_panda.task_metrics.data IS 'Measurements, JSON';

CREATE TABLE doma_panda.task_metrics_default PARTITION OF doma_panda.task_metrics DEFAULT;

CREATE TABLE doma_panda.tasks_statuslog (
    jeditaskid BIGINT NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    status VARCHAR(64) NOT NULL, 
    modificationhost VARCHAR(128), 
    attemptnr SMALLINT, 
    reason VARCHAR(255)
)
 PARTITION BY RANGE (modificationtime);

COMMENT ON TABLE doma_panda.tasks_statuslog IS 'States that tasks have been in, a row per change.';

COMMENT ON COLUMN doma_panda.tasks_statuslog.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.tasks_statuslog.modificationtime IS 'When the state changed; partition key';

COMMENT ON COLUMN doma_panda.tasks_statuslog.status IS 'State that the task changed to';

COMMENT ON COLUMN doma_panda.tasks_statuslog.modificationhost IS 'Machine that changed it';

COMMENT ON COLUMN doma_panda.tasks_statuslog.attemptnr IS 'Attempt of the task';

COMMENT ON COLUMN doma_panda.tasks_statuslog.reason IS 'Beginning of the task''s errordialog at that time';

CREATE INDEX task_statuslog_jeditaskid_idx ON doma_panda.tasks_statuslog (jeditaskid);

CREATE TABLE doma_panda.tasks_statuslog_default PARTITION OF doma_panda.tasks_statuslog DEFAULT;

UPDATE pandadb.alembic_version SET version_num='0005' WHERE pandadb.alembic_version.version_num = '0004';

COMMIT;

BEGIN;

-- Running upgrade 0005 -> 0006

CREATE SEQUENCE doma_panda.jedi_dataset_cont_fileid_seq AS BIGINT CACHE 100;

CREATE SEQUENCE doma_panda.jedi_datasets_id_seq AS BIGINT;

CREATE SEQUENCE doma_panda.subcounter_subid_seq AS BIGINT MAXVALUE 9999999 CYCLE;

CREATE TABLE doma_panda.datasets (
    vuid VARCHAR(40) NOT NULL, 
    name VARCHAR(255) NOT NULL, 
    version VARCHAR(10), 
    type VARCHAR(20), 
    status VARCHAR(10), 
    numberfiles INTEGER, 
    currentfiles INTEGER, 
    creationdate TIMESTAMP WITHOUT TIME ZONE, 
    modificationdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    moverid BIGINT DEFAULT '0' NOT NULL, 
    transferstatus SMALLINT DEFAULT '0' NOT NULL, 
    subtype VARCHAR(5), 
    CONSTRAINT datasets_pkey PRIMARY KEY (vuid, modificationdate)
)
 PARTITION BY RANGE (modificationdate);

COMMENT ON TABLE doma_panda.datasets IS 'Datasets of the data management that the server has made or moves.';

COMMENT ON COLUMN doma_panda.datasets.vuid IS 'Id of the dataset';

COMMENT ON COLUMN doma_panda.datasets.name IS 'Name of the dataset';

COMMENT ON COLUMN doma_panda.datasets.version IS 'Version of the dataset';

COMMENT ON COLUMN doma_panda.datasets.type IS 'Role: input, output, log, dispatch and others';

COMMENT ON COLUMN doma_panda.datasets.status IS 'State: defined, running, tobeclosed, completed, deleted and others';

COMMENT ON COLUMN doma_panda.datasets.numberfiles IS 'Files that the dataset will have';

COMMENT ON COLUMN doma_panda.datasets.currentfiles IS 'Files in it, for dispatch blocks the failed jobs';

COMMENT ON COLUMN doma_panda.datasets.creationdate IS 'When the row was made';

COMMENT ON COLUMN doma_panda.datasets.modificationdate IS 'Last change; partition key';

COMMENT ON COLUMN doma_panda.datasets.moverid IS 'Job that moves the dataset, 0 for none';

COMMENT ON COLUMN doma_panda.datasets.transferstatus IS 'State of its transfer as a number';

COMMENT ON COLUMN doma_panda.datasets.subtype IS 'sub for output per job set, dis for input sent to a site, top and others';

CREATE INDEX datasets_modifdate_idx ON doma_panda.datasets (modificationdate);

CREATE INDEX datasets_moverid_indx ON doma_panda.datasets (moverid);

CREATE INDEX datasets_name_idx ON doma_panda.datasets (name);

CREATE INDEX datasets_stat_type_mdate_idx ON doma_panda.datasets (type, status, modificationdate, subtype);

CREATE TABLE doma_panda.datasets_default PARTITION OF doma_panda.datasets DEFAULT;

CREATE TABLE doma_panda.jedi_dataset_contents (
    jeditaskid BIGINT NOT NULL, 
    datasetid BIGINT NOT NULL, 
    fileid BIGINT NOT NULL, 
    creationdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    lastattempttime TIMESTAMP WITHOUT TIME ZONE, 
    lfn VARCHAR(4000) NOT NULL, 
    guid VARCHAR(64), 
    type VARCHAR(20) NOT NULL, 
    status VARCHAR(64) NOT NULL, 
    fsize BIGINT, 
    checksum VARCHAR(36), 
    scope VARCHAR(30), 
    attemptnr SMALLINT, 
    maxattempt SMALLINT, 
    nevents BIGINT, 
    keeptrack SMALLINT, 
    startevent BIGINT, 
    endevent BIGINT, 
    firstevent BIGINT, 
    boundaryid BIGINT, 
    pandaid BIGINT, 
    failedattempt SMALLINT, 
    lumiblocknr BIGINT, 
    outpandaid BIGINT, 
    maxfailure SMALLINT, 
    ramcount BIGINT DEFAULT '0', 
    is_waiting CHAR(1), 
    jobsetid BIGINT, 
    proc_status VARCHAR(64), 
    constituent_id BIGINT, 
    CONSTRAINT jedi_dataset_contents_pkey PRIMARY KEY (jeditaskid, datasetid, fileid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_dataset_contents IS 'Files of the datasets of tasks, each with its latest attempt only.';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.datasetid IS 'Dataset, JEDI_DATASETS';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.fileid IS 'Number of the file, or of a part of it';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.creationdate IS 'When the row was made';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.lastattempttime IS 'When the last attempt began';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.lfn IS 'Logical file name';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.guid IS 'Global id of the file';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.type IS 'Role of the file, as of its dataset';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.status IS 'State: ready, picked, running, finished, failed, cancelled, lost, missing and others';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.fsize IS 'Size, bytes';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.checksum IS 'Checksum with its kind, ad: for adler32 or md5:';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.scope IS 'Scope of the name in the data management';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.attemptnr IS 'Attempt, one more with each end of a job, success included';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.maxattempt IS 'Attempts allowed, NULL for a secondary file that is not tracked';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.nevents IS 'Events in the file';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.keeptrack IS '1 while JEDI owns the row, NULL once it is frozen';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.startevent IS 'First event to process, counted in the file';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.endevent IS 'Last event to process, counted in the file';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.firstevent IS 'Number of the first event in the file';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.boundaryid IS 'Files of one value belong together; for output to be merged the job that made it';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.pandaid IS 'Job of the latest attempt, or the job set of an event service job';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.failedattempt IS 'Attempts whose job failed';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.lumiblocknr IS 'Luminosity block';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.outpandaid IS 'Job that made this output';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.maxfailure IS 'Failed attempts allowed, NULL for no limit';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.ramcount IS 'Memory that the next job for the file asks for, MB; higher after failures for memory';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.is_waiting IS 'Y while a co-jumbo placeholder waits for the file';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.jobsetid IS 'Job set of the latest attempt';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.proc_status IS 'Fine state of processing: ready, queued, starting, running, merging, transferring, finished, failed';

COMMENT ON COLUMN doma_panda.jedi_dataset_contents.constituent_id IS 'Dataset of a container that the file comes from';

CREATE INDEX jedi_dataset_contents_id_idx ON doma_panda.jedi_dataset_contents (datasetid);

CREATE INDEX jedi_dataset_contents_pid_idx ON doma_panda.jedi_dataset_contents (pandaid);

CREATE INDEX jedi_datasetcontent_lfn_idx ON doma_panda.jedi_dataset_contents (lfn);

CREATE TABLE doma_panda.jedi_dataset_contents_default PARTITION OF doma_panda.jedi_dataset_contents DEFAULT;

CREATE TABLE doma_panda.jedi_dataset_locality (
    jeditaskid BIGINT NOT NULL, 
    datasetid BIGINT NOT NULL, 
    rse VARCHAR(64) NOT NULL, 
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT jedi_dataset_locality_pkey PRIMARY KEY (jeditaskid, datasetid, rse)
);

COMMENT ON TABLE doma_panda.jedi_dataset_locality IS 'Storages that have the datasets of tasks.';

COMMENT ON COLUMN doma_panda.jedi_dataset_locality.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_dataset_locality.datasetid IS 'Dataset, JEDI_DATASETS';

COMMENT ON COLUMN doma_panda.jedi_dataset_locality.rse IS 'Storage element that has the dataset';

COMMENT ON COLUMN doma_panda.jedi_dataset_locality.timestamp IS 'When that was found';

CREATE TABLE doma_panda.jedi_datasets (
    jeditaskid BIGINT NOT NULL, 
    datasetid BIGINT NOT NULL, 
    datasetname VARCHAR(255) NOT NULL, 
    type VARCHAR(20) NOT NULL, 
    creationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    vo VARCHAR(32), 
    cloud VARCHAR(10), 
    site VARCHAR(60), 
    masterid BIGINT, 
    provenanceid BIGINT, 
    containername VARCHAR(255), 
    status VARCHAR(20), 
    state VARCHAR(20), 
    statechecktime TIMESTAMP WITHOUT TIME ZONE, 
    statecheckexpiration TIMESTAMP WITHOUT TIME ZONE, 
    frozentime TIMESTAMP WITHOUT TIME ZONE, 
    nfiles BIGINT, 
    nfilestobeused BIGINT, 
    nfilesused BIGINT, 
    nfilesonhold BIGINT, 
    nevents BIGINT, 
    neventstobeused BIGINT, 
    neventsused BIGINT, 
    lockedby VARCHAR(56), 
    lockedtime TIMESTAMP WITHOUT TIME ZONE, 
    nfilesfinished BIGINT, 
    nfilesfailed BIGINT, 
    attributes VARCHAR(100), 
    streamname VARCHAR(20), 
    storagetoken VARCHAR(100), 
    destination VARCHAR(60), 
    templateid BIGINT, 
    nfileswaiting BIGINT, 
    nfilesmissing BIGINT, 
    CONSTRAINT jedi_datasets_pkey PRIMARY KEY (jeditaskid, datasetid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_datasets IS 'Datasets of tasks with counters of their files and events.';

COMMENT ON COLUMN doma_panda.jedi_datasets.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_datasets.datasetid IS 'Number of the dataset';

COMMENT ON COLUMN doma_panda.jedi_datasets.datasetname IS 'Name of the dataset';

COMMENT ON COLUMN doma_panda.jedi_datasets.type IS 'Role: input, pseudo_input, pp_input, output, log, lib, random_seed, trn_log, trn_output, tmpl_*';

COMMENT ON COLUMN doma_panda.jedi_datasets.creationtime IS 'When the row was made';

COMMENT ON COLUMN doma_panda.jedi_datasets.modificationtime IS 'Last change';

COMMENT ON COLUMN doma_panda.jedi_datasets.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jedi_datasets.cloud IS 'Cloud of the dataset';

COMMENT ON COLUMN doma_panda.jedi_datasets.site IS 'Site that the dataset has to be at';

COMMENT ON COLUMN doma_panda.jedi_datasets.masterid IS 'Master dataset of the task that this one goes along with, NULL for a master';

COMMENT ON COLUMN doma_panda.jedi_datasets.provenanceid IS 'Dataset that this one is made from';

COMMENT ON COLUMN doma_panda.jedi_datasets.containername IS 'Container that the dataset belongs to';

COMMENT ON COLUMN doma_panda.jedi_datasets.status IS 'State: defined, toupdate, ready, registered, prepared, done, finished, failed or removed';

COMMENT ON COLUMN doma_panda.jedi_datasets.state IS 'Whether files may be added: open, closed, mutable while a parent task still produces';

COMMENT ON COLUMN doma_panda.jedi_datasets.statechecktime IS 'When the state was last checked';

COMMENT ON COLUMN doma_panda.jedi_datasets.statecheckexpiration IS 'When the state is to be checked again';

COMMENT ON COLUMN doma_panda.jedi_datasets.frozentime IS 'Since when nothing has come in';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfiles IS 'Files in the dataset, without lost ones';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfilestobeused IS 'Files released for processing';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfilesused IS 'Files taken for jobs, or beyond that';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfilesonhold IS 'Files whose jobs are transferring, or that wait to be merged';

COMMENT ON COLUMN doma_panda.jedi_datasets.nevents IS 'Events in the dataset';

COMMENT ON COLUMN doma_panda.jedi_datasets.neventstobeused IS 'Events released for processing';

COMMENT ON COLUMN doma_panda.jedi_datasets.neventsused IS 'Events of the files that are finished';

COMMENT ON COLUMN doma_panda.jedi_datasets.lockedby IS 'Agent that works on the dataset, NULL for none';

COMMENT ON COLUMN doma_panda.jedi_datasets.lockedtime IS 'When the agent took it';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfilesfinished IS 'Files processed with success';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfilesfailed IS 'Files out of attempts';

COMMENT ON COLUMN doma_panda.jedi_datasets.attributes IS 'Flags of two letters, separated by commas';

COMMENT ON COLUMN doma_panda.jedi_datasets.streamname IS 'Placeholder of the dataset in the parameters of jobs';

COMMENT ON COLUMN doma_panda.jedi_datasets.storagetoken IS 'Storage or space token for the files';

COMMENT ON COLUMN doma_panda.jedi_datasets.destination IS 'Site that the output goes to';

COMMENT ON COLUMN doma_panda.jedi_datasets.templateid IS 'Template dataset that this one was made from';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfileswaiting IS 'Files that wait for a co-jumbo job';

COMMENT ON COLUMN doma_panda.jedi_datasets.nfilesmissing IS 'Files that vanished from their source';

CREATE INDEX jedi_dataset_containername_idx ON doma_panda.jedi_datasets (containername);

CREATE INDEX jedi_dataset_dnametypetid_idx ON doma_panda.jedi_datasets (datasetname, type, jeditaskid);

CREATE INDEX jedi_dataset_lockedby_idx ON doma_panda.jedi_datasets (lockedby);

CREATE INDEX jedi_dataset_statecheckexp_idx ON doma_panda.jedi_datasets (statecheckexpiration);

CREATE INDEX jedi_datasets_dsetid_idx ON doma_panda.jedi_datasets (datasetid);

CREATE INDEX jedi_datasets_taskid_type_idx ON doma_panda.jedi_datasets (jeditaskid, type);

CREATE TABLE doma_panda.jedi_datasets_default PARTITION OF doma_panda.jedi_datasets DEFAULT;

CREATE TABLE doma_panda.jedi_events (
    jeditaskid BIGINT NOT NULL, 
    pandaid BIGINT NOT NULL, 
    fileid BIGINT NOT NULL, 
    job_processid BIGINT NOT NULL, 
    datasetid BIGINT NOT NULL, 
    status SMALLINT NOT NULL, 
    def_min_eventid BIGINT, 
    def_max_eventid BIGINT, 
    processed_upto_eventid BIGINT, 
    attemptnr SMALLINT, 
    objstore_id BIGINT, 
    event_offset BIGINT, 
    is_jumbo SMALLINT, 
    ziprow_id BIGINT, 
    file_not_deleted CHAR(1), 
    error_code INTEGER, 
    path_convention SMALLINT, 
    error_diag VARCHAR(500), 
    CONSTRAINT jedi_events_pkey PRIMARY KEY (jeditaskid, pandaid, fileid, job_processid)
)
 PARTITION BY RANGE (jeditaskid);

COMMENT ON TABLE doma_panda.jedi_events IS 'Ranges of events that jobs of the event service take one by one.';

COMMENT ON COLUMN doma_panda.jedi_events.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.jedi_events.pandaid IS 'Job that has the range; the job set until one takes it';

COMMENT ON COLUMN doma_panda.jedi_events.fileid IS 'Input file, JEDI_DATASET_CONTENTS';

COMMENT ON COLUMN doma_panda.jedi_events.job_processid IS 'Number of the range in its file';

COMMENT ON COLUMN doma_panda.jedi_events.datasetid IS 'Dataset of the file, JEDI_DATASETS';

COMMENT ON COLUMN doma_panda.jedi_events.status IS '0 ready, 1 sent, 2 running, 3 finished, 4 cancelled, 5 discarded, 6 done, 7 failed, 8 fatal, 9 merged, 10 corrupted';

COMMENT ON COLUMN doma_panda.jedi_events.def_min_eventid IS 'First event of the range';

COMMENT ON COLUMN doma_panda.jedi_events.def_max_eventid IS 'Last event of the range';

COMMENT ON COLUMN doma_panda.jedi_events.processed_upto_eventid IS 'Last event that is done, 0 for none';

COMMENT ON COLUMN doma_panda.jedi_events.attemptnr IS 'Attempts that are left';

COMMENT ON COLUMN doma_panda.jedi_events.objstore_id IS 'Object store that has the output';

COMMENT ON COLUMN doma_panda.jedi_events.event_offset IS 'Offset of the events, the job set at the beginning';

COMMENT ON COLUMN doma_panda.jedi_events.is_jumbo IS '1 if a jumbo job took it';

COMMENT ON COLUMN doma_panda.jedi_events.ziprow_id IS 'Row of FILESTABLE4 of the archive file that holds the output';

COMMENT ON COLUMN doma_panda.jedi_events.file_not_deleted IS 'Y if the output file could not be deleted';

COMMENT ON COLUMN doma_panda.jedi_events.error_code IS 'Error of the last attempt';

COMMENT ON COLUMN doma_panda.jedi_events.path_convention IS 'How the path in the object store is made';

COMMENT ON COLUMN doma_panda.jedi_events.error_diag IS 'What went wrong in the last attempt';

CREATE INDEX jedi_events_file_notdel_idx ON doma_panda.jedi_events (file_not_deleted);

CREATE INDEX jedi_events_fileid_idx ON doma_panda.jedi_events (fileid);

CREATE INDEX jedi_events_pandaid_status_idx ON doma_panda.jedi_events (pandaid, status);

CREATE TABLE doma_panda.jedi_events_default PARTITION OF doma_panda.jedi_events DEFAULT;

UPDATE pandadb.alembic_version SET version_num='0006' WHERE pandadb.alembic_version.version_num = '0005';

COMMIT;

BEGIN;

-- Running upgrade 0006 -> 0007

CREATE SEQUENCE doma_panda.jedi_work_queue_id_seq AS BIGINT;

CREATE TABLE doma_panda.global_shares (
    name VARCHAR(32) NOT NULL, 
    value SMALLINT NOT NULL, 
    parent VARCHAR(32), 
    prodsourcelabel VARCHAR(100), 
    workinggroup VARCHAR(100), 
    campaign VARCHAR(100), 
    processingtype VARCHAR(100), 
    vo VARCHAR(32), 
    queue_id INTEGER, 
    throttled CHAR(1), 
    transpath VARCHAR(128), 
    rtype VARCHAR(32), 
    CONSTRAINT global_shares_pkey PRIMARY KEY (name), 
    CONSTRAINT global_shares_queue_id_key UNIQUE (queue_id)
);

COMMENT ON TABLE doma_panda.global_shares IS 'Global shares: a tree of targets that says how much of which work is done.';

COMMENT ON COLUMN doma_panda.global_shares.name IS 'Name of the share';

COMMENT ON COLUMN doma_panda.global_shares.value IS 'Weight among its siblings';

COMMENT ON COLUMN doma_panda.global_shares.parent IS 'Share above it, NULL at the top';

COMMENT ON COLUMN doma_panda.global_shares.prodsourcelabel IS 'Pattern for the kind of work, of a leaf';

COMMENT ON COLUMN doma_panda.global_shares.workinggroup IS 'Pattern for the working group, of a leaf';

COMMENT ON COLUMN doma_panda.global_shares.campaign IS 'Pattern for the campaign, of a leaf';

COMMENT ON COLUMN doma_panda.global_shares.processingtype IS 'Pattern for the processing type, of a leaf';

COMMENT ON COLUMN doma_panda.global_shares.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.global_shares.queue_id IS 'Number as a work queue; must differ from those in JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.global_shares.throttled IS 'N for a share that JEDI does not throttle';

COMMENT ON COLUMN doma_panda.global_shares.transpath IS 'Pattern for the program, of a leaf';

COMMENT ON COLUMN doma_panda.global_shares.rtype IS 'Pattern for the resource type of the site, of a leaf';

CREATE TABLE doma_panda.jedi_process_lock (
    vo VARCHAR(32) NOT NULL, 
    prodsourcelabel VARCHAR(20) NOT NULL, 
    workqueue_id INTEGER NOT NULL, 
    cloud VARCHAR(10) NOT NULL, 
    lockedby VARCHAR(56), 
    lockedtime TIMESTAMP WITHOUT TIME ZONE, 
    resource_type VARCHAR(56) NOT NULL, 
    component VARCHAR(56) NOT NULL, 
    CONSTRAINT jedi_process_lock_pkey PRIMARY KEY (vo, prodsourcelabel, workqueue_id, cloud, resource_type, component)
);

COMMENT ON TABLE doma_panda.jedi_process_lock IS 'Locks that agents hold on pieces of the work of a queue.';

COMMENT ON COLUMN doma_panda.jedi_process_lock.vo IS 'Virtual organization, default for any';

COMMENT ON COLUMN doma_panda.jedi_process_lock.prodsourcelabel IS 'Kind of work, default for any';

COMMENT ON COLUMN doma_panda.jedi_process_lock.workqueue_id IS 'Work queue, 0 for any';

COMMENT ON COLUMN doma_panda.jedi_process_lock.cloud IS 'Cloud, default for any';

COMMENT ON COLUMN doma_panda.jedi_process_lock.lockedby IS 'Agent that holds the lock';

COMMENT ON COLUMN doma_panda.jedi_process_lock.lockedtime IS 'Since when';

COMMENT ON COLUMN doma_panda.jedi_process_lock.resource_type IS 'Type of resource, default for any';

COMMENT ON COLUMN doma_panda.jedi_process_lock.component IS 'Part of JEDI that the lock is for, default for any';

CREATE TABLE doma_panda.jedi_work_queue (
    queue_id INTEGER NOT NULL, 
    queue_name VARCHAR(32) NOT NULL, 
    queue_type VARCHAR(32) NOT NULL, 
    vo VARCHAR(32) NOT NULL, 
    status VARCHAR(64), 
    partitionid INTEGER, 
    stretchable SMALLINT, 
    queue_share SMALLINT, 
    queue_order SMALLINT, 
    criteria VARCHAR(256), 
    variables VARCHAR(256), 
    queue_function VARCHAR(32), 
    CONSTRAINT jedi_work_queue_pkey PRIMARY KEY (queue_id), 
    CONSTRAINT jedi_work_queue_queue_name_queue_type_vo_key UNIQUE (queue_name, queue_type, vo)
);

COMMENT ON TABLE doma_panda.jedi_work_queue IS 'Work queues: parallel pipes in which tasks are processed.';

COMMENT ON COLUMN doma_panda.jedi_work_queue.queue_id IS 'Number of the queue; must differ from those in GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jedi_work_queue.queue_name IS 'Name of the queue';

COMMENT ON COLUMN doma_panda.jedi_work_queue.queue_type IS 'Label of the work that it is for, such as managed or user';

COMMENT ON COLUMN doma_panda.jedi_work_queue.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_panda.jedi_work_queue.status IS 'inactive for a queue that is not used, NULL for an active one';

COMMENT ON COLUMN doma_panda.jedi_work_queue.partitionid IS 'Group of queues; not used for selection any more';

COMMENT ON COLUMN doma_panda.jedi_work_queue.stretchable IS 'Whether the queue may take unused shares; not used for selection any more';

COMMENT ON COLUMN doma_panda.jedi_work_queue.queue_share IS 'Share within the group; not used for selection any more';

COMMENT ON COLUMN doma_panda.jedi_work_queue.queue_order IS 'Place in which queues are tried, NULL last';

COMMENT ON COLUMN doma_panda.jedi_work_queue.criteria IS 'Condition that a task has to meet, empty for all';

COMMENT ON COLUMN doma_panda.jedi_work_queue.variables IS 'Values of the condition''s names, key:value separated by commas';

COMMENT ON COLUMN doma_panda.jedi_work_queue.queue_function IS 'Resource for a queue with a pipe of its own, outside of the shares';

CREATE INDEX jedi_work_queue_qfunc_idx ON doma_panda.jedi_work_queue (queue_function, queue_id);

CREATE TABLE doma_panda.resource_types (
    resource_name VARCHAR(56) NOT NULL, 
    mincore INTEGER, 
    maxcore INTEGER, 
    minrampercore INTEGER, 
    maxrampercore INTEGER, 
    CONSTRAINT resource_types_pkey PRIMARY KEY (resource_name)
);

COMMENT ON TABLE doma_panda.resource_types IS 'Types of resources by cores and memory, e.g. SCORE or MCORE_HIMEM.';

COMMENT ON COLUMN doma_panda.resource_types.resource_name IS 'Name of the type';

COMMENT ON COLUMN doma_panda.resource_types.mincore IS 'Fewest cores, NULL for no limit';

COMMENT ON COLUMN doma_panda.resource_types.maxcore IS 'Most cores, NULL for no limit';

COMMENT ON COLUMN doma_panda.resource_types.minrampercore IS 'Least memory per core, MB, NULL for no limit';

COMMENT ON COLUMN doma_panda.resource_types.maxrampercore IS 'Most memory per core, MB, NULL for no limit';

UPDATE pandadb.alembic_version SET version_num='0007' WHERE pandadb.alembic_version.version_num = '0006';

COMMIT;

BEGIN;

-- Running upgrade 0007 -> 0008

CREATE TABLE doma_panda.carbon_region_emissions (
    region VARCHAR(32) NOT NULL, 
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    value BIGINT, 
    CONSTRAINT carbon_region_emissions_pkey PRIMARY KEY (region, timestamp)
);

COMMENT ON TABLE doma_panda.carbon_region_emissions IS 'Carbon intensity of electricity by region and time, to estimate the CO2 of jobs.';

COMMENT ON COLUMN doma_panda.carbon_region_emissions.region IS 'Electricity region, the region of a queue; GRID is the average of all';

COMMENT ON COLUMN doma_panda.carbon_region_emissions.timestamp IS 'Time the value holds for';

COMMENT ON COLUMN doma_panda.carbon_region_emissions.value IS 'Carbon intensity in grams CO2 per kWh';

CREATE TABLE doma_panda.ddm_endpoint (
    ddm_endpoint_name VARCHAR(52) NOT NULL, 
    site_name VARCHAR(52), 
    ddm_spacetoken_name VARCHAR(52), 
    space_total BIGINT, 
    space_free BIGINT, 
    space_used BIGINT, 
    is_tape VARCHAR(1), 
    type VARCHAR(20), 
    blacklisted CHAR(1), 
    space_expired BIGINT, 
    space_timestamp TIMESTAMP WITHOUT TIME ZONE, 
    blacklisted_read CHAR(1), 
    blacklisted_write CHAR(1), 
    detailed_status JSONB, 
    space_min_free BIGINT, 
    space_unavailable BIGINT, 
    CONSTRAINT ddm_endpoint_pkey PRIMARY KEY (ddm_endpoint_name), 
    CONSTRAINT blacklisted_check CHECK (blacklisted IN ('Y', 'N'))
);

COMMENT ON TABLE doma_panda.ddm_endpoint IS 'Storage endpoints (Rucio RSEs) with their space and exclusions.';

COMMENT ON COLUMN doma_panda.ddm_endpoint.ddm_endpoint_name IS 'Name of the endpoint, the RSE in Rucio, the key';

COMMENT ON COLUMN doma_panda.ddm_endpoint.site_name IS 'Site that runs the endpoint, SITE';

COMMENT ON COLUMN doma_panda.ddm_endpoint.ddm_spacetoken_name IS 'Space token, such as ATLASDATADISK';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_total IS 'Total space in GB, computed as used plus free';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_free IS 'Free space in GB';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_used IS 'Used space in GB';

COMMENT ON COLUMN doma_panda.ddm_endpoint.is_tape IS 'Y for tape, N for disk';

COMMENT ON COLUMN doma_panda.ddm_endpoint.type IS 'Kind of endpoint in CRIC, such as DATADISK or SCRATCHDISK';

COMMENT ON COLUMN doma_panda.ddm_endpoint.blacklisted IS 'Y if excluded from writing, N if not; the older form of blacklisted_write';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_expired IS 'Space in GB held by expired replicas, which may be deleted';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_timestamp IS 'Time the space was measured, according to Rucio';

COMMENT ON COLUMN doma_panda.ddm_endpoint.blacklisted_read IS 'Y if excluded from reading, N if not';

COMMENT ON COLUMN doma_panda.ddm_endpoint.blacklisted_write IS 'Y if excluded from writing, N if not';

COMMENT ON COLUMN doma_panda.ddm_endpoint.detailed_status IS 'JSON object with the status of each activity, such as write_wan: OFF';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_min_free IS 'Free space in GB that has to be kept, 0 if unknown';

COMMENT ON COLUMN doma_panda.ddm_endpoint.space_unavailable IS 'Space in GB that cannot be used, 0 if unknown';

CREATE INDEX ddm_endpoint_site_name_idx ON doma_panda.ddm_endpoint (site_name);

CREATE TABLE doma_panda.network_matrix_kv (
    src VARCHAR(256) NOT NULL, 
    dst VARCHAR(256) NOT NULL, 
    key VARCHAR(256) NOT NULL, 
    value NUMERIC, 
    ts TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT network_matrix_kv_pkey PRIMARY KEY (src, dst, key)
);

COMMENT ON TABLE doma_panda.network_matrix_kv IS 'Connectivity between pairs of sites as key and value; pairs unseen for 7 days are removed.';

COMMENT ON COLUMN doma_panda.network_matrix_kv.src IS 'Source site';

COMMENT ON COLUMN doma_panda.network_matrix_kv.dst IS 'Destination site';

COMMENT ON COLUMN doma_panda.network_matrix_kv.key IS 'Quantity, such as AGIS_closeness, <activity>_queued, <activity>_done_1h or <system>_mbps_1d';

COMMENT ON COLUMN doma_panda.network_matrix_kv.value IS 'Value of the quantity: files, megabits per second or closeness, depending on the key';

COMMENT ON COLUMN doma_panda.network_matrix_kv.ts IS 'Time the value was measured';

CREATE TABLE doma_panda.network_matrix_kv_temp (
    src VARCHAR(256) NOT NULL, 
    dst VARCHAR(256) NOT NULL, 
    key VARCHAR(256) NOT NULL, 
    value NUMERIC, 
    ts TIMESTAMP WITHOUT TIME ZONE
);

COMMENT ON TABLE doma_panda.network_matrix_kv_temp IS 'Staging table for loading NETWORK_MATRIX_KV, empty between loads.';

COMMENT ON COLUMN doma_panda.network_matrix_kv_temp.src IS 'Source site';

COMMENT ON COLUMN doma_panda.network_matrix_kv_temp.dst IS 'Destination site';

COMMENT ON COLUMN doma_panda.network_matrix_kv_temp.key IS 'Quantity, such as AGIS_closeness, <activity>_queued, <activity>_done_1h or <system>_mbps_1d';

COMMENT ON COLUMN doma_panda.network_matrix_kv_temp.value IS 'Value of the quantity: files, megabits per second or closeness, depending on the key';

COMMENT ON COLUMN doma_panda.network_matrix_kv_temp.ts IS 'Time the value was measured';

CREATE TABLE doma_panda.panda_ddm_relation (
    panda_site_name VARCHAR(52) NOT NULL, 
    ddm_endpoint_name VARCHAR(52) NOT NULL, 
    is_local CHAR(1), 
    roles VARCHAR(60), 
    order_read INTEGER, 
    order_write INTEGER, 
    default_read CHAR(1), 
    default_write CHAR(1), 
    scope VARCHAR(52) NOT NULL, 
    CONSTRAINT panda_ddm_relation_pkey PRIMARY KEY (panda_site_name, ddm_endpoint_name, scope), 
    CONSTRAINT panda_ddm_rel_is_local_check CHECK (is_local IN ('Y', 'N'))
);

COMMENT ON TABLE doma_panda.panda_ddm_relation IS 'Storage endpoints each queue reads from and writes to. Per scope; rewritten by the Configurator.';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.panda_site_name IS 'Compute queue, PANDA_SITE';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.ddm_endpoint_name IS 'Storage endpoint, DDM_ENDPOINT';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.is_local IS 'Y if the endpoint is at the site of the queue, N if remote';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.roles IS 'Comma separated roles of the endpoint, read_lan and write_lan';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.order_read IS 'Rank for reading within queue and scope, 1 is preferred';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.order_write IS 'Rank for writing within queue and scope, 1 is preferred';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.default_read IS 'Y if it is the first choice for reading';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.default_write IS 'Y if it is the first choice for writing';

COMMENT ON COLUMN doma_panda.panda_ddm_relation.scope IS 'Kind of jobs the relation is for: default, or a suffix such as analysis';

CREATE INDEX pan_ddm_rel_endpoint_rel_idx ON doma_panda.panda_ddm_relation (ddm_endpoint_name);

CREATE INDEX pan_ddm_rel_pandasitename_idx ON doma_panda.panda_ddm_relation (panda_site_name);

CREATE TABLE doma_panda.panda_site (
    panda_site_name VARCHAR(52) NOT NULL, 
    site_name VARCHAR(52) NOT NULL, 
    storage_site_name VARCHAR(52), 
    default_ddm_endpoint VARCHAR(52), 
    is_local CHAR(1), 
    CONSTRAINT panda_site_pkey PRIMARY KEY (panda_site_name), 
    CONSTRAINT panda_site_is_local_check CHECK (is_local IN ('Y', 'N'))
);

COMMENT ON TABLE doma_panda.panda_site IS 'PanDA sites, the CRIC resources that group compute queues at a site.';

COMMENT ON COLUMN doma_panda.panda_site.panda_site_name IS 'Name of the PanDA site, the key';

COMMENT ON COLUMN doma_panda.panda_site.site_name IS 'Site it belongs to, SITE';

COMMENT ON COLUMN doma_panda.panda_site.storage_site_name IS 'Site whose storage it uses, SITE; not filled by the Configurator';

COMMENT ON COLUMN doma_panda.panda_site.default_ddm_endpoint IS 'Default storage endpoint, DDM_ENDPOINT; not filled by the Configurator';

COMMENT ON COLUMN doma_panda.panda_site.is_local IS 'Y if the storage is at the same site, N if not; not filled by the Configurator';

CREATE INDEX panda_site_def_endpoint_idx ON doma_panda.panda_site (default_ddm_endpoint);

CREATE INDEX panda_site_site_name_idx ON doma_panda.panda_site (site_name);

CREATE INDEX panda_site_storage_name_idx ON doma_panda.panda_site (storage_site_name);

CREATE TABLE doma_panda.schedconfig_json (
    panda_queue VARCHAR(50) NOT NULL, 
    data JSON, 
    last_update TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT schedconfig_json_pkey PRIMARY KEY (panda_queue)
);

COMMENT ON TABLE doma_panda.schedconfig_json IS 'Configuration of each PanDA queue as JSON, from CRIC.';

COMMENT ON COLUMN doma_panda.schedconfig_json.panda_queue IS 'Name of the PanDA queue, the key';

COMMENT ON COLUMN doma_panda.schedconfig_json.data IS 'Whole configuration of the queue as a JSON object';

COMMENT ON COLUMN doma_panda.schedconfig_json.last_update IS 'Time of the last load; queues not loaded for 7 days are removed';

CREATE TABLE doma_panda.site (
    site_name VARCHAR(52) NOT NULL, 
    role VARCHAR(256), 
    tier_level SMALLINT, 
    state VARCHAR(52), 
    CONSTRAINT site_pkey PRIMARY KEY (site_name)
);

COMMENT ON TABLE doma_panda.site IS 'Sites of the grid, from CRIC, which own queues and storage endpoints.';

COMMENT ON COLUMN doma_panda.site.site_name IS 'Name of the site, the key';

COMMENT ON COLUMN doma_panda.site.role IS 'Role in the JEDI world cloud, such as nucleus or satellite';

COMMENT ON COLUMN doma_panda.site.tier_level IS 'WLCG tier of the site, 0 to 3';

COMMENT ON COLUMN doma_panda.site.state IS 'State of the site; not filled by the Configurator';

CREATE TABLE doma_panda.site_stats (
    site_name VARCHAR(52) NOT NULL, 
    key VARCHAR(52) NOT NULL, 
    value BIGINT, 
    ts TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT site_stats_pkey PRIMARY KEY (site_name, key)
);

COMMENT ON TABLE doma_panda.site_stats IS 'Figures of a site as key and value; the server itself writes none.';

COMMENT ON COLUMN doma_panda.site_stats.site_name IS 'Site, SITE';

COMMENT ON COLUMN doma_panda.site_stats.key IS 'Name of the figure';

COMMENT ON COLUMN doma_panda.site_stats.value IS 'Value of the figure, unit depends on the key';

COMMENT ON COLUMN doma_panda.site_stats.ts IS 'Time the figure was taken';

CREATE TABLE doma_panda.sw_tags (
    panda_queue VARCHAR(50), 
    data TEXT, 
    last_update TIMESTAMP WITHOUT TIME ZONE
);

COMMENT ON TABLE doma_panda.sw_tags IS 'Software and architecture tags of each queue, from CRIC; rewritten at every load.';

COMMENT ON COLUMN doma_panda.sw_tags.panda_queue IS 'Name of the PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.sw_tags.data IS 'Tags of the queue as JSON text';

COMMENT ON COLUMN doma_panda.sw_tags.last_update IS 'Time the tags were loaded';

UPDATE pandadb.alembic_version SET version_num='0008' WHERE pandadb.alembic_version.version_num = '0007';

COMMIT;

BEGIN;

-- Running upgrade 0008 -> 0009

CREATE SEQUENCE doma_panda.harvester_command_id_seq AS BIGINT;

CREATE TABLE doma_panda.harvester_command_lock (
    harvester_id VARCHAR(50) NOT NULL, 
    computingsite VARCHAR(128) NOT NULL, 
    resourcetype VARCHAR(56) NOT NULL, 
    command VARCHAR(200) NOT NULL, 
    lockedtime TIMESTAMP WITHOUT TIME ZONE, 
    lockedby VARCHAR(56), 
    CONSTRAINT harvester_command_lock_pkey PRIMARY KEY (harvester_id, computingsite, resourcetype, command)
);

COMMENT ON TABLE doma_panda.harvester_command_lock IS 'Locks that pace the issue of a command to an instance, queue and resource type.';

COMMENT ON COLUMN doma_panda.harvester_command_lock.harvester_id IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_command_lock.computingsite IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.harvester_command_lock.resourcetype IS 'Resource type, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.harvester_command_lock.command IS 'Command the lock paces';

COMMENT ON COLUMN doma_panda.harvester_command_lock.lockedtime IS 'Time the lock was last taken, kept on release';

COMMENT ON COLUMN doma_panda.harvester_command_lock.lockedby IS 'Process that holds the lock, NULL if free';

CREATE TABLE doma_panda.harvester_commands (
    command_id BIGINT NOT NULL, 
    command VARCHAR(200), 
    harvester_id VARCHAR(50), 
    ack_requested SMALLINT, 
    creation_date TIMESTAMP WITHOUT TIME ZONE, 
    status VARCHAR(32), 
    status_date TIMESTAMP WITHOUT TIME ZONE, 
    params TEXT, 
    CONSTRAINT harvester_commands_pkey PRIMARY KEY (command_id), 
    CONSTRAINT harvester_commands_ack_req_chk CHECK (ack_requested IN (0, 1))
);

COMMENT ON TABLE doma_panda.harvester_commands IS 'Commands for Harvester instances, fetched by them through the API.';

COMMENT ON COLUMN doma_panda.harvester_commands.command_id IS 'Number of the command, from a sequence, the key';

COMMENT ON COLUMN doma_panda.harvester_commands.command IS 'Command, such as KILL_WORKERS or SET_N_WORKERS_JOBTYPE:<queue>';

COMMENT ON COLUMN doma_panda.harvester_commands.harvester_id IS 'Harvester instance to obey, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_commands.ack_requested IS '1 if the instance has to acknowledge, 0 if not';

COMMENT ON COLUMN doma_panda.harvester_commands.creation_date IS 'Time the command was issued';

COMMENT ON COLUMN doma_panda.harvester_commands.status IS 'State of the command: new, lock, retrieved or acknowledged';

COMMENT ON COLUMN doma_panda.harvester_commands.status_date IS 'Time the state last changed';

COMMENT ON COLUMN doma_panda.harvester_commands.params IS 'Parameters as JSON text, NULL if none';

CREATE TABLE doma_panda.harvester_dialogs (
    harvester_id VARCHAR(50) NOT NULL, 
    diagid BIGINT NOT NULL, 
    modulename VARCHAR(100), 
    identifier VARCHAR(100), 
    creationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    messagelevel VARCHAR(10), 
    diagmessage VARCHAR(500)
)
 PARTITION BY RANGE (creationtime);

COMMENT ON TABLE doma_panda.harvester_dialogs IS 'Messages from the logs of Harvester instances, mostly errors.';

COMMENT ON COLUMN doma_panda.harvester_dialogs.harvester_id IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_dialogs.diagid IS 'Number of the message within its instance';

COMMENT ON COLUMN doma_panda.harvester_dialogs.modulename IS 'Module of Harvester that wrote the message';

COMMENT ON COLUMN doma_panda.harvester_dialogs.identifier IS 'What the message is about, such as a worker or a job';

COMMENT ON COLUMN doma_panda.harvester_dialogs.creationtime IS 'Time the message was written';

COMMENT ON COLUMN doma_panda.harvester_dialogs.messagelevel IS 'Level of the message, such as WARNING or ERROR';

COMMENT ON COLUMN doma_panda.harvester_dialogs.diagmessage IS 'Text of the message';

CREATE INDEX harv_dialogs_harv_diagid_idx ON doma_panda.harvester_dialogs (harvester_id, diagid);

CREATE INDEX harv_dialogs_module_harv_idx ON doma_panda.harvester_dialogs (modulename, harvester_id);

CREATE TABLE doma_panda.harvester_dialogs_default PARTITION OF doma_panda.harvester_dialogs DEFAULT;

CREATE TABLE doma_panda.harvester_instances (
    harvester_id VARCHAR(50) NOT NULL, 
    description VARCHAR(200), 
    starttime TIMESTAMP WITHOUT TIME ZONE, 
    owner VARCHAR(100), 
    hostname VARCHAR(100), 
    lastupdate TIMESTAMP WITHOUT TIME ZONE, 
    sw_version VARCHAR(50), 
    commit_stamp VARCHAR(100), 
    CONSTRAINT harvester_instances_pkey PRIMARY KEY (harvester_id)
);

COMMENT ON TABLE doma_panda.harvester_instances IS 'Registered Harvester instances and their last heartbeat.';

COMMENT ON COLUMN doma_panda.harvester_instances.harvester_id IS 'Name of the instance, the key';

COMMENT ON COLUMN doma_panda.harvester_instances.description IS 'Free text, automatic if the instance was registered by its first heartbeat';

COMMENT ON COLUMN doma_panda.harvester_instances.starttime IS 'Time the instance was started';

COMMENT ON COLUMN doma_panda.harvester_instances.owner IS 'User, as a DN or name, whose credentials sent the heartbeat';

COMMENT ON COLUMN doma_panda.harvester_instances.hostname IS 'Host the heartbeat came from';

COMMENT ON COLUMN doma_panda.harvester_instances.lastupdate IS 'Time of the last heartbeat';

COMMENT ON COLUMN doma_panda.harvester_instances.sw_version IS 'Version of the Harvester software';

COMMENT ON COLUMN doma_panda.harvester_instances.commit_stamp IS 'Commit the Harvester software was built from';

CREATE TABLE doma_panda.harvester_metrics (
    harvester_id VARCHAR(50) NOT NULL, 
    creation_time TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    harvester_host VARCHAR(100), 
    metrics VARCHAR(4000)
)
 PARTITION BY RANGE (creation_time);

COMMENT ON TABLE doma_panda.harvester_metrics IS 'Service metrics of the hosts of Harvester instances, appended.';

COMMENT ON COLUMN doma_panda.harvester_metrics.harvester_id IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_metrics.creation_time IS 'Time the metrics were taken';

COMMENT ON COLUMN doma_panda.harvester_metrics.harvester_host IS 'Host the metrics are about';

COMMENT ON COLUMN doma_panda.harvester_metrics.metrics IS 'Metrics as JSON text, such as CPU, memory and disk use and proxy validity';

CREATE INDEX harvester_metrics_idx ON doma_panda.harvester_metrics (harvester_id, creation_time, harvester_host);

CREATE INDEX harvester_metrics_ihc_idx ON doma_panda.harvester_metrics (harvester_id, harvester_host, creation_time);

CREATE TABLE doma_panda.harvester_metrics_default PARTITION OF doma_panda.harvester_metrics DEFAULT;

CREATE TABLE doma_panda.harvester_rel_jobs_workers (
    harvesterid VARCHAR(50) NOT NULL, 
    workerid BIGINT NOT NULL, 
    pandaid BIGINT NOT NULL, 
    lastupdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT harvester_rel_jobs_workers_pkey PRIMARY KEY (harvesterid, workerid, pandaid)
)
 PARTITION BY RANGE (pandaid);

COMMENT ON TABLE doma_panda.harvester_rel_jobs_workers IS 'Which jobs each worker processes; a worker may take many.';

COMMENT ON COLUMN doma_panda.harvester_rel_jobs_workers.harvesterid IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_rel_jobs_workers.workerid IS 'Worker, HARVESTER_WORKERS';

COMMENT ON COLUMN doma_panda.harvester_rel_jobs_workers.pandaid IS 'Job, the jobs tables';

COMMENT ON COLUMN doma_panda.harvester_rel_jobs_workers.lastupdate IS 'Time the relation was last confirmed, by Harvester or a job heartbeat';

CREATE INDEX harv_work_reljobs_lastupd_idx ON doma_panda.harvester_rel_jobs_workers (lastupdate);

CREATE INDEX harvrel_jobworkers_pandaid_idx ON doma_panda.harvester_rel_jobs_workers (pandaid);

CREATE TABLE doma_panda.harvester_rel_jobs_workers_default PARTITION OF doma_panda.harvester_rel_jobs_workers DEFAULT;

CREATE TABLE doma_panda.harvester_slots (
    pandaqueuename VARCHAR(128) NOT NULL, 
    gshare VARCHAR(32), 
    resourcetype VARCHAR(56), 
    numslots BIGINT NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    expirationtime TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT harvester_slots_pandaqueuename_gshare_resourcetype_key UNIQUE (pandaqueuename, gshare, resourcetype)
);

COMMENT ON TABLE doma_panda.harvester_slots IS 'Slots that Harvester should fill on a queue, for workload provisioning.';

COMMENT ON COLUMN doma_panda.harvester_slots.pandaqueuename IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.harvester_slots.gshare IS 'Global share, GLOBAL_SHARES; NULL if for any';

COMMENT ON COLUMN doma_panda.harvester_slots.resourcetype IS 'Resource type, RESOURCE_TYPES; NULL if for any';

COMMENT ON COLUMN doma_panda.harvester_slots.numslots IS 'Number of slots to fill';

COMMENT ON COLUMN doma_panda.harvester_slots.modificationtime IS 'Time the entry was last set';

COMMENT ON COLUMN doma_panda.harvester_slots.expirationtime IS 'Time until which the entry holds, NULL if without limit';

CREATE TABLE doma_panda.harvester_worker_stats (
    harvester_id VARCHAR(50) NOT NULL, 
    computingsite VARCHAR(128) NOT NULL, 
    resourcetype VARCHAR(56) NOT NULL, 
    status VARCHAR(80) NOT NULL, 
    jobtype VARCHAR(52) NOT NULL, 
    n_workers INTEGER, 
    lastupdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT harvester_worker_stats_pkey PRIMARY KEY (harvester_id, computingsite, resourcetype, status, jobtype)
);

COMMENT ON TABLE doma_panda.harvester_worker_stats IS 'Number of workers by queue, type and state, read by Unified Pilot Streaming.';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.harvester_id IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.computingsite IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.resourcetype IS 'Resource type, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.status IS 'State of the workers counted, as in HARVESTER_WORKERS';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.jobtype IS 'Job type, the prodSourceLabel, or ANY';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.n_workers IS 'Number of workers';

COMMENT ON COLUMN doma_panda.harvester_worker_stats.lastupdate IS 'Time of the report';

CREATE TABLE doma_panda.harvester_workers (
    harvesterid VARCHAR(50) NOT NULL, 
    workerid BIGINT NOT NULL, 
    lastupdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    status VARCHAR(80) NOT NULL, 
    batchid VARCHAR(80), 
    nodeid VARCHAR(80), 
    queuename VARCHAR(80), 
    computingsite VARCHAR(128), 
    submittime TIMESTAMP WITHOUT TIME ZONE, 
    starttime TIMESTAMP WITHOUT TIME ZONE, 
    endtime TIMESTAMP WITHOUT TIME ZONE, 
    ncore INTEGER, 
    errorcode INTEGER, 
    stdout VARCHAR(250), 
    stderr VARCHAR(250), 
    batchlog VARCHAR(250), 
    resourcetype VARCHAR(56), 
    nativeexitcode INTEGER, 
    nativestatus VARCHAR(80), 
    diagmessage VARCHAR(500), 
    computingelement VARCHAR(128), 
    njobs INTEGER, 
    submissionhost VARCHAR(128), 
    harvesterhost VARCHAR(128), 
    jdl VARCHAR(250), 
    jobtype VARCHAR(52), 
    pilotstarttime TIMESTAMP WITHOUT TIME ZONE, 
    pilotendtime TIMESTAMP WITHOUT TIME ZONE, 
    pilotstatus VARCHAR(80), 
    pilotstatussynctime TIMESTAMP WITHOUT TIME ZONE, 
    minramcount INTEGER, 
    CONSTRAINT harvester_workers_pkey PRIMARY KEY (harvesterid, workerid, lastupdate)
)
 PARTITION BY RANGE (lastupdate);

COMMENT ON TABLE doma_panda.harvester_workers IS 'Workers, the batch jobs or pilots that Harvester submits.';

COMMENT ON COLUMN doma_panda.harvester_workers.harvesterid IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN doma_panda.harvester_workers.workerid IS 'Number of the worker, unique within its Harvester instance';

COMMENT ON COLUMN doma_panda.harvester_workers.lastupdate IS 'Time of the last update by the server; also the partition key';

COMMENT ON COLUMN doma_panda.harvester_workers.status IS 'State of the worker: submitted, ready, running, idle, finished, failed, cancelled or missed';

COMMENT ON COLUMN doma_panda.harvester_workers.batchid IS 'Identifier of the worker in the batch system';

COMMENT ON COLUMN doma_panda.harvester_workers.nodeid IS 'Host the worker runs on, as reported by the pilot or Harvester';

COMMENT ON COLUMN doma_panda.harvester_workers.queuename IS 'Queue of the batch system';

COMMENT ON COLUMN doma_panda.harvester_workers.computingsite IS 'PanDA queue the worker serves, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.harvester_workers.submittime IS 'Time the worker was submitted';

COMMENT ON COLUMN doma_panda.harvester_workers.starttime IS 'Time the worker started, as Harvester saw it';

COMMENT ON COLUMN doma_panda.harvester_workers.endtime IS 'Time the worker ended, as Harvester saw it';

COMMENT ON COLUMN doma_panda.harvester_workers.ncore IS 'Number of cores of the worker';

COMMENT ON COLUMN doma_panda.harvester_workers.errorcode IS 'Harvester error code, copied to supErrorCode of its unfinished jobs';

COMMENT ON COLUMN doma_panda.harvester_workers.stdout IS 'Address of the standard output';

COMMENT ON COLUMN doma_panda.harvester_workers.stderr IS 'Address of the standard error';

COMMENT ON COLUMN doma_panda.harvester_workers.batchlog IS 'Address of the log of the batch system';

COMMENT ON COLUMN doma_panda.harvester_workers.resourcetype IS 'Resource type of the worker, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.harvester_workers.nativeexitcode IS 'Exit code given by the batch system';

COMMENT ON COLUMN doma_panda.harvester_workers.nativestatus IS 'State as named by the batch system';

COMMENT ON COLUMN doma_panda.harvester_workers.diagmessage IS 'Diagnostic message, usually why the worker failed';

COMMENT ON COLUMN doma_panda.harvester_workers.computingelement IS 'Computing element the worker was submitted to';

COMMENT ON COLUMN doma_panda.harvester_workers.njobs IS 'Number of jobs the worker has taken';

COMMENT ON COLUMN doma_panda.harvester_workers.submissionhost IS 'Host that submitted the worker, such as the schedd';

COMMENT ON COLUMN doma_panda.harvester_workers.harvesterhost IS 'Host of the Harvester process in charge of the worker';

COMMENT ON COLUMN doma_panda.harvester_workers.jdl IS 'Name or address of the job description used for submission';

COMMENT ON COLUMN doma_panda.harvester_workers.jobtype IS 'Job type, the prodSourceLabel the worker was submitted for, or ANY';

COMMENT ON COLUMN doma_panda.harvester_workers.pilotstarttime IS 'Time the pilot reported its start';

COMMENT ON COLUMN doma_panda.harvester_workers.pilotendtime IS 'Time the pilot reported its end';

COMMENT ON COLUMN doma_panda.harvester_workers.pilotstatus IS 'State reported by the pilot itself, such as running or finished';

COMMENT ON COLUMN doma_panda.harvester_workers.pilotstatussynctime IS 'Time Harvester was last asked to catch up with pilotStatus, NULL if never';

COMMENT ON COLUMN doma_panda.harvester_workers.minramcount IS 'Memory requested for the worker in MB';

CREATE INDEX harv_workers_harv_submtime_idx ON doma_panda.harvester_workers (harvesterid, submittime);

CREATE INDEX harv_workers_lastupd_idx ON doma_panda.harvester_workers (lastupdate);

CREATE INDEX harv_workers_submittime_idx ON doma_panda.harvester_workers (submittime);

CREATE INDEX harvester_workers_compsite_idx ON doma_panda.harvester_workers (computingsite);

CREATE INDEX harvester_workers_status_idx ON doma_panda.harvester_workers (status, pilotstatus);

CREATE TABLE doma_panda.harvester_workers_default PARTITION OF doma_panda.harvester_workers DEFAULT;

UPDATE pandadb.alembic_version SET version_num='0009' WHERE pandadb.alembic_version.version_num = '0008';

COMMIT;

BEGIN;

-- Running upgrade 0009 -> 0010

CREATE TABLE doma_panda.cpu_benchmarks (
    cpu_type VARCHAR(128), 
    smt_enabled SMALLINT, 
    sockets SMALLINT, 
    cores_per_socket INTEGER, 
    ncores INTEGER, 
    site VARCHAR(128), 
    score_per_core NUMERIC(10, 2), 
    timestamp TIMESTAMP WITHOUT TIME ZONE, 
    source VARCHAR(256), 
    cpu_type_normalized VARCHAR(128)
);

COMMENT ON TABLE doma_panda.cpu_benchmarks IS 'Published benchmark scores of CPU models, to rate worker nodes.';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.cpu_type IS 'CPU model as the source spells it';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.smt_enabled IS '1 if measured with SMT on, 0 if off';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.sockets IS 'Number of sockets of the measured host';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.cores_per_socket IS 'Physical cores of each socket';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.ncores IS 'Number of cores the benchmark ran on, logical ones with SMT';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.site IS 'Site that made the measurement';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.score_per_core IS 'Benchmark score per core';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.timestamp IS 'Time of the entry';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.source IS 'Address the score was taken from';

COMMENT ON COLUMN doma_panda.cpu_benchmarks.cpu_type_normalized IS 'CPU model in uniform spelling, matches WORKER_NODE.cpu_model_normalized';

CREATE INDEX idx_worker_node_cpu_type_norm ON doma_panda.cpu_benchmarks (cpu_type_normalized);

CREATE TABLE doma_panda.worker_node (
    site VARCHAR(128) NOT NULL, 
    host_name VARCHAR(128) NOT NULL, 
    cpu_model VARCHAR(128) NOT NULL, 
    n_logical_cpus INTEGER, 
    n_sockets INTEGER, 
    cores_per_socket INTEGER, 
    threads_per_core INTEGER, 
    cpu_architecture VARCHAR(20), 
    cpu_architecture_level VARCHAR(20), 
    clock_speed NUMERIC(9, 2), 
    total_memory BIGINT, 
    last_seen TIMESTAMP WITHOUT TIME ZONE, 
    total_local_disk BIGINT, 
    cpu_model_normalized VARCHAR(128), 
    CONSTRAINT worker_node_pkey PRIMARY KEY (site, host_name, cpu_model)
);

COMMENT ON TABLE doma_panda.worker_node IS 'Worker nodes and their hardware, as pilots report them.';

COMMENT ON COLUMN doma_panda.worker_node.site IS 'Site of the host, SITE';

COMMENT ON COLUMN doma_panda.worker_node.host_name IS 'Name of the host without the slot prefix';

COMMENT ON COLUMN doma_panda.worker_node.cpu_model IS 'CPU model as the host reports it';

COMMENT ON COLUMN doma_panda.worker_node.n_logical_cpus IS 'Number of logical CPUs of the host';

COMMENT ON COLUMN doma_panda.worker_node.n_sockets IS 'Number of CPU sockets';

COMMENT ON COLUMN doma_panda.worker_node.cores_per_socket IS 'Physical cores of each socket';

COMMENT ON COLUMN doma_panda.worker_node.threads_per_core IS 'Hardware threads of each core, 2 with SMT';

COMMENT ON COLUMN doma_panda.worker_node.cpu_architecture IS 'Instruction set, such as x86_64 or aarch64';

COMMENT ON COLUMN doma_panda.worker_node.cpu_architecture_level IS 'Level of the instruction set, such as x86-64-v3';

COMMENT ON COLUMN doma_panda.worker_node.clock_speed IS 'Clock speed in MHz';

COMMENT ON COLUMN doma_panda.worker_node.total_memory IS 'Memory of the host in MB';

COMMENT ON COLUMN doma_panda.worker_node.last_seen IS 'Time a pilot last reported the host';

COMMENT ON COLUMN doma_panda.worker_node.total_local_disk IS 'Local disk of the host in GB';

COMMENT ON COLUMN doma_panda.worker_node.cpu_model_normalized IS 'CPU model in uniform spelling, matches CPU_BENCHMARKS.cpu_type_normalized';

CREATE INDEX idx_worker_node_cpu_model_norm ON doma_panda.worker_node (cpu_model_normalized);

CREATE INDEX idx_worker_node_last_seen ON doma_panda.worker_node (last_seen);

CREATE TABLE doma_panda.worker_node_gpus (
    site VARCHAR(128) NOT NULL, 
    host_name VARCHAR(128) NOT NULL, 
    vendor VARCHAR(128) NOT NULL, 
    model VARCHAR(128) NOT NULL, 
    count INTEGER, 
    vram BIGINT, 
    architecture VARCHAR(128), 
    framework VARCHAR(128), 
    framework_version VARCHAR(20), 
    driver_version VARCHAR(20), 
    last_seen TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT worker_node_gpus_pkey PRIMARY KEY (site, host_name, vendor, model)
);

COMMENT ON TABLE doma_panda.worker_node_gpus IS 'GPUs of the worker nodes, as pilots report them.';

COMMENT ON COLUMN doma_panda.worker_node_gpus.site IS 'Site of the host, SITE';

COMMENT ON COLUMN doma_panda.worker_node_gpus.host_name IS 'Host, WORKER_NODE';

COMMENT ON COLUMN doma_panda.worker_node_gpus.vendor IS 'Maker of the GPU';

COMMENT ON COLUMN doma_panda.worker_node_gpus.model IS 'Model of the GPU';

COMMENT ON COLUMN doma_panda.worker_node_gpus.count IS 'Number of GPUs of the model in the host';

COMMENT ON COLUMN doma_panda.worker_node_gpus.vram IS 'Memory of a GPU in MB';

COMMENT ON COLUMN doma_panda.worker_node_gpus.architecture IS 'Architecture of the GPU, as named by its maker';

COMMENT ON COLUMN doma_panda.worker_node_gpus.framework IS 'Programming framework found on the host, such as CUDA';

COMMENT ON COLUMN doma_panda.worker_node_gpus.framework_version IS 'Version of the framework';

COMMENT ON COLUMN doma_panda.worker_node_gpus.driver_version IS 'Version of the GPU driver, as first reported';

COMMENT ON COLUMN doma_panda.worker_node_gpus.last_seen IS 'Time a pilot last reported the GPU';

CREATE INDEX idx_worker_node_gpu_last_seen ON doma_panda.worker_node_gpus (last_seen);

CREATE TABLE doma_panda.worker_node_metrics (
    site VARCHAR(128) NOT NULL, 
    host_name VARCHAR(128) NOT NULL, 
    timestamp TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    key VARCHAR(20) NOT NULL, 
    statistics JSONB, 
    CONSTRAINT worker_node_metrics_pkey PRIMARY KEY (site, host_name, timestamp, key)
)
 PARTITION BY RANGE (timestamp);

COMMENT ON TABLE doma_panda.worker_node_metrics IS 'Daily statistics of jobs and workers per host, appended.';

COMMENT ON COLUMN doma_panda.worker_node_metrics.site IS 'Site of the host, SITE';

COMMENT ON COLUMN doma_panda.worker_node_metrics.host_name IS 'Host, the part of its name after the last @';

COMMENT ON COLUMN doma_panda.worker_node_metrics.timestamp IS 'Time the statistics were computed';

COMMENT ON COLUMN doma_panda.worker_node_metrics.key IS 'What is counted: jobs or workers';

COMMENT ON COLUMN doma_panda.worker_node_metrics.statistics IS 'JSON object of the past day: finished and failed counts, HS06 seconds of jobs';

CREATE INDEX wn_metrics_idx ON doma_panda.worker_node_metrics (site, host_name, timestamp);

CREATE INDEX wn_metrics_timestamp_idx ON doma_panda.worker_node_metrics (timestamp);

CREATE TABLE doma_panda.worker_node_metrics_default PARTITION OF doma_panda.worker_node_metrics DEFAULT;

CREATE TABLE doma_panda.worker_node_queue (
    site VARCHAR(128) NOT NULL, 
    host_name VARCHAR(128) NOT NULL, 
    panda_queue VARCHAR(128) NOT NULL, 
    last_seen TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT pk_worker_node_queue PRIMARY KEY (site, host_name, panda_queue)
);

COMMENT ON TABLE doma_panda.worker_node_queue IS 'Which PanDA queues have run on each worker node.';

COMMENT ON COLUMN doma_panda.worker_node_queue.site IS 'Site of the host, SITE';

COMMENT ON COLUMN doma_panda.worker_node_queue.host_name IS 'Host, WORKER_NODE';

COMMENT ON COLUMN doma_panda.worker_node_queue.panda_queue IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.worker_node_queue.last_seen IS 'Time a pilot of the queue last reported the host';

UPDATE pandadb.alembic_version SET version_num='0010' WHERE pandadb.alembic_version.version_num = '0009';

COMMIT;

BEGIN;

-- Running upgrade 0010 -> 0011

CREATE TABLE doma_panda.job_stats_hp (
    ts TIMESTAMP WITHOUT TIME ZONE, 
    prodsourcelabel VARCHAR(20), 
    cloud VARCHAR(50), 
    resource_type VARCHAR(56), 
    gshare VARCHAR(32), 
    jobstatus VARCHAR(15), 
    workqueue_id INTEGER, 
    vo VARCHAR(32), 
    max_priority BIGINT, 
    max_priority_count BIGINT
);

COMMENT ON TABLE doma_panda.job_stats_hp IS 'Highest priority of the waiting jobs and how many have it; recomputed each minute.';

COMMENT ON COLUMN doma_panda.job_stats_hp.ts IS 'Time the figures were computed';

COMMENT ON COLUMN doma_panda.job_stats_hp.prodsourcelabel IS 'Label of the jobs, such as managed, user or test';

COMMENT ON COLUMN doma_panda.job_stats_hp.cloud IS 'Cloud the jobs are assigned to';

COMMENT ON COLUMN doma_panda.job_stats_hp.resource_type IS 'Resource type, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.job_stats_hp.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.job_stats_hp.jobstatus IS 'State of the jobs: activated, assigned or defined';

COMMENT ON COLUMN doma_panda.job_stats_hp.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.job_stats_hp.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.job_stats_hp.max_priority IS 'Highest current priority';

COMMENT ON COLUMN doma_panda.job_stats_hp.max_priority_count IS 'Number of jobs with that priority';

CREATE TABLE doma_panda.jobs_share_stats (
    ts TIMESTAMP WITHOUT TIME ZONE, 
    gshare VARCHAR(32), 
    computingsite VARCHAR(128), 
    jobstatus VARCHAR(15) NOT NULL, 
    maxpriority BIGINT, 
    prorated_diskio_avg NUMERIC(11, 2), 
    prorated_mem_avg NUMERIC(11, 2), 
    njobs BIGINT, 
    hs BIGINT, 
    vo VARCHAR(32), 
    workqueue_id INTEGER, 
    resource_type VARCHAR(56), 
    nucleus VARCHAR(52)
);

COMMENT ON TABLE doma_panda.jobs_share_stats IS 'Jobs in JOBSACTIVE4 by global share and queue. The basis of share balancing; recomputed each minute.';

COMMENT ON COLUMN doma_panda.jobs_share_stats.ts IS 'Time the counts were computed';

COMMENT ON COLUMN doma_panda.jobs_share_stats.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jobs_share_stats.computingsite IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.jobs_share_stats.jobstatus IS 'State of the jobs counted';

COMMENT ON COLUMN doma_panda.jobs_share_stats.maxpriority IS 'Highest current priority among the jobs';

COMMENT ON COLUMN doma_panda.jobs_share_stats.prorated_diskio_avg IS 'Average disk I/O per core in kB/s';

COMMENT ON COLUMN doma_panda.jobs_share_stats.prorated_mem_avg IS 'Average requested memory per core in MB';

COMMENT ON COLUMN doma_panda.jobs_share_stats.njobs IS 'Number of jobs';

COMMENT ON COLUMN doma_panda.jobs_share_stats.hs IS 'Computing power of the jobs in HS06: jobs times cores times corepower';

COMMENT ON COLUMN doma_panda.jobs_share_stats.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.jobs_share_stats.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jobs_share_stats.resource_type IS 'Resource type, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.jobs_share_stats.nucleus IS 'Nucleus of the tasks, the site that collects the output';

CREATE INDEX jobs_share_stats_compsite_idx ON doma_panda.jobs_share_stats (computingsite);

CREATE INDEX jobssharestats_gsharestatusidx ON doma_panda.jobs_share_stats (gshare, jobstatus);

CREATE TABLE doma_panda.jobsdefined_share_stats (
    ts TIMESTAMP WITHOUT TIME ZONE, 
    gshare VARCHAR(32), 
    computingsite VARCHAR(128), 
    jobstatus VARCHAR(15) NOT NULL, 
    maxpriority BIGINT, 
    prorated_diskio_avg NUMERIC(11, 2), 
    prorated_mem_avg NUMERIC(11, 2), 
    njobs BIGINT, 
    hs BIGINT, 
    vo VARCHAR(32), 
    workqueue_id INTEGER, 
    resource_type VARCHAR(56), 
    nucleus VARCHAR(52)
);

COMMENT ON TABLE doma_panda.jobsdefined_share_stats IS 'Jobs in JOBSDEFINED4 by global share and queue; recomputed each minute.';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.ts IS 'Time the counts were computed';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.computingsite IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.jobstatus IS 'State of the jobs counted';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.maxpriority IS 'Highest current priority among the jobs';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.prorated_diskio_avg IS 'Average disk I/O per core in kB/s';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.prorated_mem_avg IS 'Average requested memory per core in MB';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.njobs IS 'Number of jobs';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.hs IS 'Computing power of the jobs in HS06: jobs times cores times corepower';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.resource_type IS 'Resource type, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.jobsdefined_share_stats.nucleus IS 'Nucleus of the tasks, the site that collects the output';

CREATE INDEX jobsdef_share_stats_site_idx ON doma_panda.jobsdefined_share_stats (computingsite);

CREATE INDEX jobsdef_share_stats_ss_idx ON doma_panda.jobsdefined_share_stats (gshare, jobstatus);

CREATE TABLE doma_panda.metrics (
    computingsite VARCHAR(128), 
    gshare VARCHAR(32), 
    metric VARCHAR(128), 
    value_json JSON, 
    timestamp TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT metrics_computingsite_gshare_metric_key UNIQUE (computingsite, gshare, metric)
);

COMMENT ON TABLE doma_panda.metrics IS 'Metrics kept by JEDI''s daemons per queue and global share, as JSON.';

COMMENT ON COLUMN doma_panda.metrics.computingsite IS 'PanDA queue, or the text NULL if the metric is not per queue';

COMMENT ON COLUMN doma_panda.metrics.gshare IS 'Global share, or the text NULL if the metric is not per share';

COMMENT ON COLUMN doma_panda.metrics.metric IS 'Name of the metric, such as gshare_preference';

COMMENT ON COLUMN doma_panda.metrics.value_json IS 'Value of the metric as JSON';

COMMENT ON COLUMN doma_panda.metrics.timestamp IS 'Time the metric was last updated';

CREATE TABLE doma_panda.mv_jobsactive4_stats (
    cur_date TIMESTAMP WITHOUT TIME ZONE, 
    cloud VARCHAR(50), 
    computingsite VARCHAR(128), 
    countrygroup VARCHAR(20), 
    workinggroup VARCHAR(20), 
    relocationflag SMALLINT, 
    jobstatus VARCHAR(15) NOT NULL, 
    processingtype VARCHAR(64), 
    prodsourcelabel VARCHAR(20), 
    currentpriority BIGINT, 
    num_of_jobs BIGINT, 
    vo VARCHAR(32), 
    workqueue_id INTEGER, 
    num_of_cores BIGINT, 
    resource_type VARCHAR(56)
);

COMMENT ON TABLE doma_panda.mv_jobsactive4_stats IS 'Counts of the jobs in JOBSACTIVE4 by their main attributes, recomputed every few minutes.';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.cur_date IS 'Time the counts were computed';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.cloud IS 'Cloud the jobs are assigned to';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.computingsite IS 'PanDA queue, SCHEDCONFIG_JSON';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.countrygroup IS 'Country group of the jobs';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.workinggroup IS 'Working group of the jobs';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.relocationflag IS '1 site given at submission, 2 must not be reassigned, 3 throttled user';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.jobstatus IS 'State of the jobs counted';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.processingtype IS 'Processing type of the jobs';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.prodsourcelabel IS 'Label of the jobs, such as managed, user or test';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.currentpriority IS 'Current priority of the jobs, truncated to tens';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.num_of_jobs IS 'Number of jobs';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.num_of_cores IS 'Sum of actual, else requested cores; NULL if neither is known';

COMMENT ON COLUMN doma_panda.mv_jobsactive4_stats.resource_type IS 'Resource type, RESOURCE_TYPES';

CREATE TABLE doma_panda.mv_running_jumbo_task_count (
    cur_date TIMESTAMP WITHOUT TIME ZONE, 
    vo VARCHAR(32), 
    cloud VARCHAR(10), 
    prodsourcelabel VARCHAR(20), 
    usejumbo CHAR(1), 
    status VARCHAR(64), 
    gshare VARCHAR(32), 
    workqueue_id INTEGER, 
    task_count BIGINT
);

COMMENT ON TABLE doma_panda.mv_running_jumbo_task_count IS 'Number of tasks by their use of jumbo jobs; recomputed every few minutes.';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.cur_date IS 'Time the counts were computed';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.cloud IS 'Cloud of the tasks';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.prodsourcelabel IS 'Label of the tasks, such as managed or user';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.usejumbo IS 'State of the jumbo jobs of the tasks: W, R, P, L or D';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.status IS 'State of the tasks counted';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.gshare IS 'Global share, GLOBAL_SHARES';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.workqueue_id IS 'Work queue, JEDI_WORK_QUEUE';

COMMENT ON COLUMN doma_panda.mv_running_jumbo_task_count.task_count IS 'Number of tasks';

CREATE TABLE doma_panda.total_walltime_cache (
    vo VARCHAR(32) NOT NULL, 
    agg_type VARCHAR(32) NOT NULL, 
    agg_key VARCHAR(32) NOT NULL, 
    prodsourcelabel VARCHAR(20) NOT NULL, 
    resource_type VARCHAR(56) NOT NULL, 
    total_walltime BIGINT, 
    n_has_value INTEGER, 
    n_no_value INTEGER, 
    CONSTRAINT total_walltime_cache_pkey PRIMARY KEY (vo, agg_type, agg_key, prodsourcelabel, resource_type)
);

COMMENT ON TABLE doma_panda.total_walltime_cache IS 'Walltime requested by queued jobs per global share or work queue; recomputed regularly.';

COMMENT ON COLUMN doma_panda.total_walltime_cache.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.total_walltime_cache.agg_type IS 'What the figures are grouped by: gshare or workqueue';

COMMENT ON COLUMN doma_panda.total_walltime_cache.agg_key IS 'Name of the global share, or id of the work queue as text';

COMMENT ON COLUMN doma_panda.total_walltime_cache.prodsourcelabel IS 'Label of the jobs, such as managed, user or test';

COMMENT ON COLUMN doma_panda.total_walltime_cache.resource_type IS 'Resource type, RESOURCE_TYPES';

COMMENT ON COLUMN doma_panda.total_walltime_cache.total_walltime IS 'Sum of maxWalltime in seconds, jobs without it count 0';

COMMENT ON COLUMN doma_panda.total_walltime_cache.n_has_value IS 'Number of jobs that have a maxWalltime';

COMMENT ON COLUMN doma_panda.total_walltime_cache.n_no_value IS 'Number of jobs without a maxWalltime';

CREATE TABLE doma_panda.typical_num_input (
    vo VARCHAR(32) NOT NULL, 
    agg_type VARCHAR(32) NOT NULL, 
    agg_key VARCHAR(32) NOT NULL, 
    prodsourcelabel VARCHAR(20) NOT NULL, 
    processingtype VARCHAR(64) NOT NULL, 
    ninputdatafiles INTEGER, 
    CONSTRAINT typical_num_input_pkey PRIMARY KEY (vo, agg_type, agg_key, prodsourcelabel, processingtype)
);

COMMENT ON TABLE doma_panda.typical_num_input IS 'Typical number of input files of active jobs; recomputed regularly.';

COMMENT ON COLUMN doma_panda.typical_num_input.vo IS 'Virtual organisation';

COMMENT ON COLUMN doma_panda.typical_num_input.agg_type IS 'What the figures are grouped by: gshare or workqueue';

COMMENT ON COLUMN doma_panda.typical_num_input.agg_key IS 'Name of the global share, or id of the work queue as text';

COMMENT ON COLUMN doma_panda.typical_num_input.prodsourcelabel IS 'Label of the jobs, such as managed, user or test';

COMMENT ON COLUMN doma_panda.typical_num_input.processingtype IS 'Processing type of the jobs';

COMMENT ON COLUMN doma_panda.typical_num_input.ninputdatafiles IS 'Median number of input data files, rounded';

UPDATE pandadb.alembic_version SET version_num='0011' WHERE pandadb.alembic_version.version_num = '0010';

COMMIT;

BEGIN;

-- Running upgrade 0011 -> 0012

CREATE SEQUENCE doma_panda.jedi_data_carousel_request_id_seq AS BIGINT;

CREATE SEQUENCE doma_panda.workflow_data_id_seq AS BIGINT;

CREATE SEQUENCE doma_panda.workflow_id_seq AS BIGINT;

CREATE SEQUENCE doma_panda.workflow_step_id_seq AS BIGINT;

CREATE TABLE doma_panda.data_carousel_relations (
    request_id BIGINT NOT NULL, 
    task_id BIGINT NOT NULL, 
    CONSTRAINT data_carousel_relations_pkey PRIMARY KEY (request_id, task_id)
);

COMMENT ON TABLE doma_panda.data_carousel_relations IS 'Which tasks wait for which request to stage.';

COMMENT ON COLUMN doma_panda.data_carousel_relations.request_id IS 'Request, DATA_CAROUSEL_REQUESTS';

COMMENT ON COLUMN doma_panda.data_carousel_relations.task_id IS 'Task, JEDI_TASKS';

CREATE TABLE doma_panda.data_carousel_requests (
    request_id BIGINT NOT NULL, 
    dataset VARCHAR(256) NOT NULL, 
    source_rse VARCHAR(64), 
    destination_rse VARCHAR(64), 
    ddm_rule_id VARCHAR(64), 
    status VARCHAR(32), 
    total_files BIGINT, 
    staged_files BIGINT, 
    dataset_size BIGINT, 
    staged_size BIGINT, 
    creation_time TIMESTAMP WITHOUT TIME ZONE, 
    start_time TIMESTAMP WITHOUT TIME ZONE, 
    end_time TIMESTAMP WITHOUT TIME ZONE, 
    modification_time TIMESTAMP WITHOUT TIME ZONE, 
    check_time TIMESTAMP WITHOUT TIME ZONE, 
    source_tape VARCHAR(64), 
    parameters TEXT, 
    last_staged_time TIMESTAMP WITHOUT TIME ZONE, 
    locked_by VARCHAR(64), 
    lock_time TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT data_carousel_requests_pkey PRIMARY KEY (request_id)
);

COMMENT ON TABLE doma_panda.data_carousel_requests IS 'Requests to stage datasets from tape for tasks.';

COMMENT ON COLUMN doma_panda.data_carousel_requests.request_id IS 'Number of the request';

COMMENT ON COLUMN doma_panda.data_carousel_requests.dataset IS 'Dataset to stage';

COMMENT ON COLUMN doma_panda.data_carousel_requests.source_rse IS 'Storage that has it on tape';

COMMENT ON COLUMN doma_panda.data_carousel_requests.destination_rse IS 'Storage that it is staged to';

COMMENT ON COLUMN doma_panda.data_carousel_requests.ddm_rule_id IS 'Replication rule in the data management';

COMMENT ON COLUMN doma_panda.data_carousel_requests.status IS 'State: queued, staging, done, cancelled and others';

COMMENT ON COLUMN doma_panda.data_carousel_requests.total_files IS 'Files in the dataset';

COMMENT ON COLUMN doma_panda.data_carousel_requests.staged_files IS 'Files staged so far';

COMMENT ON COLUMN doma_panda.data_carousel_requests.dataset_size IS 'Size of the dataset, bytes';

COMMENT ON COLUMN doma_panda.data_carousel_requests.staged_size IS 'Staged so far, bytes';

COMMENT ON COLUMN doma_panda.data_carousel_requests.creation_time IS 'When the request was made';

COMMENT ON COLUMN doma_panda.data_carousel_requests.start_time IS 'When staging began';

COMMENT ON COLUMN doma_panda.data_carousel_requests.end_time IS 'When staging ended';

COMMENT ON COLUMN doma_panda.data_carousel_requests.modification_time IS 'Last change';

COMMENT ON COLUMN doma_panda.data_carousel_requests.check_time IS 'When the rule was last looked at';

COMMENT ON COLUMN doma_panda.data_carousel_requests.source_tape IS 'Tape system that it comes from';

COMMENT ON COLUMN doma_panda.data_carousel_requests.parameters IS 'Parameters, JSON';

COMMENT ON COLUMN doma_panda.data_carousel_requests.last_staged_time IS 'When the last file was staged';

COMMENT ON COLUMN doma_panda.data_carousel_requests.locked_by IS 'Agent that works on it, NULL for none';

COMMENT ON COLUMN doma_panda.data_carousel_requests.lock_time IS 'When the agent took it';

CREATE TABLE doma_panda.workflow_data (
    data_id BIGINT NOT NULL, 
    name VARCHAR(256), 
    workflow_id BIGINT NOT NULL, 
    source_step_id BIGINT, 
    type VARCHAR(32), 
    status VARCHAR(32), 
    flavor VARCHAR(32), 
    target_id VARCHAR(256), 
    creation_time TIMESTAMP WITHOUT TIME ZONE, 
    start_time TIMESTAMP WITHOUT TIME ZONE, 
    end_time TIMESTAMP WITHOUT TIME ZONE, 
    modification_time TIMESTAMP WITHOUT TIME ZONE, 
    check_time TIMESTAMP WITHOUT TIME ZONE, 
    locked_by VARCHAR(64), 
    lock_time TIMESTAMP WITHOUT TIME ZONE, 
    metadata TEXT, 
    parameters TEXT, 
    CONSTRAINT workflow_data_pk PRIMARY KEY (data_id)
);

COMMENT ON TABLE doma_panda.workflow_data IS 'Data that goes into workflows, between their steps and out.';

COMMENT ON COLUMN doma_panda.workflow_data.data_id IS 'Number of the data';

COMMENT ON COLUMN doma_panda.workflow_data.name IS 'Name of the data in its workflow';

COMMENT ON COLUMN doma_panda.workflow_data.workflow_id IS 'Workflow, WORKFLOWS';

COMMENT ON COLUMN doma_panda.workflow_data.source_step_id IS 'Step that makes it, WORKFLOW_STEPS; NULL for input of the workflow';

COMMENT ON COLUMN doma_panda.workflow_data.type IS 'Whether it is input, output or in between';

COMMENT ON COLUMN doma_panda.workflow_data.status IS 'State of the data';

COMMENT ON COLUMN doma_panda.workflow_data.flavor IS 'Which system has it, e.g. a dataset in the data management';

COMMENT ON COLUMN doma_panda.workflow_data.target_id IS 'What it is there, e.g. the dataset''s name';

COMMENT ON COLUMN doma_panda.workflow_data.creation_time IS 'When it was made';

COMMENT ON COLUMN doma_panda.workflow_data.start_time IS 'When it started';

COMMENT ON COLUMN doma_panda.workflow_data.end_time IS 'When it ended';

COMMENT ON COLUMN doma_panda.workflow_data.modification_time IS 'Last change';

COMMENT ON COLUMN doma_panda.workflow_data.check_time IS 'When it was last looked at';

COMMENT ON COLUMN doma_panda.workflow_data.locked_by IS 'Agent that works on it, NULL for none';

COMMENT ON COLUMN doma_panda.workflow_data.lock_time IS 'When the agent took it';

COMMENT ON COLUMN doma_panda.workflow_data.metadata IS 'Facts about it, JSON';

COMMENT ON COLUMN doma_panda.workflow_data.parameters IS 'Parameters, JSON';

CREATE TABLE doma_panda.workflow_steps (
    step_id BIGINT NOT NULL, 
    name VARCHAR(256), 
    workflow_id BIGINT NOT NULL, 
    member_id BIGINT NOT NULL, 
    type VARCHAR(32), 
    status VARCHAR(32), 
    flavor VARCHAR(32), 
    target_id VARCHAR(128), 
    creation_time TIMESTAMP WITHOUT TIME ZONE, 
    start_time TIMESTAMP WITHOUT TIME ZONE, 
    end_time TIMESTAMP WITHOUT TIME ZONE, 
    modification_time TIMESTAMP WITHOUT TIME ZONE, 
    check_time TIMESTAMP WITHOUT TIME ZONE, 
    locked_by VARCHAR(64), 
    lock_time TIMESTAMP WITHOUT TIME ZONE, 
    definition_json TEXT, 
    parameters TEXT, 
    CONSTRAINT workflow_step_pk PRIMARY KEY (step_id)
);

COMMENT ON TABLE doma_panda.workflow_steps IS 'Steps of workflows, each done by something such as a task.';

COMMENT ON COLUMN doma_panda.workflow_steps.step_id IS 'Number of the step';

COMMENT ON COLUMN doma_panda.workflow_steps.name IS 'Name of the step in its workflow';

COMMENT ON COLUMN doma_panda.workflow_steps.workflow_id IS 'Workflow, WORKFLOWS';

COMMENT ON COLUMN doma_panda.workflow_steps.member_id IS 'Number of the step within its workflow';

COMMENT ON COLUMN doma_panda.workflow_steps.type IS 'What the step is';

COMMENT ON COLUMN doma_panda.workflow_steps.status IS 'State of the step';

COMMENT ON COLUMN doma_panda.workflow_steps.flavor IS 'Which system does it, e.g. a PanDA task';

COMMENT ON COLUMN doma_panda.workflow_steps.target_id IS 'What does it there, e.g. the task''s number';

COMMENT ON COLUMN doma_panda.workflow_steps.creation_time IS 'When it was made';

COMMENT ON COLUMN doma_panda.workflow_steps.start_time IS 'When it started';

COMMENT ON COLUMN doma_panda.workflow_steps.end_time IS 'When it ended';

COMMENT ON COLUMN doma_panda.workflow_steps.modification_time IS 'Last change';

COMMENT ON COLUMN doma_panda.workflow_steps.check_time IS 'When it was last looked at';

COMMENT ON COLUMN doma_panda.workflow_steps.locked_by IS 'Agent that works on it, NULL for none';

COMMENT ON COLUMN doma_panda.workflow_steps.lock_time IS 'When the agent took it';

COMMENT ON COLUMN doma_panda.workflow_steps.definition_json IS 'Definition of the step, JSON';

COMMENT ON COLUMN doma_panda.workflow_steps.parameters IS 'Parameters, JSON';

CREATE TABLE doma_panda.workflows (
    workflow_id BIGINT NOT NULL, 
    name VARCHAR(256), 
    parent_id BIGINT, 
    loop_count BIGINT, 
    status VARCHAR(32), 
    prodsourcelabel VARCHAR(32), 
    username VARCHAR(128), 
    creation_time TIMESTAMP WITHOUT TIME ZONE, 
    start_time TIMESTAMP WITHOUT TIME ZONE, 
    end_time TIMESTAMP WITHOUT TIME ZONE, 
    modification_time TIMESTAMP WITHOUT TIME ZONE, 
    check_time TIMESTAMP WITHOUT TIME ZONE, 
    locked_by VARCHAR(64), 
    lock_time TIMESTAMP WITHOUT TIME ZONE, 
    raw_request_json TEXT, 
    definition_json TEXT, 
    parameters TEXT, 
    CONSTRAINT workflow_id_pk PRIMARY KEY (workflow_id)
);

COMMENT ON TABLE doma_panda.workflows IS 'Workflows: tasks and other steps that depend on each other.';

COMMENT ON COLUMN doma_panda.workflows.workflow_id IS 'Number of the workflow';

COMMENT ON COLUMN doma_panda.workflows.name IS 'Name of the workflow';

COMMENT ON COLUMN doma_panda.workflows.parent_id IS 'Workflow that this one is a part of';

COMMENT ON COLUMN doma_panda.workflows.loop_count IS 'Turn of a loop';

COMMENT ON COLUMN doma_panda.workflows.status IS 'State of the workflow';

COMMENT ON COLUMN doma_panda.workflows.prodsourcelabel IS 'Kind of work';

COMMENT ON COLUMN doma_panda.workflows.username IS 'Who submitted it';

COMMENT ON COLUMN doma_panda.workflows.creation_time IS 'When it was made';

COMMENT ON COLUMN doma_panda.workflows.start_time IS 'When it started';

COMMENT ON COLUMN doma_panda.workflows.end_time IS 'When it ended';

COMMENT ON COLUMN doma_panda.workflows.modification_time IS 'Last change';

COMMENT ON COLUMN doma_panda.workflows.check_time IS 'When it was last looked at';

COMMENT ON COLUMN doma_panda.workflows.locked_by IS 'Agent that works on it, NULL for none';

COMMENT ON COLUMN doma_panda.workflows.lock_time IS 'When the agent took it';

COMMENT ON COLUMN doma_panda.workflows.raw_request_json IS 'Request as it was submitted, JSON';

COMMENT ON COLUMN doma_panda.workflows.definition_json IS 'Definition that was made of the request, JSON';

COMMENT ON COLUMN doma_panda.workflows.parameters IS 'Parameters, JSON';

UPDATE pandadb.alembic_version SET version_num='0012' WHERE pandadb.alembic_version.version_num = '0011';

COMMIT;

BEGIN;

-- Running upgrade 0012 -> 0013

CREATE SEQUENCE doma_panda.error_descriptions_id_seq AS BIGINT;

CREATE SEQUENCE doma_panda.retryactions_id_seq AS BIGINT;

CREATE SEQUENCE doma_panda.retryerrors_id_seq AS BIGINT;

CREATE TABLE doma_panda.error_classification (
    id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 1000000), 
    error_source VARCHAR(30) NOT NULL, 
    error_code BIGINT NOT NULL, 
    error_diag VARCHAR(256) NOT NULL, 
    description VARCHAR(250), 
    error_class VARCHAR(30) NOT NULL, 
    active CHAR(1) NOT NULL, 
    reg_date TIMESTAMP WITHOUT TIME ZONE DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'), 
    CONSTRAINT error_classification_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_panda.error_classification IS 'Rules that sort job errors into classes by source, code and message.';

COMMENT ON COLUMN doma_panda.error_classification.id IS 'Number of the rule, the key';

COMMENT ON COLUMN doma_panda.error_classification.error_source IS 'Job attribute the code is in, such as pilotErrorCode';

COMMENT ON COLUMN doma_panda.error_classification.error_code IS 'Error code the rule applies to';

COMMENT ON COLUMN doma_panda.error_classification.error_diag IS 'Regular expression the error message has to match';

COMMENT ON COLUMN doma_panda.error_classification.description IS 'Remark on the rule';

COMMENT ON COLUMN doma_panda.error_classification.error_class IS 'Class given to the error; system errors do not count as failed attempts';

COMMENT ON COLUMN doma_panda.error_classification.active IS 'Y if the rule is acted on, N if a match is only logged';

COMMENT ON COLUMN doma_panda.error_classification.reg_date IS 'Time the rule was entered';

CREATE TABLE doma_panda.error_descriptions (
    id BIGINT DEFAULT nextval('doma_panda.error_descriptions_id_seq'::regclass) NOT NULL, 
    component VARCHAR(32) NOT NULL, 
    code INTEGER NOT NULL, 
    acronym VARCHAR(64), 
    diagnostics VARCHAR(256), 
    description VARCHAR(4000), 
    category SMALLINT NOT NULL, 
    CONSTRAINT error_descriptions_pkey PRIMARY KEY (id), 
    CONSTRAINT error_descriptions_code_check CHECK (code >= 0 AND code <= 99999)
);

COMMENT ON TABLE doma_panda.error_descriptions IS 'Explanations of the error codes of each component, for people.';

COMMENT ON COLUMN doma_panda.error_descriptions.id IS 'Number of the entry, the key';

COMMENT ON COLUMN doma_panda.error_descriptions.component IS 'Component that sets the code, such as pilot, ddm or jobdispatcher';

COMMENT ON COLUMN doma_panda.error_descriptions.code IS 'Error code, 0 to 99999';

COMMENT ON COLUMN doma_panda.error_descriptions.acronym IS 'Symbolic name of the code';

COMMENT ON COLUMN doma_panda.error_descriptions.diagnostics IS 'Short message that goes with the code';

COMMENT ON COLUMN doma_panda.error_descriptions.description IS 'Longer explanation of the error';

COMMENT ON COLUMN doma_panda.error_descriptions.category IS 'Number of the error''s category';

CREATE TABLE doma_panda.retryactions (
    retryaction_id BIGINT NOT NULL, 
    retry_action VARCHAR(50) NOT NULL, 
    active CHAR(1) DEFAULT 'Y' NOT NULL, 
    retry_description VARCHAR(250), 
    CONSTRAINT retryactions_pkey PRIMARY KEY (retryaction_id)
);

COMMENT ON TABLE doma_panda.retryactions IS 'Actions the server may take when a job with a known error is retried.';

COMMENT ON COLUMN doma_panda.retryactions.retryaction_id IS 'Number of the action, the key';

COMMENT ON COLUMN doma_panda.retryactions.retry_action IS 'Name of the action, such as no_retry, limit_retry or increase_memory';

COMMENT ON COLUMN doma_panda.retryactions.active IS 'Y if the action is taken, N if it is only logged';

COMMENT ON COLUMN doma_panda.retryactions.retry_description IS 'What the action does';

CREATE TABLE doma_panda.retryerrors (
    retryerror_id BIGINT NOT NULL, 
    errorsource VARCHAR(256) NOT NULL, 
    errorcode BIGINT NOT NULL, 
    active CHAR(1) DEFAULT 'Y' NOT NULL, 
    retryaction BIGINT NOT NULL, 
    errordiag VARCHAR(256), 
    parameters VARCHAR(256), 
    architecture VARCHAR(256), 
    release VARCHAR(64), 
    workqueue_id INTEGER, 
    description VARCHAR(250), 
    expiration_date TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT retryerrors_pkey PRIMARY KEY (retryerror_id)
);

COMMENT ON TABLE doma_panda.retryerrors IS 'Rules that choose a retry action for a job error.';

COMMENT ON COLUMN doma_panda.retryerrors.retryerror_id IS 'Number of the rule, the key';

COMMENT ON COLUMN doma_panda.retryerrors.errorsource IS 'Job attribute the code is in, such as pilotErrorCode';

COMMENT ON COLUMN doma_panda.retryerrors.errorcode IS 'Error code the rule applies to';

COMMENT ON COLUMN doma_panda.retryerrors.active IS 'Y if the rule is applied, N if it is only logged';

COMMENT ON COLUMN doma_panda.retryerrors.retryaction IS 'Action to take, RETRYACTIONS';

COMMENT ON COLUMN doma_panda.retryerrors.errordiag IS 'Regular expression the error message has to match, NULL for any';

COMMENT ON COLUMN doma_panda.retryerrors.parameters IS 'Parameters of the action, such as maxAttempt=5, joined by &';

COMMENT ON COLUMN doma_panda.retryerrors.architecture IS 'Architecture (cmtConfig) the rule is limited to, NULL for any';

COMMENT ON COLUMN doma_panda.retryerrors.release IS 'Software release the rule is limited to, NULL for any';

COMMENT ON COLUMN doma_panda.retryerrors.workqueue_id IS 'Work queue the rule is limited to, JEDI_WORK_QUEUE; NULL for any';

COMMENT ON COLUMN doma_panda.retryerrors.description IS 'Remark on the rule';

COMMENT ON COLUMN doma_panda.retryerrors.expiration_date IS 'Time after which the rule no longer applies, NULL if never';

CREATE INDEX retryerrors_retryaction_idx ON doma_panda.retryerrors (retryaction);

UPDATE pandadb.alembic_version SET version_num='0013' WHERE pandadb.alembic_version.version_num = '0012';

COMMIT;

BEGIN;

-- Running upgrade 0013 -> 0014

CREATE TABLE doma_panda.async_requests (
    request_id VARCHAR(64) NOT NULL, 
    request_type VARCHAR(64) NOT NULL, 
    service_name VARCHAR(64), 
    machine_name VARCHAR(128), 
    parameters TEXT, 
    expected_machines TEXT, 
    created_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT async_requests_pk PRIMARY KEY (request_id)
);

COMMENT ON TABLE doma_panda.async_requests IS 'Requests to be handled by the server''s machines in the background; old ones are pruned.';

COMMENT ON COLUMN doma_panda.async_requests.request_id IS 'UUID of the request, the key';

COMMENT ON COLUMN doma_panda.async_requests.request_type IS 'Kind of request, which names its handler, such as grep';

COMMENT ON COLUMN doma_panda.async_requests.service_name IS 'Service whose machines should handle it';

COMMENT ON COLUMN doma_panda.async_requests.machine_name IS 'Host that should handle it, empty for any of the service';

COMMENT ON COLUMN doma_panda.async_requests.parameters IS 'Parameters of the handler as JSON text';

COMMENT ON COLUMN doma_panda.async_requests.expected_machines IS 'Hosts expected to answer, as a JSON list in text';

COMMENT ON COLUMN doma_panda.async_requests.created_at IS 'Time the request was made';

CREATE INDEX async_req_target_idx ON doma_panda.async_requests (service_name, machine_name);

CREATE TABLE doma_panda.cache (
    main_key VARCHAR(56) NOT NULL, 
    sub_key VARCHAR(56) NOT NULL, 
    data TEXT, 
    last_update TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT cache_pkey PRIMARY KEY (main_key, sub_key)
);

COMMENT ON TABLE doma_panda.cache IS 'Data the server''s components keep and share under a two-part key.';

COMMENT ON COLUMN doma_panda.cache.main_key IS 'First part of the key, the kind of data';

COMMENT ON COLUMN doma_panda.cache.sub_key IS 'Second part of the key, the item';

COMMENT ON COLUMN doma_panda.cache.data IS 'Cached data as text, usually JSON';

COMMENT ON COLUMN doma_panda.cache.last_update IS 'Time the entry was last written';

CREATE TABLE doma_panda.config (
    app VARCHAR(64) NOT NULL, 
    component VARCHAR(64) NOT NULL, 
    key VARCHAR(64) NOT NULL, 
    value VARCHAR(256), 
    type VARCHAR(64) NOT NULL, 
    vo VARCHAR(32) NOT NULL, 
    descr VARCHAR(256) NOT NULL, 
    value_json TEXT, 
    CONSTRAINT config_pkey PRIMARY KEY (app, component, key, vo)
);

COMMENT ON TABLE doma_panda.config IS 'Settings of the PanDA server and JEDI that can be changed while they run.';

COMMENT ON COLUMN doma_panda.config.app IS 'Application that reads the setting, such as pandaserver or jedi';

COMMENT ON COLUMN doma_panda.config.component IS 'Part of the application, such as jobdispatch or retry_task';

COMMENT ON COLUMN doma_panda.config.key IS 'Name of the setting';

COMMENT ON COLUMN doma_panda.config.value IS 'Value as text, converted according to type';

COMMENT ON COLUMN doma_panda.config.type IS 'Type of the value, such as int, float, str, bool or json';

COMMENT ON COLUMN doma_panda.config.vo IS 'Virtual organisation the setting is for';

COMMENT ON COLUMN doma_panda.config.descr IS 'What the setting does';

COMMENT ON COLUMN doma_panda.config.value_json IS 'Value of settings of type json';

CREATE TABLE doma_panda.machine_heartbeat (
    machine_name VARCHAR(128) NOT NULL, 
    service_name VARCHAR(64) NOT NULL, 
    last_seen TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT machine_heartbeat_pk PRIMARY KEY (machine_name)
);

COMMENT ON TABLE doma_panda.machine_heartbeat IS 'Signs of life of the machines that handle ASYNC_REQUESTS.';

COMMENT ON COLUMN doma_panda.machine_heartbeat.machine_name IS 'Host, the key';

COMMENT ON COLUMN doma_panda.machine_heartbeat.service_name IS 'Service the host belongs to';

COMMENT ON COLUMN doma_panda.machine_heartbeat.last_seen IS 'Time of the last sign of life';

CREATE TABLE doma_panda.pandadb_version (
    component VARCHAR(100) NOT NULL, 
    major INTEGER NOT NULL, 
    minor INTEGER NOT NULL, 
    patch INTEGER NOT NULL, 
    CONSTRAINT pandadb_version_pkey PRIMARY KEY (component)
);

COMMENT ON TABLE doma_panda.pandadb_version IS 'Version of the database schema, checked by the server when it starts.';

COMMENT ON COLUMN doma_panda.pandadb_version.component IS 'What the version is of, such as PanDA; the key';

COMMENT ON COLUMN doma_panda.pandadb_version.major IS 'Major number of the version';

COMMENT ON COLUMN doma_panda.pandadb_version.minor IS 'Minor number of the version';

COMMENT ON COLUMN doma_panda.pandadb_version.patch IS 'Patch number of the version';

CREATE TABLE doma_panda.pandalog (
    bintime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    name VARCHAR(30), 
    module VARCHAR(30), 
    loguser VARCHAR(80), 
    type VARCHAR(20), 
    pid BIGINT DEFAULT '0' NOT NULL, 
    loglevel INTEGER DEFAULT '0' NOT NULL, 
    levelname VARCHAR(30), 
    time VARCHAR(30), 
    filename VARCHAR(100), 
    line INTEGER DEFAULT '0' NOT NULL, 
    message VARCHAR(4000)
)
 PARTITION BY RANGE (bintime);

COMMENT ON TABLE doma_panda.pandalog IS 'Log messages of the server''s components, for the monitor; kept for days.';

COMMENT ON COLUMN doma_panda.pandalog.bintime IS 'Time of the message, also the partition key';

COMMENT ON COLUMN doma_panda.pandalog.name IS 'Name of the logger';

COMMENT ON COLUMN doma_panda.pandalog.module IS 'Module that logged';

COMMENT ON COLUMN doma_panda.pandalog.loguser IS 'User the message is about or who caused it';

COMMENT ON COLUMN doma_panda.pandalog.type IS 'Kind of message, set by the module';

COMMENT ON COLUMN doma_panda.pandalog.pid IS 'Process that wrote the entry';

COMMENT ON COLUMN doma_panda.pandalog.loglevel IS 'Level as a number, as in Python''s logging: 10 debug to 50 critical';

COMMENT ON COLUMN doma_panda.pandalog.levelname IS 'Level as a word, such as INFO or ERROR';

COMMENT ON COLUMN doma_panda.pandalog.time IS 'Time of the message as the logger wrote it';

COMMENT ON COLUMN doma_panda.pandalog.filename IS 'Source file that logged';

COMMENT ON COLUMN doma_panda.pandalog.line IS 'Line of the source file that logged';

COMMENT ON COLUMN doma_panda.pandalog.message IS 'Text of the message';

CREATE INDEX pandalog_bintime_indx ON doma_panda.pandalog (bintime, type);

CREATE INDEX pandalog_multicolumn_indx ON doma_panda.pandalog (bintime, name, type, levelname);

CREATE INDEX pandalog_nametypebintime_indx ON doma_panda.pandalog (type, name, bintime DESC);

CREATE TABLE doma_panda.pandalog_default PARTITION OF doma_panda.pandalog DEFAULT;

CREATE TABLE doma_panda.pandalog_fax (
    bintime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    name VARCHAR(30), 
    module VARCHAR(30), 
    loguser VARCHAR(80), 
    type VARCHAR(20), 
    pid BIGINT, 
    loglevel INTEGER, 
    levelname VARCHAR(30), 
    time VARCHAR(30), 
    filename VARCHAR(100), 
    line INTEGER, 
    message VARCHAR(4000)
)
 PARTITION BY RANGE (bintime);

COMMENT ON TABLE doma_panda.pandalog_fax IS 'Log messages on FAX, the federated XRootD storage, shaped like PANDALOG; no longer in use.';

COMMENT ON COLUMN doma_panda.pandalog_fax.bintime IS 'Time of the message, also the partition key';

COMMENT ON COLUMN doma_panda.pandalog_fax.name IS 'Name of the logger';

COMMENT ON COLUMN doma_panda.pandalog_fax.module IS 'Module that logged';

COMMENT ON COLUMN doma_panda.pandalog_fax.loguser IS 'User the message is about or who caused it';

COMMENT ON COLUMN doma_panda.pandalog_fax.type IS 'Kind of message, set by the module';

COMMENT ON COLUMN doma_panda.pandalog_fax.pid IS 'Process that wrote the entry';

COMMENT ON COLUMN doma_panda.pandalog_fax.loglevel IS 'Level as a number, as in Python''s logging: 10 debug to 50 critical';

COMMENT ON COLUMN doma_panda.pandalog_fax.levelname IS 'Level as a word, such as INFO or ERROR';

COMMENT ON COLUMN doma_panda.pandalog_fax.time IS 'Time of the message as the logger wrote it';

COMMENT ON COLUMN doma_panda.pandalog_fax.filename IS 'Source file that logged';

COMMENT ON COLUMN doma_panda.pandalog_fax.line IS 'Line of the source file that logged';

COMMENT ON COLUMN doma_panda.pandalog_fax.message IS 'Text of the message';

CREATE TABLE doma_panda.pandalog_fax_default PARTITION OF doma_panda.pandalog_fax DEFAULT;

CREATE TABLE doma_panda.pilottoken (
    token VARCHAR(64) NOT NULL, 
    schedulerhost VARCHAR(100), 
    scheduleruser VARCHAR(150), 
    usages INTEGER NOT NULL, 
    created TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    expires TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    schedulerid VARCHAR(80), 
    CONSTRAINT pilottoken_token_pk PRIMARY KEY (token)
);

COMMENT ON TABLE doma_panda.pilottoken IS 'Tokens that let pilot schedulers ask for jobs; no longer in use.';

COMMENT ON COLUMN doma_panda.pilottoken.token IS 'The token, the key';

COMMENT ON COLUMN doma_panda.pilottoken.schedulerhost IS 'Host of the scheduler the token was given to';

COMMENT ON COLUMN doma_panda.pilottoken.scheduleruser IS 'User of the scheduler the token was given to';

COMMENT ON COLUMN doma_panda.pilottoken.usages IS 'Number of uses of the token';

COMMENT ON COLUMN doma_panda.pilottoken.created IS 'Time the token was made';

COMMENT ON COLUMN doma_panda.pilottoken.expires IS 'Time the token expires';

COMMENT ON COLUMN doma_panda.pilottoken.schedulerid IS 'Identifier of the scheduler';

CREATE TABLE doma_panda.secrets (
    owner VARCHAR(60) NOT NULL, 
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    data TEXT, 
    CONSTRAINT secrets_pkey PRIMARY KEY (owner)
);

COMMENT ON TABLE doma_panda.secrets IS 'Secrets that users entrust to the server for their jobs.';

COMMENT ON COLUMN doma_panda.secrets.owner IS 'User the secrets belong to, the key';

COMMENT ON COLUMN doma_panda.secrets.updated_at IS 'Time the secrets were last changed';

COMMENT ON COLUMN doma_panda.secrets.data IS 'Secrets of the owner as text, confidential';

CREATE TABLE doma_panda.sql_queue (
    topic VARCHAR(50) NOT NULL, 
    pandaid BIGINT NOT NULL, 
    execution_order INTEGER NOT NULL, 
    jeditaskid BIGINT, 
    creationtime TIMESTAMP WITHOUT TIME ZONE, 
    data VARCHAR(4000), 
    CONSTRAINT sql_queue_pkey PRIMARY KEY (topic, pandaid, execution_order)
);

COMMENT ON TABLE doma_panda.sql_queue IS 'Counter updates of datasets, deferred to run after the commit of a job''s result.';

COMMENT ON COLUMN doma_panda.sql_queue.topic IS 'Kind of deferred work';

COMMENT ON COLUMN doma_panda.sql_queue.pandaid IS 'Job that caused the updates, the jobs tables';

COMMENT ON COLUMN doma_panda.sql_queue.execution_order IS 'Position within the job''s updates, executed ascending';

COMMENT ON COLUMN doma_panda.sql_queue.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN doma_panda.sql_queue.creationtime IS 'Time the entry was queued';

COMMENT ON COLUMN doma_panda.sql_queue.data IS 'Statement and its variables as JSON text';

CREATE INDEX sql_queue_topic_creationtime_idx ON doma_panda.sql_queue (topic, creationtime);

CREATE INDEX sql_queue_topic_task_idx ON doma_panda.sql_queue (topic, jeditaskid);

CREATE TABLE doma_panda.async_results (
    request_id VARCHAR(64) NOT NULL, 
    machine_name VARCHAR(128) NOT NULL, 
    status VARCHAR(16) DEFAULT 'running', 
    result TEXT, 
    stderr TEXT, 
    return_code SMALLINT, 
    truncated SMALLINT DEFAULT '0', 
    error_msg VARCHAR(2048), 
    attempts SMALLINT DEFAULT '0', 
    started_at TIMESTAMP WITHOUT TIME ZONE, 
    finished_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT async_results_pk PRIMARY KEY (request_id, machine_name), 
    CONSTRAINT async_results_req_fk FOREIGN KEY(request_id) REFERENCES doma_panda.async_requests (request_id)
);

COMMENT ON TABLE doma_panda.async_results IS 'Answers of the machines to ASYNC_REQUESTS.';

COMMENT ON COLUMN doma_panda.async_results.request_id IS 'Request, ASYNC_REQUESTS';

COMMENT ON COLUMN doma_panda.async_results.machine_name IS 'Host that answers';

COMMENT ON COLUMN doma_panda.async_results.status IS 'State of the handling on the host: pending (to be retried), running, done or failed';

COMMENT ON COLUMN doma_panda.async_results.result IS 'Output of the handler';

COMMENT ON COLUMN doma_panda.async_results.stderr IS 'Error output of the handler';

COMMENT ON COLUMN doma_panda.async_results.return_code IS 'Return code of the handler';

COMMENT ON COLUMN doma_panda.async_results.truncated IS '1 if the output was cut, 0 if complete';

COMMENT ON COLUMN doma_panda.async_results.error_msg IS 'Why the handling failed, NULL if it did not';

COMMENT ON COLUMN doma_panda.async_results.attempts IS 'Number of times the host has tried';

COMMENT ON COLUMN doma_panda.async_results.started_at IS 'Time the handling started';

COMMENT ON COLUMN doma_panda.async_results.finished_at IS 'Time the handling ended, NULL while it runs';

CREATE INDEX async_results_req_idx ON doma_panda.async_results (request_id);

DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT c.oid::regclass AS name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
          FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid IN ('doma_panda.secrets'::regclass, 'doma_panda.pilottoken'::regclass) AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', given.name, given.role);
    END LOOP;
END
$$;

DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT c.oid::regclass AS name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
          FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid IN ('doma_panda.pandadb_version'::regclass) AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %s', given.name, given.role);
    END LOOP;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0014' WHERE pandadb.alembic_version.version_num = '0013';

COMMIT;

BEGIN;

-- Running upgrade 0014 -> 0015

CREATE TABLE doma_panda.tablepart4copying (
    table_name VARCHAR(30) NOT NULL, 
    partition_name VARCHAR(30) NOT NULL, 
    copied_to_arch VARCHAR(10) NOT NULL, 
    copying_done_on TIMESTAMP WITHOUT TIME ZONE, 
    deleted_on TIMESTAMP WITHOUT TIME ZONE, 
    data_verif_passed CHAR(3), 
    data_verified_on TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT tablepart4copying_pkey PRIMARY KEY (table_name, partition_name, copied_to_arch)
)
 PARTITION BY LIST (copied_to_arch);

COMMENT ON TABLE doma_panda.tablepart4copying IS 'Daily partitions on their way to the archive: copied, verified, dropped.';

COMMENT ON COLUMN doma_panda.tablepart4copying.table_name IS 'JOBSARCHIVED4, FILESTABLE4, JOBPARAMSTABLE or METATABLE';

COMMENT ON COLUMN doma_panda.tablepart4copying.partition_name IS 'Partition, named after the day that is its exclusive upper bound';

COMMENT ON COLUMN doma_panda.tablepart4copying.copied_to_arch IS 'N to be copied, Y copied, MUST NOT never to be copied';

COMMENT ON COLUMN doma_panda.tablepart4copying.copying_done_on IS 'When the copy ended, NULL before';

COMMENT ON COLUMN doma_panda.tablepart4copying.deleted_on IS 'When the partition was dropped, NULL while it exists';

COMMENT ON COLUMN doma_panda.tablepart4copying.data_verif_passed IS 'YES or NO, whether the archive holds every key; NULL before the check';

COMMENT ON COLUMN doma_panda.tablepart4copying.data_verified_on IS 'When the copy was checked';

CREATE TABLE doma_panda.tablepart4copying_n PARTITION OF doma_panda.tablepart4copying FOR VALUES IN ('N');

CREATE TABLE doma_panda.tablepart4copying_y PARTITION OF doma_panda.tablepart4copying FOR VALUES IN ('Y');

CREATE TABLE doma_panda.tablepart4copying_must_not PARTITION OF doma_panda.tablepart4copying FOR VALUES IN ('MUST NOT');

CREATE TABLE doma_panda.tablepart4copying_default PARTITION OF doma_panda.tablepart4copying DEFAULT;

CREATE TABLE doma_pandaarch.pandaids_modiftime_errlog_old (
    ora_err_number$ BIGINT, 
    ora_err_mesg$ VARCHAR(2000), 
    ora_err_rowid$ OID, 
    ora_err_optyp$ VARCHAR(2), 
    ora_err_tag$ VARCHAR(2000), 
    pandaid VARCHAR(4000), 
    modiftime VARCHAR(4000)
);

COMMENT ON TABLE doma_pandaarch.pandaids_modiftime_errlog_old IS 'Rows that failed to enter PANDAIDS_MODIFTIME_OLD, in the form of an Oracle DML error log.';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.ora_err_number$ IS 'Oracle error number';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.ora_err_mesg$ IS 'Oracle error message';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.ora_err_rowid$ IS 'Row the error hit, for update and delete';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.ora_err_optyp$ IS 'Operation that failed: I insert, U update, D delete';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.ora_err_tag$ IS 'Tag the failing statement gave its errors';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.pandaid IS 'Rejected PandaID as text';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_errlog_old.modiftime IS 'Rejected modification time as text';

CREATE TABLE doma_pandaarch.pandaids_modiftime_old (
    pandaid BIGINT NOT NULL, 
    modiftime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT pandaids_modiftime_old_pkey PRIMARY KEY (pandaid, modiftime)
);

COMMENT ON TABLE doma_pandaarch.pandaids_modiftime_old IS 'Former index from PandaID to the time of its archive row, not filled since November 2019.';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_old.pandaid IS 'Job, its PandaID';

COMMENT ON COLUMN doma_pandaarch.pandaids_modiftime_old.modiftime IS 'Modification time of the archived job, tells its partition';

CREATE TABLE doma_pandaarch.table_part_boundaries (
    tab_name VARCHAR(30) NOT NULL, 
    part_name VARCHAR(30) NOT NULL, 
    part_position BIGINT, 
    part_boundary_dictionary TEXT, 
    part_boundary TIMESTAMP WITHOUT TIME ZONE, 
    last_created_view VARCHAR(30), 
    CONSTRAINT table_part_boundaries_pkey PRIMARY KEY (tab_name, part_name)
);

COMMENT ON TABLE doma_pandaarch.table_part_boundaries IS 'Upper bounds of the archive''s partitions. Once used to build views of the last days; unused now.';

COMMENT ON COLUMN doma_pandaarch.table_part_boundaries.tab_name IS 'Partitioned table of the archive';

COMMENT ON COLUMN doma_pandaarch.table_part_boundaries.part_name IS 'Partition of that table';

COMMENT ON COLUMN doma_pandaarch.table_part_boundaries.part_position IS 'Place of the partition in the order of the bounds';

COMMENT ON COLUMN doma_pandaarch.table_part_boundaries.part_boundary_dictionary IS 'Upper bound as the text of the database catalogue';

COMMENT ON COLUMN doma_pandaarch.table_part_boundaries.part_boundary IS 'Upper bound as a time, parsed from that text';

COMMENT ON COLUMN doma_pandaarch.table_part_boundaries.last_created_view IS 'View last built from the partition';

UPDATE pandadb.alembic_version SET version_num='0015' WHERE pandadb.alembic_version.version_num = '0014';

COMMIT;

BEGIN;

-- Running upgrade 0015 -> 0016

CREATE SEQUENCE doma_pandameta.proxykey_id_seq AS BIGINT;

CREATE SEQUENCE doma_pandameta.users_id_seq AS BIGINT;

CREATE TABLE doma_pandameta.agis_dump (
    panda_site VARCHAR(52), 
    update_time TIMESTAMP WITHOUT TIME ZONE, 
    json_data TEXT
);

COMMENT ON TABLE doma_pandameta.agis_dump IS 'Copy of the AGIS record of each PanDA site, AGIS being the forerunner of CRIC.';

COMMENT ON COLUMN doma_pandameta.agis_dump.panda_site IS 'PanDA site, the siteid of its queues';

COMMENT ON COLUMN doma_pandameta.agis_dump.update_time IS 'Time the copy was taken';

COMMENT ON COLUMN doma_pandameta.agis_dump.json_data IS 'Record of the site, as JSON';

CREATE TABLE doma_pandameta.auth_group (
    id BIGINT, 
    name VARCHAR(80)
);

COMMENT ON TABLE doma_pandameta.auth_group IS 'Group of monitor users, Django''s auth_group (legacy copy).';

COMMENT ON COLUMN doma_pandameta.auth_group.id IS 'Number of the group';

COMMENT ON COLUMN doma_pandameta.auth_group.name IS 'Name of the group';

CREATE TABLE doma_pandameta.auth_group_permissions (
    id BIGINT, 
    group_id BIGINT, 
    permission_id BIGINT
);

COMMENT ON TABLE doma_pandameta.auth_group_permissions IS 'Permission granted to a group, Django (legacy copy).';

COMMENT ON COLUMN doma_pandameta.auth_group_permissions.id IS 'Number of the grant';

COMMENT ON COLUMN doma_pandameta.auth_group_permissions.group_id IS 'Group, AUTH_GROUP';

COMMENT ON COLUMN doma_pandameta.auth_group_permissions.permission_id IS 'Permission granted, AUTH_PERMISSION of PANDABIGMON';

CREATE TABLE doma_pandameta.auth_user_groups (
    id BIGINT, 
    user_id BIGINT, 
    group_id BIGINT
);

COMMENT ON TABLE doma_pandameta.auth_user_groups IS 'Membership of a user in a group, Django (legacy copy).';

COMMENT ON COLUMN doma_pandameta.auth_user_groups.id IS 'Number of the membership';

COMMENT ON COLUMN doma_pandameta.auth_user_groups.user_id IS 'User, AUTH_USER of PANDABIGMON';

COMMENT ON COLUMN doma_pandameta.auth_user_groups.group_id IS 'Group, AUTH_GROUP';

CREATE TABLE doma_pandameta.auth_user_user_permissions (
    id BIGINT, 
    user_id BIGINT, 
    permission_id BIGINT
);

COMMENT ON TABLE doma_pandameta.auth_user_user_permissions IS 'Permission granted to a single user, Django (legacy copy).';

COMMENT ON COLUMN doma_pandameta.auth_user_user_permissions.id IS 'Number of the grant';

COMMENT ON COLUMN doma_pandameta.auth_user_user_permissions.user_id IS 'User, AUTH_USER of PANDABIGMON';

COMMENT ON COLUMN doma_pandameta.auth_user_user_permissions.permission_id IS 'Permission granted, AUTH_PERMISSION of PANDABIGMON';

CREATE TABLE doma_pandameta.cloudconfig (
    name VARCHAR(20) NOT NULL, 
    description VARCHAR(50) NOT NULL, 
    tier1 VARCHAR(20) NOT NULL, 
    tier1se VARCHAR(400) NOT NULL, 
    relocation VARCHAR(10), 
    weight BIGINT NOT NULL, 
    server VARCHAR(100) NOT NULL, 
    status VARCHAR(20) NOT NULL, 
    transtimelo BIGINT NOT NULL, 
    transtimehi BIGINT NOT NULL, 
    waittime BIGINT NOT NULL, 
    comment_ VARCHAR(200), 
    space BIGINT NOT NULL, 
    moduser VARCHAR(30), 
    modtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    validation VARCHAR(20), 
    mcshare BIGINT NOT NULL, 
    countries VARCHAR(80), 
    fasttrack VARCHAR(20), 
    nprestage NUMERIC NOT NULL, 
    pilotowners VARCHAR(300), 
    dn VARCHAR(100), 
    email VARCHAR(60), 
    fairshare VARCHAR(256), 
    auto_mcu SMALLINT NOT NULL, 
    CONSTRAINT primary_cloudcfg PRIMARY KEY (name)
);

COMMENT ON TABLE doma_pandameta.cloudconfig IS 'Cloud, a regional or political group of sites around a Tier 1.';

COMMENT ON COLUMN doma_pandameta.cloudconfig.name IS 'Short name of the cloud, the key';

COMMENT ON COLUMN doma_pandameta.cloudconfig.description IS 'Full name of the cloud';

COMMENT ON COLUMN doma_pandameta.cloudconfig.tier1 IS 'PanDA site that is the Tier 1 of the cloud';

COMMENT ON COLUMN doma_pandameta.cloudconfig.tier1se IS 'Storage elements of the Tier 1, comma separated';

COMMENT ON COLUMN doma_pandameta.cloudconfig.relocation IS 'Whether jobs may be moved to another cloud';

COMMENT ON COLUMN doma_pandameta.cloudconfig.weight IS 'Weight of the cloud in the assignment of tasks';

COMMENT ON COLUMN doma_pandameta.cloudconfig.server IS 'PanDA server in charge of the cloud';

COMMENT ON COLUMN doma_pandameta.cloudconfig.status IS 'State of the cloud: online, offline or test';

COMMENT ON COLUMN doma_pandameta.cloudconfig.transtimelo IS 'Transfer timeout for analysis and low-priority jobs, in days, at least 1';

COMMENT ON COLUMN doma_pandameta.cloudconfig.transtimehi IS 'Transfer timeout for high-priority jobs other than analysis, in days, at least 1';

COMMENT ON COLUMN doma_pandameta.cloudconfig.waittime IS 'How long jobs may wait for their input, unit not known';

COMMENT ON COLUMN doma_pandameta.cloudconfig.comment_ IS 'Remark of the operators';

COMMENT ON COLUMN doma_pandameta.cloudconfig.space IS 'Free space at the Tier 1, unit not known';

COMMENT ON COLUMN doma_pandameta.cloudconfig.moduser IS 'User who last changed the entry';

COMMENT ON COLUMN doma_pandameta.cloudconfig.modtime IS 'Time of the last change';

COMMENT ON COLUMN doma_pandameta.cloudconfig.validation IS 'Whether the cloud takes validation tasks: true or false';

COMMENT ON COLUMN doma_pandameta.cloudconfig.mcshare IS 'Share of simulation work the cloud takes';

COMMENT ON COLUMN doma_pandameta.cloudconfig.countries IS 'Countries that belong to the cloud';

COMMENT ON COLUMN doma_pandameta.cloudconfig.fasttrack IS 'Whether the cloud takes fast-track tasks: true or false';

COMMENT ON COLUMN doma_pandameta.cloudconfig.nprestage IS 'Limit on files prestaged from tape';

COMMENT ON COLUMN doma_pandameta.cloudconfig.pilotowners IS 'Distinguished names allowed to run pilots, separated by a bar';

COMMENT ON COLUMN doma_pandameta.cloudconfig.dn IS 'Distinguished name of the person who last changed the entry';

COMMENT ON COLUMN doma_pandameta.cloudconfig.email IS 'Address to notify about the cloud';

COMMENT ON COLUMN doma_pandameta.cloudconfig.fairshare IS 'Shares of the cloud between kinds of work';

COMMENT ON COLUMN doma_pandameta.cloudconfig.auto_mcu IS 'Flag: 1 if the multicloud setting of its queues may be updated automatically';

CREATE TABLE doma_pandameta.installedsw (
    siteid VARCHAR(60), 
    cloud VARCHAR(10), 
    release VARCHAR(10), 
    cache VARCHAR(40), 
    validation VARCHAR(10), 
    cmtconfig VARCHAR(40), 
    CONSTRAINT installedsw_siterelcachecmt_uk UNIQUE (siteid, release, cache, cmtconfig)
);

COMMENT ON TABLE doma_pandameta.installedsw IS 'Software releases and caches installed at each site.';

COMMENT ON COLUMN doma_pandameta.installedsw.siteid IS 'PanDA site, siteid of SCHEDCONFIG';

COMMENT ON COLUMN doma_pandameta.installedsw.cloud IS 'Cloud of the site, CLOUDCONFIG';

COMMENT ON COLUMN doma_pandameta.installedsw.release IS 'Base release of the experiment''s software';

COMMENT ON COLUMN doma_pandameta.installedsw.cache IS 'Patch on top of the release, as project-version';

COMMENT ON COLUMN doma_pandameta.installedsw.validation IS 'Result of the validation of the installation';

COMMENT ON COLUMN doma_pandameta.installedsw.cmtconfig IS 'Platform of the build: architecture, system and compiler';

CREATE INDEX installedsw_relid_site_indx ON doma_pandameta.installedsw (release, siteid);

CREATE TABLE doma_pandameta.proxykey (
    id BIGINT NOT NULL, 
    dn VARCHAR(100) NOT NULL, 
    credname VARCHAR(40) NOT NULL, 
    created TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    expires TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    origin VARCHAR(80) NOT NULL, 
    myproxy VARCHAR(80) NOT NULL, 
    CONSTRAINT proxykey_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandameta.proxykey IS 'Key to a proxy credential that a user stored for PanDA (legacy).';

COMMENT ON COLUMN doma_pandameta.proxykey.id IS 'Number of the key, from proxykey_id_seq';

COMMENT ON COLUMN doma_pandameta.proxykey.dn IS 'Distinguished name of the owner';

COMMENT ON COLUMN doma_pandameta.proxykey.credname IS 'Name of the credential in the MyProxy server';

COMMENT ON COLUMN doma_pandameta.proxykey.created IS 'Time the credential was stored';

COMMENT ON COLUMN doma_pandameta.proxykey.expires IS 'Time the credential runs out';

COMMENT ON COLUMN doma_pandameta.proxykey.origin IS 'Host the credential was stored from';

COMMENT ON COLUMN doma_pandameta.proxykey.myproxy IS 'MyProxy server that holds the credential';

CREATE TABLE doma_pandameta.schedconfig (
    name VARCHAR(60) NOT NULL, 
    nickname VARCHAR(60) NOT NULL, 
    queue VARCHAR(60), 
    localqueue VARCHAR(50), 
    system VARCHAR(60) NOT NULL, 
    sysconfig VARCHAR(20), 
    environ VARCHAR(250), 
    gatekeeper VARCHAR(120), 
    jobmanager VARCHAR(80), 
    se VARCHAR(400), 
    ddm VARCHAR(120), 
    jdladd VARCHAR(500), 
    globusadd VARCHAR(100), 
    jdl VARCHAR(60), 
    jdltxt VARCHAR(500), 
    version VARCHAR(60), 
    site VARCHAR(60) NOT NULL, 
    region VARCHAR(60), 
    gstat VARCHAR(60), 
    tags VARCHAR(200), 
    cmd VARCHAR(200), 
    lastmod TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    errinfo VARCHAR(80), 
    nqueue BIGINT NOT NULL, 
    comment_ VARCHAR(500), 
    appdir VARCHAR(500), 
    datadir VARCHAR(80), 
    tmpdir VARCHAR(80), 
    wntmpdir VARCHAR(80), 
    dq2url VARCHAR(80), 
    special_par VARCHAR(80), 
    python_path VARCHAR(80), 
    nodes BIGINT NOT NULL, 
    status VARCHAR(10), 
    copytool VARCHAR(80), 
    copysetup VARCHAR(200), 
    releases VARCHAR(500), 
    sepath VARCHAR(400), 
    envsetup VARCHAR(200), 
    copyprefix VARCHAR(500), 
    lfcpath VARCHAR(80), 
    seopt VARCHAR(400), 
    sein VARCHAR(400), 
    seinopt VARCHAR(400), 
    lfchost VARCHAR(80), 
    cloud VARCHAR(60), 
    siteid VARCHAR(60), 
    proxy VARCHAR(80), 
    retry VARCHAR(10), 
    queuehours INTEGER NOT NULL, 
    envsetupin VARCHAR(200), 
    copytoolin VARCHAR(180), 
    copysetupin VARCHAR(200), 
    seprodpath VARCHAR(400), 
    lfcprodpath VARCHAR(80), 
    copyprefixin VARCHAR(360), 
    recoverdir VARCHAR(80), 
    memory BIGINT NOT NULL, 
    maxtime BIGINT NOT NULL, 
    space BIGINT NOT NULL, 
    tspace TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    cmtconfig VARCHAR(250), 
    setokens VARCHAR(80), 
    glexec VARCHAR(10), 
    priorityoffset VARCHAR(60), 
    allowedgroups VARCHAR(100), 
    defaulttoken VARCHAR(100), 
    pcache VARCHAR(100), 
    validatedreleases VARCHAR(500), 
    accesscontrol VARCHAR(20), 
    dn VARCHAR(100), 
    email VARCHAR(60), 
    allowednode VARCHAR(80), 
    maxinputsize BIGINT, 
    timefloor INTEGER, 
    depthboost BIGINT, 
    idlepilotsupression BIGINT, 
    pilotlimit BIGINT, 
    transferringlimit BIGINT, 
    cachedse SMALLINT, 
    corecount SMALLINT, 
    countrygroup VARCHAR(64), 
    availablecpu VARCHAR(64), 
    availablestorage VARCHAR(64), 
    pledgedcpu VARCHAR(64), 
    pledgedstorage VARCHAR(64), 
    statusoverride VARCHAR(256), 
    allowdirectaccess VARCHAR(10), 
    gocname VARCHAR(64), 
    tier VARCHAR(15), 
    multicloud VARCHAR(64), 
    lfcregister VARCHAR(10), 
    stageinretry BIGINT, 
    stageoutretry BIGINT, 
    fairsharepolicy VARCHAR(512), 
    allowfax VARCHAR(64), 
    faxredirector VARCHAR(256), 
    maxwdir BIGINT, 
    celist VARCHAR(4000), 
    minmemory BIGINT, 
    maxmemory BIGINT, 
    mintime BIGINT, 
    allowjem VARCHAR(64), 
    catchall VARCHAR(512), 
    faxdoor VARCHAR(128), 
    wansourcelimit INTEGER, 
    wansinklimit INTEGER, 
    auto_mcu SMALLINT NOT NULL, 
    objectstore VARCHAR(512), 
    allowhttp VARCHAR(64), 
    httpredirector VARCHAR(256), 
    multicloud_append VARCHAR(64), 
    corepower NUMERIC, 
    wnconnectivity VARCHAR(256), 
    cloudrshare VARCHAR(256), 
    sitershare VARCHAR(256), 
    autosetup_post VARCHAR(512), 
    autosetup_pre VARCHAR(512), 
    direct_access_lan VARCHAR(32), 
    direct_access_wan VARCHAR(32), 
    maxrss INTEGER, 
    minrss INTEGER, 
    use_newmover VARCHAR(32), 
    pilotversion VARCHAR(32), 
    objectstores VARCHAR(4000), 
    container_options VARCHAR(1024), 
    container_type VARCHAR(256), 
    jobseed VARCHAR(16), 
    pilot_manager VARCHAR(16), 
    capability VARCHAR(16), 
    resource_type VARCHAR(16), 
    workflow VARCHAR(16), 
    maxdiskio BIGINT, 
    CONSTRAINT primary_schedcfg PRIMARY KEY (nickname)
);

COMMENT ON TABLE doma_pandameta.schedconfig IS 'Configuration of a PanDA queue, one column per setting, before SCHEDCONFIG_JSON.';

COMMENT ON COLUMN doma_pandameta.schedconfig.name IS 'Name of the configuration entry, default for most queues';

COMMENT ON COLUMN doma_pandameta.schedconfig.nickname IS 'Unique name of the queue towards the pilot factory, the key';

COMMENT ON COLUMN doma_pandameta.schedconfig.queue IS 'Host and job manager, or other address, the pilot is submitted to';

COMMENT ON COLUMN doma_pandameta.schedconfig.localqueue IS 'Queue of the local batch system';

COMMENT ON COLUMN doma_pandameta.schedconfig.system IS 'Submission system of the pilots, such as condor or gLite';

COMMENT ON COLUMN doma_pandameta.schedconfig.sysconfig IS 'How the entry is managed, such as manual';

COMMENT ON COLUMN doma_pandameta.schedconfig.environ IS 'Environment variables for the pilot, as NAME=value pairs';

COMMENT ON COLUMN doma_pandameta.schedconfig.gatekeeper IS 'Host of the computing element';

COMMENT ON COLUMN doma_pandameta.schedconfig.jobmanager IS 'Batch system behind the gatekeeper, such as pbs, lsf or condor';

COMMENT ON COLUMN doma_pandameta.schedconfig.se IS 'Storage elements near the queue, comma separated';

COMMENT ON COLUMN doma_pandameta.schedconfig.ddm IS 'DDM endpoints of the queue, comma separated, the first is the default';

COMMENT ON COLUMN doma_pandameta.schedconfig.jdladd IS 'Lines added to the job description of the pilot';

COMMENT ON COLUMN doma_pandameta.schedconfig.globusadd IS 'Additions to the Globus RSL of the pilot';

COMMENT ON COLUMN doma_pandameta.schedconfig.jdl IS 'Name of the job description template of the pilot';

COMMENT ON COLUMN doma_pandameta.schedconfig.jdltxt IS 'Text of the job description of the pilot';

COMMENT ON COLUMN doma_pandameta.schedconfig.version IS 'Version, free text';

COMMENT ON COLUMN doma_pandameta.schedconfig.site IS 'Name of the site the queue belongs to';

COMMENT ON COLUMN doma_pandameta.schedconfig.region IS 'Geographic or grid region of the site';

COMMENT ON COLUMN doma_pandameta.schedconfig.gstat IS 'Name of the site in the grid''s monitoring, GStat';

COMMENT ON COLUMN doma_pandameta.schedconfig.tags IS 'Free labels of the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.cmd IS 'Command that submits the pilot';

COMMENT ON COLUMN doma_pandameta.schedconfig.lastmod IS 'Time the entry was last changed';

COMMENT ON COLUMN doma_pandameta.schedconfig.errinfo IS 'Last error noted for the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.nqueue IS 'Number of queued pilots the factory aims to keep';

COMMENT ON COLUMN doma_pandameta.schedconfig.comment_ IS 'Remark of the operators, usually the reason of the last status change';

COMMENT ON COLUMN doma_pandameta.schedconfig.appdir IS 'Directory of the experiment''s software on the worker nodes';

COMMENT ON COLUMN doma_pandameta.schedconfig.datadir IS 'Directory of local data at the site';

COMMENT ON COLUMN doma_pandameta.schedconfig.tmpdir IS 'Directory for temporary files at the site';

COMMENT ON COLUMN doma_pandameta.schedconfig.wntmpdir IS 'Directory for temporary files on the worker nodes, where the pilot works';

COMMENT ON COLUMN doma_pandameta.schedconfig.dq2url IS 'Address of the site''s DQ2 server, the DDM before Rucio';

COMMENT ON COLUMN doma_pandameta.schedconfig.special_par IS 'Special parameters of the pilot submission';

COMMENT ON COLUMN doma_pandameta.schedconfig.python_path IS 'Directory of the Python interpreter to use';

COMMENT ON COLUMN doma_pandameta.schedconfig.nodes IS 'Number of worker nodes behind the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.status IS 'State of the queue: online, offline, brokeroff or test';

COMMENT ON COLUMN doma_pandameta.schedconfig.copytool IS 'Tool that copies files out, and in unless copytoolin is set';

COMMENT ON COLUMN doma_pandameta.schedconfig.copysetup IS 'Setup script or options of the copy tool';

COMMENT ON COLUMN doma_pandameta.schedconfig.releases IS 'Software releases available, separated by a bar';

COMMENT ON COLUMN doma_pandameta.schedconfig.sepath IS 'Paths on the storage element for the output of analysis';

COMMENT ON COLUMN doma_pandameta.schedconfig.envsetup IS 'Command that sets up the grid environment on the worker node';

COMMENT ON COLUMN doma_pandameta.schedconfig.copyprefix IS 'Storage prefix and its replacement, to turn paths into copy addresses';

COMMENT ON COLUMN doma_pandameta.schedconfig.lfcpath IS 'Catalogue path of analysis files in the LFC';

COMMENT ON COLUMN doma_pandameta.schedconfig.seopt IS 'Options of the storage element for stage-out';

COMMENT ON COLUMN doma_pandameta.schedconfig.sein IS 'Storage element for stage-in where it differs from se';

COMMENT ON COLUMN doma_pandameta.schedconfig.seinopt IS 'Options of the storage element for stage-in';

COMMENT ON COLUMN doma_pandameta.schedconfig.lfchost IS 'Host of the LCG file catalogue';

COMMENT ON COLUMN doma_pandameta.schedconfig.cloud IS 'Cloud the queue belongs to, CLOUDCONFIG';

COMMENT ON COLUMN doma_pandameta.schedconfig.siteid IS 'PanDA site jobs are brokered to, computingSite of a job; several queues may share it';

COMMENT ON COLUMN doma_pandameta.schedconfig.proxy IS 'Kind of proxy the pilot is to use';

COMMENT ON COLUMN doma_pandameta.schedconfig.retry IS 'Whether the pilot may recover or retry jobs: TRUE or FALSE';

COMMENT ON COLUMN doma_pandameta.schedconfig.queuehours IS 'Hours a pilot may stay queued';

COMMENT ON COLUMN doma_pandameta.schedconfig.envsetupin IS 'Environment setup for stage-in where it differs from envsetup';

COMMENT ON COLUMN doma_pandameta.schedconfig.copytoolin IS 'Tool that copies files in where it differs from copytool';

COMMENT ON COLUMN doma_pandameta.schedconfig.copysetupin IS 'Setup of the copy tool for stage-in';

COMMENT ON COLUMN doma_pandameta.schedconfig.seprodpath IS 'Paths on the storage element for the output of production';

COMMENT ON COLUMN doma_pandameta.schedconfig.lfcprodpath IS 'Catalogue path of production files in the LFC';

COMMENT ON COLUMN doma_pandameta.schedconfig.copyprefixin IS 'Storage prefix and its replacement for stage-in';

COMMENT ON COLUMN doma_pandameta.schedconfig.recoverdir IS 'Directory where the pilot leaves output for a later recovery';

COMMENT ON COLUMN doma_pandameta.schedconfig.memory IS 'Memory a job may use, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.maxtime IS 'Longest walltime of a job, in seconds, 0 for no limit';

COMMENT ON COLUMN doma_pandameta.schedconfig.space IS 'Free space at the site''s storage, in GB';

COMMENT ON COLUMN doma_pandameta.schedconfig.tspace IS 'Time the free space was last updated';

COMMENT ON COLUMN doma_pandameta.schedconfig.cmtconfig IS 'Platforms the queue offers, as CMTCONFIG names';

COMMENT ON COLUMN doma_pandameta.schedconfig.setokens IS 'Space tokens of the site''s storage, comma separated';

COMMENT ON COLUMN doma_pandameta.schedconfig.glexec IS 'Whether the pilot switches identity with gLExec: True, False or test';

COMMENT ON COLUMN doma_pandameta.schedconfig.priorityoffset IS 'Offset added to the priority of jobs at this queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.allowedgroups IS 'Groups that may use the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.defaulttoken IS 'Space token for output without one of its own';

COMMENT ON COLUMN doma_pandameta.schedconfig.pcache IS 'Options of pcache, the file cache on worker nodes';

COMMENT ON COLUMN doma_pandameta.schedconfig.validatedreleases IS 'Releases validated for the queue, or True where all are';

COMMENT ON COLUMN doma_pandameta.schedconfig.accesscontrol IS 'Who may use the queue: grouplist limits it to allowed groups';

COMMENT ON COLUMN doma_pandameta.schedconfig.dn IS 'Distinguished name of the person who last changed the entry';

COMMENT ON COLUMN doma_pandameta.schedconfig.email IS 'Address to notify about the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.allowednode IS 'Worker nodes that may take jobs';

COMMENT ON COLUMN doma_pandameta.schedconfig.maxinputsize IS 'Largest total input of a job, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.timefloor IS 'Minutes a pilot may go on taking further jobs, 0 for one job only';

COMMENT ON COLUMN doma_pandameta.schedconfig.depthboost IS 'Factor by which the factory raises the number of queued pilots';

COMMENT ON COLUMN doma_pandameta.schedconfig.idlepilotsupression IS 'While idle, pilots go only in every n-th factory cycle (spelled so)';

COMMENT ON COLUMN doma_pandameta.schedconfig.pilotlimit IS 'Largest number of pilots at the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.transferringlimit IS 'Largest number of transferring jobs before brokerage avoids the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.cachedse IS 'Flag: 1 if the storage works as a cache';

COMMENT ON COLUMN doma_pandameta.schedconfig.corecount IS 'Cores per job, NULL or 1 single core, 0 any';

COMMENT ON COLUMN doma_pandameta.schedconfig.countrygroup IS 'Country groups favoured at the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.availablecpu IS 'CPU capacity available at the site';

COMMENT ON COLUMN doma_pandameta.schedconfig.availablestorage IS 'Storage capacity available at the site';

COMMENT ON COLUMN doma_pandameta.schedconfig.pledgedcpu IS 'CPU capacity the site pledged';

COMMENT ON COLUMN doma_pandameta.schedconfig.pledgedstorage IS 'Storage capacity the site pledged';

COMMENT ON COLUMN doma_pandameta.schedconfig.statusoverride IS 'Where the status may be overruled from, or by what';

COMMENT ON COLUMN doma_pandameta.schedconfig.allowdirectaccess IS 'Whether jobs may read input straight from storage: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.gocname IS 'Name of the site in the grid operations database, GOCDB or OIM';

COMMENT ON COLUMN doma_pandameta.schedconfig.tier IS 'Tier of the site in WLCG, such as T1, T2D or T3';

COMMENT ON COLUMN doma_pandameta.schedconfig.multicloud IS 'Further clouds the queue serves, comma separated';

COMMENT ON COLUMN doma_pandameta.schedconfig.lfcregister IS 'Who registers output in the catalogue, such as server';

COMMENT ON COLUMN doma_pandameta.schedconfig.stageinretry IS 'Attempts of the pilot to stage in';

COMMENT ON COLUMN doma_pandameta.schedconfig.stageoutretry IS 'Attempts of the pilot to stage out';

COMMENT ON COLUMN doma_pandameta.schedconfig.fairsharepolicy IS 'Shares of the queue between kinds of work, as key:percent pairs';

COMMENT ON COLUMN doma_pandameta.schedconfig.allowfax IS 'Whether the pilot may fall back to FAX, federated xrootd: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.faxredirector IS 'Address of the FAX redirector';

COMMENT ON COLUMN doma_pandameta.schedconfig.maxwdir IS 'Largest size of the work directory of a job, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.celist IS 'Computing elements of the queue';

COMMENT ON COLUMN doma_pandameta.schedconfig.minmemory IS 'Smallest memory request of a job taken here, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.maxmemory IS 'Largest memory request of a job taken here, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.mintime IS 'Shortest expected walltime of a job taken here, in seconds';

COMMENT ON COLUMN doma_pandameta.schedconfig.allowjem IS 'Whether the job execution monitor JEM may run: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.catchall IS 'Switches without a column of their own, comma separated';

COMMENT ON COLUMN doma_pandameta.schedconfig.faxdoor IS 'Address of the site''s own FAX door';

COMMENT ON COLUMN doma_pandameta.schedconfig.wansourcelimit IS 'Limit on remote reading from this site, unit not known';

COMMENT ON COLUMN doma_pandameta.schedconfig.wansinklimit IS 'Limit on remote reading by jobs at this site, unit not known';

COMMENT ON COLUMN doma_pandameta.schedconfig.auto_mcu IS 'Flag: 1 if multicloud_append may be updated automatically';

COMMENT ON COLUMN doma_pandameta.schedconfig.objectstore IS 'Addresses of the object store, per purpose';

COMMENT ON COLUMN doma_pandameta.schedconfig.allowhttp IS 'Whether the pilot may read over HTTP: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.httpredirector IS 'Address of the HTTP redirector';

COMMENT ON COLUMN doma_pandameta.schedconfig.multicloud_append IS 'Clouds added automatically to multicloud';

COMMENT ON COLUMN doma_pandameta.schedconfig.corepower IS 'Benchmark power of one core, in HS06';

COMMENT ON COLUMN doma_pandameta.schedconfig.wnconnectivity IS 'Outbound network of the worker nodes: full, http or none, with IP versions';

COMMENT ON COLUMN doma_pandameta.schedconfig.cloudrshare IS 'Shares of the queue that clouds get, format not known';

COMMENT ON COLUMN doma_pandameta.schedconfig.sitershare IS 'Shares of the queue that sites get, format not known';

COMMENT ON COLUMN doma_pandameta.schedconfig.autosetup_post IS 'Options for the site setup after the standard one';

COMMENT ON COLUMN doma_pandameta.schedconfig.autosetup_pre IS 'Options for the site setup before the standard one';

COMMENT ON COLUMN doma_pandameta.schedconfig.direct_access_lan IS 'Whether jobs may read input over the local network: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.direct_access_wan IS 'Whether jobs may read input over the wide area network: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.maxrss IS 'Upper limit of resident memory, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.minrss IS 'Lower limit of resident memory, in MB';

COMMENT ON COLUMN doma_pandameta.schedconfig.use_newmover IS 'Whether the pilot uses its newer file movers: True or False';

COMMENT ON COLUMN doma_pandameta.schedconfig.pilotversion IS 'Version of the pilot to run here';

COMMENT ON COLUMN doma_pandameta.schedconfig.objectstores IS 'Object stores and their settings, as JSON';

COMMENT ON COLUMN doma_pandameta.schedconfig.container_options IS 'Options handed to the container runtime';

COMMENT ON COLUMN doma_pandameta.schedconfig.container_type IS 'Container runtime and who starts it, such as singularity:pilot';

COMMENT ON COLUMN doma_pandameta.schedconfig.jobseed IS 'Which job shapes to pull, such as std, es, eshigh or all';

COMMENT ON COLUMN doma_pandameta.schedconfig.pilot_manager IS 'Service that submits the pilots, such as Harvester or an APF';

COMMENT ON COLUMN doma_pandameta.schedconfig.capability IS 'Core capability: score, mcore or ucore (unified, any shape)';

COMMENT ON COLUMN doma_pandameta.schedconfig.resource_type IS 'Kind of resource: GRID, cloud, hpc and the like';

COMMENT ON COLUMN doma_pandameta.schedconfig.workflow IS 'How pilots get jobs, such as pull or push';

COMMENT ON COLUMN doma_pandameta.schedconfig.maxdiskio IS 'Largest total disk IO of running jobs per core, in kB/s';

CREATE TABLE doma_pandameta.sitedata (
    site VARCHAR(60) NOT NULL, 
    flag VARCHAR(30) NOT NULL, 
    hours INTEGER DEFAULT '0' NOT NULL, 
    nwn INTEGER, 
    memmin INTEGER, 
    memmax INTEGER, 
    si2000min INTEGER, 
    si2000max INTEGER, 
    os VARCHAR(30), 
    space VARCHAR(30), 
    minjobs INTEGER, 
    maxjobs INTEGER, 
    laststart TIMESTAMP WITHOUT TIME ZONE, 
    lastend TIMESTAMP WITHOUT TIME ZONE, 
    lastfail TIMESTAMP WITHOUT TIME ZONE, 
    lastpilot TIMESTAMP WITHOUT TIME ZONE, 
    lastpid INTEGER, 
    nstart INTEGER DEFAULT '0' NOT NULL, 
    finished INTEGER DEFAULT '0' NOT NULL, 
    failed INTEGER DEFAULT '0' NOT NULL, 
    defined INTEGER DEFAULT '0' NOT NULL, 
    assigned INTEGER DEFAULT '0' NOT NULL, 
    waiting INTEGER DEFAULT '0' NOT NULL, 
    activated INTEGER DEFAULT '0' NOT NULL, 
    holding INTEGER DEFAULT '0' NOT NULL, 
    running INTEGER DEFAULT '0' NOT NULL, 
    transferring INTEGER DEFAULT '0' NOT NULL, 
    getjob INTEGER DEFAULT '0' NOT NULL, 
    updatejob INTEGER DEFAULT '0' NOT NULL, 
    lastmod TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    ncpu INTEGER, 
    nslot INTEGER, 
    nojob INTEGER, 
    getjobabs BIGINT, 
    updatejobabs BIGINT, 
    nojobabs BIGINT, 
    CONSTRAINT sitedata_pkey PRIMARY KEY (site, flag, hours)
);

COMMENT ON TABLE doma_pandameta.sitedata IS 'Activity and job counts of a site over a recent period.';

COMMENT ON COLUMN doma_pandameta.sitedata.site IS 'PanDA site, computingSite of a job';

COMMENT ON COLUMN doma_pandameta.sitedata.flag IS 'Whose counts: production or analysis for the average over servers, snapshot, max, test, or a server host';

COMMENT ON COLUMN doma_pandameta.sitedata.hours IS 'Counted period, in hours; with flag snapshot 1000 + minute of the day';

COMMENT ON COLUMN doma_pandameta.sitedata.nwn IS 'Number of worker nodes seen';

COMMENT ON COLUMN doma_pandameta.sitedata.memmin IS 'Smallest memory of a worker node, unit not known';

COMMENT ON COLUMN doma_pandameta.sitedata.memmax IS 'Largest memory of a worker node, unit not known';

COMMENT ON COLUMN doma_pandameta.sitedata.si2000min IS 'Slowest CPU seen, in SpecInt2000';

COMMENT ON COLUMN doma_pandameta.sitedata.si2000max IS 'Fastest CPU seen, in SpecInt2000';

COMMENT ON COLUMN doma_pandameta.sitedata.os IS 'Operating system of the worker nodes';

COMMENT ON COLUMN doma_pandameta.sitedata.space IS 'Free storage space at the site';

COMMENT ON COLUMN doma_pandameta.sitedata.minjobs IS 'Smallest number of jobs';

COMMENT ON COLUMN doma_pandameta.sitedata.maxjobs IS 'Largest number of jobs';

COMMENT ON COLUMN doma_pandameta.sitedata.laststart IS 'Time a job last started running at the site';

COMMENT ON COLUMN doma_pandameta.sitedata.lastend IS 'Time a job last ended at the site';

COMMENT ON COLUMN doma_pandameta.sitedata.lastfail IS 'Time a job last failed at the site';

COMMENT ON COLUMN doma_pandameta.sitedata.lastpilot IS 'Time a pilot last contacted the server';

COMMENT ON COLUMN doma_pandameta.sitedata.lastpid IS 'Last job seen at the site, PandaID';

COMMENT ON COLUMN doma_pandameta.sitedata.nstart IS 'Number of job starts in the period';

COMMENT ON COLUMN doma_pandameta.sitedata.finished IS 'Number of jobs finished in the period';

COMMENT ON COLUMN doma_pandameta.sitedata.failed IS 'Number of jobs failed in the period';

COMMENT ON COLUMN doma_pandameta.sitedata.defined IS 'Number of jobs in state defined';

COMMENT ON COLUMN doma_pandameta.sitedata.assigned IS 'Number of jobs in state assigned';

COMMENT ON COLUMN doma_pandameta.sitedata.waiting IS 'Number of jobs in state waiting';

COMMENT ON COLUMN doma_pandameta.sitedata.activated IS 'Number of jobs in state activated';

COMMENT ON COLUMN doma_pandameta.sitedata.holding IS 'Number of jobs in state holding';

COMMENT ON COLUMN doma_pandameta.sitedata.running IS 'Number of jobs in state running';

COMMENT ON COLUMN doma_pandameta.sitedata.transferring IS 'Number of jobs in state transferring';

COMMENT ON COLUMN doma_pandameta.sitedata.getjob IS 'Number of slots or nodes that asked for a job';

COMMENT ON COLUMN doma_pandameta.sitedata.updatejob IS 'Number of slots or nodes that reported on a job';

COMMENT ON COLUMN doma_pandameta.sitedata.lastmod IS 'Time the row was last updated; the server deletes rows after 48 h';

COMMENT ON COLUMN doma_pandameta.sitedata.ncpu IS 'Number of CPUs at the site';

COMMENT ON COLUMN doma_pandameta.sitedata.nslot IS 'Number of job slots at the site';

COMMENT ON COLUMN doma_pandameta.sitedata.nojob IS 'Number of slots or nodes that asked and got no job';

COMMENT ON COLUMN doma_pandameta.sitedata.getjobabs IS 'Number of job requests, all pilots counted';

COMMENT ON COLUMN doma_pandameta.sitedata.updatejobabs IS 'Number of job updates, all pilots counted';

COMMENT ON COLUMN doma_pandameta.sitedata.nojobabs IS 'Number of job requests that got none, all pilots counted';

CREATE TABLE doma_pandameta.usercacheusage (
    username VARCHAR(128) NOT NULL, 
    filename VARCHAR(256) NOT NULL, 
    hostname VARCHAR(64) NOT NULL, 
    creationtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    modificationtime TIMESTAMP WITHOUT TIME ZONE, 
    filesize BIGINT, 
    checksum VARCHAR(36), 
    aliasname VARCHAR(256), 
    CONSTRAINT usercacheusage_pkey PRIMARY KEY (filename, hostname, creationtime)
)
 PARTITION BY RANGE (creationtime);

COMMENT ON TABLE doma_pandameta.usercacheusage IS 'Sandbox file that a user uploaded to a server''s cache.';

COMMENT ON COLUMN doma_pandameta.usercacheusage.username IS 'User who uploaded the file';

COMMENT ON COLUMN doma_pandameta.usercacheusage.filename IS 'Name of the file in the cache';

COMMENT ON COLUMN doma_pandameta.usercacheusage.hostname IS 'Server that holds the file';

COMMENT ON COLUMN doma_pandameta.usercacheusage.creationtime IS 'Time of the upload, key of the monthly partitions kept for 3 months';

COMMENT ON COLUMN doma_pandameta.usercacheusage.modificationtime IS 'Time the file was last used or changed';

COMMENT ON COLUMN doma_pandameta.usercacheusage.filesize IS 'Size of the file, in bytes';

COMMENT ON COLUMN doma_pandameta.usercacheusage.checksum IS 'Checksum of the content, to recognise a repeated upload';

COMMENT ON COLUMN doma_pandameta.usercacheusage.aliasname IS 'Other name of the file';

CREATE INDEX usercacheusage_usr_crdate_indx ON doma_pandameta.usercacheusage (username, creationtime);

CREATE TABLE doma_pandameta.usercacheusage_default PARTITION OF doma_pandameta.usercacheusage DEFAULT;

CREATE TABLE doma_pandameta.users (
    id INTEGER NOT NULL, 
    name VARCHAR(60) NOT NULL, 
    dn VARCHAR(150), 
    email VARCHAR(60), 
    url VARCHAR(100), 
    location VARCHAR(60), 
    classa VARCHAR(30), 
    classp VARCHAR(30), 
    classxp VARCHAR(30), 
    sitepref VARCHAR(60), 
    gridpref VARCHAR(20), 
    queuepref VARCHAR(60), 
    scriptcache VARCHAR(100), 
    types VARCHAR(60), 
    sites VARCHAR(250), 
    njobsa BIGINT, 
    njobsp BIGINT, 
    njobs1 BIGINT, 
    njobs7 BIGINT, 
    njobs30 BIGINT, 
    cpua1 BIGINT, 
    cpua7 BIGINT, 
    cpua30 BIGINT, 
    cpup1 BIGINT, 
    cpup7 BIGINT, 
    cpup30 BIGINT, 
    cpuxp1 BIGINT, 
    cpuxp7 BIGINT, 
    cpuxp30 BIGINT, 
    quotaa1 BIGINT, 
    quotaa7 BIGINT, 
    quotaa30 BIGINT, 
    quotap1 BIGINT, 
    quotap7 BIGINT, 
    quotap30 BIGINT, 
    quotaxp1 BIGINT, 
    quotaxp7 BIGINT, 
    quotaxp30 BIGINT, 
    space1 BIGINT, 
    space7 BIGINT, 
    space30 BIGINT, 
    lastmod TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    firstjob TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    latestjob TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    pagecache TEXT, 
    cachetime TIMESTAMP WITHOUT TIME ZONE DEFAULT '1970-01-01 00:00:00' NOT NULL, 
    ncurrent BIGINT DEFAULT '0' NOT NULL, 
    jobid BIGINT DEFAULT '0' NOT NULL, 
    status VARCHAR(20), 
    vo VARCHAR(20), 
    CONSTRAINT users_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandameta.users IS 'User of PanDA, with usage, quotas and privileges.';

COMMENT ON COLUMN doma_pandameta.users.id IS 'Number of the user, from users_id_seq';

COMMENT ON COLUMN doma_pandameta.users.name IS 'Name of the user, as in the jobs'' prodUserName';

COMMENT ON COLUMN doma_pandameta.users.dn IS 'Distinguished name of the certificate or identity of the token';

COMMENT ON COLUMN doma_pandameta.users.email IS 'Mail address for notifications; notsend switches them off';

COMMENT ON COLUMN doma_pandameta.users.url IS 'Home page of the user';

COMMENT ON COLUMN doma_pandameta.users.location IS 'Where the user or the institute is';

COMMENT ON COLUMN doma_pandameta.users.classa IS 'Class of the user for analysis';

COMMENT ON COLUMN doma_pandameta.users.classp IS 'Class of the user for production';

COMMENT ON COLUMN doma_pandameta.users.classxp IS 'Class of the user for express work';

COMMENT ON COLUMN doma_pandameta.users.sitepref IS 'Site the user prefers';

COMMENT ON COLUMN doma_pandameta.users.gridpref IS 'Privileges as single letters';

COMMENT ON COLUMN doma_pandameta.users.queuepref IS 'Queue the user prefers';

COMMENT ON COLUMN doma_pandameta.users.scriptcache IS 'Where scripts of the user are cached';

COMMENT ON COLUMN doma_pandameta.users.types IS 'Job types the user ran';

COMMENT ON COLUMN doma_pandameta.users.sites IS 'Sites the user ran at';

COMMENT ON COLUMN doma_pandameta.users.njobsa IS 'Number of analysis jobs';

COMMENT ON COLUMN doma_pandameta.users.njobsp IS 'Number of production jobs';

COMMENT ON COLUMN doma_pandameta.users.njobs1 IS 'Number of jobs in the last day';

COMMENT ON COLUMN doma_pandameta.users.njobs7 IS 'Number of jobs in the last 7 days';

COMMENT ON COLUMN doma_pandameta.users.njobs30 IS 'Number of jobs in the last 30 days';

COMMENT ON COLUMN doma_pandameta.users.cpua1 IS 'CPU time of analysis in the last day, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpua7 IS 'CPU time of analysis in the last 7 days, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpua30 IS 'CPU time of analysis in the last 30 days, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpup1 IS 'CPU time of production in the last day, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpup7 IS 'CPU time of production in the last 7 days, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpup30 IS 'CPU time of production in the last 30 days, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpuxp1 IS 'CPU time of express work in the last day, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpuxp7 IS 'CPU time of express work in the last 7 days, in seconds';

COMMENT ON COLUMN doma_pandameta.users.cpuxp30 IS 'CPU time of express work in the last 30 days, in seconds';

COMMENT ON COLUMN doma_pandameta.users.quotaa1 IS 'CPU quota for analysis over 1 day, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotaa7 IS 'CPU quota for analysis over 7 days, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotaa30 IS 'CPU quota for analysis over 30 days, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotap1 IS 'CPU quota for production over 1 day, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotap7 IS 'CPU quota for production over 7 days, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotap30 IS 'CPU quota for production over 30 days, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotaxp1 IS 'CPU quota for express work over 1 day, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotaxp7 IS 'CPU quota for express work over 7 days, in hours';

COMMENT ON COLUMN doma_pandameta.users.quotaxp30 IS 'CPU quota for express work over 30 days, in hours';

COMMENT ON COLUMN doma_pandameta.users.space1 IS 'Storage space used in the last day, unit not known';

COMMENT ON COLUMN doma_pandameta.users.space7 IS 'Storage space used in the last 7 days, unit not known';

COMMENT ON COLUMN doma_pandameta.users.space30 IS 'Storage space used in the last 30 days, unit not known';

COMMENT ON COLUMN doma_pandameta.users.lastmod IS 'Time the row was last changed';

COMMENT ON COLUMN doma_pandameta.users.firstjob IS 'Time of the first job, 1970-01-01 if none yet';

COMMENT ON COLUMN doma_pandameta.users.latestjob IS 'Time of the latest job, 1970-01-01 if none yet';

COMMENT ON COLUMN doma_pandameta.users.pagecache IS 'Cached page of the user in the old monitor';

COMMENT ON COLUMN doma_pandameta.users.cachetime IS 'Time the page was cached, 1970-01-01 if never';

COMMENT ON COLUMN doma_pandameta.users.ncurrent IS 'Number of jobs the user has in the system now';

COMMENT ON COLUMN doma_pandameta.users.jobid IS 'Last JobID given to the user, the jobDefinitionID of the jobs';

COMMENT ON COLUMN doma_pandameta.users.status IS 'State of the user; disabled bars from submitting';

COMMENT ON COLUMN doma_pandameta.users.vo IS 'Virtual organisation of the user';

CREATE INDEX users_name_idx ON doma_pandameta.users (name, vo);

DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT c.oid::regclass AS name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
          FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid IN ('doma_pandameta.proxykey'::regclass) AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', given.name, given.role);
    END LOOP;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0016' WHERE pandadb.alembic_version.version_num = '0015';

COMMIT;

BEGIN;

-- Running upgrade 0016 -> 0017

CREATE SEQUENCE doma_deft.prodsys2_task_id_seq AS BIGINT;

CREATE TABLE doma_deft.prodsys_comm (
    comm_task BIGINT NOT NULL, 
    comm_meta BIGINT, 
    comm_owner VARCHAR(32), 
    comm_cmd VARCHAR(256), 
    comm_ts BIGINT, 
    comm_comment VARCHAR(128), 
    comm_parameters TEXT
);

COMMENT ON TABLE doma_deft.prodsys_comm IS 'Commands to tasks, at most one per task.';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_task IS 'Task, T_TASK';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_meta IS 'Number that goes with the command';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_owner IS 'Who has to act on it, DEFT';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_cmd IS 'Command: kill, finish, retry, incexec, reassign, pause, resume, avalanche or release; then what became of it';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_ts IS 'When the command was given, seconds since 1970';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_comment IS 'Explanation, or values for the command';

COMMENT ON COLUMN doma_deft.prodsys_comm.comm_parameters IS 'Parameters of the command, JSON';

CREATE TABLE doma_deft.t_task (
    taskid BIGINT NOT NULL, 
    parent_tid BIGINT, 
    status VARCHAR(12), 
    total_done_jobs BIGINT, 
    submit_time TIMESTAMP(0) WITHOUT TIME ZONE NOT NULL, 
    start_time TIMESTAMP(0) WITHOUT TIME ZONE, 
    timestamp TIMESTAMP(0) WITHOUT TIME ZONE, 
    vo VARCHAR(32), 
    prodsourcelabel VARCHAR(20), 
    taskname VARCHAR(256), 
    username VARCHAR(128), 
    priority BIGINT, 
    current_priority BIGINT, 
    total_req_jobs BIGINT, 
    chain_tid BIGINT, 
    total_events BIGINT, 
    jedi_task_parameters TEXT, 
    total_input_events BIGINT
);

COMMENT ON TABLE doma_deft.t_task IS 'Tasks as production systems hand them over; JEDI takes those that wait.';

COMMENT ON COLUMN doma_deft.t_task.taskid IS 'Task, the number that becomes jeditaskid';

COMMENT ON COLUMN doma_deft.t_task.parent_tid IS 'Task whose output this one reads; its own number without a parent';

COMMENT ON COLUMN doma_deft.t_task.status IS 'State, waiting until JEDI takes it';

COMMENT ON COLUMN doma_deft.t_task.total_done_jobs IS 'Jobs that finished';

COMMENT ON COLUMN doma_deft.t_task.submit_time IS 'When the task was submitted';

COMMENT ON COLUMN doma_deft.t_task.start_time IS 'When the first jobs were made';

COMMENT ON COLUMN doma_deft.t_task.timestamp IS 'Last change';

COMMENT ON COLUMN doma_deft.t_task.vo IS 'Virtual organization';

COMMENT ON COLUMN doma_deft.t_task.prodsourcelabel IS 'Kind of work: managed, user, test and others';

COMMENT ON COLUMN doma_deft.t_task.taskname IS 'Name of the task';

COMMENT ON COLUMN doma_deft.t_task.username IS 'Who submitted it';

COMMENT ON COLUMN doma_deft.t_task.priority IS 'Priority given at submission';

COMMENT ON COLUMN doma_deft.t_task.current_priority IS 'Priority in use';

COMMENT ON COLUMN doma_deft.t_task.total_req_jobs IS 'Jobs that were made';

COMMENT ON COLUMN doma_deft.t_task.chain_tid IS 'First task of the chain that this one belongs to';

COMMENT ON COLUMN doma_deft.t_task.total_events IS 'Events that finished jobs have processed';

COMMENT ON COLUMN doma_deft.t_task.jedi_task_parameters IS 'Parameters for JEDI, JSON';

COMMENT ON COLUMN doma_deft.t_task.total_input_events IS 'Events to be processed';

CREATE UNIQUE INDEX t_task_pk_part ON doma_deft.t_task (taskid);

CREATE INDEX t_task_status_prodlabel_idx ON doma_deft.t_task (status, prodsourcelabel);

CREATE INDEX t_task_taskname_idx ON doma_deft.t_task (taskname);

CREATE INDEX t_task_username_idx ON doma_deft.t_task (username);

UPDATE pandadb.alembic_version SET version_num='0017' WHERE pandadb.alembic_version.version_num = '0016';

COMMIT;

BEGIN;

-- Running upgrade 0017 -> 0018

CREATE SEQUENCE doma_pandabigmon.all_requests_daily_id_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.all_requests_id_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.all_requests_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.auth_group_id_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.auth_permission_id_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.auth_user_tr_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.auth_user_user_id_p_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.django_content_type_id_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.django_migrations_id_p_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.objects_comparison_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.rating_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.request_stats_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.rucio_accounts_seq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.social_auth_association_sq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.social_auth_code_sq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.social_auth_nonce_sq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.social_auth_partial_sq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.social_auth_usersociala0419 AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.user_settings_sq AS BIGINT CACHE 20;

CREATE SEQUENCE doma_pandabigmon.visits_seq AS BIGINT CACHE 20;

CREATE TABLE doma_pandabigmon.all_requests (
    id BIGINT DEFAULT nextval('doma_pandabigmon.all_requests_id_seq'::regclass), 
    server VARCHAR(100), 
    remote VARCHAR(100), 
    qtime TIMESTAMP WITHOUT TIME ZONE, 
    url VARCHAR(2500), 
    referrer VARCHAR(4000), 
    useragent VARCHAR(400), 
    is_rejected SMALLINT, 
    urlview VARCHAR(300)
);

COMMENT ON TABLE doma_pandabigmon.all_requests IS 'Every HTTP request to the monitor, to recognise overload by one client.';

COMMENT ON COLUMN doma_pandabigmon.all_requests.id IS 'Number of the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests.server IS 'Host of the monitor that took the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests.remote IS 'Address of the client';

COMMENT ON COLUMN doma_pandabigmon.all_requests.qtime IS 'Time the request arrived';

COMMENT ON COLUMN doma_pandabigmon.all_requests.url IS 'Address requested, with its parameters';

COMMENT ON COLUMN doma_pandabigmon.all_requests.referrer IS 'Page the client came from';

COMMENT ON COLUMN doma_pandabigmon.all_requests.useragent IS 'Browser or program of the client';

COMMENT ON COLUMN doma_pandabigmon.all_requests.is_rejected IS 'Flag: 1 if the request was refused, 0 if served';

COMMENT ON COLUMN doma_pandabigmon.all_requests.urlview IS 'View of the monitor the address leads to';

CREATE INDEX all_requests_urlview_qtime_idx ON doma_pandabigmon.all_requests (urlview, qtime);

CREATE TABLE doma_pandabigmon.all_requests_daily (
    qtime TIMESTAMP WITHOUT TIME ZONE, 
    remote VARCHAR(100), 
    is_rejected SMALLINT, 
    server VARCHAR(100), 
    urlview VARCHAR(300), 
    url VARCHAR(2500), 
    referrer VARCHAR(4000), 
    useragent VARCHAR(400), 
    rtime TIMESTAMP WITHOUT TIME ZONE, 
    load NUMERIC(10, 2), 
    mem NUMERIC(10, 2), 
    dbactivesess INTEGER, 
    dbtotalsess INTEGER, 
    id BIGINT DEFAULT nextval('doma_pandabigmon.all_requests_daily_id_seq'::regclass)
);

COMMENT ON TABLE doma_pandabigmon.all_requests_daily IS 'HTTP requests to the monitor with the load they met, in daily partitions.';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.qtime IS 'Time the request arrived, key of the daily partitions';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.remote IS 'Address of the client';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.is_rejected IS 'Flag: 1 if the request was refused, 0 if served';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.server IS 'Host of the monitor that took the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.urlview IS 'View of the monitor the address leads to';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.url IS 'Address requested, with its parameters';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.referrer IS 'Page the client came from';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.useragent IS 'Browser or program of the client';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.rtime IS 'Time the response was sent';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.load IS 'Load of the monitor''s host at the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.mem IS 'Memory use of the monitor''s host at the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.dbactivesess IS 'Number of active database sessions at the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.dbtotalsess IS 'Number of all database sessions at the request';

COMMENT ON COLUMN doma_pandabigmon.all_requests_daily.id IS 'Number of the request';

CREATE INDEX all_requests_daily_idx ON doma_pandabigmon.all_requests_daily (id);

CREATE TABLE doma_pandabigmon.auth_group (
    id BIGINT DEFAULT nextval('doma_pandabigmon.auth_group_id_seq'::regclass) NOT NULL, 
    name VARCHAR(80), 
    CONSTRAINT auth_group_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.auth_group IS 'Group of monitor users (Django).';

COMMENT ON COLUMN doma_pandabigmon.auth_group.id IS 'Number of the group';

COMMENT ON COLUMN doma_pandabigmon.auth_group.name IS 'Name of the group';

CREATE INDEX sys_c002462746 ON doma_pandabigmon.auth_group (name);

CREATE TABLE doma_pandabigmon.auth_group_permissions (
    id BIGINT NOT NULL, 
    group_id BIGINT NOT NULL, 
    permission_id BIGINT NOT NULL, 
    CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.auth_group_permissions IS 'Permission granted to a group (Django).';

COMMENT ON COLUMN doma_pandabigmon.auth_group_permissions.id IS 'Number of the grant';

COMMENT ON COLUMN doma_pandabigmon.auth_group_permissions.group_id IS 'Group, AUTH_GROUP';

COMMENT ON COLUMN doma_pandabigmon.auth_group_permissions.permission_id IS 'Permission granted, AUTH_PERMISSION';

CREATE INDEX auth_group_group_id_b120cbf9 ON doma_pandabigmon.auth_group_permissions (group_id);

CREATE INDEX auth_group_permission_84c5c92e ON doma_pandabigmon.auth_group_permissions (permission_id);

CREATE TABLE doma_pandabigmon.auth_permission (
    id INTEGER DEFAULT nextval('doma_pandabigmon.auth_permission_id_seq'::regclass) NOT NULL, 
    name VARCHAR(255), 
    content_type_id INTEGER NOT NULL, 
    codename VARCHAR(100)
);

COMMENT ON TABLE doma_pandabigmon.auth_permission IS 'Permission that users and groups can hold (Django).';

COMMENT ON COLUMN doma_pandabigmon.auth_permission.id IS 'Number of the permission';

COMMENT ON COLUMN doma_pandabigmon.auth_permission.name IS 'Name of the permission for people to read';

COMMENT ON COLUMN doma_pandabigmon.auth_permission.content_type_id IS 'Model the permission is about, DJANGO_CONTENT_TYPE';

COMMENT ON COLUMN doma_pandabigmon.auth_permission.codename IS 'Name of the permission in code, such as add_user';

CREATE UNIQUE INDEX auth_perm_content_t_01ab375a_u ON doma_pandabigmon.auth_permission (content_type_id, codename);

CREATE INDEX auth_perm_content_ty_2f476e4b ON doma_pandabigmon.auth_permission (content_type_id);

CREATE UNIQUE INDEX sys_c002462743 ON doma_pandabigmon.auth_permission (id);

CREATE TABLE doma_pandabigmon.auth_user (
    id BIGINT DEFAULT nextval('doma_pandabigmon.auth_user_tr_seq'::regclass) NOT NULL, 
    password VARCHAR(128), 
    last_login TIMESTAMP WITHOUT TIME ZONE, 
    is_superuser BOOLEAN, 
    username VARCHAR(50), 
    first_name VARCHAR(100), 
    last_name VARCHAR(100), 
    email VARCHAR(100), 
    is_staff BOOLEAN, 
    is_active BOOLEAN, 
    date_joined TIMESTAMP WITHOUT TIME ZONE, 
    is_tester BOOLEAN, 
    is_expert BOOLEAN, 
    CONSTRAINT auth_user_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.auth_user IS 'User account of the monitor (Django).';

COMMENT ON COLUMN doma_pandabigmon.auth_user.id IS 'Number of the user';

COMMENT ON COLUMN doma_pandabigmon.auth_user.password IS 'Hash of the password, unused where the login is by single sign-on';

COMMENT ON COLUMN doma_pandabigmon.auth_user.last_login IS 'Time of the last login, NULL if never';

COMMENT ON COLUMN doma_pandabigmon.auth_user.is_superuser IS 'True if the user holds every permission';

COMMENT ON COLUMN doma_pandabigmon.auth_user.username IS 'Login name';

COMMENT ON COLUMN doma_pandabigmon.auth_user.first_name IS 'Given name';

COMMENT ON COLUMN doma_pandabigmon.auth_user.last_name IS 'Family name';

COMMENT ON COLUMN doma_pandabigmon.auth_user.email IS 'Mail address';

COMMENT ON COLUMN doma_pandabigmon.auth_user.is_staff IS 'True if the user may enter the admin site';

COMMENT ON COLUMN doma_pandabigmon.auth_user.is_active IS 'False if the account is switched off';

COMMENT ON COLUMN doma_pandabigmon.auth_user.date_joined IS 'Time the account was created';

COMMENT ON COLUMN doma_pandabigmon.auth_user.is_tester IS 'True if the user gets to see features under test';

COMMENT ON COLUMN doma_pandabigmon.auth_user.is_expert IS 'True if the user gets to see features for experts';

CREATE TABLE doma_pandabigmon.auth_user_groups (
    id BIGINT NOT NULL, 
    user_id BIGINT NOT NULL, 
    group_id BIGINT NOT NULL, 
    CONSTRAINT auth_user_groups_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.auth_user_groups IS 'Membership of a user in a group (Django).';

COMMENT ON COLUMN doma_pandabigmon.auth_user_groups.id IS 'Number of the membership';

COMMENT ON COLUMN doma_pandabigmon.auth_user_groups.user_id IS 'User, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.auth_user_groups.group_id IS 'Group, AUTH_GROUP';

CREATE UNIQUE INDEX auth_user_user_id_g_94350c0c_u ON doma_pandabigmon.auth_user_groups (user_id, group_id);

CREATE TABLE doma_pandabigmon.auth_user_user_permissions (
    id BIGINT DEFAULT nextval('doma_pandabigmon.auth_user_user_id_p_seq'::regclass) NOT NULL, 
    user_id BIGINT NOT NULL, 
    permission_id BIGINT NOT NULL, 
    CONSTRAINT auth_user_user_permissions_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.auth_user_user_permissions IS 'Permission granted to a single user (Django).';

COMMENT ON COLUMN doma_pandabigmon.auth_user_user_permissions.id IS 'Number of the grant';

COMMENT ON COLUMN doma_pandabigmon.auth_user_user_permissions.user_id IS 'User, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.auth_user_user_permissions.permission_id IS 'Permission granted, AUTH_PERMISSION';

CREATE INDEX auth_user__permission_1fbb5f2c ON doma_pandabigmon.auth_user_user_permissions (permission_id);

CREATE INDEX auth_user__user_id_a95ead1b ON doma_pandabigmon.auth_user_user_permissions (user_id);

CREATE UNIQUE INDEX auth_user_user_id_p_14a6b632_u ON doma_pandabigmon.auth_user_user_permissions (user_id, permission_id);

CREATE TABLE doma_pandabigmon.authtoken_token (
    key VARCHAR(40), 
    user_id BIGINT NOT NULL, 
    created TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC')
);

COMMENT ON TABLE doma_pandabigmon.authtoken_token IS 'API token of a user (Django REST framework).';

COMMENT ON COLUMN doma_pandabigmon.authtoken_token.key IS 'The token itself, a secret of 40 hexadecimal digits';

COMMENT ON COLUMN doma_pandabigmon.authtoken_token.user_id IS 'Owner of the token, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.authtoken_token.created IS 'Time the token was issued';

CREATE TABLE doma_pandabigmon.django_content_type (
    id INTEGER DEFAULT nextval('doma_pandabigmon.django_content_type_id_seq'::regclass) NOT NULL, 
    app_label VARCHAR(100), 
    model VARCHAR(100)
);

COMMENT ON TABLE doma_pandabigmon.django_content_type IS 'Catalogue of the models of the site (Django).';

COMMENT ON COLUMN doma_pandabigmon.django_content_type.id IS 'Number of the model';

COMMENT ON COLUMN doma_pandabigmon.django_content_type.app_label IS 'Application the model belongs to';

COMMENT ON COLUMN doma_pandabigmon.django_content_type.model IS 'Name of the model, in lower case';

CREATE UNIQUE INDEX django_content_type_idx ON doma_pandabigmon.django_content_type (id);

CREATE UNIQUE INDEX django_content_type_idx_comb_label_model ON doma_pandabigmon.django_content_type (app_label, model);

CREATE TABLE doma_pandabigmon.django_migrations (
    id BIGINT DEFAULT nextval('doma_pandabigmon.django_migrations_id_p_seq'::regclass) NOT NULL, 
    app VARCHAR(255), 
    name VARCHAR(255), 
    applied TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT django_migrations_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.django_migrations IS 'Schema migrations applied so far (Django).';

COMMENT ON COLUMN doma_pandabigmon.django_migrations.id IS 'Number of the entry';

COMMENT ON COLUMN doma_pandabigmon.django_migrations.app IS 'Application the migration belongs to';

COMMENT ON COLUMN doma_pandabigmon.django_migrations.name IS 'Name of the migration';

COMMENT ON COLUMN doma_pandabigmon.django_migrations.applied IS 'Time the migration was applied';

CREATE TABLE doma_pandabigmon.django_session (
    session_key VARCHAR(40) NOT NULL, 
    session_data VARCHAR(4000) NOT NULL, 
    expire_date TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT django_session_pkey PRIMARY KEY (session_key)
);

COMMENT ON TABLE doma_pandabigmon.django_session IS 'Session of a visitor (Django).';

COMMENT ON COLUMN doma_pandabigmon.django_session.session_key IS 'Key of the session, as in the visitor''s cookie';

COMMENT ON COLUMN doma_pandabigmon.django_session.session_data IS 'Content of the session, encoded and signed';

COMMENT ON COLUMN doma_pandabigmon.django_session.expire_date IS 'Time the session ends';

CREATE INDEX django_session_inx_exp_date ON doma_pandabigmon.django_session (expire_date);

CREATE TABLE doma_pandabigmon.djangocache (
    cache_key VARCHAR(1000) NOT NULL, 
    expires TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    value TEXT NOT NULL, 
    CONSTRAINT djangocache_pkey PRIMARY KEY (cache_key)
);

COMMENT ON TABLE doma_pandabigmon.djangocache IS 'Cache of pages and data in the database (Django).';

COMMENT ON COLUMN doma_pandabigmon.djangocache.cache_key IS 'Key of the entry';

COMMENT ON COLUMN doma_pandabigmon.djangocache.expires IS 'Time the entry becomes stale';

COMMENT ON COLUMN doma_pandabigmon.djangocache.value IS 'Cached object, pickled and encoded in base64';

CREATE INDEX djangocache_indx_expires ON doma_pandabigmon.djangocache (expires);

CREATE TABLE doma_pandabigmon.objects_comparison (
    id BIGINT DEFAULT nextval('doma_pandabigmon.objects_comparison_seq'::regclass) NOT NULL, 
    userid BIGINT NOT NULL, 
    object VARCHAR(20), 
    comparison_list VARCHAR(200), 
    CONSTRAINT objects_comparison_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.objects_comparison IS 'Objects a user has picked for a side-by-side comparison.';

COMMENT ON COLUMN doma_pandabigmon.objects_comparison.id IS 'Number of the list';

COMMENT ON COLUMN doma_pandabigmon.objects_comparison.userid IS 'Owner of the list, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.objects_comparison.object IS 'Kind of object compared, such as job or task';

COMMENT ON COLUMN doma_pandabigmon.objects_comparison.comparison_list IS 'Ids of the objects picked';

CREATE TABLE doma_pandabigmon.rating (
    ratingid BIGINT DEFAULT nextval('doma_pandabigmon.rating_seq'::regclass) NOT NULL, 
    rating BIGINT, 
    userid SMALLINT, 
    jeditaskid BIGINT, 
    feedback VARCHAR(4000), 
    added TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC'), 
    CONSTRAINT rating_pkey PRIMARY KEY (ratingid)
);

COMMENT ON TABLE doma_pandabigmon.rating IS 'Rating of a task by a user.';

COMMENT ON COLUMN doma_pandabigmon.rating.ratingid IS 'Number of the rating';

COMMENT ON COLUMN doma_pandabigmon.rating.rating IS 'Mark the user gave';

COMMENT ON COLUMN doma_pandabigmon.rating.userid IS 'User who rated, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.rating.jeditaskid IS 'Task rated, JEDI_TASKS';

COMMENT ON COLUMN doma_pandabigmon.rating.feedback IS 'Remark of the user';

COMMENT ON COLUMN doma_pandabigmon.rating.added IS 'Time the rating was given';

CREATE INDEX rating_added_idx ON doma_pandabigmon.rating (added);

CREATE INDEX rating_jeditaskid_idx ON doma_pandabigmon.rating (jeditaskid);

CREATE TABLE doma_pandabigmon.request_stats (
    id BIGINT DEFAULT nextval('doma_pandabigmon.request_stats_seq'::regclass) NOT NULL, 
    server VARCHAR(100) NOT NULL, 
    remote VARCHAR(100) NOT NULL, 
    qtime TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    qduration TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    load VARCHAR(40) NOT NULL, 
    mem VARCHAR(40) NOT NULL, 
    description VARCHAR(4000) NOT NULL, 
    url VARCHAR(2500) NOT NULL, 
    duration NUMERIC(38, 0) NOT NULL, 
    referrer VARCHAR(4000), 
    useragent VARCHAR(300), 
    CONSTRAINT request_stats_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.request_stats IS 'Duration and circumstances of requests to the monitor.';

COMMENT ON COLUMN doma_pandabigmon.request_stats.id IS 'Number of the request';

COMMENT ON COLUMN doma_pandabigmon.request_stats.server IS 'Host of the monitor that took the request';

COMMENT ON COLUMN doma_pandabigmon.request_stats.remote IS 'Address of the client';

COMMENT ON COLUMN doma_pandabigmon.request_stats.qtime IS 'Time the request arrived';

COMMENT ON COLUMN doma_pandabigmon.request_stats.qduration IS 'Time the response was ready';

COMMENT ON COLUMN doma_pandabigmon.request_stats.load IS 'Load of the monitor''s host at the request';

COMMENT ON COLUMN doma_pandabigmon.request_stats.mem IS 'Memory use of the monitor''s host at the request';

COMMENT ON COLUMN doma_pandabigmon.request_stats.description IS 'Remark on the request';

COMMENT ON COLUMN doma_pandabigmon.request_stats.url IS 'Address requested, with its parameters';

COMMENT ON COLUMN doma_pandabigmon.request_stats.duration IS 'Time it took to answer, in seconds';

COMMENT ON COLUMN doma_pandabigmon.request_stats.referrer IS 'Page the client came from';

COMMENT ON COLUMN doma_pandabigmon.request_stats.useragent IS 'Browser or program of the client';

CREATE INDEX request_stats_remote_qtime_idx ON doma_pandabigmon.request_stats (remote, qtime);

CREATE TABLE doma_pandabigmon.rucio_accounts (
    certificatedn VARCHAR(250), 
    rucio_account VARCHAR(40), 
    create_time TIMESTAMP WITHOUT TIME ZONE DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'), 
    id NUMERIC(38, 0) DEFAULT nextval('doma_pandabigmon.rucio_accounts_seq'::regclass)
);

COMMENT ON TABLE doma_pandabigmon.rucio_accounts IS 'Rucio account that belongs to a certificate.';

COMMENT ON COLUMN doma_pandabigmon.rucio_accounts.certificatedn IS 'Distinguished name of the certificate';

COMMENT ON COLUMN doma_pandabigmon.rucio_accounts.rucio_account IS 'Name of the account in Rucio';

COMMENT ON COLUMN doma_pandabigmon.rucio_accounts.create_time IS 'Time the row was written';

COMMENT ON COLUMN doma_pandabigmon.rucio_accounts.id IS 'Number of the row';

CREATE INDEX rucio_accounts_idx ON doma_pandabigmon.rucio_accounts (certificatedn);

CREATE TABLE doma_pandabigmon.social_auth_association (
    id BIGINT DEFAULT nextval('doma_pandabigmon.social_auth_association_sq'::regclass) NOT NULL, 
    server_url VARCHAR(255), 
    handle VARCHAR(255), 
    secret VARCHAR(255), 
    issued BIGINT NOT NULL, 
    lifetime BIGINT NOT NULL, 
    assoc_type VARCHAR(64), 
    CONSTRAINT social_auth_association_pkey PRIMARY KEY (id), 
    CONSTRAINT social_auth_association_server_url_handle_key UNIQUE (server_url, handle)
);

COMMENT ON TABLE doma_pandabigmon.social_auth_association IS 'Association with an OpenID server (Python Social Auth).';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.id IS 'Number of the association';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.server_url IS 'Address of the OpenID server';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.handle IS 'Name of the association at the server';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.secret IS 'Shared secret, encoded in base64';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.issued IS 'Time of issue, in seconds since 1970';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.lifetime IS 'Time the association is valid, in seconds';

COMMENT ON COLUMN doma_pandabigmon.social_auth_association.assoc_type IS 'Signature method of the association, such as HMAC-SHA256';

CREATE TABLE doma_pandabigmon.social_auth_code (
    id BIGINT DEFAULT nextval('doma_pandabigmon.social_auth_code_sq'::regclass) NOT NULL, 
    email VARCHAR(254), 
    code VARCHAR(32), 
    verified SMALLINT NOT NULL, 
    CONSTRAINT social_auth_code_pkey PRIMARY KEY (id), 
    CONSTRAINT social_auth_code_email_code_key UNIQUE (email, code)
);

COMMENT ON TABLE doma_pandabigmon.social_auth_code IS 'Code sent to verify a mail address (Python Social Auth).';

COMMENT ON COLUMN doma_pandabigmon.social_auth_code.id IS 'Number of the code';

COMMENT ON COLUMN doma_pandabigmon.social_auth_code.email IS 'Mail address to verify';

COMMENT ON COLUMN doma_pandabigmon.social_auth_code.code IS 'Code sent to the address';

COMMENT ON COLUMN doma_pandabigmon.social_auth_code.verified IS 'Flag: 1 once the address is verified, else 0';

CREATE INDEX social_auth_code_code_a2393167 ON doma_pandabigmon.social_auth_code (code);

CREATE TABLE doma_pandabigmon.social_auth_nonce (
    id BIGINT DEFAULT nextval('doma_pandabigmon.social_auth_nonce_sq'::regclass) NOT NULL, 
    server_url VARCHAR(255), 
    timestamp BIGINT NOT NULL, 
    salt VARCHAR(65), 
    CONSTRAINT social_auth_nonce_pkey PRIMARY KEY (id), 
    CONSTRAINT social_auth_nonce_server_url_timestamp_salt_key UNIQUE (server_url, timestamp, salt)
);

COMMENT ON TABLE doma_pandabigmon.social_auth_nonce IS 'Nonce of an OpenID login, against replays (Python Social Auth).';

COMMENT ON COLUMN doma_pandabigmon.social_auth_nonce.id IS 'Number of the nonce';

COMMENT ON COLUMN doma_pandabigmon.social_auth_nonce.server_url IS 'Address of the OpenID server';

COMMENT ON COLUMN doma_pandabigmon.social_auth_nonce.timestamp IS 'Time in the nonce, in seconds since 1970';

COMMENT ON COLUMN doma_pandabigmon.social_auth_nonce.salt IS 'Random part of the nonce';

CREATE TABLE doma_pandabigmon.social_auth_partial (
    id BIGINT DEFAULT nextval('doma_pandabigmon.social_auth_partial_sq'::regclass) NOT NULL, 
    token VARCHAR(32), 
    next_step BIGINT NOT NULL, 
    backend VARCHAR(32), 
    data TEXT, 
    CONSTRAINT social_auth_partial_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.social_auth_partial IS 'Login interrupted half way, to be resumed (Python Social Auth).';

COMMENT ON COLUMN doma_pandabigmon.social_auth_partial.id IS 'Number of the interrupted login';

COMMENT ON COLUMN doma_pandabigmon.social_auth_partial.token IS 'Token by which the login is resumed';

COMMENT ON COLUMN doma_pandabigmon.social_auth_partial.next_step IS 'Index of the pipeline step to go on with';

COMMENT ON COLUMN doma_pandabigmon.social_auth_partial.backend IS 'Name of the login provider';

COMMENT ON COLUMN doma_pandabigmon.social_auth_partial.data IS 'State of the login pipeline, as JSON';

CREATE INDEX social_aut_token_3017fea3 ON doma_pandabigmon.social_auth_partial (token);

CREATE TABLE doma_pandabigmon.social_auth_usersocialauth (
    id BIGINT DEFAULT nextval('doma_pandabigmon.social_auth_usersociala0419'::regclass) NOT NULL, 
    provider VARCHAR(32), 
    uid VARCHAR(255), 
    extra_data TEXT, 
    user_id BIGINT NOT NULL, 
    modified TIMESTAMP WITHOUT TIME ZONE, 
    created TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT social_auth_usersocialauth_provider_uid_key UNIQUE (provider, uid)
);

COMMENT ON TABLE doma_pandabigmon.social_auth_usersocialauth IS 'Identity of a user at a login provider (Python Social Auth).';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.id IS 'Number of the identity';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.provider IS 'Name of the login provider';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.uid IS 'Id of the user at the provider';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.extra_data IS 'What the provider gave along, tokens included, as JSON';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.user_id IS 'User the identity belongs to, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.modified IS 'Time of the last change';

COMMENT ON COLUMN doma_pandabigmon.social_auth_usersocialauth.created IS 'Time the identity was first linked';

CREATE INDEX social_aut_user_id_17d28448 ON doma_pandabigmon.social_auth_usersocialauth (user_id);

CREATE TABLE doma_pandabigmon.tmp_ids1debug (
    id BIGINT, 
    transactionkey BIGINT, 
    ins_time TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC')
);

COMMENT ON TABLE doma_pandabigmon.tmp_ids1debug IS 'Scratch list of ids that queries of the monitor join with.';

COMMENT ON COLUMN doma_pandabigmon.tmp_ids1debug.id IS 'Id to look for, such as a PandaID or task id';

COMMENT ON COLUMN doma_pandabigmon.tmp_ids1debug.transactionkey IS 'Number that marks the ids of one query';

COMMENT ON COLUMN doma_pandabigmon.tmp_ids1debug.ins_time IS 'Time the id was inserted';

CREATE INDEX tmp_ids1debug_idx_trans ON doma_pandabigmon.tmp_ids1debug (transactionkey, id);

CREATE TABLE doma_pandabigmon.user_settings (
    id BIGINT DEFAULT nextval('doma_pandabigmon.user_settings_sq'::regclass) NOT NULL, 
    userid BIGINT NOT NULL, 
    page VARCHAR(100) NOT NULL, 
    preferences VARCHAR(4000) DEFAULT '{}' NOT NULL, 
    CONSTRAINT user_settings_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE doma_pandabigmon.user_settings IS 'Preferences of a user for a page of the monitor.';

COMMENT ON COLUMN doma_pandabigmon.user_settings.id IS 'Number of the setting';

COMMENT ON COLUMN doma_pandabigmon.user_settings.userid IS 'User, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.user_settings.page IS 'Page the preferences are for';

COMMENT ON COLUMN doma_pandabigmon.user_settings.preferences IS 'Preferences, as JSON';

CREATE TABLE doma_pandabigmon.visits (
    visitid BIGINT DEFAULT nextval('doma_pandabigmon.visits_seq'::regclass) NOT NULL, 
    url VARCHAR(1000), 
    time TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC'), 
    service NUMERIC(38, 0), 
    userid NUMERIC(38, 0), 
    remote VARCHAR(100), 
    CONSTRAINT visits_pkey PRIMARY KEY (visitid)
);

COMMENT ON TABLE doma_pandabigmon.visits IS 'Visits of logged-in users to pages of the monitor.';

COMMENT ON COLUMN doma_pandabigmon.visits.visitid IS 'Number of the visit';

COMMENT ON COLUMN doma_pandabigmon.visits.url IS 'Address visited';

COMMENT ON COLUMN doma_pandabigmon.visits.time IS 'Time of the visit';

COMMENT ON COLUMN doma_pandabigmon.visits.service IS 'Number of the service visited';

COMMENT ON COLUMN doma_pandabigmon.visits.userid IS 'User, AUTH_USER';

COMMENT ON COLUMN doma_pandabigmon.visits.remote IS 'Address of the client';

CREATE INDEX user_idx ON doma_pandabigmon.visits (userid);

DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT c.oid::regclass AS name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
          FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid IN ('doma_pandabigmon.auth_user'::regclass, 'doma_pandabigmon.authtoken_token'::regclass, 'doma_pandabigmon.django_session'::regclass, 'doma_pandabigmon.djangocache'::regclass, 'doma_pandabigmon.social_auth_association'::regclass, 'doma_pandabigmon.social_auth_code'::regclass, 'doma_pandabigmon.social_auth_nonce'::regclass, 'doma_pandabigmon.social_auth_partial'::regclass, 'doma_pandabigmon.social_auth_usersocialauth'::regclass) AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', given.name, given.role);
    END LOOP;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0018' WHERE pandadb.alembic_version.version_num = '0017';

COMMIT;

BEGIN;

-- Running upgrade 0018 -> 0019

-- Bitwise OR of two numbers, under the name that PanDA's statements use.
CREATE FUNCTION doma_panda.bitor(p_bits1 integer, p_bits2 integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT p_bits1 | p_bits2
$$;

-- PanDA's server converts numbers to numbers, which Oracle allows; PostgreSQL knows texts only.
CREATE FUNCTION doma_panda.to_number(p_number integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT p_number::numeric
$$;

-- Servers set a task's modificationtime back on purpose, so that an agent takes the task at once.
-- realmodificationtime keeps the time at which that was done.
CREATE FUNCTION doma_panda.update_realmodificationtime_trg() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.modificationtime IS DISTINCT FROM OLD.modificationtime THEN
        NEW.realmodificationtime := clock_timestamp() AT TIME ZONE 'UTC';
    END IF;
    RETURN NEW;
END
$$;

-- See the function: a task's true time of modification.
CREATE TRIGGER update_realmodificationtime
BEFORE INSERT OR UPDATE ON doma_panda.jedi_tasks
FOR EACH ROW EXECUTE FUNCTION doma_panda.update_realmodificationtime_trg();

-- The lowest task id of each status that agents look for. Their queries join it to leave out the
-- partitions of old tasks. A status without tasks keeps its old minimum: too low does no harm.
CREATE PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus()
LANGUAGE sql
AS $$
    INSERT INTO doma_panda.jedi_aux_status_mintaskid AS lowest (status, min_jeditaskid)
    SELECT task.status, min(task.jeditaskid)
      FROM doma_panda.jedi_tasks AS task
     WHERE task.status NOT IN ('broken', 'aborted', 'finished', 'failed')
     GROUP BY task.status
        ON CONFLICT (status) DO UPDATE
       SET min_jeditaskid = EXCLUDED.min_jeditaskid
     WHERE lowest.min_jeditaskid IS DISTINCT FROM EXCLUDED.min_jeditaskid
$$;

UPDATE pandadb.alembic_version SET version_num='0019' WHERE pandadb.alembic_version.version_num = '0018';

COMMIT;

BEGIN;

-- Running upgrade 0019 -> 0020

-- CPUs per site, queue and CPU level, of the worker nodes seen in the last month, and their share
-- of the queue in per cent.
CREATE MATERIALIZED VIEW doma_panda.mv_worker_node_summary AS
SELECT level.site, level.panda_queue, level.cpu_architecture_level, level.total_logical_cpus,
       round(
           100.0 * level.total_logical_cpus
           / nullif(sum(level.total_logical_cpus) OVER (PARTITION BY level.panda_queue), 0), 2
       ) AS pct_within_pq
  FROM (
        SELECT node.site, queue.panda_queue, node.cpu_architecture_level,
               sum(node.n_logical_cpus)::bigint AS total_logical_cpus
          FROM doma_panda.worker_node AS node
          JOIN doma_panda.worker_node_queue AS queue
         USING (site, host_name)
         WHERE queue.last_seen > (now() AT TIME ZONE 'UTC') - interval '1 month'
         GROUP BY node.site, queue.panda_queue, node.cpu_architecture_level
       ) AS level;

CREATE UNIQUE INDEX ux_mv_wn_summary
    ON doma_panda.mv_worker_node_summary (site, panda_queue, cpu_architecture_level);

-- Hosts per site, queue and kind of GPU, of those seen in the last month.
CREATE MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary AS
SELECT gpu.site, queue.panda_queue, gpu.vendor, gpu.model, gpu.vram, gpu.architecture,
       gpu.framework, gpu.framework_version, gpu.driver_version, gpu.count AS gpus_per_host,
       count(DISTINCT gpu.host_name) AS host_count
  FROM doma_panda.worker_node_gpus AS gpu
  JOIN doma_panda.worker_node_queue AS queue
 USING (site, host_name)
 WHERE gpu.last_seen > (now() AT TIME ZONE 'UTC') - interval '1 month'
 GROUP BY gpu.site, queue.panda_queue, gpu.vendor, gpu.model, gpu.vram, gpu.architecture,
          gpu.framework, gpu.framework_version, gpu.driver_version, gpu.count;

CREATE UNIQUE INDEX ux_mv_wn_gpu_summary
    ON doma_panda.mv_worker_node_gpu_summary (
        site, panda_queue, vendor, model, vram, architecture, framework, framework_version,
        driver_version, gpus_per_host
    );

-- Measurements of worker nodes, per PanDA queue that a node has been seen in.
CREATE VIEW doma_panda.worker_node_metrics_by_queue AS
SELECT queue.panda_queue, metric.host_name, metric."timestamp", metric.key, metric.statistics
  FROM doma_panda.worker_node_metrics AS metric
  JOIN doma_panda.worker_node_queue AS queue
 USING (site, host_name);

-- The monitor's server of each logged request.
CREATE VIEW doma_pandabigmon.requests_view AS
SELECT request.server
  FROM doma_pandabigmon.all_requests_daily AS request;

-- Events of a task's master inputs: all, and those whose files are not finished yet (in proportion,
-- and 0 while none of a dataset's files is used).
CREATE VIEW doma_pandabigmon.geteventsfortask AS
SELECT dataset.jeditaskid,
       round(sum(
           CASE
               WHEN dataset.nfilesused > 0 AND dataset.nfiles > 0
               THEN dataset.nevents::numeric
                    * (dataset.nfiles - dataset.nfilesfinished) / dataset.nfiles
               ELSE 0
           END
       )) AS totevrem,
       sum(dataset.nevents) AS totev,
       max(dataset.modificationtime) AS modificationtime
  FROM doma_panda.jedi_datasets AS dataset
 WHERE dataset.type IN ('input', 'pseudo_input')
   AND dataset.masterid IS NULL
 GROUP BY dataset.jeditaskid;

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
       task.taskname, task.tasktype, job.isarchive, job.eventservice, task.username
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

-- The jobs archived in the last days, all columns, as PanDA's server looks for them by age. Each window
-- is a plain condition on the partition key, so that older partitions are not read.
CREATE VIEW doma_pandaarch.jobsarchview_7days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '7 days';

CREATE VIEW doma_pandaarch.jobsarchview_15days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '15 days';

CREATE VIEW doma_pandaarch.jobsarchview_30days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '30 days';

CREATE VIEW doma_pandaarch.jobsarchview_60days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '60 days';

CREATE VIEW doma_pandaarch.jobsarchview_90days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '90 days';

CREATE VIEW doma_pandaarch.jobsarchview_120days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '120 days';

CREATE VIEW doma_pandaarch.jobsarchview_180days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '180 days';

CREATE VIEW doma_pandaarch.jobsarchview_365days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '365 days';

UPDATE pandadb.alembic_version SET version_num='0020' WHERE pandadb.alembic_version.version_num = '0019';

COMMIT;

BEGIN;

-- Running upgrade 0020 -> 0021

INSERT INTO doma_panda.jedi_work_queue (queue_id, queue_name, queue_type, vo, queue_function) VALUES (1, 'test', 'test', 'wlcg', 'Resource');

INSERT INTO doma_panda.jedi_work_queue (queue_id, queue_name, queue_type, vo, queue_function) VALUES (2, 'managed', 'managed', 'wlcg', 'Resource');

INSERT INTO doma_panda.jedi_work_queue (queue_id, queue_name, queue_type, vo, queue_function) VALUES (3, 'user', 'user', 'wlcg', 'Resource');

INSERT INTO doma_panda.resource_types (resource_name, mincore) VALUES ('Undefined', 1);

INSERT INTO doma_panda.config (app, component, key, value, type, vo, descr) VALUES ('pandaserver', 'job_timeout', 'TIMEOUT_defined', '30', 'int', 'wlcg', 'Hours after which a defined job is given up');

INSERT INTO doma_panda.config (app, component, key, value, type, vo, descr) VALUES ('pandaserver', 'job_timeout', 'TIMEOUT_holding', '30', 'int', 'wlcg', 'Hours after which a holding job is given up');

INSERT INTO doma_panda.pandadb_version (component, major, minor, patch) VALUES ('PanDA', 0, 1, 6);

UPDATE pandadb.alembic_version SET version_num='0021' WHERE pandadb.alembic_version.version_num = '0020';

COMMIT;

BEGIN;

-- Running upgrade 0021 -> 0022

COMMIT;

SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
 WHERE indexrelid = to_regclass('doma_panda.jobsactive4_dispatch_idx') AND NOT indisvalid;

\gexec


SET lock_timeout = '10min';

SET statement_timeout = 0;

CREATE INDEX CONCURRENTLY IF NOT EXISTS jobsactive4_dispatch_idx ON doma_panda.jobsactive4 (computingsite, coalesce(prodsourcelabel, ''), coalesce(gshare, ''), currentpriority DESC, pandaid) WHERE jobstatus = 'activated';

SET statement_timeout = '60s';

SET lock_timeout = '4s';

BEGIN;

UPDATE pandadb.alembic_version SET version_num='0022' WHERE pandadb.alembic_version.version_num = '0021';

COMMIT;

BEGIN;

-- Running upgrade 0022 -> 0023

CREATE TABLE pandadb.archive_proof (
    id BIGINT GENERATED ALWAYS AS IDENTITY, 
    table_name VARCHAR(63) NOT NULL, 
    partition_name VARCHAR(63) NOT NULL, 
    lower_bound TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    upper_bound TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    how VARCHAR(10) NOT NULL, 
    source_rows BIGINT NOT NULL, 
    source_sum NUMERIC NOT NULL, 
    target_rows BIGINT, 
    target_sum NUMERIC, 
    proved_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    proved_by VARCHAR(63) DEFAULT SESSION_USER NOT NULL, 
    host VARCHAR(255), 
    CONSTRAINT archive_proof_pkey PRIMARY KEY (id), 
    CONSTRAINT archive_proof_how_check CHECK (how IN ('swap', 'copy', 'restore'))
);

COMMENT ON TABLE pandadb.archive_proof IS 'Proofs of the archiver: what was in a partition before it went, and after it arrived. Rows are only added; the newest one of a partition counts.';

COMMENT ON COLUMN pandadb.archive_proof.id IS 'Number of the proof, the key';

COMMENT ON COLUMN pandadb.archive_proof.table_name IS 'Table of doma_panda: jobsarchived4, filestable4, ...';

COMMENT ON COLUMN pandadb.archive_proof.partition_name IS 'Partition of that table, by its name there';

COMMENT ON COLUMN pandadb.archive_proof.lower_bound IS 'First modificationtime of the partition';

COMMENT ON COLUMN pandadb.archive_proof.upper_bound IS 'Where the partition ends, which is no part of it';

COMMENT ON COLUMN pandadb.archive_proof.how IS 'swap: the partition itself moved; copy: its rows; restore: it was swapped back';

COMMENT ON COLUMN pandadb.archive_proof.source_rows IS 'Number of rows before';

COMMENT ON COLUMN pandadb.archive_proof.source_sum IS 'Sum of the hashes of all rows before, whatever their order';

COMMENT ON COLUMN pandadb.archive_proof.target_rows IS 'Number of rows after, NULL while that is not counted';

COMMENT ON COLUMN pandadb.archive_proof.target_sum IS 'Sum of the hashes of all rows after, NULL while that is not counted';

COMMENT ON COLUMN pandadb.archive_proof.proved_at IS 'When this was found';

COMMENT ON COLUMN pandadb.archive_proof.proved_by IS 'Role that has logged in for it';

COMMENT ON COLUMN pandadb.archive_proof.host IS 'Machine on which that was done';

CREATE INDEX archive_proof_partition_idx ON pandadb.archive_proof (table_name, partition_name, id);

CREATE TABLE pandadb.archive_hold (
    jeditaskid BIGINT NOT NULL, 
    held_by VARCHAR(63) DEFAULT SESSION_USER NOT NULL, 
    since TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    reason VARCHAR(500), 
    CONSTRAINT archive_hold_pkey PRIMARY KEY (jeditaskid)
);

COMMENT ON TABLE pandadb.archive_hold IS 'Tasks whose jobs stay out of the archive: a day with one of them is put off.';

COMMENT ON COLUMN pandadb.archive_hold.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN pandadb.archive_hold.held_by IS 'Role that holds it';

COMMENT ON COLUMN pandadb.archive_hold.since IS 'When it was held';

COMMENT ON COLUMN pandadb.archive_hold.reason IS 'Why it is held, for people';

DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT c.oid::regclass AS name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
          FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid IN ('pandadb.archive_proof'::regclass) AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM %s', given.name, given.role);
    END LOOP;
END
$$;

-- The only way in which the archiver drops a partition of live jobs: what is in it has been copied,
-- the newest proof says that the copy is the same, and it is still what it was then. A partition
-- that was swapped is its own copy: a proof of that says nothing here.
-- A transaction of another isolation level would not see what was changed before it got the lock.
-- All columns are counted, by name, also those that pandadb does not know and cannot have copied.
CREATE FUNCTION pandadb.drop_archived(live_table text, live_partition text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    child regclass;
    columns text;
    proof pandadb.archive_proof;
    counted bigint;
    summed numeric;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'drop in a transaction that is READ COMMITTED: others see too little';
    END IF;
    SELECT c.oid INTO child
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
      JOIN pg_class p ON p.oid = i.inhparent AND p.relname = live_table
      JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = 'doma_panda'
     WHERE c.relname = live_partition
       AND live_table IN ('jobsarchived4', 'filestable4', 'jobparamstable', 'metatable')
       AND pg_get_expr(c.relpartbound, c.oid) !~ 'DEFAULT|MINVALUE|MAXVALUE';
    IF child IS NULL THEN
        RAISE EXCEPTION '% is no partition of a day of %', live_partition, live_table;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', child);
    SELECT * INTO proof FROM pandadb.archive_proof a
     WHERE a.table_name = live_table AND a.partition_name = live_partition
     ORDER BY a.id DESC LIMIT 1;
    IF proof.how IS DISTINCT FROM 'copy' THEN
        RAISE EXCEPTION 'there is no proof of a copy of %', live_partition;
    END IF;
    IF (proof.target_rows, proof.target_sum)
       IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION 'the newest proof of % says that the copy differs', live_partition;
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C") INTO columns
      FROM pg_attribute WHERE attrelid = child AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(hash_record_extended('
                   'ROW(%s), 0)::text, 0)::numeric), 0) FROM %s', columns, child)
       INTO counted, summed;
    IF (counted, summed) IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION '% has changed since it was copied: prove it again', live_partition;
    END IF;
    -- Writers may wait for the partition by now, and hold its table: they are not to be the victims.
    PERFORM set_config('lock_timeout', '100ms', true);
    EXECUTE format('DROP TABLE %s', child);
    UPDATE doma_panda.tablepart4copying
       SET deleted_on = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE table_name = upper(live_table) AND partition_name = live_partition;
    RETURN counted;
END
$$;

REVOKE ALL ON FUNCTION pandadb.drop_archived(text, text) FROM PUBLIC;

UPDATE pandadb.alembic_version SET version_num='0023' WHERE pandadb.alembic_version.version_num = '0022';

COMMIT;

BEGIN;

-- Running upgrade 0023 -> 0024

CREATE TABLE pandadb.archive_range (
    table_name VARCHAR(63) NOT NULL, 
    lower_bound TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    upper_bound TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    least_pandaid BIGINT, 
    greatest_pandaid BIGINT, 
    noted_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    CONSTRAINT archive_range_pkey PRIMARY KEY (table_name, lower_bound)
);

COMMENT ON TABLE pandadb.archive_range IS 'Which PandaIDs each partition of the archive has, so that a lookup need not ask them all. A note, not a rule: rows may come later. A lookup that finds nothing by it asks the rest.';

COMMENT ON COLUMN pandadb.archive_range.table_name IS 'Table of doma_pandaarch: jobsarchived, ...';

COMMENT ON COLUMN pandadb.archive_range.lower_bound IS 'First modificationtime of the partition';

COMMENT ON COLUMN pandadb.archive_range.upper_bound IS 'Where the partition ends, which is no part of it';

COMMENT ON COLUMN pandadb.archive_range.least_pandaid IS 'The least PandaID, NULL if the partition has none';

COMMENT ON COLUMN pandadb.archive_range.greatest_pandaid IS 'The greatest PandaID, NULL if the partition has none';

COMMENT ON COLUMN pandadb.archive_range.noted_at IS 'When this was found';

-- Jobs of any age, in whichever table: place says in which. A condition on modificationtime saves the
-- server from looking into every partition.
CREATE VIEW pandadb.jobs AS
SELECT 'jobsdefined4'::text AS place, pandaid, jobdefinitionid, jobname, jeditaskid, taskid,
       reqid, jobsetid, parentid, batchid, schedulerid, pilotid, jobexecutionid,
       workqueue_id, vo, produserid, produsername, jobstatus, jobsubstatus, commandtopilot,
       lockedby, relocationflag, creationtime, modificationtime, statechangetime, starttime,
       endtime, proddbupdatetime, creationhost, modificationhost, prodserieslabel,
       prodsourcelabel, workinggroup, countrygroup, gshare, processingtype, job_label,
       specialhandling, assignedpriority, currentpriority, attemptnr, maxattempt,
       failedattempt, eventservice, atlasrelease, homepackage, transformation, cmtconfig,
       container_name, jobparameters, metadata, nevents, transexitcode, pilottiming,
       jobmetrics, corecount, maxcpucount, maxcpuunit, minramcount, minramunit, maxdiskcount,
       maxdiskunit, ipconnectivity, maxwalltime, resource_type, diskio, computingsite,
       computingelement, cloud, grid, nucleus, sourcesite, destinationsite,
       cpu_architecture_level, proddblock, dispatchdblock, destinationdblock, destinationse,
       transfertype, ninputfiles, ninputdatafiles, inputfiletype, inputfileproject,
       inputfilebytes, noutputdatafiles, outputfilebytes, outputfiletype, piloterrorcode,
       piloterrordiag, exeerrorcode, exeerrordiag, superrorcode, superrordiag, ddmerrorcode,
       ddmerrordiag, brokerageerrorcode, brokerageerrordiag, jobdispatchererrorcode,
       jobdispatchererrordiag, taskbuffererrorcode, taskbuffererrordiag, cpuconsumptiontime,
       cpuconsumptionunit, cpuconversion, actualcorecount, meancorecount, hs06, hs06sec,
       maxrss, maxvmem, maxswap, maxpss, avgrss, avgvmem, avgswap, avgpss, memory_leak,
       memory_leak_x2, totrchar, totwchar, totrbytes, totwbytes, raterchar, ratewchar,
       raterbytes, ratewbytes, gco2_regional, gco2_global
  FROM doma_panda.jobsdefined4
UNION ALL
SELECT 'jobswaiting4', pandaid, jobdefinitionid, jobname, jeditaskid, taskid, reqid,
       jobsetid, parentid, batchid, schedulerid, pilotid, jobexecutionid, workqueue_id, vo,
       produserid, produsername, jobstatus, jobsubstatus, commandtopilot, lockedby,
       relocationflag, creationtime, modificationtime, statechangetime, starttime, endtime,
       proddbupdatetime, creationhost, modificationhost, prodserieslabel, prodsourcelabel,
       workinggroup, countrygroup, gshare, processingtype, job_label, specialhandling,
       assignedpriority, currentpriority, attemptnr, maxattempt, failedattempt, eventservice,
       atlasrelease, homepackage, transformation, cmtconfig, container_name, jobparameters,
       metadata, nevents, transexitcode, pilottiming, jobmetrics, corecount, maxcpucount,
       maxcpuunit, minramcount, minramunit, maxdiskcount, maxdiskunit, ipconnectivity,
       maxwalltime, resource_type, diskio, computingsite, computingelement, cloud, grid,
       nucleus, sourcesite, destinationsite, cpu_architecture_level, proddblock,
       dispatchdblock, destinationdblock, destinationse, transfertype, ninputfiles,
       ninputdatafiles, inputfiletype, inputfileproject, inputfilebytes, noutputdatafiles,
       outputfilebytes, outputfiletype, piloterrorcode, piloterrordiag, exeerrorcode,
       exeerrordiag, superrorcode, superrordiag, ddmerrorcode, ddmerrordiag,
       brokerageerrorcode, brokerageerrordiag, jobdispatchererrorcode,
       jobdispatchererrordiag, taskbuffererrorcode, taskbuffererrordiag, cpuconsumptiontime,
       cpuconsumptionunit, cpuconversion, actualcorecount, meancorecount, hs06, hs06sec,
       maxrss, maxvmem, maxswap, maxpss, avgrss, avgvmem, avgswap, avgpss, memory_leak,
       memory_leak_x2, totrchar, totwchar, totrbytes, totwbytes, raterchar, ratewchar,
       raterbytes, ratewbytes, gco2_regional, gco2_global
  FROM doma_panda.jobswaiting4
UNION ALL
SELECT 'jobsactive4', pandaid, jobdefinitionid, jobname, jeditaskid, taskid, reqid, jobsetid,
       parentid, batchid, schedulerid, pilotid, jobexecutionid, workqueue_id, vo, produserid,
       produsername, jobstatus, jobsubstatus, commandtopilot, lockedby, relocationflag,
       creationtime, modificationtime, statechangetime, starttime, endtime, proddbupdatetime,
       creationhost, modificationhost, prodserieslabel, prodsourcelabel, workinggroup,
       countrygroup, gshare, processingtype, job_label, specialhandling, assignedpriority,
       currentpriority, attemptnr, maxattempt, failedattempt, eventservice, atlasrelease,
       homepackage, transformation, cmtconfig, container_name, jobparameters, metadata,
       nevents, transexitcode, pilottiming, jobmetrics, corecount, maxcpucount, maxcpuunit,
       minramcount, minramunit, maxdiskcount, maxdiskunit, ipconnectivity, maxwalltime,
       resource_type, diskio, computingsite, computingelement, cloud, grid, nucleus,
       sourcesite, destinationsite, cpu_architecture_level, proddblock, dispatchdblock,
       destinationdblock, destinationse, transfertype, ninputfiles, ninputdatafiles,
       inputfiletype, inputfileproject, inputfilebytes, noutputdatafiles, outputfilebytes,
       outputfiletype, piloterrorcode, piloterrordiag, exeerrorcode, exeerrordiag,
       superrorcode, superrordiag, ddmerrorcode, ddmerrordiag, brokerageerrorcode,
       brokerageerrordiag, jobdispatchererrorcode, jobdispatchererrordiag,
       taskbuffererrorcode, taskbuffererrordiag, cpuconsumptiontime, cpuconsumptionunit,
       cpuconversion, actualcorecount, meancorecount, hs06, hs06sec, maxrss, maxvmem,
       maxswap, maxpss, avgrss, avgvmem, avgswap, avgpss, memory_leak, memory_leak_x2,
       totrchar, totwchar, totrbytes, totwbytes, raterchar, ratewchar, raterbytes,
       ratewbytes, gco2_regional, gco2_global
  FROM doma_panda.jobsactive4
UNION ALL
SELECT 'jobsarchived4', pandaid, jobdefinitionid, jobname, jeditaskid, taskid, reqid,
       jobsetid, parentid, batchid, schedulerid, pilotid, jobexecutionid, workqueue_id, vo,
       produserid, produsername, jobstatus, jobsubstatus, commandtopilot, lockedby,
       relocationflag, creationtime, modificationtime, statechangetime, starttime, endtime,
       proddbupdatetime, creationhost, modificationhost, prodserieslabel, prodsourcelabel,
       workinggroup, countrygroup, gshare, processingtype, job_label, specialhandling,
       assignedpriority, currentpriority, attemptnr, maxattempt, failedattempt, eventservice,
       atlasrelease, homepackage, transformation, cmtconfig, container_name, jobparameters,
       metadata, nevents, transexitcode, pilottiming, jobmetrics, corecount, maxcpucount,
       maxcpuunit, minramcount, minramunit, maxdiskcount, maxdiskunit, ipconnectivity,
       maxwalltime, resource_type, diskio, computingsite, computingelement, cloud, grid,
       nucleus, sourcesite, destinationsite, cpu_architecture_level, proddblock,
       dispatchdblock, destinationdblock, destinationse, transfertype, ninputfiles,
       ninputdatafiles, inputfiletype, inputfileproject, inputfilebytes, noutputdatafiles,
       outputfilebytes, outputfiletype, piloterrorcode, piloterrordiag, exeerrorcode,
       exeerrordiag, superrorcode, superrordiag, ddmerrorcode, ddmerrordiag,
       brokerageerrorcode, brokerageerrordiag, jobdispatchererrorcode,
       jobdispatchererrordiag, taskbuffererrorcode, taskbuffererrordiag, cpuconsumptiontime,
       cpuconsumptionunit, cpuconversion, actualcorecount, meancorecount, hs06, hs06sec,
       maxrss, maxvmem, maxswap, maxpss, avgrss, avgvmem, avgswap, avgpss, memory_leak,
       memory_leak_x2, totrchar, totwchar, totrbytes, totwbytes, raterchar, ratewchar,
       raterbytes, ratewbytes, gco2_regional, gco2_global
  FROM doma_panda.jobsarchived4
UNION ALL
SELECT 'jobsarchived', pandaid, jobdefinitionid, jobname, jeditaskid, taskid, reqid,
       jobsetid, parentid, batchid, schedulerid, pilotid, jobexecutionid, workqueue_id, vo,
       produserid, produsername, jobstatus, jobsubstatus, commandtopilot, lockedby,
       relocationflag, creationtime, modificationtime, statechangetime, starttime, endtime,
       proddbupdatetime, creationhost, modificationhost, prodserieslabel, prodsourcelabel,
       workinggroup, countrygroup, gshare, processingtype, job_label, specialhandling,
       assignedpriority, currentpriority, attemptnr, maxattempt, failedattempt, eventservice,
       atlasrelease, homepackage, transformation, cmtconfig, container_name, jobparameters,
       metadata, nevents, transexitcode, pilottiming, jobmetrics, corecount, maxcpucount,
       maxcpuunit, minramcount, minramunit, maxdiskcount, maxdiskunit, ipconnectivity,
       maxwalltime, resource_type, diskio, computingsite, computingelement, cloud, grid,
       nucleus, sourcesite, destinationsite, cpu_architecture_level, proddblock,
       dispatchdblock, destinationdblock, destinationse, transfertype, ninputfiles,
       ninputdatafiles, inputfiletype, inputfileproject, inputfilebytes, noutputdatafiles,
       outputfilebytes, outputfiletype, piloterrorcode, piloterrordiag, exeerrorcode,
       exeerrordiag, superrorcode, superrordiag, ddmerrorcode, ddmerrordiag,
       brokerageerrorcode, brokerageerrordiag, jobdispatchererrorcode,
       jobdispatchererrordiag, taskbuffererrorcode, taskbuffererrordiag, cpuconsumptiontime,
       cpuconsumptionunit, cpuconversion, actualcorecount, meancorecount, hs06, hs06sec,
       maxrss, maxvmem, maxswap, maxpss, avgrss, avgvmem, avgswap, avgpss, memory_leak,
       memory_leak_x2, totrchar, totwchar, totrbytes, totwbytes, raterchar, ratewchar,
       raterbytes, ratewbytes, gco2_regional, gco2_global
  FROM doma_pandaarch.jobsarchived;

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

-- Parameters of jobs of any age; their modificationtime is 1970-01-01 while the job lives. A condition
-- on modificationtime saves the server from looking into every partition.
CREATE VIEW pandadb.jobparams AS
SELECT 'jobparamstable'::text AS place, pandaid, modificationtime, jobparameters
  FROM doma_panda.jobparamstable
UNION ALL
SELECT 'jobparamstable_arch', pandaid, modificationtime, jobparameters
  FROM doma_pandaarch.jobparamstable_arch;

-- Metadata of jobs of any age; their modificationtime is 1970-01-01 while the job lives. A condition
-- on modificationtime saves the server from looking into every partition.
CREATE VIEW pandadb.metadata AS
SELECT 'metatable'::text AS place, pandaid, modificationtime, metadata
  FROM doma_panda.metatable
UNION ALL
SELECT 'metatable_arch', pandaid, modificationtime, metadata
  FROM doma_pandaarch.metatable_arch;

UPDATE pandadb.alembic_version SET version_num='0024' WHERE pandadb.alembic_version.version_num = '0023';

COMMIT;

BEGIN;

-- Running upgrade 0024 -> 0025

CREATE TABLE pandadb.archive_pause (
    id SMALLINT DEFAULT 1 NOT NULL, 
    paused_by VARCHAR(63) DEFAULT SESSION_USER NOT NULL, 
    since TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    until TIMESTAMP WITHOUT TIME ZONE, 
    reason VARCHAR(500), 
    CONSTRAINT archive_pause_pkey PRIMARY KEY (id), 
    CONSTRAINT archive_pause_id_check CHECK (id = 1)
);

COMMENT ON TABLE pandadb.archive_pause IS 'While there is a row, runs of the archiver wait, and none begins.';

COMMENT ON COLUMN pandadb.archive_pause.id IS 'Always 1: there is one pause at most';

COMMENT ON COLUMN pandadb.archive_pause.paused_by IS 'Role that has paused it';

COMMENT ON COLUMN pandadb.archive_pause.since IS 'When it was paused';

COMMENT ON COLUMN pandadb.archive_pause.until IS 'When the pause ends by itself, NULL if it does not';

COMMENT ON COLUMN pandadb.archive_pause.reason IS 'Why it is paused, for people';

ALTER TABLE pandadb.archive_proof DROP CONSTRAINT archive_proof_how_check;

ALTER TABLE pandadb.archive_proof ADD CONSTRAINT archive_proof_how_check CHECK (how IN ('swap', 'copy', 'restore', 'take', 'merge'));

COMMENT ON COLUMN pandadb.archive_proof.how IS 'swap: the partition itself moved; copy: its rows, to a partition, a database or a file; restore: it came back; take: some rows went back; merge: some came';

-- The only way in which the archiver drops a partition of live jobs: what is in it has been copied,
-- the newest proof says that the copy is the same, and it is still what it was then. A partition
-- that was swapped is its own copy: a proof of that says nothing here.
-- The ledger has to say that it was copied and is still there: a partition whose rows were restored
-- from the archive, where days have become a month since, has a proof of the day in that month.
-- A transaction of another isolation level would not see what was changed before it got the lock.
-- All columns are counted, by name, also those that pandadb does not know and cannot have copied.
CREATE OR REPLACE FUNCTION pandadb.drop_archived(live_table text, live_partition text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    child regclass;
    columns text;
    proof pandadb.archive_proof;
    counted bigint;
    summed numeric;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'drop in a transaction that is READ COMMITTED: others see too little';
    END IF;
    SELECT c.oid INTO child
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
      JOIN pg_class p ON p.oid = i.inhparent AND p.relname = live_table
      JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = 'doma_panda'
     WHERE c.relname = live_partition
       AND live_table IN ('jobsarchived4', 'filestable4', 'jobparamstable', 'metatable')
       AND pg_get_expr(c.relpartbound, c.oid) !~ 'DEFAULT|MINVALUE|MAXVALUE';
    IF child IS NULL THEN
        RAISE EXCEPTION '% is no partition of a day of %', live_partition, live_table;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', child);
    SELECT * INTO proof FROM pandadb.archive_proof a
     WHERE a.table_name = live_table AND a.partition_name = live_partition
     ORDER BY a.id DESC LIMIT 1;
    IF proof.how IS DISTINCT FROM 'copy' THEN
        RAISE EXCEPTION 'there is no proof of a copy of %', live_partition;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM doma_panda.tablepart4copying
                    WHERE table_name = upper(live_table)
                      AND partition_name = left(live_partition, 30)
                      AND copied_to_arch = 'Y' AND deleted_on IS NULL) THEN
        RAISE EXCEPTION 'the ledger does not say that % is copied and still here', live_partition;
    END IF;
    IF (proof.target_rows, proof.target_sum)
       IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION 'the newest proof of % says that the copy differs', live_partition;
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C") INTO columns
      FROM pg_attribute WHERE attrelid = child AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(hash_record_extended('
                   'ROW(%s), 0)::text, 0)::numeric), 0) FROM %s', columns, child)
       INTO counted, summed;
    IF (counted, summed) IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION '% has changed since it was copied: prove it again', live_partition;
    END IF;
    -- Writers may wait for the partition by now, and hold its table: they are not to be the victims.
    PERFORM set_config('lock_timeout', '100ms', true);
    EXECUTE format('DROP TABLE %s', child);
    UPDATE doma_panda.tablepart4copying
       SET deleted_on = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE table_name = upper(live_table) AND partition_name = left(live_partition, 30);
    RETURN counted;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0025' WHERE pandadb.alembic_version.version_num = '0024';

COMMIT;

BEGIN;

-- Running upgrade 0025 -> 0026

-- The only way in which the archiver drops a partition of live jobs: what is in it has been copied,
-- the newest proof says that the copy is the same, and it is still what it was then. A partition
-- that was swapped is its own copy: a proof of that says nothing here.
-- The ledger has to say that it was copied and is still there: a partition whose rows were restored
-- from the archive, where days have become a month since, has a proof of the day in that month.
-- A transaction of another isolation level would not see what was changed before it got the lock.
-- Rows that a policy hides would be dropped uncounted: with row_security off, that is an error.
-- All columns are counted, by name, also those that pandadb does not know and cannot have copied.
CREATE OR REPLACE FUNCTION pandadb.drop_archived(live_table text, live_partition text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
SET row_security = off
SET transform_null_equals = off
AS $$
#variable_conflict error
DECLARE
    child regclass;
    columns text;
    proof pandadb.archive_proof;
    counted bigint;
    summed numeric;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'drop in a transaction that is READ COMMITTED: others see too little';
    END IF;
    SELECT c.oid INTO child
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
      JOIN pg_class p ON p.oid = i.inhparent AND p.relname = live_table
      JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = 'doma_panda'
     WHERE c.relname = live_partition
       AND live_table IN ('jobsarchived4', 'filestable4', 'jobparamstable', 'metatable')
       AND pg_get_expr(c.relpartbound, c.oid) !~ 'DEFAULT|MINVALUE|MAXVALUE';
    IF child IS NULL THEN
        RAISE EXCEPTION '% is no partition of a day of %', live_partition, live_table;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', child);
    SELECT * INTO proof FROM pandadb.archive_proof a
     WHERE a.table_name = live_table AND a.partition_name = live_partition
     ORDER BY a.id DESC LIMIT 1;
    IF proof.how IS DISTINCT FROM 'copy' THEN
        RAISE EXCEPTION 'there is no proof of a copy of %', live_partition;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM doma_panda.tablepart4copying
                    WHERE table_name = upper(live_table)
                      AND partition_name = left(live_partition, 30)
                      AND copied_to_arch = 'Y' AND deleted_on IS NULL) THEN
        RAISE EXCEPTION 'the ledger does not say that % is copied and still here', live_partition;
    END IF;
    IF (proof.target_rows, proof.target_sum)
       IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION 'the newest proof of % says that the copy differs', live_partition;
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C") INTO columns
      FROM pg_attribute WHERE attrelid = child AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(hash_record_extended('
                   'ROW(%s), 0)::text, 0)::numeric), 0) FROM %s', columns, child)
       INTO counted, summed;
    IF (counted, summed) IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION '% has changed since it was copied: prove it again', live_partition;
    END IF;
    -- Writers may wait for the partition by now, and hold its table: they are not to be the victims.
    PERFORM set_config('lock_timeout', '100ms', true);
    EXECUTE format('DROP TABLE %s', child);
    UPDATE doma_panda.tablepart4copying
       SET deleted_on = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE table_name = upper(live_table) AND partition_name = left(live_partition, 30);
    RETURN counted;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0026' WHERE pandadb.alembic_version.version_num = '0025';

COMMIT;

BEGIN;

-- Running upgrade 0026 -> 0027

SELECT setval('doma_panda.jedi_work_queue_id_seq', greatest(last_value, (SELECT max(queue_id) FROM doma_panda.jedi_work_queue))) FROM doma_panda.jedi_work_queue_id_seq;

UPDATE pandadb.alembic_version SET version_num='0027' WHERE pandadb.alembic_version.version_num = '0026';

COMMIT;

BEGIN;

-- Running upgrade 0027 -> 0028

-- The only way in which the archiver drops a partition of live jobs: what is in it has been copied,
-- the newest proof says that the copy is the same, and it is still what it was then. A partition
-- that was swapped is its own copy: a proof of that says nothing here.
-- The ledger has to say that it was copied and is still there: a partition whose rows were restored
-- from the archive, where days have become a month since, has a proof of the day in that month.
-- A transaction of another isolation level would not see what was changed before it got the lock.
-- Rows that a policy hides would be dropped uncounted: with row_security off, that is an error.
-- All columns are counted, by name, also those that pandadb does not know and cannot have copied;
-- those of a type without a hash, such as json, as the text that they are written as.
CREATE OR REPLACE FUNCTION pandadb.drop_archived(live_table text, live_partition text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
SET row_security = off
SET transform_null_equals = off
AS $$
#variable_conflict error
DECLARE
    child regclass;
    columns text;
    proof pandadb.archive_proof;
    counted bigint;
    summed numeric;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'drop in a transaction that is READ COMMITTED: others see too little';
    END IF;
    SELECT c.oid INTO child
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
      JOIN pg_class p ON p.oid = i.inhparent AND p.relname = live_table
      JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = 'doma_panda'
     WHERE c.relname = live_partition
       AND live_table IN ('jobsarchived4', 'filestable4', 'jobparamstable', 'metatable')
       AND pg_get_expr(c.relpartbound, c.oid) !~ 'DEFAULT|MINVALUE|MAXVALUE';
    IF child IS NULL THEN
        RAISE EXCEPTION '% is no partition of a day of %', live_partition, live_table;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', child);
    SELECT * INTO proof FROM pandadb.archive_proof a
     WHERE a.table_name = live_table AND a.partition_name = live_partition
     ORDER BY a.id DESC LIMIT 1;
    IF proof.how IS DISTINCT FROM 'copy' THEN
        RAISE EXCEPTION 'there is no proof of a copy of %', live_partition;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM doma_panda.tablepart4copying
                    WHERE table_name = upper(live_table)
                      AND partition_name = left(live_partition, 30)
                      AND copied_to_arch = 'Y' AND deleted_on IS NULL) THEN
        RAISE EXCEPTION 'the ledger does not say that % is copied and still here', live_partition;
    END IF;
    IF (proof.target_rows, proof.target_sum)
       IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION 'the newest proof of % says that the copy differs', live_partition;
    END IF;
    WITH RECURSIVE has AS (
        SELECT attname, atttypid FROM pg_attribute
         WHERE attrelid = child AND attnum > 0 AND NOT attisdropped
    ), made_of (type, part) AS (
        SELECT atttypid, atttypid FROM has
         UNION
        SELECT m.type, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
          FROM made_of m JOIN pg_type t ON t.oid = m.part
         WHERE t.typtype = 'd' OR t.typsubscript = 'array_subscript_handler'::regproc
    ), unhashed AS (
        SELECT m.type FROM made_of m JOIN pg_type t ON t.oid = m.part
         WHERE t.typtype = 'b' AND t.typsubscript <> 'array_subscript_handler'::regproc
           AND NOT EXISTS (
               SELECT 1 FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod AND a.amname = 'hash'
                WHERE o.opcdefault AND (o.opcintype = t.oid OR EXISTS (
                      SELECT 1 FROM pg_cast c
                       WHERE c.castsource = t.oid AND c.casttarget = o.opcintype
                         AND c.castmethod = 'b' AND c.castcontext = 'i')))
    )
    SELECT string_agg(quote_ident(attname) || CASE WHEN u.type IS NULL THEN '' ELSE '::text' END,
                      ', ' ORDER BY attname COLLATE "C") INTO columns
      FROM has LEFT JOIN (SELECT DISTINCT type FROM unhashed) AS u ON u.type = atttypid;
    EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(hash_record_extended('
                   'ROW(%s), 0)::text, 0)::numeric), 0) FROM %s', columns, child)
       INTO counted, summed;
    IF (counted, summed) IS DISTINCT FROM (proof.source_rows, proof.source_sum) THEN
        RAISE EXCEPTION '% has changed since it was copied: prove it again', live_partition;
    END IF;
    -- Writers may wait for the partition by now, and hold its table: they are not to be the victims.
    PERFORM set_config('lock_timeout', '100ms', true);
    EXECUTE format('DROP TABLE %s', child);
    UPDATE doma_panda.tablepart4copying
       SET deleted_on = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE table_name = upper(live_table) AND partition_name = left(live_partition, 30);
    RETURN counted;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0028' WHERE pandadb.alembic_version.version_num = '0027';

COMMIT;

BEGIN;

-- Running upgrade 0028 -> 0029

-- Django writes an explicit NULL where a model's key is a plain integer, and a default is not taken
-- then. The arguments of the trigger are the key's column and its sequence.
CREATE FUNCTION doma_pandabigmon.fill_key() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN jsonb_populate_record(
        NEW, jsonb_build_object(TG_ARGV[0], nextval(TG_ARGV[1]::regclass))
    );
END
$$;

-- See the function: a key that Django writes as NULL.
CREATE TRIGGER fill_visits
BEFORE INSERT ON doma_pandabigmon.visits
FOR EACH ROW WHEN ((new.visitid IS NULL))
EXECUTE FUNCTION doma_pandabigmon.fill_key('visitid', 'doma_pandabigmon.visits_seq');

-- See the function: a key that Django writes as NULL.
CREATE TRIGGER fill_objects_comparison
BEFORE INSERT ON doma_pandabigmon.objects_comparison
FOR EACH ROW WHEN ((new.id IS NULL))
EXECUTE FUNCTION doma_pandabigmon.fill_key('id', 'doma_pandabigmon.objects_comparison_seq');

-- See the function: a key that Django writes as NULL.
CREATE TRIGGER fill_rucio_accounts
BEFORE INSERT ON doma_pandabigmon.rucio_accounts
FOR EACH ROW WHEN ((new.id IS NULL))
EXECUTE FUNCTION doma_pandabigmon.fill_key('id', 'doma_pandabigmon.rucio_accounts_seq');

-- The monitor compares times with to_date(text, format), which keeps the time of day on
-- Oracle, while PostgreSQL's own is midnight. It is found before that one only by roles whose search
-- path names pg_catalog last: those of the monitor. The time zone of the session changes nothing.
CREATE FUNCTION doma_pandabigmon.to_date(p_text text, p_format text)
RETURNS timestamp without time zone
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT pg_catalog.to_timestamp('+00 ' || p_text, 'TZH ' || p_format) AT TIME ZONE 'UTC'
$$;

CREATE SEQUENCE doma_pandabigmon.auth_group_permissions_id_seq AS BIGINT CACHE 20;

SELECT setval('doma_pandabigmon.auth_group_permissions_id_seq', coalesce(max(id), 0) + 1, false) FROM doma_pandabigmon.auth_group_permissions;

ALTER TABLE doma_pandabigmon.auth_group_permissions ALTER COLUMN id SET DEFAULT nextval('doma_pandabigmon.auth_group_permissions_id_seq');

CREATE SEQUENCE doma_pandabigmon.auth_user_groups_id_seq AS BIGINT CACHE 20;

SELECT setval('doma_pandabigmon.auth_user_groups_id_seq', coalesce(max(id), 0) + 1, false) FROM doma_pandabigmon.auth_user_groups;

ALTER TABLE doma_pandabigmon.auth_user_groups ALTER COLUMN id SET DEFAULT nextval('doma_pandabigmon.auth_user_groups_id_seq');

ALTER TABLE doma_pandabigmon.social_auth_code ADD COLUMN timestamp TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC');

COMMENT ON COLUMN doma_pandabigmon.social_auth_code.timestamp IS 'Time the code was sent';

ALTER TABLE doma_pandabigmon.social_auth_partial ADD COLUMN timestamp TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC');

COMMENT ON COLUMN doma_pandabigmon.social_auth_partial.timestamp IS 'Time the login was interrupted';

ALTER TABLE doma_pandabigmon.social_auth_code ALTER COLUMN verified TYPE BOOLEAN USING verified <> 0;

COMMENT ON COLUMN doma_pandabigmon.social_auth_code.verified IS 'True once the address is verified';

DROP VIEW doma_pandabigmon.combined_wait_act_def_arch4;

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

UPDATE pandadb.alembic_version SET version_num='0029' WHERE pandadb.alembic_version.version_num = '0028';

COMMIT;

BEGIN;

-- Running upgrade 0029 -> 0030

COMMIT;

SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
 WHERE indexrelid = to_regclass('doma_panda.jobsactive4_dispatch_idx') AND NOT indisvalid;

\gexec


SET lock_timeout = '10min';

SET statement_timeout = 0;

CREATE INDEX CONCURRENTLY IF NOT EXISTS jobsactive4_dispatch_idx ON doma_panda.jobsactive4 (computingsite, coalesce(prodsourcelabel, ''), coalesce(gshare, ''), currentpriority DESC, pandaid) WHERE jobstatus = 'activated';

SET statement_timeout = '60s';

SET lock_timeout = '4s';

BEGIN;

UPDATE pandadb.alembic_version SET version_num='0030' WHERE pandadb.alembic_version.version_num = '0029';

COMMIT;

BEGIN;

-- Running upgrade 0030 -> 0031

CREATE TABLE pandadb.maintenance_run (
    command VARCHAR(63) NOT NULL, 
    began_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    ended_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    outcome VARCHAR(30) NOT NULL, 
    why VARCHAR(2000), 
    good_at TIMESTAMP WITHOUT TIME ZONE, 
    run_by VARCHAR(63) DEFAULT SESSION_USER NOT NULL, 
    host VARCHAR(255), 
    CONSTRAINT maintenance_run_pkey PRIMARY KEY (command)
);

COMMENT ON TABLE pandadb.maintenance_run IS 'The last run of each command that cron runs, and when one last ended well.';

COMMENT ON COLUMN pandadb.maintenance_run.command IS 'The command: archive run, partitions maintain, ...';

COMMENT ON COLUMN pandadb.maintenance_run.began_at IS 'When its last run began';

COMMENT ON COLUMN pandadb.maintenance_run.ended_at IS 'When that ended';

COMMENT ON COLUMN pandadb.maintenance_run.outcome IS 'How: done, nothing to do, wrong, locks not free, paused, deferred, out of time';

COMMENT ON COLUMN pandadb.maintenance_run.why IS 'Why it ended so, in a sentence, NULL if there is no more to say';

COMMENT ON COLUMN pandadb.maintenance_run.good_at IS 'When a run last ended with something done or nothing to do, NULL if none has';

COMMENT ON COLUMN pandadb.maintenance_run.run_by IS 'Role that has logged in for it';

COMMENT ON COLUMN pandadb.maintenance_run.host IS 'Machine on which it ran';

UPDATE pandadb.alembic_version SET version_num='0031' WHERE pandadb.alembic_version.version_num = '0030';

COMMIT;

BEGIN;

-- Running upgrade 0031 -> 0032

CREATE TABLE pandadb.site_change (
    change_id BIGINT GENERATED ALWAYS AS IDENTITY, 
    changed_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    kind VARCHAR(10) NOT NULL, 
    table_name VARCHAR(63) NOT NULL, 
    row_key VARCHAR(400) NOT NULL, 
    row_before JSONB, 
    row_after JSONB, 
    changed_by VARCHAR(63) DEFAULT SESSION_USER NOT NULL, 
    CONSTRAINT site_change_pkey PRIMARY KEY (change_id), 
    CONSTRAINT site_change_kind_check CHECK (kind IN ('added', 'changed', 'removed'))
);

COMMENT ON TABLE pandadb.site_change IS 'Rows of the configurator''s tables that loads have added, changed or removed.';

COMMENT ON COLUMN pandadb.site_change.change_id IS 'Number of the change, the key';

COMMENT ON COLUMN pandadb.site_change.changed_at IS 'When the load began';

COMMENT ON COLUMN pandadb.site_change.kind IS 'added, changed or removed';

COMMENT ON COLUMN pandadb.site_change.table_name IS 'Table whose row was changed';

COMMENT ON COLUMN pandadb.site_change.row_key IS 'Primary key of the row, its columns separated by a blank';

COMMENT ON COLUMN pandadb.site_change.row_before IS 'The row before, of a changed row the columns that differ; NULL if added';

COMMENT ON COLUMN pandadb.site_change.row_after IS 'The row after, of a changed row the columns that differ; NULL if removed';

COMMENT ON COLUMN pandadb.site_change.changed_by IS 'Role that has logged in for the load';

CREATE INDEX site_change_time_idx ON pandadb.site_change (changed_at);

CREATE INDEX site_change_row_idx ON pandadb.site_change (row_key, changed_at);

UPDATE pandadb.alembic_version SET version_num='0032' WHERE pandadb.alembic_version.version_num = '0031';

COMMIT;

BEGIN;

-- Running upgrade 0032 -> 0033

CREATE TABLE pandadb.harvester_worker_time (
    harvesterid VARCHAR(50) NOT NULL, 
    workerid BIGINT NOT NULL, 
    lastupdate TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    reported_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT harvester_worker_time_pkey PRIMARY KEY (harvesterid, workerid)
);

COMMENT ON TABLE pandadb.harvester_worker_time IS 'The own time of the newest report on a worker, where Harvester has given one.';

COMMENT ON COLUMN pandadb.harvester_worker_time.harvesterid IS 'Harvester instance, HARVESTER_INSTANCES';

COMMENT ON COLUMN pandadb.harvester_worker_time.workerid IS 'Worker, HARVESTER_WORKERS';

COMMENT ON COLUMN pandadb.harvester_worker_time.lastupdate IS 'LASTUPDATE of the worker''s row as that report left it';

COMMENT ON COLUMN pandadb.harvester_worker_time.reported_at IS 'The worker''s own time of its newest report: an older report changes nothing';

UPDATE pandadb.alembic_version SET version_num='0033' WHERE pandadb.alembic_version.version_num = '0032';

COMMIT;

BEGIN;

-- Running upgrade 0033 -> 0034

CREATE TABLE pandadb.statistics_run (
    name VARCHAR(63) NOT NULL, 
    refreshed_at TIMESTAMP WITHOUT TIME ZONE, 
    took_ms INTEGER, 
    row_count BIGINT, 
    run_by VARCHAR(63), 
    CONSTRAINT statistics_run_pkey PRIMARY KEY (name)
);

COMMENT ON TABLE pandadb.statistics_run IS 'The last refresh of each table of statistics; a refresh locks its row.';

COMMENT ON COLUMN pandadb.statistics_run.name IS 'The table, or view, without its schema';

COMMENT ON COLUMN pandadb.statistics_run.refreshed_at IS 'Time of the last refresh, which its rows have; NULL if there was none';

COMMENT ON COLUMN pandadb.statistics_run.took_ms IS 'Milliseconds that the refresh took';

COMMENT ON COLUMN pandadb.statistics_run.row_count IS 'Rows after the refresh; of WORKER_NODE_METRICS, rows that it added';

COMMENT ON COLUMN pandadb.statistics_run.run_by IS 'Role that had logged in for the refresh';

INSERT INTO pandadb.statistics_run (name) VALUES ('jedi_aux_status_mintaskid');

INSERT INTO pandadb.statistics_run (name) VALUES ('job_stats_hp');

INSERT INTO pandadb.statistics_run (name) VALUES ('jobs_share_stats');

INSERT INTO pandadb.statistics_run (name) VALUES ('jobsdefined_share_stats');

INSERT INTO pandadb.statistics_run (name) VALUES ('mv_jobsactive4_stats');

INSERT INTO pandadb.statistics_run (name) VALUES ('mv_running_jumbo_task_count');

INSERT INTO pandadb.statistics_run (name) VALUES ('mv_worker_node_gpu_summary');

INSERT INTO pandadb.statistics_run (name) VALUES ('mv_worker_node_summary');

INSERT INTO pandadb.statistics_run (name) VALUES ('total_walltime_cache');

INSERT INTO pandadb.statistics_run (name) VALUES ('typical_num_input');

INSERT INTO pandadb.statistics_run (name) VALUES ('worker_node_metrics');

-- The beginning of a refresh of statistics: its one time (UTC), or NULL while another session
-- refreshes them. The lock is that of their row in statistics_run, until the end of the transaction;
-- a row that is missing, as in a restored schema, is made. In a REPEATABLE READ transaction, a
-- refresh that its snapshot does not have makes this one fail (40001) before it doubles a row.
CREATE FUNCTION pandadb.begin_refresh(statistics text) RETURNS timestamp
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pandadb.statistics_run WHERE name = statistics) THEN
        INSERT INTO pandadb.statistics_run (name) VALUES (statistics) ON CONFLICT DO NOTHING;
    END IF;
    PERFORM FROM pandadb.statistics_run WHERE name = statistics FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RAISE NOTICE '% are refreshed by another session: nothing was done', statistics;
        RETURN NULL;
    END IF;
    RETURN clock_timestamp() AT TIME ZONE 'UTC';
END
$$;

-- The end of a refresh of statistics, with how many rows they have now.
CREATE FUNCTION pandadb.end_refresh(statistics text, began timestamp, written bigint) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE pandadb.statistics_run
       SET refreshed_at = began,
           took_ms = 1000 * extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - began),
           row_count = written,
           run_by = SESSION_USER
     WHERE name = statistics
$$;

-- The counts of MV_JOBSACTIVE4_STATS. Priorities are cut to tens, towards zero. RETURN QUERY may be
-- parallel; the INSERT of a query may not.
CREATE FUNCTION pandadb.count_active_jobs()
RETURNS TABLE (
    cloud varchar, computingsite varchar, countrygroup varchar, workinggroup varchar,
    relocationflag smallint, jobstatus varchar, processingtype varchar, prodsourcelabel varchar,
    currentpriority bigint, vo varchar, workqueue_id integer, resource_type varchar,
    num_of_jobs bigint, num_of_cores bigint
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT job.cloud, job.computingsite, job.countrygroup, job.workinggroup, job.relocationflag,
           job.jobstatus, job.processingtype, job.prodsourcelabel,
           (job.currentpriority / 10 * 10)::bigint, job.vo, job.workqueue_id, job.resource_type,
           count(*), sum(coalesce(job.actualcorecount, job.corecount))
      FROM doma_panda.jobsactive4 AS job
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
END
$$;

-- The counts of JOBS_SHARE_STATS, or of JOBSDEFINED_SHARE_STATS: jobs of known queues by share,
-- queue, state, cores and core power. A job without cores has one. A core power that is no number
-- leaves HS unknown, and a value beyond its column is cut: one odd queue or job stops no refresh.
CREATE FUNCTION pandadb.count_share_jobs(of_defined boolean)
RETURNS TABLE (
    gshare varchar, workqueue_id integer, resource_type varchar, computingsite varchar,
    jobstatus varchar, maxpriority bigint, prorated_diskio_avg numeric, prorated_mem_avg numeric,
    njobs bigint, hs bigint, vo varchar, nucleus varchar
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH queue AS (
        SELECT panda_queue,
               CASE WHEN data ->> 'corepower' ~ '^ *[0-9]{1,6}([.][0-9]*)? *$'
                    THEN (data ->> 'corepower')::double precision END AS corepower
          FROM doma_panda.schedconfig_json
    ), live AS (
        SELECT a.gshare, a.workqueue_id, a.resource_type, a.computingsite, a.jobstatus,
               a.currentpriority, a.diskio, a.minramcount, a.corecount, a.vo, a.nucleus
          FROM doma_panda.jobsactive4 AS a
         WHERE NOT of_defined
         UNION ALL
        SELECT d.gshare, d.workqueue_id, d.resource_type, d.computingsite, d.jobstatus,
               d.currentpriority, d.diskio, d.minramcount, d.corecount, d.vo, d.nucleus
          FROM doma_panda.jobsdefined4 AS d
         WHERE of_defined
    ), counted AS (
        SELECT job.gshare, job.workqueue_id, job.resource_type, job.computingsite, job.jobstatus,
               job.corecount, job.vo, job.nucleus, max(job.currentpriority) AS highest,
               avg(job.diskio) AS diskio, avg(job.minramcount) AS memory, count(*) AS number,
               CASE WHEN job.corecount > 0 THEN job.corecount ELSE 1 END AS cores
          FROM live AS job
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    )
    SELECT c.gshare, c.workqueue_id, c.resource_type, c.computingsite, c.jobstatus,
           c.highest::bigint, least(c.diskio / c.cores, 999999999.99),
           least(c.memory / c.cores, 999999999.99), c.number,
           (c.number * c.cores * queue.corepower)::bigint, c.vo, c.nucleus
      FROM counted AS c
      JOIN queue ON queue.panda_queue = c.computingsite;
END
$$;

-- The counts of JOB_STATS_HP: the highest priority of the jobs of a key that wait for their start,
-- and how many have it. Merge jobs of unmerged outputs and of events are left out. A work queue that
-- is not known is one of its own.
CREATE FUNCTION pandadb.count_highest_priorities()
RETURNS TABLE (
    prodsourcelabel varchar, cloud varchar, resource_type varchar, gshare varchar,
    jobstatus varchar, workqueue_id integer, vo varchar, max_priority bigint,
    max_priority_count bigint
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT a.prodsourcelabel, a.cloud, a.resource_type, a.gshare, a.jobstatus, a.workqueue_id,
               a.vo, a.currentpriority, a.processingtype, a.eventservice
          FROM doma_panda.jobsactive4 AS a
         WHERE a.jobstatus = 'activated'
         UNION ALL
        SELECT d.prodsourcelabel, d.cloud, d.resource_type, d.gshare, d.jobstatus, d.workqueue_id,
               d.vo, d.currentpriority, d.processingtype, d.eventservice
          FROM doma_panda.jobsdefined4 AS d
         WHERE d.jobstatus IN ('assigned', 'defined')
    ), counted AS (
        SELECT job.prodsourcelabel, job.cloud, job.resource_type, job.gshare, job.jobstatus,
               job.workqueue_id, job.vo, job.currentpriority::bigint AS priority,
               count(*) AS number
          FROM live AS job
         WHERE job.processingtype IS DISTINCT FROM 'pmerge'
           AND job.eventservice IS DISTINCT FROM 2
           AND num_nulls(job.prodsourcelabel, job.cloud, job.resource_type, job.gshare, job.vo) = 0
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ), ranked AS (
        SELECT counted.*,
               max(priority) OVER (
                   PARTITION BY counted.prodsourcelabel, counted.cloud, counted.resource_type,
                                counted.gshare, counted.jobstatus, counted.workqueue_id, counted.vo
               ) AS highest
          FROM counted
    )
    SELECT r.prodsourcelabel, r.cloud, r.resource_type, r.gshare, r.jobstatus, r.workqueue_id,
           r.vo, r.priority, r.number
      FROM ranked AS r
     WHERE r.priority = r.highest;
END
$$;

-- The sums of TOTAL_WALLTIME_CACHE: of jobs in JOBSDEFINED4 and of activated and starting ones
-- together, by work queue if it is a Resource queue, else by share. Jobs of which a part of the key
-- is missing or empty have no row to count in.
CREATE FUNCTION pandadb.sum_queued_walltime()
RETURNS TABLE (
    vo varchar, agg_type text, agg_key varchar, prodsourcelabel varchar, resource_type varchar,
    total_walltime bigint, n_has_value integer, n_no_value integer
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT a.vo, a.gshare, a.workqueue_id, a.prodsourcelabel, a.resource_type, a.maxwalltime
          FROM doma_panda.jobsactive4 AS a
         WHERE a.jobstatus IN ('activated', 'starting')
         UNION ALL
        SELECT d.vo, d.gshare, d.workqueue_id, d.prodsourcelabel, d.resource_type, d.maxwalltime
          FROM doma_panda.jobsdefined4 AS d
    ), keyed AS (
        SELECT live.*,
               CASE WHEN queue.queue_id IS NULL THEN 'gshare' ELSE 'workqueue' END AS kind,
               CASE WHEN queue.queue_id IS NULL THEN live.gshare
                    ELSE live.workqueue_id::varchar END AS key
          FROM live
          LEFT JOIN doma_panda.jedi_work_queue AS queue
            ON queue.queue_id = live.workqueue_id AND queue.queue_function = 'Resource'
         WHERE live.workqueue_id IS NOT NULL
    )
    SELECT k.vo, k.kind, k.key, k.prodsourcelabel, k.resource_type,
           least(sum(coalesce(k.maxwalltime, 0)), 9223372036854775807)::bigint,
           count(k.maxwalltime)::integer, (count(*) - count(k.maxwalltime))::integer
      FROM keyed AS k
     WHERE k.vo <> '' AND k.key <> '' AND k.prodsourcelabel <> '' AND k.resource_type <> ''
     GROUP BY 1, 2, 3, 4, 5;
END
$$;

-- The medians of TYPICAL_NUM_INPUT over the active jobs, halves rounded up, by work queue if it is
-- a Resource queue, else by share. Jobs of which a part of the key is missing or empty are left out.
CREATE FUNCTION pandadb.typical_num_inputs()
RETURNS TABLE (
    vo varchar, agg_type text, agg_key varchar, prodsourcelabel varchar, processingtype varchar,
    ninputdatafiles integer
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH keyed AS (
        SELECT job.vo, job.prodsourcelabel, job.processingtype, job.ninputdatafiles AS files,
               CASE WHEN queue.queue_id IS NULL THEN 'gshare' ELSE 'workqueue' END AS kind,
               CASE WHEN queue.queue_id IS NULL THEN job.gshare
                    ELSE job.workqueue_id::varchar END AS key
          FROM doma_panda.jobsactive4 AS job
          LEFT JOIN doma_panda.jedi_work_queue AS queue
            ON queue.queue_id = job.workqueue_id AND queue.queue_function = 'Resource'
         WHERE job.workqueue_id IS NOT NULL AND job.ninputdatafiles IS NOT NULL
    )
    SELECT k.vo, k.kind, k.key, k.prodsourcelabel, k.processingtype,
           round((percentile_cont(0.5) WITHIN GROUP (ORDER BY k.files))::numeric)::integer
      FROM keyed AS k
     WHERE k.vo <> '' AND k.key <> '' AND k.prodsourcelabel <> '' AND k.processingtype <> ''
     GROUP BY 1, 2, 3, 4, 5;
END
$$;

-- The host of a worker from the name that its pilot gives, such as slot1_2@host. At CERN the name
-- of a batch node may have the host after its second dash.
CREATE FUNCTION pandadb.worker_host(node text) RETURNS text
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT coalesce(substring(node FROM '^[^@]+@atlprd[0-9]+-[^-]+-([^.]+[.]cern[.]ch)$'),
                    substring(node FROM '@([^@]+)$'), node)
$$;

-- Refreshes one of the views of worker nodes while others read it. Only the owner of a view may do
-- that, so the function works with the owner's rights: servers may call it.
CREATE FUNCTION pandadb.refresh_worker_node_view(view_name text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp;
    filled boolean;
    written bigint;
BEGIN
    IF view_name NOT IN ('mv_worker_node_summary', 'mv_worker_node_gpu_summary') THEN
        RAISE EXCEPTION '% is no view of worker nodes', view_name;
    END IF;
    began := pandadb.begin_refresh(view_name);
    IF began IS NULL THEN
        RETURN;
    END IF;
    -- A view that a restored dump left empty cannot be refreshed CONCURRENTLY.
    filled := relispopulated FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'doma_panda' AND c.relname = view_name;
    IF view_name = 'mv_worker_node_summary' THEN
        IF filled THEN
            REFRESH MATERIALIZED VIEW CONCURRENTLY doma_panda.mv_worker_node_summary;
        ELSE
            REFRESH MATERIALIZED VIEW doma_panda.mv_worker_node_summary;
        END IF;
        written := count(*) FROM doma_panda.mv_worker_node_summary;
    ELSE
        IF filled THEN
            REFRESH MATERIALIZED VIEW CONCURRENTLY doma_panda.mv_worker_node_gpu_summary;
        ELSE
            REFRESH MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary;
        END IF;
        written := count(*) FROM doma_panda.mv_worker_node_gpu_summary;
    END IF;
    PERFORM pandadb.end_refresh(view_name, began, written);
END
$$;

REVOKE ALL ON FUNCTION pandadb.refresh_worker_node_view(text) FROM PUBLIC;

-- Counts of active jobs by their main attributes. Readers see the old rows until the new ones stand;
-- one time is in all of them.
CREATE PROCEDURE doma_panda.update_jobsactive_stats()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('mv_jobsactive4_stats');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.mv_jobsactive4_stats;
    INSERT INTO doma_panda.mv_jobsactive4_stats (
               cur_date, cloud, computingsite, countrygroup, workinggroup, relocationflag, jobstatus,
               processingtype, prodsourcelabel, currentpriority, vo, workqueue_id, resource_type,
               num_of_jobs, num_of_cores)
    SELECT began, cloud, computingsite, countrygroup, workinggroup, relocationflag, jobstatus,
           processingtype, prodsourcelabel, currentpriority, vo, workqueue_id, resource_type,
           num_of_jobs, num_of_cores
      FROM pandadb.count_active_jobs();
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('mv_jobsactive4_stats', began, written);
END
$$;

-- Counts and computing power of active jobs by share and queue, the basis of share balancing. Readers
-- see the old rows until the new ones stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_jobsact_stats_by_gshare()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('jobs_share_stats');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.jobs_share_stats;
    INSERT INTO doma_panda.jobs_share_stats (
               ts, gshare, workqueue_id, resource_type, computingsite, jobstatus, maxpriority,
               prorated_diskio_avg, prorated_mem_avg, njobs, hs, vo, nucleus)
    SELECT began, gshare, workqueue_id, resource_type, computingsite, jobstatus, maxpriority,
           prorated_diskio_avg, prorated_mem_avg, njobs, hs, vo, nucleus
      FROM pandadb.count_share_jobs(of_defined => false);
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('jobs_share_stats', began, written);
END
$$;

-- Counts and computing power of defined jobs by share and queue, the basis of share balancing. Readers
-- see the old rows until the new ones stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_jobsdef_stats_by_gshare()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('jobsdefined_share_stats');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.jobsdefined_share_stats;
    INSERT INTO doma_panda.jobsdefined_share_stats (
               ts, gshare, workqueue_id, resource_type, computingsite, jobstatus, maxpriority,
               prorated_diskio_avg, prorated_mem_avg, njobs, hs, vo, nucleus)
    SELECT began, gshare, workqueue_id, resource_type, computingsite, jobstatus, maxpriority,
           prorated_diskio_avg, prorated_mem_avg, njobs, hs, vo, nucleus
      FROM pandadb.count_share_jobs(of_defined => true);
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('jobsdefined_share_stats', began, written);
END
$$;

-- The highest priority of the jobs that wait, and how many have it. Readers see the old rows until the
-- new ones stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_job_stats_hp()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('job_stats_hp');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.job_stats_hp;
    INSERT INTO doma_panda.job_stats_hp (
               ts, prodsourcelabel, cloud, resource_type, gshare, jobstatus, workqueue_id, vo,
               max_priority, max_priority_count)
    SELECT began, prodsourcelabel, cloud, resource_type, gshare, jobstatus, workqueue_id, vo,
           max_priority, max_priority_count
      FROM pandadb.count_highest_priorities();
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('job_stats_hp', began, written);
END
$$;

-- Tasks that use jumbo jobs and run, are ready or pending. Readers see the old rows until the new ones
-- stand; one time is in all of them.
CREATE PROCEDURE doma_panda.update_run_jumbo_count()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('mv_running_jumbo_task_count');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM doma_panda.mv_running_jumbo_task_count;
    INSERT INTO doma_panda.mv_running_jumbo_task_count (
               cur_date, vo, cloud, prodsourcelabel, usejumbo, status, gshare, workqueue_id,
               task_count)
    SELECT began, task.vo, task.cloud, task.prodsourcelabel, task.usejumbo, task.status,
           task.gshare, task.workqueue_id, count(*)
      FROM doma_panda.jedi_tasks AS task
     WHERE task.status IN ('running', 'pending', 'ready') AND task.usejumbo <> ''
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('mv_running_jumbo_task_count', began, written);
END
$$;

-- The walltime that queued jobs ask for. Only rows that change are written.
CREATE PROCEDURE doma_panda.update_total_walltime()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('total_walltime_cache');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    WITH found AS MATERIALIZED (
        SELECT * FROM pandadb.sum_queued_walltime()
    ), gone AS (
        DELETE FROM doma_panda.total_walltime_cache AS kept
         WHERE NOT EXISTS (
                   SELECT FROM found
                    WHERE (found.vo, found.agg_type, found.agg_key, found.prodsourcelabel,
                           found.resource_type)
                        = (kept.vo, kept.agg_type, kept.agg_key, kept.prodsourcelabel,
                           kept.resource_type))
    )
    INSERT INTO doma_panda.total_walltime_cache AS kept (
               vo, agg_type, agg_key, prodsourcelabel, resource_type, total_walltime, n_has_value,
               n_no_value)
    SELECT vo, agg_type, agg_key, prodsourcelabel, resource_type, total_walltime, n_has_value,
           n_no_value
      FROM found
        ON CONFLICT (vo, agg_type, agg_key, prodsourcelabel, resource_type) DO UPDATE
       SET (total_walltime, n_has_value, n_no_value)
         = (EXCLUDED.total_walltime, EXCLUDED.n_has_value, EXCLUDED.n_no_value)
     WHERE (kept.total_walltime, kept.n_has_value, kept.n_no_value)
           IS DISTINCT FROM (EXCLUDED.total_walltime, EXCLUDED.n_has_value, EXCLUDED.n_no_value);
    written := count(*) FROM doma_panda.total_walltime_cache;
    PERFORM pandadb.end_refresh('total_walltime_cache', began, written);
END
$$;

-- The typical number of input files of active jobs. Only rows that change are written.
CREATE PROCEDURE doma_panda.update_num_input_data_files()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('typical_num_input');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    WITH found AS MATERIALIZED (
        SELECT * FROM pandadb.typical_num_inputs()
    ), gone AS (
        DELETE FROM doma_panda.typical_num_input AS kept
         WHERE NOT EXISTS (
                   SELECT FROM found
                    WHERE (found.vo, found.agg_type, found.agg_key, found.prodsourcelabel,
                           found.processingtype)
                        = (kept.vo, kept.agg_type, kept.agg_key, kept.prodsourcelabel,
                           kept.processingtype))
    )
    INSERT INTO doma_panda.typical_num_input AS kept (
               vo, agg_type, agg_key, prodsourcelabel, processingtype, ninputdatafiles)
    SELECT vo, agg_type, agg_key, prodsourcelabel, processingtype, ninputdatafiles
      FROM found
        ON CONFLICT (vo, agg_type, agg_key, prodsourcelabel, processingtype) DO UPDATE
       SET ninputdatafiles = EXCLUDED.ninputdatafiles
     WHERE kept.ninputdatafiles IS DISTINCT FROM EXCLUDED.ninputdatafiles;
    written := count(*) FROM doma_panda.typical_num_input;
    PERFORM pandadb.end_refresh('typical_num_input', began, written);
END
$$;

-- Adds the last day of each host: its jobs that ended, and its workers. Hosts and sites without a name
-- have no row, nor have hosts of servers.
CREATE PROCEDURE doma_panda.update_worker_node_metrics()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('worker_node_metrics');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO doma_panda.worker_node_metrics (site, host_name, "timestamp", key, statistics)
    WITH queue AS (
        SELECT panda_queue, data ->> 'atlas_site' AS site
          FROM doma_panda.schedconfig_json
         WHERE data ->> 'atlas_site' <> ''
    )
    SELECT queue.site, pandadb.worker_host(job.modificationhost), began, 'jobs',
           jsonb_build_object(
               'jobs_failed', count(*) FILTER (WHERE job.jobstatus = 'failed'),
               'jobs_finished', count(*) FILTER (WHERE job.jobstatus = 'finished'),
               'hc_failed', count(*) FILTER (
                   WHERE job.jobstatus = 'failed' AND job.produsername = 'gangarbt'),
               'hc_finished', count(*) FILTER (
                   WHERE job.jobstatus = 'finished' AND job.produsername = 'gangarbt'),
               'hssec_failed', coalesce(
                   sum(job.hs06sec) FILTER (WHERE job.jobstatus = 'failed'), 0),
               'hssec_finished', coalesce(
                   sum(job.hs06sec) FILTER (WHERE job.jobstatus = 'finished'), 0))
      FROM doma_panda.jobsarchived4 AS job
      JOIN queue ON queue.panda_queue = job.computingsite
     WHERE job.endtime > began - interval '1 day'
       AND job.jobstatus IN ('finished', 'failed')
       AND job.modificationhost <> ''
       AND job.modificationhost NOT LIKE 'aipanda%'
       AND job.modificationhost NOT LIKE 'grid-job-%'
     GROUP BY 1, 2
     UNION ALL
    SELECT queue.site, pandadb.worker_host(worker.nodeid), began, 'workers',
           jsonb_build_object(
               'worker_failed', count(*) FILTER (WHERE worker.status = 'failed'),
               'worker_finished', count(*) FILTER (WHERE worker.status = 'finished'),
               'worker_cancelled', count(*) FILTER (WHERE worker.status = 'cancelled'))
      FROM doma_panda.harvester_workers AS worker
      JOIN queue ON queue.panda_queue = worker.computingsite
     WHERE worker.endtime > began - interval '1 day'
       AND worker.status IN ('finished', 'failed', 'cancelled')
       AND worker.nodeid <> ''
       AND worker.nodeid NOT LIKE 'grid-job-%'
     GROUP BY 1, 2;
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM pandadb.end_refresh('worker_node_metrics', began, written);
END
$$;

-- The lowest task id of each status that agents look for. Their queries join it to leave out the
-- partitions of old tasks. A status without tasks keeps its old minimum: too low does no harm.
CREATE OR REPLACE PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamp := pandadb.begin_refresh('jedi_aux_status_mintaskid');
    written bigint;
BEGIN
    IF began IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO doma_panda.jedi_aux_status_mintaskid AS lowest (status, min_jeditaskid)
    SELECT task.status, min(task.jeditaskid)
      FROM doma_panda.jedi_tasks AS task
     WHERE task.status NOT IN ('broken', 'aborted', 'finished', 'failed')
     GROUP BY task.status
     ORDER BY task.status  -- other writers of the table lock its rows in this order
        ON CONFLICT (status) DO UPDATE
       SET min_jeditaskid = EXCLUDED.min_jeditaskid
     WHERE lowest.min_jeditaskid IS DISTINCT FROM EXCLUDED.min_jeditaskid;
    written := count(*) FROM doma_panda.jedi_aux_status_mintaskid;
    PERFORM pandadb.end_refresh('jedi_aux_status_mintaskid', began, written);
END
$$;

SELECT set_config('pandadb.granted', coalesce(string_agg(format(
           'GRANT %s ON %I.%I TO %s', a.privilege_type, n.nspname, c.relname,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END), '; '), ''), true)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) AS a
 WHERE c.oid IN (to_regclass('doma_panda.mv_worker_node_summary')) AND a.grantee <> c.relowner;

DROP MATERIALIZED VIEW IF EXISTS doma_panda.mv_worker_node_summary;

-- CPUs per site, queue and CPU level, of the worker nodes seen in the last month, and their share
-- of the queue in per cent. A host that has reported several CPU models counts with the last one.
CREATE MATERIALIZED VIEW doma_panda.mv_worker_node_summary AS
SELECT level.site, level.panda_queue, level.cpu_architecture_level, level.total_logical_cpus,
       round(
           100.0 * level.total_logical_cpus
           / nullif(sum(level.total_logical_cpus) OVER (PARTITION BY level.panda_queue), 0), 2
       ) AS pct_within_pq
  FROM (
        SELECT node.site, queue.panda_queue, node.cpu_architecture_level,
               sum(node.n_logical_cpus)::bigint AS total_logical_cpus
          FROM (
                SELECT DISTINCT ON (site, host_name)
                       site, host_name, cpu_architecture_level, n_logical_cpus
                  FROM doma_panda.worker_node
                 ORDER BY site, host_name, last_seen DESC NULLS LAST, cpu_model
               ) AS node
          JOIN doma_panda.worker_node_queue AS queue
         USING (site, host_name)
         WHERE queue.last_seen > (now() AT TIME ZONE 'UTC') - interval '1 month'
         GROUP BY node.site, queue.panda_queue, node.cpu_architecture_level
       ) AS level;

CREATE UNIQUE INDEX ux_mv_wn_summary
    ON doma_panda.mv_worker_node_summary (site, panda_queue, cpu_architecture_level);

DO $$ BEGIN
    IF current_setting('pandadb.granted') <> '' THEN
        EXECUTE current_setting('pandadb.granted');
    END IF;
END $$;

UPDATE pandadb.alembic_version SET version_num='0034' WHERE pandadb.alembic_version.version_num = '0033';

COMMIT;

BEGIN;

-- Running upgrade 0034 -> 0035

CREATE SEQUENCE pandadb.job_lease_token AS BIGINT;

CREATE TABLE pandadb.job_control (
    pandaid BIGINT NOT NULL, 
    public_id VARCHAR(12) NOT NULL, 
    queue VARCHAR(128) NOT NULL, 
    name VARCHAR(300), 
    kind VARCHAR(10) NOT NULL, 
    backoff INTEGER DEFAULT 0 NOT NULL, 
    backoff_limit INTEGER DEFAULT 3600 NOT NULL, 
    index_number SMALLINT DEFAULT 1 NOT NULL, 
    group_key VARCHAR(128), 
    dedupe_key VARCHAR(256), 
    run_after TIMESTAMP WITHOUT TIME ZONE, 
    held BOOLEAN DEFAULT false NOT NULL, 
    has_children BOOLEAN DEFAULT false NOT NULL, 
    announces BOOLEAN DEFAULT false NOT NULL, 
    cancel_requested_at TIMESTAMP WITHOUT TIME ZONE, 
    step_attempts SMALLINT DEFAULT 0 NOT NULL, 
    step_error TEXT, 
    suspended BOOLEAN DEFAULT false NOT NULL, 
    details JSONB, 
    last_changed TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT job_control_pkey PRIMARY KEY (pandaid), 
    CONSTRAINT job_control_kind_check CHECK (kind IN ('argv', 'handler', 'none'))
);

COMMENT ON TABLE pandadb.job_control IS 'Columns of a job of the job queue beside those of PanDA; other jobs are PanDA''s own.';

COMMENT ON COLUMN pandadb.job_control.pandaid IS 'The job, the jobs tables';

COMMENT ON COLUMN pandadb.job_control.public_id IS 'Name of the job outside: twelve letters, not to be guessed';

COMMENT ON COLUMN pandadb.job_control.queue IS 'Queue whose workers may take the job; COMPUTINGSITE of the job';

COMMENT ON COLUMN pandadb.job_control.name IS 'Name of the job in its flow; its attempts have the same';

COMMENT ON COLUMN pandadb.job_control.kind IS 'argv: the payload is a program; handler: a function; none: neither';

COMMENT ON COLUMN pandadb.job_control.backoff IS 'Seconds between the first attempt and the second; doubled after each';

COMMENT ON COLUMN pandadb.job_control.backoff_limit IS 'Seconds between two attempts at most';

COMMENT ON COLUMN pandadb.job_control.index_number IS '1, or n for the job that replaces the one of n - 1';

COMMENT ON COLUMN pandadb.job_control.group_key IS 'Group of the job, JOB_GROUP; NULL if it has none';

COMMENT ON COLUMN pandadb.job_control.dedupe_key IS 'Key that no two live jobs of a queue have; NULL after the end';

COMMENT ON COLUMN pandadb.job_control.run_after IS 'Time before which the job is not ready; NULL if it has none';

COMMENT ON COLUMN pandadb.job_control.held IS 'Whether the job is paused by a user';

COMMENT ON COLUMN pandadb.job_control.has_children IS 'Whether other jobs depend on the job, JOB_DEPENDENCY';

COMMENT ON COLUMN pandadb.job_control.announces IS 'Whether the end of the job is an event of OUTBOX';

COMMENT ON COLUMN pandadb.job_control.cancel_requested_at IS 'Time at which a worker was asked to end the payload; NULL if it was not';

COMMENT ON COLUMN pandadb.job_control.step_attempts IS 'Failed attempts of the present step, such as staging';

COMMENT ON COLUMN pandadb.job_control.step_error IS 'Error of the last attempt of the present step';

COMMENT ON COLUMN pandadb.job_control.suspended IS 'Whether a step has failed for good; a retry goes on';

COMMENT ON COLUMN pandadb.job_control.details IS 'Metadata, resources, execution configuration, folder and process, if any';

COMMENT ON COLUMN pandadb.job_control.last_changed IS 'Last change of this row or of the dependencies of the job';

CREATE UNIQUE INDEX job_control_dedupe_idx ON pandadb.job_control (queue, dedupe_key) WHERE dedupe_key IS NOT NULL;

CREATE INDEX job_control_due_idx ON pandadb.job_control (queue, run_after) WHERE run_after IS NOT NULL;

CREATE UNIQUE INDEX job_control_public_id_key ON pandadb.job_control (public_id);

CREATE TABLE pandadb.job_lease (
    pandaid BIGINT NOT NULL, 
    token BIGINT NOT NULL, 
    until TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    owner VARCHAR(128) NOT NULL, 
    CONSTRAINT job_lease_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE pandadb.job_lease IS 'Jobs that workers have, each with the token that only its present worker knows.';

COMMENT ON COLUMN pandadb.job_lease.pandaid IS 'The job, the jobs tables';

COMMENT ON COLUMN pandadb.job_lease.token IS 'Fencing token: later leases have higher ones, of whichever job';

COMMENT ON COLUMN pandadb.job_lease.until IS 'Time at which the lease expires, unless a heartbeat renews it';

COMMENT ON COLUMN pandadb.job_lease.owner IS 'The worker, WORKER';

CREATE TABLE pandadb.job_dependency (
    parent BIGINT NOT NULL, 
    child BIGINT NOT NULL, 
    on_failure VARCHAR(10) DEFAULT 'block' NOT NULL, 
    parent_state VARCHAR(15), 
    CONSTRAINT job_dependency_pkey PRIMARY KEY (parent, child), 
    CONSTRAINT job_dependency_on_failure_check CHECK (on_failure IN ('block', 'ignore', 'cancel'))
);

COMMENT ON TABLE pandadb.job_dependency IS 'Dependencies of jobs: a child is not ready before its parents have ended.';

COMMENT ON COLUMN pandadb.job_dependency.parent IS 'Job that has to end first';

COMMENT ON COLUMN pandadb.job_dependency.child IS 'Job that waits for it';

COMMENT ON COLUMN pandadb.job_dependency.on_failure IS 'If the parent does not finish: block: the child waits on; ignore: it is ready; cancel: it is closed';

COMMENT ON COLUMN pandadb.job_dependency.parent_state IS 'State in which the parent has ended; NULL while it has not';

CREATE INDEX job_dependency_child_idx ON pandadb.job_dependency (child);

CREATE TABLE pandadb.job_group (
    group_key VARCHAR(128) NOT NULL, 
    max_running INTEGER DEFAULT 1 NOT NULL, 
    CONSTRAINT job_group_pkey PRIMARY KEY (group_key), 
    CONSTRAINT job_group_max_running_check CHECK (max_running > 0)
);

COMMENT ON TABLE pandadb.job_group IS 'Groups of jobs with a limit to the jobs that run at once.';

COMMENT ON COLUMN pandadb.job_group.group_key IS 'The group';

COMMENT ON COLUMN pandadb.job_group.max_running IS 'How many of its jobs may be activated or run at once';

CREATE TABLE pandadb.job_group_member (
    pandaid BIGINT NOT NULL, 
    group_key VARCHAR(128) NOT NULL, 
    priority INTEGER NOT NULL, 
    admitted BOOLEAN DEFAULT false NOT NULL, 
    CONSTRAINT job_group_member_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE pandadb.job_group_member IS 'Jobs of groups that could run now: those admitted, and those that wait for a place.';

COMMENT ON COLUMN pandadb.job_group_member.pandaid IS 'The job, the jobs tables';

COMMENT ON COLUMN pandadb.job_group_member.group_key IS 'Group of the job, JOB_GROUP';

COMMENT ON COLUMN pandadb.job_group_member.priority IS 'CURRENTPRIORITY of the job: the highest first';

COMMENT ON COLUMN pandadb.job_group_member.admitted IS 'Whether the job has one of the places of its group';

CREATE INDEX job_group_member_order_idx ON pandadb.job_group_member (group_key, admitted, priority DESC, pandaid);

CREATE TABLE pandadb.outbox (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY, 
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    kind VARCHAR(30) NOT NULL, 
    pandaid BIGINT, 
    jeditaskid BIGINT, 
    payload JSONB NOT NULL, 
    attempts SMALLINT DEFAULT 0 NOT NULL, 
    retry_after TIMESTAMP WITHOUT TIME ZONE, 
    sent_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT outbox_pkey PRIMARY KEY (event_id)
);

COMMENT ON TABLE pandadb.outbox IS 'Events that are to leave the database: mails, messages; deleted some time after they left.';

COMMENT ON COLUMN pandadb.outbox.event_id IS 'Number of the event, the key';

COMMENT ON COLUMN pandadb.outbox.created_at IS 'Time of the event';

COMMENT ON COLUMN pandadb.outbox.kind IS 'Kind of event, such as job ended';

COMMENT ON COLUMN pandadb.outbox.pandaid IS 'Job, the jobs tables';

COMMENT ON COLUMN pandadb.outbox.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN pandadb.outbox.payload IS 'The event itself';

COMMENT ON COLUMN pandadb.outbox.attempts IS 'How often sending it has failed';

COMMENT ON COLUMN pandadb.outbox.retry_after IS 'Time before which it is not sent again';

COMMENT ON COLUMN pandadb.outbox.sent_at IS 'Time at which it was sent';

CREATE INDEX outbox_pandaid_idx ON pandadb.outbox (pandaid);

CREATE INDEX outbox_waiting_idx ON pandadb.outbox (event_id) WHERE sent_at IS NULL;

CREATE TABLE pandadb.worker (
    worker_id VARCHAR(128) NOT NULL, 
    host VARCHAR(255) NOT NULL, 
    pid INTEGER NOT NULL, 
    version VARCHAR(40) NOT NULL, 
    queues VARCHAR(128)[] NOT NULL, 
    slots INTEGER NOT NULL, 
    started_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    last_seen TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    draining BOOLEAN DEFAULT false NOT NULL, 
    stopped_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT worker_pkey PRIMARY KEY (worker_id)
);

COMMENT ON TABLE pandadb.worker IS 'Processes that take jobs of queues.';

COMMENT ON COLUMN pandadb.worker.worker_id IS 'Host, process and a random part, the key';

COMMENT ON COLUMN pandadb.worker.host IS 'Machine of the process';

COMMENT ON COLUMN pandadb.worker.pid IS 'Number of the process on its machine';

COMMENT ON COLUMN pandadb.worker.version IS 'Version of pandadb';

COMMENT ON COLUMN pandadb.worker.queues IS 'Queues whose jobs it takes';

COMMENT ON COLUMN pandadb.worker.slots IS 'How many jobs it runs at once';

COMMENT ON COLUMN pandadb.worker.started_at IS 'Time at which it began';

COMMENT ON COLUMN pandadb.worker.last_seen IS 'Time of its last sign of life';

COMMENT ON COLUMN pandadb.worker.draining IS 'Whether it takes no more jobs';

COMMENT ON COLUMN pandadb.worker.stopped_at IS 'Time at which it has ended; NULL while it runs, or if it was killed';

UPDATE pandadb.alembic_version SET version_num='0035' WHERE pandadb.alembic_version.version_num = '0034';

COMMIT;

BEGIN;

-- Running upgrade 0035 -> 0036

-- A text as JSON; NULL if it is none, as METADATA of jobs may be XML, cut off, or free text.
CREATE FUNCTION pandadb.json_or_null(given text) RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
STRICT
AS $$
BEGIN
    RETURN given::pg_catalog.jsonb;
EXCEPTION
    WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
        RETURN NULL;
END
$$;

UPDATE pandadb.alembic_version SET version_num='0036' WHERE pandadb.alembic_version.version_num = '0035';

COMMIT;

BEGIN;

-- Running upgrade 0036 -> 0037

-- Jobs of flows: of tasks with the type flow, controlled by the job queue. A control row belongs to the
-- newest attempt of a job. `stopped` are jobs that somebody has cancelled, and those that were closed
-- with a parent or with their flow; `suspended` are jobs of which a step has failed for good. A leaf is
-- a job in its newest version that no other job waits for.
CREATE VIEW pandadb.flow_job AS
SELECT job.jeditaskid, job.pandaid, control.name, control.index_number, control.public_id, control.queue,
       CASE WHEN control.suspended THEN 'suspended'
            WHEN job.jobstatus = 'finished' THEN 'completed'
            WHEN job.jobstatus = 'failed' THEN 'failed'
            WHEN job.jobstatus IN ('cancelled', 'closed') THEN 'stopped'
            WHEN control.held AND job.jobstatus IN ('pending', 'throttled') THEN 'paused'
            WHEN job.jobstatus = 'pending' THEN 'waiting'
            WHEN job.jobstatus IN ('activated', 'throttled') THEN 'ready'
            ELSE 'running'
       END AS state,
       job.jobstatus, job.jobname, job.currentpriority, job.attemptnr, job.creationtime, job.starttime,
       job.endtime, greatest(job.modificationtime, control.last_changed) AS changed_at,
       control.index_number = max(control.index_number) OVER (
           PARTITION BY job.jeditaskid, coalesce(control.name, job.pandaid::text)
       ) AND NOT EXISTS (
           SELECT FROM pandadb.job_dependency edge WHERE edge.parent = job.pandaid
       ) AS is_leaf
  FROM pandadb.jobs job
  JOIN pandadb.job_control control ON control.pandaid = job.pandaid
 WHERE job.place <> 'jobsarchived' OR NOT EXISTS (
           SELECT FROM doma_panda.jobsarchived4 live WHERE live.pandaid = job.pandaid
       );

-- Flows with their states, each by the first rule that fits, and the numbers of their jobs by state. A
-- suspended job alone fails no flow. The state is never stored: JEDI_TASKS has the status flow for all.
CREATE VIEW pandadb.flow AS
SELECT task.jeditaskid, task.taskname AS name, task.username,
       CASE WHEN number.jobs = number.waiting THEN 'waiting'
            WHEN number.jobs = number.waiting + number.ready THEN 'ready'
            WHEN number.leaves = number.completed_leaves THEN 'completed'
            WHEN number.failed > 0 THEN 'failed'
            WHEN number.stopped > 0 THEN 'stopped'
            WHEN number.paused > 0 THEN 'paused'
            ELSE 'running'
       END AS state,
       coalesce(task.superstatus = 'stopped', false) AS is_stopped,
       number.jobs AS njobs, number.waiting AS nwaiting, number.ready AS nready,
       number.running AS nrunning, number.suspended AS nsuspended, number.completed AS ncompleted,
       number.failed AS nfailed, number.stopped AS nstopped, number.paused AS npaused,
       task.creationdate, greatest(task.modificationtime, number.changed_at) AS changed_at
  FROM doma_panda.jedi_tasks task
 CROSS JOIN LATERAL (
           SELECT count(*) AS jobs,
                  count(*) FILTER (WHERE job.state = 'waiting') AS waiting,
                  count(*) FILTER (WHERE job.state = 'ready') AS ready,
                  count(*) FILTER (WHERE job.state = 'running') AS running,
                  count(*) FILTER (WHERE job.state = 'suspended') AS suspended,
                  count(*) FILTER (WHERE job.state = 'completed') AS completed,
                  count(*) FILTER (WHERE job.state = 'failed') AS failed,
                  count(*) FILTER (WHERE job.state = 'stopped') AS stopped,
                  count(*) FILTER (WHERE job.state = 'paused') AS paused,
                  count(*) FILTER (WHERE job.is_leaf) AS leaves,
                  count(*) FILTER (WHERE job.is_leaf AND job.state = 'completed') AS completed_leaves,
                  max(job.changed_at) AS changed_at
             FROM pandadb.flow_job job
            WHERE job.jeditaskid = task.jeditaskid
       ) number
 WHERE task.status = 'flow' AND task.tasktype = 'flow';

UPDATE pandadb.alembic_version SET version_num='0037' WHERE pandadb.alembic_version.version_num = '0036';

COMMIT;

BEGIN;

-- Running upgrade 0037 -> 0038

CREATE TABLE pandadb.job_control_arch (
    pandaid BIGINT NOT NULL, 
    public_id VARCHAR(12) NOT NULL, 
    queue VARCHAR(128) NOT NULL, 
    name VARCHAR(300), 
    kind VARCHAR(10) NOT NULL, 
    backoff INTEGER DEFAULT 0 NOT NULL, 
    backoff_limit INTEGER DEFAULT 3600 NOT NULL, 
    index_number SMALLINT DEFAULT 1 NOT NULL, 
    group_key VARCHAR(128), 
    dedupe_key VARCHAR(256), 
    run_after TIMESTAMP WITHOUT TIME ZONE, 
    held BOOLEAN DEFAULT false NOT NULL, 
    has_children BOOLEAN DEFAULT false NOT NULL, 
    announces BOOLEAN DEFAULT false NOT NULL, 
    cancel_requested_at TIMESTAMP WITHOUT TIME ZONE, 
    step_attempts SMALLINT DEFAULT 0 NOT NULL, 
    step_error TEXT, 
    suspended BOOLEAN DEFAULT false NOT NULL, 
    details JSONB, 
    last_changed TIMESTAMP WITHOUT TIME ZONE, 
    archived_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    CONSTRAINT job_control_arch_pkey PRIMARY KEY (pandaid)
);

COMMENT ON TABLE pandadb.job_control_arch IS 'Archive of JOB_CONTROL: jobs of queues that have left the live tables, by any way.';

COMMENT ON COLUMN pandadb.job_control_arch.pandaid IS 'The job, the jobs tables';

COMMENT ON COLUMN pandadb.job_control_arch.public_id IS 'Name of the job outside: twelve letters, not to be guessed';

COMMENT ON COLUMN pandadb.job_control_arch.queue IS 'Queue whose workers may take the job; COMPUTINGSITE of the job';

COMMENT ON COLUMN pandadb.job_control_arch.name IS 'Name of the job in its flow; its attempts have the same';

COMMENT ON COLUMN pandadb.job_control_arch.kind IS 'argv: the payload is a program; handler: a function; none: neither';

COMMENT ON COLUMN pandadb.job_control_arch.backoff IS 'Seconds between the first attempt and the second; doubled after each';

COMMENT ON COLUMN pandadb.job_control_arch.backoff_limit IS 'Seconds between two attempts at most';

COMMENT ON COLUMN pandadb.job_control_arch.index_number IS '1, or n for the job that replaces the one of n - 1';

COMMENT ON COLUMN pandadb.job_control_arch.group_key IS 'Group of the job, JOB_GROUP; NULL if it has none';

COMMENT ON COLUMN pandadb.job_control_arch.dedupe_key IS 'Key that no two live jobs of a queue have; NULL after the end';

COMMENT ON COLUMN pandadb.job_control_arch.run_after IS 'Time before which the job is not ready; NULL if it has none';

COMMENT ON COLUMN pandadb.job_control_arch.held IS 'Whether the job is paused by a user';

COMMENT ON COLUMN pandadb.job_control_arch.has_children IS 'Whether other jobs depend on the job, JOB_DEPENDENCY';

COMMENT ON COLUMN pandadb.job_control_arch.announces IS 'Whether the end of the job is an event of OUTBOX';

COMMENT ON COLUMN pandadb.job_control_arch.cancel_requested_at IS 'Time at which a worker was asked to end the payload; NULL if it was not';

COMMENT ON COLUMN pandadb.job_control_arch.step_attempts IS 'Failed attempts of the present step, such as staging';

COMMENT ON COLUMN pandadb.job_control_arch.step_error IS 'Error of the last attempt of the present step';

COMMENT ON COLUMN pandadb.job_control_arch.suspended IS 'Whether a step has failed for good; a retry goes on';

COMMENT ON COLUMN pandadb.job_control_arch.details IS 'Metadata, resources, execution configuration, folder and process, if any';

COMMENT ON COLUMN pandadb.job_control_arch.last_changed IS 'Last change of this row or of the dependencies of the job';

COMMENT ON COLUMN pandadb.job_control_arch.archived_at IS 'Time at which the row followed its job to the archive';

CREATE UNIQUE INDEX job_control_arch_public_id_key ON pandadb.job_control_arch (public_id);

CREATE TABLE pandadb.job_dependency_arch (
    parent BIGINT NOT NULL, 
    child BIGINT NOT NULL, 
    on_failure VARCHAR(10) DEFAULT 'block' NOT NULL, 
    parent_state VARCHAR(15), 
    CONSTRAINT job_dependency_arch_pkey PRIMARY KEY (parent, child)
);

COMMENT ON TABLE pandadb.job_dependency_arch IS 'Archive of JOB_DEPENDENCY: dependencies between jobs that are not live.';

COMMENT ON COLUMN pandadb.job_dependency_arch.parent IS 'Job that has to end first';

COMMENT ON COLUMN pandadb.job_dependency_arch.child IS 'Job that waits for it';

COMMENT ON COLUMN pandadb.job_dependency_arch.on_failure IS 'If the parent does not finish: block: the child waits on; ignore: it is ready; cancel: it is closed';

COMMENT ON COLUMN pandadb.job_dependency_arch.parent_state IS 'State in which the parent has ended; NULL while it has not';

CREATE INDEX job_dependency_arch_child_idx ON pandadb.job_dependency_arch (child);

ALTER TABLE pandadb.outbox ADD COLUMN last_error TEXT;

COMMENT ON COLUMN pandadb.outbox.last_error IS 'Error of the last attempt to send it';

ALTER TABLE pandadb.outbox ADD COLUMN given_up_at TIMESTAMP WITHOUT TIME ZONE;

COMMENT ON COLUMN pandadb.outbox.given_up_at IS 'Time at which the last attempt failed, so that it is not sent';

COMMENT ON TABLE pandadb.outbox IS 'Events that are to leave the database: mails, messages; archived with their jobs.';

ALTER TABLE pandadb.outbox ALTER COLUMN event_id SET GENERATED BY DEFAULT;

CREATE TABLE pandadb.outbox_arch (
    event_id BIGINT NOT NULL, 
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    kind VARCHAR(30) NOT NULL, 
    pandaid BIGINT, 
    jeditaskid BIGINT, 
    payload JSONB NOT NULL, 
    attempts SMALLINT DEFAULT 0 NOT NULL, 
    retry_after TIMESTAMP WITHOUT TIME ZONE, 
    sent_at TIMESTAMP WITHOUT TIME ZONE, 
    last_error TEXT, 
    given_up_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT outbox_arch_pkey PRIMARY KEY (event_id)
);

COMMENT ON TABLE pandadb.outbox_arch IS 'Archive of OUTBOX: events of archived jobs that were sent or given up.';

COMMENT ON COLUMN pandadb.outbox_arch.event_id IS 'Number of the event, the key';

COMMENT ON COLUMN pandadb.outbox_arch.created_at IS 'Time of the event';

COMMENT ON COLUMN pandadb.outbox_arch.kind IS 'Kind of event, such as job ended';

COMMENT ON COLUMN pandadb.outbox_arch.pandaid IS 'Job, the jobs tables';

COMMENT ON COLUMN pandadb.outbox_arch.jeditaskid IS 'Task, JEDI_TASKS';

COMMENT ON COLUMN pandadb.outbox_arch.payload IS 'The event itself';

COMMENT ON COLUMN pandadb.outbox_arch.attempts IS 'How often sending it has failed';

COMMENT ON COLUMN pandadb.outbox_arch.retry_after IS 'Time before which it is not sent again';

COMMENT ON COLUMN pandadb.outbox_arch.sent_at IS 'Time at which it was sent';

COMMENT ON COLUMN pandadb.outbox_arch.last_error IS 'Error of the last attempt to send it';

COMMENT ON COLUMN pandadb.outbox_arch.given_up_at IS 'Time at which the last attempt failed, so that it is not sent';

CREATE INDEX outbox_arch_pandaid_idx ON pandadb.outbox_arch (pandaid);

UPDATE pandadb.alembic_version SET version_num='0038' WHERE pandadb.alembic_version.version_num = '0037';

COMMIT;

BEGIN;

-- Running upgrade 0038 -> 0039

CREATE TABLE pandadb.gateway_message (
    source VARCHAR(100) NOT NULL, 
    message_id VARCHAR(300) NOT NULL, 
    content_key VARCHAR(64) NOT NULL, 
    destination VARCHAR(300) NOT NULL, 
    received_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    kind VARCHAR(10), 
    pandaid BIGINT, 
    reason TEXT, 
    warnings JSONB, 
    CONSTRAINT gateway_message_pkey PRIMARY KEY (source, message_id)
);

COMMENT ON TABLE pandadb.gateway_message IS 'Messages that gateways have received, so that one that comes again is known.';

COMMENT ON COLUMN pandadb.gateway_message.source IS 'Broker, as the gateway''s settings call it';

COMMENT ON COLUMN pandadb.gateway_message.message_id IS 'The broker''s id; without one that of the content';

COMMENT ON COLUMN pandadb.gateway_message.content_key IS 'SHA-256 of the destination and the body';

COMMENT ON COLUMN pandadb.gateway_message.destination IS 'Queue of the broker';

COMMENT ON COLUMN pandadb.gateway_message.received_at IS 'Time at which it was received';

COMMENT ON COLUMN pandadb.gateway_message.kind IS 'What it has become: job, cancel, skipped, error or noted';

COMMENT ON COLUMN pandadb.gateway_message.pandaid IS 'Job that it has become, if any';

COMMENT ON COLUMN pandadb.gateway_message.reason IS 'Why it has not become a job';

COMMENT ON COLUMN pandadb.gateway_message.warnings IS 'Sentences, such as of unknown keys';

CREATE INDEX gateway_message_content_idx ON pandadb.gateway_message (source, content_key);

CREATE INDEX gateway_message_received_idx ON pandadb.gateway_message (received_at);

CREATE TABLE pandadb.gateway_dead_letter (
    dead_letter_id BIGINT GENERATED BY DEFAULT AS IDENTITY, 
    source VARCHAR(100) NOT NULL, 
    message_id VARCHAR(300) NOT NULL, 
    destination VARCHAR(300) NOT NULL, 
    headers JSONB NOT NULL, 
    body BYTEA NOT NULL, 
    reason TEXT NOT NULL, 
    deliveries INTEGER DEFAULT 1 NOT NULL, 
    first_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    last_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    replayed_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT gateway_dead_letter_pkey PRIMARY KEY (dead_letter_id)
);

COMMENT ON TABLE pandadb.gateway_dead_letter IS 'Messages that gateways could not work on, whole, with the reason.';

COMMENT ON COLUMN pandadb.gateway_dead_letter.dead_letter_id IS 'Number of the dead letter, the key';

COMMENT ON COLUMN pandadb.gateway_dead_letter.source IS 'Broker, as the gateway''s settings call it';

COMMENT ON COLUMN pandadb.gateway_dead_letter.message_id IS 'The broker''s id';

COMMENT ON COLUMN pandadb.gateway_dead_letter.destination IS 'Queue of the broker';

COMMENT ON COLUMN pandadb.gateway_dead_letter.headers IS 'Headers of the message';

COMMENT ON COLUMN pandadb.gateway_dead_letter.body IS 'Body of the message, byte by byte';

COMMENT ON COLUMN pandadb.gateway_dead_letter.reason IS 'Why it could not be worked on';

COMMENT ON COLUMN pandadb.gateway_dead_letter.deliveries IS 'How often the broker had delivered it';

COMMENT ON COLUMN pandadb.gateway_dead_letter.first_at IS 'Time of its first delivery that is known';

COMMENT ON COLUMN pandadb.gateway_dead_letter.last_at IS 'Time at which it became a dead letter';

COMMENT ON COLUMN pandadb.gateway_dead_letter.replayed_at IS 'Time at which it was received once more; NULL if it was not';

CREATE INDEX gateway_dead_letter_message_idx ON pandadb.gateway_dead_letter (source, message_id);

CREATE TABLE pandadb.gateway_delivery (
    source VARCHAR(100) NOT NULL, 
    message_id VARCHAR(300) NOT NULL, 
    deliveries INTEGER DEFAULT 1 NOT NULL, 
    first_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    last_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    last_error TEXT, 
    CONSTRAINT gateway_delivery_pkey PRIMARY KEY (source, message_id)
);

COMMENT ON TABLE pandadb.gateway_delivery IS 'Deliveries that have failed, of messages that the broker delivers again.';

COMMENT ON COLUMN pandadb.gateway_delivery.source IS 'Broker, as the gateway''s settings call it';

COMMENT ON COLUMN pandadb.gateway_delivery.message_id IS 'The broker''s id; without one that of the content';

COMMENT ON COLUMN pandadb.gateway_delivery.deliveries IS 'How often the broker has delivered it';

COMMENT ON COLUMN pandadb.gateway_delivery.first_at IS 'Time of the first delivery';

COMMENT ON COLUMN pandadb.gateway_delivery.last_at IS 'Time of the last delivery';

COMMENT ON COLUMN pandadb.gateway_delivery.last_error IS 'Error of the last delivery';

CREATE TABLE pandadb.gateway_run (
    run_id BIGINT GENERATED BY DEFAULT AS IDENTITY, 
    facility VARCHAR(100) NOT NULL, 
    instrument VARCHAR(80) NOT NULL, 
    rb_number BIGINT NOT NULL, 
    run_number BIGINT NOT NULL, 
    run_version INTEGER NOT NULL, 
    status VARCHAR(10) NOT NULL, 
    pandaid BIGINT, 
    source VARCHAR(100) NOT NULL, 
    body JSONB NOT NULL, 
    destinations JSONB NOT NULL, 
    data JSONB NOT NULL, 
    reduced JSONB NOT NULL, 
    script TEXT, 
    variables JSONB NOT NULL, 
    overwrite BOOLEAN, 
    description TEXT DEFAULT '' NOT NULL, 
    started_by INTEGER, 
    message TEXT, 
    reduction_log TEXT DEFAULT '' NOT NULL, 
    admin_log TEXT DEFAULT '' NOT NULL, 
    software VARCHAR(100), 
    host VARCHAR(255), 
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    started_at TIMESTAMP WITHOUT TIME ZONE, 
    finished_at TIMESTAMP WITHOUT TIME ZONE, 
    retry_when TIMESTAMP WITHOUT TIME ZONE, 
    retry_run BIGINT, 
    cancelled BOOLEAN DEFAULT false NOT NULL, 
    CONSTRAINT gateway_run_pkey PRIMARY KEY (run_id), 
    CONSTRAINT gateway_run_status_check CHECK (status IN ('Queued', 'Processing', 'Completed', 'Error', 'Skipped'))
);

COMMENT ON TABLE pandadb.gateway_run IS 'Runs of instruments: each version is a reduction of its own.';

COMMENT ON COLUMN pandadb.gateway_run.run_id IS 'Number of the record, the key';

COMMENT ON COLUMN pandadb.gateway_run.facility IS 'Facility, in capitals';

COMMENT ON COLUMN pandadb.gateway_run.instrument IS 'Instrument, in capitals';

COMMENT ON COLUMN pandadb.gateway_run.rb_number IS 'RB number, of the experiment: one run of it is reduced at a time; 0 for a text';

COMMENT ON COLUMN pandadb.gateway_run.run_number IS 'Number of the run at its instrument';

COMMENT ON COLUMN pandadb.gateway_run.run_version IS '0 for the first reduction of the run';

COMMENT ON COLUMN pandadb.gateway_run.status IS 'Queued, Processing, Completed, Error or Skipped';

COMMENT ON COLUMN pandadb.gateway_run.pandaid IS 'Job that reduces it, the jobs tables';

COMMENT ON COLUMN pandadb.gateway_run.source IS 'Broker of its message, as the gateway''s settings call it';

COMMENT ON COLUMN pandadb.gateway_run.body IS 'Keys of its events: those of the message, completed';

COMMENT ON COLUMN pandadb.gateway_run.destinations IS 'Queues of its events, by names of settings';

COMMENT ON COLUMN pandadb.gateway_run.data IS 'Paths of the raw data';

COMMENT ON COLUMN pandadb.gateway_run.reduced IS 'Folders with the result';

COMMENT ON COLUMN pandadb.gateway_run.script IS 'Text of the script';

COMMENT ON COLUMN pandadb.gateway_run.variables IS 'Variables of the script: type and value by name, in two groups';

COMMENT ON COLUMN pandadb.gateway_run.overwrite IS 'Whether the folder of version 0 is written anew';

COMMENT ON COLUMN pandadb.gateway_run.description IS 'Description by a user';

COMMENT ON COLUMN pandadb.gateway_run.started_by IS 'User by number; -1 is the service';

COMMENT ON COLUMN pandadb.gateway_run.message IS 'Error, or why it was skipped';

COMMENT ON COLUMN pandadb.gateway_run.reduction_log IS 'End of the script''s output';

COMMENT ON COLUMN pandadb.gateway_run.admin_log IS 'End of the service''s own log';

COMMENT ON COLUMN pandadb.gateway_run.software IS 'Software with its version';

COMMENT ON COLUMN pandadb.gateway_run.host IS 'Machine of the reduction';

COMMENT ON COLUMN pandadb.gateway_run.created_at IS 'Time of the record';

COMMENT ON COLUMN pandadb.gateway_run.started_at IS 'Time at which it has begun';

COMMENT ON COLUMN pandadb.gateway_run.finished_at IS 'Time at which it has ended';

COMMENT ON COLUMN pandadb.gateway_run.retry_when IS 'Time at which the next version begins; NULL if there is none';

COMMENT ON COLUMN pandadb.gateway_run.retry_run IS 'The next version, this table';

COMMENT ON COLUMN pandadb.gateway_run.cancelled IS 'Whether a user has cancelled it';

CREATE INDEX gateway_run_key_idx ON pandadb.gateway_run (run_number, instrument, rb_number, run_version);

CREATE INDEX gateway_run_pandaid_idx ON pandadb.gateway_run (pandaid);

CREATE TABLE pandadb.gateway_cancel (
    cancel_id BIGINT GENERATED BY DEFAULT AS IDENTITY, 
    run_number BIGINT NOT NULL, 
    run_version INTEGER NOT NULL, 
    instrument VARCHAR(80), 
    rb_number BIGINT, 
    until TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT gateway_cancel_pkey PRIMARY KEY (cancel_id)
);

COMMENT ON TABLE pandadb.gateway_cancel IS 'Cancels of runs that are not known yet: they are kept for a while.';

COMMENT ON COLUMN pandadb.gateway_cancel.cancel_id IS 'Number of the cancel, the key';

COMMENT ON COLUMN pandadb.gateway_cancel.run_number IS 'Number of the run';

COMMENT ON COLUMN pandadb.gateway_cancel.run_version IS 'Version of the run';

COMMENT ON COLUMN pandadb.gateway_cancel.instrument IS 'Instrument; NULL if the cancel named none';

COMMENT ON COLUMN pandadb.gateway_cancel.rb_number IS 'RB number; NULL if the cancel named none';

COMMENT ON COLUMN pandadb.gateway_cancel.until IS 'Time until which it is heeded';

CREATE INDEX gateway_cancel_run_idx ON pandadb.gateway_cancel (run_number);

CREATE TABLE pandadb.gateway_instrument (
    name VARCHAR(80) NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    is_paused BOOLEAN DEFAULT false NOT NULL, 
    is_flat_output BOOLEAN DEFAULT false NOT NULL, 
    CONSTRAINT gateway_instrument_pkey PRIMARY KEY (name)
);

COMMENT ON TABLE pandadb.gateway_instrument IS 'Instruments that gateways have heard of.';

COMMENT ON COLUMN pandadb.gateway_instrument.name IS 'The instrument, in capitals';

COMMENT ON COLUMN pandadb.gateway_instrument.is_active IS 'Whether it has runs; set by the next one';

COMMENT ON COLUMN pandadb.gateway_instrument.is_paused IS 'Whether its runs are not reduced';

COMMENT ON COLUMN pandadb.gateway_instrument.is_flat_output IS 'Whether all runs have one folder for their results';

CREATE TABLE pandadb.gateway_variable (
    variable_id BIGINT GENERATED BY DEFAULT AS IDENTITY, 
    instrument VARCHAR(80) NOT NULL, 
    name VARCHAR(100) NOT NULL, 
    value TEXT NOT NULL, 
    type VARCHAR(20) NOT NULL, 
    is_advanced BOOLEAN DEFAULT false NOT NULL, 
    help_text TEXT DEFAULT '' NOT NULL, 
    experiment_reference BIGINT, 
    start_run BIGINT, 
    tracks_script BOOLEAN DEFAULT true NOT NULL, 
    CONSTRAINT gateway_variable_pkey PRIMARY KEY (variable_id)
);

COMMENT ON TABLE pandadb.gateway_variable IS 'Variables of scripts for runs to come: of an experiment, or from a run on.';

COMMENT ON COLUMN pandadb.gateway_variable.variable_id IS 'Number of the variable, the key';

COMMENT ON COLUMN pandadb.gateway_variable.instrument IS 'Instrument, in capitals';

COMMENT ON COLUMN pandadb.gateway_variable.name IS 'Name of the variable';

COMMENT ON COLUMN pandadb.gateway_variable.value IS 'Value, as text';

COMMENT ON COLUMN pandadb.gateway_variable.type IS 'text, number, boolean, list_text or list_number';

COMMENT ON COLUMN pandadb.gateway_variable.is_advanced IS 'Whether it is one of advanced_vars';

COMMENT ON COLUMN pandadb.gateway_variable.help_text IS 'Help, as HTML';

COMMENT ON COLUMN pandadb.gateway_variable.experiment_reference IS 'RB number of the experiment that it is for';

COMMENT ON COLUMN pandadb.gateway_variable.start_run IS 'First run that it is for';

COMMENT ON COLUMN pandadb.gateway_variable.tracks_script IS 'Whether its value follows the one in reduce_vars.py';

CREATE INDEX gateway_variable_name_idx ON pandadb.gateway_variable (instrument, name);

CREATE TABLE pandadb.gateway_process (
    gateway_id VARCHAR(128) NOT NULL, 
    source VARCHAR(100) NOT NULL, 
    host VARCHAR(255) NOT NULL, 
    pid INTEGER NOT NULL, 
    version VARCHAR(40) NOT NULL, 
    broker VARCHAR(300), 
    received BIGINT DEFAULT 0 NOT NULL, 
    sent BIGINT DEFAULT 0 NOT NULL, 
    last_error TEXT, 
    started_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    last_seen TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'UTC') NOT NULL, 
    stopped_at TIMESTAMP WITHOUT TIME ZONE, 
    CONSTRAINT gateway_process_pkey PRIMARY KEY (gateway_id)
);

COMMENT ON TABLE pandadb.gateway_process IS 'Processes that take messages of brokers.';

COMMENT ON COLUMN pandadb.gateway_process.gateway_id IS 'Host, process and a random part, the key';

COMMENT ON COLUMN pandadb.gateway_process.source IS 'Broker, as the gateway''s settings call it';

COMMENT ON COLUMN pandadb.gateway_process.host IS 'Machine of the process';

COMMENT ON COLUMN pandadb.gateway_process.pid IS 'Number of the process on its machine';

COMMENT ON COLUMN pandadb.gateway_process.version IS 'Version of pandadb';

COMMENT ON COLUMN pandadb.gateway_process.broker IS 'Host and port of the broker; NULL while it is not connected';

COMMENT ON COLUMN pandadb.gateway_process.received IS 'Messages that it has acknowledged';

COMMENT ON COLUMN pandadb.gateway_process.sent IS 'Events that the broker has confirmed to it';

COMMENT ON COLUMN pandadb.gateway_process.last_error IS 'Why the last connection was lost';

COMMENT ON COLUMN pandadb.gateway_process.started_at IS 'Time at which it began';

COMMENT ON COLUMN pandadb.gateway_process.last_seen IS 'Time of its last sign of life';

COMMENT ON COLUMN pandadb.gateway_process.stopped_at IS 'Time at which it has ended; NULL while it runs, or if it was killed';

UPDATE pandadb.alembic_version SET version_num='0039' WHERE pandadb.alembic_version.version_num = '0038';

COMMIT;

BEGIN;

-- Running upgrade 0039 -> 0040

CREATE TABLE pandadb.end_listener (
    listener_id VARCHAR(64) NOT NULL, 
    until TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
    CONSTRAINT end_listener_pkey PRIMARY KEY (listener_id)
);

COMMENT ON TABLE pandadb.end_listener IS 'Processes that wait for ends of jobs: while there is one, ends are notified.';

COMMENT ON COLUMN pandadb.end_listener.listener_id IS 'Machine, process and a random part, the key';

COMMENT ON COLUMN pandadb.end_listener.until IS 'Time at which it counts as gone, unless it gives a sign of life';

CREATE INDEX outbox_jeditaskid_idx ON pandadb.outbox (jeditaskid, kind) WHERE pandaid IS NULL;

UPDATE pandadb.alembic_version SET version_num='0040' WHERE pandadb.alembic_version.version_num = '0039';

COMMIT;

BEGIN;

-- Running upgrade 0040 -> 0041

COMMIT;

SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
 WHERE indexrelid = to_regclass('pandadb.job_control_submitter_idx') AND NOT indisvalid;

\gexec


SET lock_timeout = '10min';

SET statement_timeout = 0;

CREATE INDEX CONCURRENTLY IF NOT EXISTS job_control_submitter_idx ON pandadb.job_control ((details #>> '{metadata,application,submitter}'), pandaid) WHERE (details #>> '{metadata,application,submitter}') IS NOT NULL;

SET statement_timeout = '60s';

SET lock_timeout = '4s';

BEGIN;

COMMIT;

SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
 WHERE indexrelid = to_regclass('pandadb.job_control_arch_submitter_idx') AND NOT indisvalid;

\gexec


SET lock_timeout = '10min';

SET statement_timeout = 0;

CREATE INDEX CONCURRENTLY IF NOT EXISTS job_control_arch_submitter_idx ON pandadb.job_control_arch ((details #>> '{metadata,application,submitter}'), pandaid) WHERE (details #>> '{metadata,application,submitter}') IS NOT NULL;

SET statement_timeout = '60s';

SET lock_timeout = '4s';

BEGIN;

UPDATE pandadb.alembic_version SET version_num='0041' WHERE pandadb.alembic_version.version_num = '0040';

COMMIT;

BEGIN;

-- Running upgrade 0041 -> 0042

SELECT set_config('pandadb.granted', coalesce(string_agg(format(
           'GRANT %s ON %I.%I TO %s', a.privilege_type, n.nspname, c.relname,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END), '; '), ''), true)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) AS a
 WHERE c.oid IN (to_regclass('pandadb.flow_job'), to_regclass('pandadb.flow')) AND a.grantee <> c.relowner;

DROP VIEW IF EXISTS pandadb.flow;

DROP VIEW IF EXISTS pandadb.flow_job;

-- Jobs of flows: of tasks with the type flow, controlled by the job queue. A control row belongs to the
-- newest attempt of a job. `stopped` are jobs that somebody has cancelled, and those that were closed
-- with a parent or with their flow; `suspended` are jobs of which a step has failed for good. A leaf is
-- a job in its newest version that no job of its flow waits for.
CREATE VIEW pandadb.flow_job AS
SELECT job.jeditaskid, job.pandaid, control.name, control.index_number, control.public_id, control.queue,
       CASE WHEN control.suspended THEN 'suspended'
            WHEN job.jobstatus = 'finished' THEN 'completed'
            WHEN job.jobstatus = 'failed' THEN 'failed'
            WHEN job.jobstatus IN ('cancelled', 'closed') THEN 'stopped'
            WHEN control.held AND job.jobstatus IN ('pending', 'throttled') THEN 'paused'
            WHEN job.jobstatus = 'pending' THEN 'waiting'
            WHEN job.jobstatus IN ('activated', 'throttled') THEN 'ready'
            ELSE 'running'
       END AS state,
       job.jobstatus, job.jobname, job.currentpriority, job.attemptnr, job.creationtime, job.starttime,
       job.endtime, greatest(job.modificationtime, control.last_changed) AS changed_at,
       control.index_number = max(control.index_number) OVER (
           PARTITION BY job.jeditaskid, coalesce(control.name, job.pandaid::text)
       ) AND NOT EXISTS (
           SELECT FROM pandadb.job_dependency edge
            WHERE edge.parent = job.pandaid
              AND NOT EXISTS (
                      SELECT FROM doma_panda.jobsdefined4 child
                       WHERE child.pandaid = edge.child AND child.jeditaskid IS DISTINCT FROM job.jeditaskid
                  )
              AND NOT EXISTS (
                      SELECT FROM doma_panda.jobsactive4 child
                       WHERE child.pandaid = edge.child AND child.jeditaskid IS DISTINCT FROM job.jeditaskid
                  )
              AND NOT EXISTS (
                      SELECT FROM doma_panda.jobsarchived4 child
                       WHERE child.pandaid = edge.child AND child.jeditaskid IS DISTINCT FROM job.jeditaskid
                  )
       ) AS is_leaf
  FROM pandadb.jobs job
  JOIN pandadb.job_control control ON control.pandaid = job.pandaid
 WHERE job.place <> 'jobsarchived' OR NOT EXISTS (
           SELECT FROM doma_panda.jobsarchived4 live WHERE live.pandaid = job.pandaid
       );

-- Flows with their states, each by the first rule that fits, and the numbers of their jobs by state. A
-- suspended job alone fails no flow. The state is never stored: JEDI_TASKS has the status flow for all.
CREATE VIEW pandadb.flow AS
SELECT task.jeditaskid, task.taskname AS name, task.username,
       CASE WHEN number.jobs = number.waiting THEN 'waiting'
            WHEN number.jobs = number.waiting + number.ready THEN 'ready'
            WHEN number.leaves = number.completed_leaves THEN 'completed'
            WHEN number.failed > 0 THEN 'failed'
            WHEN number.stopped > 0 THEN 'stopped'
            WHEN number.paused > 0 THEN 'paused'
            ELSE 'running'
       END AS state,
       coalesce(task.superstatus = 'stopped', false) AS is_stopped,
       number.jobs AS njobs, number.waiting AS nwaiting, number.ready AS nready,
       number.running AS nrunning, number.suspended AS nsuspended, number.completed AS ncompleted,
       number.failed AS nfailed, number.stopped AS nstopped, number.paused AS npaused,
       task.creationdate, greatest(task.modificationtime, number.changed_at) AS changed_at
  FROM doma_panda.jedi_tasks task
 CROSS JOIN LATERAL (
           SELECT count(*) AS jobs,
                  count(*) FILTER (WHERE job.state = 'waiting') AS waiting,
                  count(*) FILTER (WHERE job.state = 'ready') AS ready,
                  count(*) FILTER (WHERE job.state = 'running') AS running,
                  count(*) FILTER (WHERE job.state = 'suspended') AS suspended,
                  count(*) FILTER (WHERE job.state = 'completed') AS completed,
                  count(*) FILTER (WHERE job.state = 'failed') AS failed,
                  count(*) FILTER (WHERE job.state = 'stopped') AS stopped,
                  count(*) FILTER (WHERE job.state = 'paused') AS paused,
                  count(*) FILTER (WHERE job.is_leaf) AS leaves,
                  count(*) FILTER (WHERE job.is_leaf AND job.state = 'completed') AS completed_leaves,
                  max(job.changed_at) AS changed_at
             FROM pandadb.flow_job job
            WHERE job.jeditaskid = task.jeditaskid
       ) number
 WHERE task.status = 'flow' AND task.tasktype = 'flow';

DO $$ BEGIN
    IF current_setting('pandadb.granted') <> '' THEN
        EXECUTE current_setting('pandadb.granted');
    END IF;
END $$;

UPDATE pandadb.alembic_version SET version_num='0042' WHERE pandadb.alembic_version.version_num = '0041';

COMMIT;

