"""Schema doma_pandameta: queue configuration of the early years, users, site statistics."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, Numeric, PrimaryKeyConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import META, Base, sequence
from pandadb.models.types import EPOCH, UTC_NOW, BigInt, SmallInt

USERS_SEQ = sequence("users_id_seq", META)
PROXYKEY_SEQ = sequence("proxykey_id_seq", META)


class SchedConfig(Base):
    """Configuration of a PanDA queue, one column per setting, before SCHEDCONFIG_JSON."""

    __tablename__ = "schedconfig"
    __table_args__ = (
        PrimaryKeyConstraint("nickname", name="primary_schedcfg"),
        {"schema": META},
    )

    name: Mapped[str] = mapped_column(
        String(60), comment="Name of the configuration entry, default for most queues"
    )
    nickname: Mapped[str] = mapped_column(
        String(60), comment="Unique name of the queue towards the pilot factory, the key"
    )
    queue: Mapped[str | None] = mapped_column(
        String(60), comment="Host and job manager, or other address, the pilot is submitted to"
    )
    localqueue: Mapped[str | None] = mapped_column(
        String(50), comment="Queue of the local batch system"
    )
    system: Mapped[str] = mapped_column(
        String(60), comment="Submission system of the pilots, such as condor or gLite"
    )
    sysconfig: Mapped[str | None] = mapped_column(
        String(20), comment="How the entry is managed, such as manual"
    )
    environ: Mapped[str | None] = mapped_column(
        String(250), comment="Environment variables for the pilot, as NAME=value pairs"
    )
    gatekeeper: Mapped[str | None] = mapped_column(
        String(120), comment="Host of the computing element"
    )
    jobmanager: Mapped[str | None] = mapped_column(
        String(80), comment="Batch system behind the gatekeeper, such as pbs, lsf or condor"
    )
    se: Mapped[str | None] = mapped_column(
        String(400), comment="Storage elements near the queue, comma separated"
    )
    ddm: Mapped[str | None] = mapped_column(
        String(120), comment="DDM endpoints of the queue, comma separated, the first is the default"
    )
    jdladd: Mapped[str | None] = mapped_column(
        String(500), comment="Lines added to the job description of the pilot"
    )
    globusadd: Mapped[str | None] = mapped_column(
        String(100), comment="Additions to the Globus RSL of the pilot"
    )
    jdl: Mapped[str | None] = mapped_column(
        String(60), comment="Name of the job description template of the pilot"
    )
    jdltxt: Mapped[str | None] = mapped_column(
        String(500), comment="Text of the job description of the pilot"
    )
    version: Mapped[str | None] = mapped_column(String(60), comment="Version, free text")
    site: Mapped[str] = mapped_column(String(60), comment="Name of the site the queue belongs to")
    region: Mapped[str | None] = mapped_column(
        String(60), comment="Geographic or grid region of the site"
    )
    gstat: Mapped[str | None] = mapped_column(
        String(60), comment="Name of the site in the grid's monitoring, GStat"
    )
    tags: Mapped[str | None] = mapped_column(String(200), comment="Free labels of the queue")
    cmd: Mapped[str | None] = mapped_column(String(200), comment="Command that submits the pilot")
    lastmod: Mapped[datetime] = mapped_column(comment="Time the entry was last changed")
    errinfo: Mapped[str | None] = mapped_column(
        String(80), comment="Last error noted for the queue"
    )
    nqueue: Mapped[BigInt] = mapped_column(
        comment="Number of queued pilots the factory aims to keep"
    )
    comment_: Mapped[str | None] = mapped_column(
        String(500), comment="Remark of the operators, usually the reason of the last status change"
    )
    appdir: Mapped[str | None] = mapped_column(
        String(500), comment="Directory of the experiment's software on the worker nodes"
    )
    datadir: Mapped[str | None] = mapped_column(
        String(80), comment="Directory of local data at the site"
    )
    tmpdir: Mapped[str | None] = mapped_column(
        String(80), comment="Directory for temporary files at the site"
    )
    wntmpdir: Mapped[str | None] = mapped_column(
        String(80),
        comment="Directory for temporary files on the worker nodes, where the pilot works",
    )
    dq2url: Mapped[str | None] = mapped_column(
        String(80), comment="Address of the site's DQ2 server, the DDM before Rucio"
    )
    special_par: Mapped[str | None] = mapped_column(
        String(80), comment="Special parameters of the pilot submission"
    )
    python_path: Mapped[str | None] = mapped_column(
        String(80), comment="Directory of the Python interpreter to use"
    )
    nodes: Mapped[BigInt] = mapped_column(comment="Number of worker nodes behind the queue")
    status: Mapped[str | None] = mapped_column(
        String(10), comment="State of the queue: online, offline, brokeroff or test"
    )
    copytool: Mapped[str | None] = mapped_column(
        String(80), comment="Tool that copies files out, and in unless copytoolin is set"
    )
    copysetup: Mapped[str | None] = mapped_column(
        String(200), comment="Setup script or options of the copy tool"
    )
    releases: Mapped[str | None] = mapped_column(
        String(500), comment="Software releases available, separated by a bar"
    )
    sepath: Mapped[str | None] = mapped_column(
        String(400), comment="Paths on the storage element for the output of analysis"
    )
    envsetup: Mapped[str | None] = mapped_column(
        String(200), comment="Command that sets up the grid environment on the worker node"
    )
    copyprefix: Mapped[str | None] = mapped_column(
        String(500), comment="Storage prefix and its replacement, to turn paths into copy addresses"
    )
    lfcpath: Mapped[str | None] = mapped_column(
        String(80), comment="Catalogue path of analysis files in the LFC"
    )
    seopt: Mapped[str | None] = mapped_column(
        String(400), comment="Options of the storage element for stage-out"
    )
    sein: Mapped[str | None] = mapped_column(
        String(400), comment="Storage element for stage-in where it differs from se"
    )
    seinopt: Mapped[str | None] = mapped_column(
        String(400), comment="Options of the storage element for stage-in"
    )
    lfchost: Mapped[str | None] = mapped_column(
        String(80), comment="Host of the LCG file catalogue"
    )
    cloud: Mapped[str | None] = mapped_column(
        String(60), comment="Cloud the queue belongs to, CLOUDCONFIG"
    )
    siteid: Mapped[str | None] = mapped_column(
        String(60),
        comment=(
            "PanDA site jobs are brokered to, computingSite of a job; several queues may share it"
        ),
    )
    proxy: Mapped[str | None] = mapped_column(
        String(80), comment="Kind of proxy the pilot is to use"
    )
    retry: Mapped[str | None] = mapped_column(
        String(10), comment="Whether the pilot may recover or retry jobs: TRUE or FALSE"
    )
    queuehours: Mapped[int] = mapped_column(comment="Hours a pilot may stay queued")
    envsetupin: Mapped[str | None] = mapped_column(
        String(200), comment="Environment setup for stage-in where it differs from envsetup"
    )
    copytoolin: Mapped[str | None] = mapped_column(
        String(180), comment="Tool that copies files in where it differs from copytool"
    )
    copysetupin: Mapped[str | None] = mapped_column(
        String(200), comment="Setup of the copy tool for stage-in"
    )
    seprodpath: Mapped[str | None] = mapped_column(
        String(400), comment="Paths on the storage element for the output of production"
    )
    lfcprodpath: Mapped[str | None] = mapped_column(
        String(80), comment="Catalogue path of production files in the LFC"
    )
    copyprefixin: Mapped[str | None] = mapped_column(
        String(360), comment="Storage prefix and its replacement for stage-in"
    )
    recoverdir: Mapped[str | None] = mapped_column(
        String(80), comment="Directory where the pilot leaves output for a later recovery"
    )
    memory: Mapped[BigInt] = mapped_column(comment="Memory a job may use, in MB")
    maxtime: Mapped[BigInt] = mapped_column(
        comment="Longest walltime of a job, in seconds, 0 for no limit"
    )
    space: Mapped[BigInt] = mapped_column(comment="Free space at the site's storage, in GB")
    tspace: Mapped[datetime] = mapped_column(comment="Time the free space was last updated")
    cmtconfig: Mapped[str | None] = mapped_column(
        String(250), comment="Platforms the queue offers, as CMTCONFIG names"
    )
    setokens: Mapped[str | None] = mapped_column(
        String(80), comment="Space tokens of the site's storage, comma separated"
    )
    glexec: Mapped[str | None] = mapped_column(
        String(10), comment="Whether the pilot switches identity with gLExec: True, False or test"
    )
    priorityoffset: Mapped[str | None] = mapped_column(
        String(60), comment="Offset added to the priority of jobs at this queue"
    )
    allowedgroups: Mapped[str | None] = mapped_column(
        String(100), comment="Groups that may use the queue"
    )
    defaulttoken: Mapped[str | None] = mapped_column(
        String(100), comment="Space token for output without one of its own"
    )
    pcache: Mapped[str | None] = mapped_column(
        String(100), comment="Options of pcache, the file cache on worker nodes"
    )
    validatedreleases: Mapped[str | None] = mapped_column(
        String(500), comment="Releases validated for the queue, or True where all are"
    )
    accesscontrol: Mapped[str | None] = mapped_column(
        String(20), comment="Who may use the queue: grouplist limits it to allowed groups"
    )
    dn: Mapped[str | None] = mapped_column(
        String(100), comment="Distinguished name of the person who last changed the entry"
    )
    email: Mapped[str | None] = mapped_column(
        String(60), comment="Address to notify about the queue"
    )
    allowednode: Mapped[str | None] = mapped_column(
        String(80), comment="Worker nodes that may take jobs"
    )
    maxinputsize: Mapped[BigInt | None] = mapped_column(
        comment="Largest total input of a job, in MB"
    )
    timefloor: Mapped[int | None] = mapped_column(
        comment="Minutes a pilot may go on taking further jobs, 0 for one job only"
    )
    depthboost: Mapped[BigInt | None] = mapped_column(
        comment="Factor by which the factory raises the number of queued pilots"
    )
    idlepilotsupression: Mapped[BigInt | None] = mapped_column(
        comment="While idle, pilots go only in every n-th factory cycle (spelled so)"
    )
    pilotlimit: Mapped[BigInt | None] = mapped_column(
        comment="Largest number of pilots at the queue"
    )
    transferringlimit: Mapped[BigInt | None] = mapped_column(
        comment="Largest number of transferring jobs before brokerage avoids the queue"
    )
    cachedse: Mapped[SmallInt | None] = mapped_column(
        comment="Flag: 1 if the storage works as a cache"
    )
    corecount: Mapped[SmallInt | None] = mapped_column(
        comment="Cores per job, NULL or 1 single core, 0 any"
    )
    countrygroup: Mapped[str | None] = mapped_column(
        String(64), comment="Country groups favoured at the queue"
    )
    availablecpu: Mapped[str | None] = mapped_column(
        String(64), comment="CPU capacity available at the site"
    )
    availablestorage: Mapped[str | None] = mapped_column(
        String(64), comment="Storage capacity available at the site"
    )
    pledgedcpu: Mapped[str | None] = mapped_column(
        String(64), comment="CPU capacity the site pledged"
    )
    pledgedstorage: Mapped[str | None] = mapped_column(
        String(64), comment="Storage capacity the site pledged"
    )
    statusoverride: Mapped[str | None] = mapped_column(
        String(256), comment="Where the status may be overruled from, or by what"
    )
    allowdirectaccess: Mapped[str | None] = mapped_column(
        String(10), comment="Whether jobs may read input straight from storage: True or False"
    )
    gocname: Mapped[str | None] = mapped_column(
        String(64), comment="Name of the site in the grid operations database, GOCDB or OIM"
    )
    tier: Mapped[str | None] = mapped_column(
        String(15), comment="Tier of the site in WLCG, such as T1, T2D or T3"
    )
    multicloud: Mapped[str | None] = mapped_column(
        String(64), comment="Further clouds the queue serves, comma separated"
    )
    lfcregister: Mapped[str | None] = mapped_column(
        String(10), comment="Who registers output in the catalogue, such as server"
    )
    stageinretry: Mapped[BigInt | None] = mapped_column(comment="Attempts of the pilot to stage in")
    stageoutretry: Mapped[BigInt | None] = mapped_column(
        comment="Attempts of the pilot to stage out"
    )
    fairsharepolicy: Mapped[str | None] = mapped_column(
        String(512), comment="Shares of the queue between kinds of work, as key:percent pairs"
    )
    allowfax: Mapped[str | None] = mapped_column(
        String(64),
        comment="Whether the pilot may fall back to FAX, federated xrootd: True or False",
    )
    faxredirector: Mapped[str | None] = mapped_column(
        String(256), comment="Address of the FAX redirector"
    )
    maxwdir: Mapped[BigInt | None] = mapped_column(
        comment="Largest size of the work directory of a job, in MB"
    )
    celist: Mapped[str | None] = mapped_column(
        String(4000), comment="Computing elements of the queue"
    )
    minmemory: Mapped[BigInt | None] = mapped_column(
        comment="Smallest memory request of a job taken here, in MB"
    )
    maxmemory: Mapped[BigInt | None] = mapped_column(
        comment="Largest memory request of a job taken here, in MB"
    )
    mintime: Mapped[BigInt | None] = mapped_column(
        comment="Shortest expected walltime of a job taken here, in seconds"
    )
    allowjem: Mapped[str | None] = mapped_column(
        String(64), comment="Whether the job execution monitor JEM may run: True or False"
    )
    catchall: Mapped[str | None] = mapped_column(
        String(512), comment="Switches without a column of their own, comma separated"
    )
    faxdoor: Mapped[str | None] = mapped_column(
        String(128), comment="Address of the site's own FAX door"
    )
    wansourcelimit: Mapped[int | None] = mapped_column(
        comment="Limit on remote reading from this site, unit not known"
    )
    wansinklimit: Mapped[int | None] = mapped_column(
        comment="Limit on remote reading by jobs at this site, unit not known"
    )
    auto_mcu: Mapped[SmallInt] = mapped_column(
        comment="Flag: 1 if multicloud_append may be updated automatically"
    )
    objectstore: Mapped[str | None] = mapped_column(
        String(512), comment="Addresses of the object store, per purpose"
    )
    allowhttp: Mapped[str | None] = mapped_column(
        String(64), comment="Whether the pilot may read over HTTP: True or False"
    )
    httpredirector: Mapped[str | None] = mapped_column(
        String(256), comment="Address of the HTTP redirector"
    )
    multicloud_append: Mapped[str | None] = mapped_column(
        String(64), comment="Clouds added automatically to multicloud"
    )
    corepower: Mapped[Decimal | None] = mapped_column(
        Numeric, comment="Benchmark power of one core, in HS06"
    )
    wnconnectivity: Mapped[str | None] = mapped_column(
        String(256),
        comment="Outbound network of the worker nodes: full, http or none, with IP versions",
    )
    cloudrshare: Mapped[str | None] = mapped_column(
        String(256), comment="Shares of the queue that clouds get, format not known"
    )
    sitershare: Mapped[str | None] = mapped_column(
        String(256), comment="Shares of the queue that sites get, format not known"
    )
    autosetup_post: Mapped[str | None] = mapped_column(
        String(512), comment="Options for the site setup after the standard one"
    )
    autosetup_pre: Mapped[str | None] = mapped_column(
        String(512), comment="Options for the site setup before the standard one"
    )
    direct_access_lan: Mapped[str | None] = mapped_column(
        String(32), comment="Whether jobs may read input over the local network: True or False"
    )
    direct_access_wan: Mapped[str | None] = mapped_column(
        String(32), comment="Whether jobs may read input over the wide area network: True or False"
    )
    maxrss: Mapped[int | None] = mapped_column(comment="Upper limit of resident memory, in MB")
    minrss: Mapped[int | None] = mapped_column(comment="Lower limit of resident memory, in MB")
    use_newmover: Mapped[str | None] = mapped_column(
        String(32), comment="Whether the pilot uses its newer file movers: True or False"
    )
    pilotversion: Mapped[str | None] = mapped_column(
        String(32), comment="Version of the pilot to run here"
    )
    objectstores: Mapped[str | None] = mapped_column(
        String(4000), comment="Object stores and their settings, as JSON"
    )
    container_options: Mapped[str | None] = mapped_column(
        String(1024), comment="Options handed to the container runtime"
    )
    container_type: Mapped[str | None] = mapped_column(
        String(256), comment="Container runtime and who starts it, such as singularity:pilot"
    )
    jobseed: Mapped[str | None] = mapped_column(
        String(16), comment="Which job shapes to pull, such as std, es, eshigh or all"
    )
    pilot_manager: Mapped[str | None] = mapped_column(
        String(16), comment="Service that submits the pilots, such as Harvester or an APF"
    )
    capability: Mapped[str | None] = mapped_column(
        String(16), comment="Core capability: score, mcore or ucore (unified, any shape)"
    )
    resource_type: Mapped[str | None] = mapped_column(
        String(16), comment="Kind of resource: GRID, cloud, hpc and the like"
    )
    workflow: Mapped[str | None] = mapped_column(
        String(16), comment="How pilots get jobs, such as pull or push"
    )
    maxdiskio: Mapped[BigInt | None] = mapped_column(
        comment="Largest total disk IO of running jobs per core, in kB/s"
    )


class CloudConfig(Base):
    """Cloud, a regional or political group of sites around a Tier 1."""

    __tablename__ = "cloudconfig"
    __table_args__ = (
        PrimaryKeyConstraint("name", name="primary_cloudcfg"),
        {"schema": META},
    )

    name: Mapped[str] = mapped_column(String(20), comment="Short name of the cloud, the key")
    description: Mapped[str] = mapped_column(String(50), comment="Full name of the cloud")
    tier1: Mapped[str] = mapped_column(
        String(20), comment="PanDA site that is the Tier 1 of the cloud"
    )
    tier1se: Mapped[str] = mapped_column(
        String(400), comment="Storage elements of the Tier 1, comma separated"
    )
    relocation: Mapped[str | None] = mapped_column(
        String(10), comment="Whether jobs may be moved to another cloud"
    )
    weight: Mapped[BigInt] = mapped_column(comment="Weight of the cloud in the assignment of tasks")
    server: Mapped[str] = mapped_column(String(100), comment="PanDA server in charge of the cloud")
    status: Mapped[str] = mapped_column(
        String(20), comment="State of the cloud: online, offline or test"
    )
    transtimelo: Mapped[BigInt] = mapped_column(
        comment="Transfer timeout for analysis and low-priority jobs, in days, at least 1"
    )
    transtimehi: Mapped[BigInt] = mapped_column(
        comment="Transfer timeout for high-priority jobs other than analysis, in days, at least 1"
    )
    waittime: Mapped[BigInt] = mapped_column(
        comment="How long jobs may wait for their input, unit not known"
    )
    comment_: Mapped[str | None] = mapped_column(String(200), comment="Remark of the operators")
    space: Mapped[BigInt] = mapped_column(comment="Free space at the Tier 1, unit not known")
    moduser: Mapped[str | None] = mapped_column(
        String(30), comment="User who last changed the entry"
    )
    modtime: Mapped[datetime] = mapped_column(comment="Time of the last change")
    validation: Mapped[str | None] = mapped_column(
        String(20), comment="Whether the cloud takes validation tasks: true or false"
    )
    mcshare: Mapped[BigInt] = mapped_column(comment="Share of simulation work the cloud takes")
    countries: Mapped[str | None] = mapped_column(
        String(80), comment="Countries that belong to the cloud"
    )
    fasttrack: Mapped[str | None] = mapped_column(
        String(20), comment="Whether the cloud takes fast-track tasks: true or false"
    )
    nprestage: Mapped[Decimal] = mapped_column(
        Numeric, comment="Limit on files prestaged from tape"
    )
    pilotowners: Mapped[str | None] = mapped_column(
        String(300), comment="Distinguished names allowed to run pilots, separated by a bar"
    )
    dn: Mapped[str | None] = mapped_column(
        String(100), comment="Distinguished name of the person who last changed the entry"
    )
    email: Mapped[str | None] = mapped_column(
        String(60), comment="Address to notify about the cloud"
    )
    fairshare: Mapped[str | None] = mapped_column(
        String(256), comment="Shares of the cloud between kinds of work"
    )
    auto_mcu: Mapped[SmallInt] = mapped_column(
        comment="Flag: 1 if the multicloud setting of its queues may be updated automatically"
    )


class InstalledSW(Base):
    """Software releases and caches installed at each site."""

    __tablename__ = "installedsw"
    __table_args__ = (
        UniqueConstraint(
            "siteid", "release", "cache", "cmtconfig", name="installedsw_siterelcachecmt_uk"
        ),
        Index("installedsw_relid_site_indx", "release", "siteid"),
        {"schema": META},
    )
    __mapper_args__ = {"primary_key": ["siteid", "release", "cache", "cmtconfig"]}

    siteid: Mapped[str | None] = mapped_column(
        String(60), comment="PanDA site, siteid of SCHEDCONFIG"
    )
    cloud: Mapped[str | None] = mapped_column(String(10), comment="Cloud of the site, CLOUDCONFIG")
    release: Mapped[str | None] = mapped_column(
        String(10), comment="Base release of the experiment's software"
    )
    cache: Mapped[str | None] = mapped_column(
        String(40), comment="Patch on top of the release, as project-version"
    )
    validation: Mapped[str | None] = mapped_column(
        String(10), comment="Result of the validation of the installation"
    )
    cmtconfig: Mapped[str | None] = mapped_column(
        String(40), comment="Platform of the build: architecture, system and compiler"
    )


class SiteData(Base):
    """Activity and job counts of a site over a recent period."""

    __tablename__ = "sitedata"
    __table_args__ = {"schema": META}

    site: Mapped[str] = mapped_column(
        String(60), primary_key=True, comment="PanDA site, computingSite of a job"
    )
    flag: Mapped[str] = mapped_column(
        String(30),
        primary_key=True,
        comment=(
            "Whose counts: production or analysis for the average over servers, snapshot, max, "
            "test, or a server host"
        ),
    )
    hours: Mapped[int] = mapped_column(
        primary_key=True,
        server_default="0",
        comment="Counted period, in hours; with flag snapshot 1000 + minute of the day",
    )
    nwn: Mapped[int | None] = mapped_column(comment="Number of worker nodes seen")
    memmin: Mapped[int | None] = mapped_column(
        comment="Smallest memory of a worker node, unit not known"
    )
    memmax: Mapped[int | None] = mapped_column(
        comment="Largest memory of a worker node, unit not known"
    )
    si2000min: Mapped[int | None] = mapped_column(comment="Slowest CPU seen, in SpecInt2000")
    si2000max: Mapped[int | None] = mapped_column(comment="Fastest CPU seen, in SpecInt2000")
    os: Mapped[str | None] = mapped_column(
        String(30), comment="Operating system of the worker nodes"
    )
    space: Mapped[str | None] = mapped_column(String(30), comment="Free storage space at the site")
    minjobs: Mapped[int | None] = mapped_column(comment="Smallest number of jobs")
    maxjobs: Mapped[int | None] = mapped_column(comment="Largest number of jobs")
    laststart: Mapped[datetime | None] = mapped_column(
        comment="Time a job last started running at the site"
    )
    lastend: Mapped[datetime | None] = mapped_column(comment="Time a job last ended at the site")
    lastfail: Mapped[datetime | None] = mapped_column(comment="Time a job last failed at the site")
    lastpilot: Mapped[datetime | None] = mapped_column(
        comment="Time a pilot last contacted the server"
    )
    lastpid: Mapped[int | None] = mapped_column(comment="Last job seen at the site, PandaID")
    nstart: Mapped[int] = mapped_column(
        server_default="0", comment="Number of job starts in the period"
    )
    finished: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs finished in the period"
    )
    failed: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs failed in the period"
    )
    defined: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state defined"
    )
    assigned: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state assigned"
    )
    waiting: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state waiting"
    )
    activated: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state activated"
    )
    holding: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state holding"
    )
    running: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state running"
    )
    transferring: Mapped[int] = mapped_column(
        server_default="0", comment="Number of jobs in state transferring"
    )
    getjob: Mapped[int] = mapped_column(
        server_default="0", comment="Number of slots or nodes that asked for a job"
    )
    updatejob: Mapped[int] = mapped_column(
        server_default="0", comment="Number of slots or nodes that reported on a job"
    )
    lastmod: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW,
        comment="Time the row was last updated; the server deletes rows after 48 h",
    )
    ncpu: Mapped[int | None] = mapped_column(comment="Number of CPUs at the site")
    nslot: Mapped[int | None] = mapped_column(comment="Number of job slots at the site")
    nojob: Mapped[int | None] = mapped_column(
        comment="Number of slots or nodes that asked and got no job"
    )
    getjobabs: Mapped[BigInt | None] = mapped_column(
        comment="Number of job requests, all pilots counted"
    )
    updatejobabs: Mapped[BigInt | None] = mapped_column(
        comment="Number of job updates, all pilots counted"
    )
    nojobabs: Mapped[BigInt | None] = mapped_column(
        comment="Number of job requests that got none, all pilots counted"
    )


class Users(Base):
    """User of PanDA, with usage, quotas and privileges."""

    __tablename__ = "users"
    __table_args__ = (
        Index("users_name_idx", "name", "vo"),
        {"schema": META},
    )

    id: Mapped[int] = mapped_column(
        USERS_SEQ, primary_key=True, comment="Number of the user, from users_id_seq"
    )
    name: Mapped[str] = mapped_column(
        String(60), comment="Name of the user, as in the jobs' prodUserName"
    )
    dn: Mapped[str | None] = mapped_column(
        String(150), comment="Distinguished name of the certificate or identity of the token"
    )
    email: Mapped[str | None] = mapped_column(
        String(60), comment="Mail address for notifications; notsend switches them off"
    )
    url: Mapped[str | None] = mapped_column(String(100), comment="Home page of the user")
    location: Mapped[str | None] = mapped_column(
        String(60), comment="Where the user or the institute is"
    )
    classa: Mapped[str | None] = mapped_column(String(30), comment="Class of the user for analysis")
    classp: Mapped[str | None] = mapped_column(
        String(30), comment="Class of the user for production"
    )
    classxp: Mapped[str | None] = mapped_column(
        String(30), comment="Class of the user for express work"
    )
    sitepref: Mapped[str | None] = mapped_column(String(60), comment="Site the user prefers")
    gridpref: Mapped[str | None] = mapped_column(String(20), comment="Privileges as single letters")
    queuepref: Mapped[str | None] = mapped_column(String(60), comment="Queue the user prefers")
    scriptcache: Mapped[str | None] = mapped_column(
        String(100), comment="Where scripts of the user are cached"
    )
    types: Mapped[str | None] = mapped_column(String(60), comment="Job types the user ran")
    sites: Mapped[str | None] = mapped_column(String(250), comment="Sites the user ran at")
    njobsa: Mapped[BigInt | None] = mapped_column(comment="Number of analysis jobs")
    njobsp: Mapped[BigInt | None] = mapped_column(comment="Number of production jobs")
    njobs1: Mapped[BigInt | None] = mapped_column(comment="Number of jobs in the last day")
    njobs7: Mapped[BigInt | None] = mapped_column(comment="Number of jobs in the last 7 days")
    njobs30: Mapped[BigInt | None] = mapped_column(comment="Number of jobs in the last 30 days")
    cpua1: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of analysis in the last day, in seconds"
    )
    cpua7: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of analysis in the last 7 days, in seconds"
    )
    cpua30: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of analysis in the last 30 days, in seconds"
    )
    cpup1: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of production in the last day, in seconds"
    )
    cpup7: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of production in the last 7 days, in seconds"
    )
    cpup30: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of production in the last 30 days, in seconds"
    )
    cpuxp1: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of express work in the last day, in seconds"
    )
    cpuxp7: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of express work in the last 7 days, in seconds"
    )
    cpuxp30: Mapped[BigInt | None] = mapped_column(
        comment="CPU time of express work in the last 30 days, in seconds"
    )
    quotaa1: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for analysis over 1 day, in hours"
    )
    quotaa7: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for analysis over 7 days, in hours"
    )
    quotaa30: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for analysis over 30 days, in hours"
    )
    quotap1: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for production over 1 day, in hours"
    )
    quotap7: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for production over 7 days, in hours"
    )
    quotap30: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for production over 30 days, in hours"
    )
    quotaxp1: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for express work over 1 day, in hours"
    )
    quotaxp7: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for express work over 7 days, in hours"
    )
    quotaxp30: Mapped[BigInt | None] = mapped_column(
        comment="CPU quota for express work over 30 days, in hours"
    )
    space1: Mapped[BigInt | None] = mapped_column(
        comment="Storage space used in the last day, unit not known"
    )
    space7: Mapped[BigInt | None] = mapped_column(
        comment="Storage space used in the last 7 days, unit not known"
    )
    space30: Mapped[BigInt | None] = mapped_column(
        comment="Storage space used in the last 30 days, unit not known"
    )
    lastmod: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time the row was last changed"
    )
    firstjob: Mapped[datetime] = mapped_column(
        server_default=EPOCH, comment="Time of the first job, 1970-01-01 if none yet"
    )
    latestjob: Mapped[datetime] = mapped_column(
        server_default=EPOCH, comment="Time of the latest job, 1970-01-01 if none yet"
    )
    pagecache: Mapped[str | None] = mapped_column(
        Text, comment="Cached page of the user in the old monitor"
    )
    cachetime: Mapped[datetime] = mapped_column(
        server_default=EPOCH, comment="Time the page was cached, 1970-01-01 if never"
    )
    ncurrent: Mapped[BigInt] = mapped_column(
        server_default="0", comment="Number of jobs the user has in the system now"
    )
    jobid: Mapped[BigInt] = mapped_column(
        server_default="0", comment="Last JobID given to the user, the jobDefinitionID of the jobs"
    )
    status: Mapped[str | None] = mapped_column(
        String(20), comment="State of the user; disabled bars from submitting"
    )
    vo: Mapped[str | None] = mapped_column(String(20), comment="Virtual organisation of the user")


class UserCacheUsage(Base):
    """Sandbox file that a user uploaded to a server's cache."""

    __tablename__ = "usercacheusage"
    __table_args__ = (
        Index("usercacheusage_usr_crdate_indx", "username", "creationtime"),
        {"schema": META, "postgresql_partition_by": "RANGE (creationtime)"},
    )

    username: Mapped[str] = mapped_column(String(128), comment="User who uploaded the file")
    filename: Mapped[str] = mapped_column(
        String(256), primary_key=True, comment="Name of the file in the cache"
    )
    hostname: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Server that holds the file"
    )
    creationtime: Mapped[datetime] = mapped_column(
        primary_key=True,
        comment="Time of the upload, key of the monthly partitions kept for 3 months",
    )
    modificationtime: Mapped[datetime | None] = mapped_column(
        comment="Time the file was last used or changed"
    )
    filesize: Mapped[BigInt | None] = mapped_column(comment="Size of the file, in bytes")
    checksum: Mapped[str | None] = mapped_column(
        String(36), comment="Checksum of the content, to recognise a repeated upload"
    )
    aliasname: Mapped[str | None] = mapped_column(String(256), comment="Other name of the file")


class ProxyKey(Base):
    """Key to a proxy credential that a user stored for PanDA (legacy)."""

    __tablename__ = "proxykey"
    __table_args__ = {"schema": META}

    id: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Number of the key, from proxykey_id_seq"
    )
    dn: Mapped[str] = mapped_column(String(100), comment="Distinguished name of the owner")
    credname: Mapped[str] = mapped_column(
        String(40), comment="Name of the credential in the MyProxy server"
    )
    created: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time the credential was stored"
    )
    expires: Mapped[datetime] = mapped_column(
        server_default=EPOCH, comment="Time the credential runs out"
    )
    origin: Mapped[str] = mapped_column(String(80), comment="Host the credential was stored from")
    myproxy: Mapped[str] = mapped_column(
        String(80), comment="MyProxy server that holds the credential"
    )


class AGISDump(Base):
    """Copy of the AGIS record of each PanDA site, AGIS being the forerunner of CRIC."""

    __tablename__ = "agis_dump"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["panda_site", "update_time"]}

    panda_site: Mapped[str | None] = mapped_column(
        String(52), comment="PanDA site, the siteid of its queues"
    )
    update_time: Mapped[datetime | None] = mapped_column(comment="Time the copy was taken")
    json_data: Mapped[str | None] = mapped_column(Text, comment="Record of the site, as JSON")


class MetaAuthGroup(Base):
    """Group of monitor users, Django's auth_group (legacy copy)."""

    __tablename__ = "auth_group"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None] = mapped_column(comment="Number of the group")
    name: Mapped[str | None] = mapped_column(String(80), comment="Name of the group")


class MetaAuthGroupPermissions(Base):
    """Permission granted to a group, Django (legacy copy)."""

    __tablename__ = "auth_group_permissions"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None] = mapped_column(comment="Number of the grant")
    group_id: Mapped[BigInt | None] = mapped_column(comment="Group, AUTH_GROUP")
    permission_id: Mapped[BigInt | None] = mapped_column(
        comment="Permission granted, AUTH_PERMISSION of PANDABIGMON"
    )


class MetaAuthUserGroups(Base):
    """Membership of a user in a group, Django (legacy copy)."""

    __tablename__ = "auth_user_groups"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None] = mapped_column(comment="Number of the membership")
    user_id: Mapped[BigInt | None] = mapped_column(comment="User, AUTH_USER of PANDABIGMON")
    group_id: Mapped[BigInt | None] = mapped_column(comment="Group, AUTH_GROUP")


class MetaAuthUserUserPermissions(Base):
    """Permission granted to a single user, Django (legacy copy)."""

    __tablename__ = "auth_user_user_permissions"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None] = mapped_column(comment="Number of the grant")
    user_id: Mapped[BigInt | None] = mapped_column(comment="User, AUTH_USER of PANDABIGMON")
    permission_id: Mapped[BigInt | None] = mapped_column(
        comment="Permission granted, AUTH_PERMISSION of PANDABIGMON"
    )
