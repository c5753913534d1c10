"""Schema doma_pandameta: queue configuration of the early years, users, statistics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

META = "doma_pandameta"
EPOCH = sa.text("'1970-01-01 00:00:00'")
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")


def upgrade() -> None:
    op.execute(
        CreateSequence(sa.Sequence("proxykey_id_seq", schema=META, data_type=sa.BigInteger()))
    )
    op.execute(CreateSequence(sa.Sequence("users_id_seq", schema=META, data_type=sa.BigInteger())))
    op.create_table(
        "agis_dump",
        sa.Column("panda_site", sa.String(52), comment="PanDA site, the siteid of its queues"),
        sa.Column("update_time", TIMESTAMP(), comment="Time the copy was taken"),
        sa.Column("json_data", sa.Text(), comment="Record of the site, as JSON"),
        schema=META,
        comment="Copy of the AGIS record of each PanDA site, AGIS being the forerunner of CRIC.",
    )
    op.create_table(
        "auth_group",
        sa.Column("id", sa.BigInteger(), comment="Number of the group"),
        sa.Column("name", sa.String(80), comment="Name of the group"),
        schema=META,
        comment="Group of monitor users, Django's auth_group (legacy copy).",
    )
    op.create_table(
        "auth_group_permissions",
        sa.Column("id", sa.BigInteger(), comment="Number of the grant"),
        sa.Column("group_id", sa.BigInteger(), comment="Group, AUTH_GROUP"),
        sa.Column(
            "permission_id",
            sa.BigInteger(),
            comment="Permission granted, AUTH_PERMISSION of PANDABIGMON",
        ),
        schema=META,
        comment="Permission granted to a group, Django (legacy copy).",
    )
    op.create_table(
        "auth_user_groups",
        sa.Column("id", sa.BigInteger(), comment="Number of the membership"),
        sa.Column("user_id", sa.BigInteger(), comment="User, AUTH_USER of PANDABIGMON"),
        sa.Column("group_id", sa.BigInteger(), comment="Group, AUTH_GROUP"),
        schema=META,
        comment="Membership of a user in a group, Django (legacy copy).",
    )
    op.create_table(
        "auth_user_user_permissions",
        sa.Column("id", sa.BigInteger(), comment="Number of the grant"),
        sa.Column("user_id", sa.BigInteger(), comment="User, AUTH_USER of PANDABIGMON"),
        sa.Column(
            "permission_id",
            sa.BigInteger(),
            comment="Permission granted, AUTH_PERMISSION of PANDABIGMON",
        ),
        schema=META,
        comment="Permission granted to a single user, Django (legacy copy).",
    )
    op.create_table(
        "cloudconfig",
        sa.Column(
            "name", sa.String(20), nullable=False, comment="Short name of the cloud, the key"
        ),
        sa.Column("description", sa.String(50), nullable=False, comment="Full name of the cloud"),
        sa.Column(
            "tier1",
            sa.String(20),
            nullable=False,
            comment="PanDA site that is the Tier 1 of the cloud",
        ),
        sa.Column(
            "tier1se",
            sa.String(400),
            nullable=False,
            comment="Storage elements of the Tier 1, comma separated",
        ),
        sa.Column(
            "relocation", sa.String(10), comment="Whether jobs may be moved to another cloud"
        ),
        sa.Column(
            "weight",
            sa.BigInteger(),
            nullable=False,
            comment="Weight of the cloud in the assignment of tasks",
        ),
        sa.Column(
            "server", sa.String(100), nullable=False, comment="PanDA server in charge of the cloud"
        ),
        sa.Column(
            "status",
            sa.String(20),
            nullable=False,
            comment="State of the cloud: online, offline or test",
        ),
        sa.Column(
            "transtimelo",
            sa.BigInteger(),
            nullable=False,
            comment="Transfer timeout for analysis and low-priority jobs, in days, at least 1",
        ),
        sa.Column(
            "transtimehi",
            sa.BigInteger(),
            nullable=False,
            comment="Transfer timeout for high-priority jobs other than analysis, in days, at least 1",
        ),
        sa.Column(
            "waittime",
            sa.BigInteger(),
            nullable=False,
            comment="How long jobs may wait for their input, unit not known",
        ),
        sa.Column("comment_", sa.String(200), comment="Remark of the operators"),
        sa.Column(
            "space",
            sa.BigInteger(),
            nullable=False,
            comment="Free space at the Tier 1, unit not known",
        ),
        sa.Column("moduser", sa.String(30), comment="User who last changed the entry"),
        sa.Column("modtime", TIMESTAMP(), nullable=False, comment="Time of the last change"),
        sa.Column(
            "validation",
            sa.String(20),
            comment="Whether the cloud takes validation tasks: true or false",
        ),
        sa.Column(
            "mcshare",
            sa.BigInteger(),
            nullable=False,
            comment="Share of simulation work the cloud takes",
        ),
        sa.Column("countries", sa.String(80), comment="Countries that belong to the cloud"),
        sa.Column(
            "fasttrack",
            sa.String(20),
            comment="Whether the cloud takes fast-track tasks: true or false",
        ),
        sa.Column(
            "nprestage", sa.Numeric(), nullable=False, comment="Limit on files prestaged from tape"
        ),
        sa.Column(
            "pilotowners",
            sa.String(300),
            comment="Distinguished names allowed to run pilots, separated by a bar",
        ),
        sa.Column(
            "dn",
            sa.String(100),
            comment="Distinguished name of the person who last changed the entry",
        ),
        sa.Column("email", sa.String(60), comment="Address to notify about the cloud"),
        sa.Column("fairshare", sa.String(256), comment="Shares of the cloud between kinds of work"),
        sa.Column(
            "auto_mcu",
            sa.SmallInteger(),
            nullable=False,
            comment="Flag: 1 if the multicloud setting of its queues may be updated automatically",
        ),
        sa.PrimaryKeyConstraint("name", name="primary_cloudcfg"),
        schema=META,
        comment="Cloud, a regional or political group of sites around a Tier 1.",
    )
    op.create_table(
        "installedsw",
        sa.Column("siteid", sa.String(60), comment="PanDA site, siteid of SCHEDCONFIG"),
        sa.Column("cloud", sa.String(10), comment="Cloud of the site, CLOUDCONFIG"),
        sa.Column("release", sa.String(10), comment="Base release of the experiment's software"),
        sa.Column(
            "cache", sa.String(40), comment="Patch on top of the release, as project-version"
        ),
        sa.Column(
            "validation", sa.String(10), comment="Result of the validation of the installation"
        ),
        sa.Column(
            "cmtconfig",
            sa.String(40),
            comment="Platform of the build: architecture, system and compiler",
        ),
        sa.UniqueConstraint(
            "siteid", "release", "cache", "cmtconfig", name="installedsw_siterelcachecmt_uk"
        ),
        schema=META,
        comment="Software releases and caches installed at each site.",
    )
    op.create_index(
        "installedsw_relid_site_indx", "installedsw", ["release", "siteid"], schema=META
    )
    op.create_table(
        "proxykey",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the key, from proxykey_id_seq",
        ),
        sa.Column("dn", sa.String(100), nullable=False, comment="Distinguished name of the owner"),
        sa.Column(
            "credname",
            sa.String(40),
            nullable=False,
            comment="Name of the credential in the MyProxy server",
        ),
        sa.Column(
            "created",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time the credential was stored",
        ),
        sa.Column(
            "expires",
            TIMESTAMP(),
            nullable=False,
            server_default=EPOCH,
            comment="Time the credential runs out",
        ),
        sa.Column(
            "origin", sa.String(80), nullable=False, comment="Host the credential was stored from"
        ),
        sa.Column(
            "myproxy",
            sa.String(80),
            nullable=False,
            comment="MyProxy server that holds the credential",
        ),
        sa.PrimaryKeyConstraint("id", name="proxykey_pkey"),
        schema=META,
        comment="Key to a proxy credential that a user stored for PanDA (legacy).",
    )
    op.create_table(
        "schedconfig",
        sa.Column(
            "name",
            sa.String(60),
            nullable=False,
            comment="Name of the configuration entry, default for most queues",
        ),
        sa.Column(
            "nickname",
            sa.String(60),
            nullable=False,
            comment="Unique name of the queue towards the pilot factory, the key",
        ),
        sa.Column(
            "queue",
            sa.String(60),
            comment="Host and job manager, or other address, the pilot is submitted to",
        ),
        sa.Column("localqueue", sa.String(50), comment="Queue of the local batch system"),
        sa.Column(
            "system",
            sa.String(60),
            nullable=False,
            comment="Submission system of the pilots, such as condor or gLite",
        ),
        sa.Column("sysconfig", sa.String(20), comment="How the entry is managed, such as manual"),
        sa.Column(
            "environ",
            sa.String(250),
            comment="Environment variables for the pilot, as NAME=value pairs",
        ),
        sa.Column("gatekeeper", sa.String(120), comment="Host of the computing element"),
        sa.Column(
            "jobmanager",
            sa.String(80),
            comment="Batch system behind the gatekeeper, such as pbs, lsf or condor",
        ),
        sa.Column("se", sa.String(400), comment="Storage elements near the queue, comma separated"),
        sa.Column(
            "ddm",
            sa.String(120),
            comment="DDM endpoints of the queue, comma separated, the first is the default",
        ),
        sa.Column(
            "jdladd", sa.String(500), comment="Lines added to the job description of the pilot"
        ),
        sa.Column("globusadd", sa.String(100), comment="Additions to the Globus RSL of the pilot"),
        sa.Column(
            "jdl", sa.String(60), comment="Name of the job description template of the pilot"
        ),
        sa.Column("jdltxt", sa.String(500), comment="Text of the job description of the pilot"),
        sa.Column("version", sa.String(60), comment="Version, free text"),
        sa.Column(
            "site", sa.String(60), nullable=False, comment="Name of the site the queue belongs to"
        ),
        sa.Column("region", sa.String(60), comment="Geographic or grid region of the site"),
        sa.Column(
            "gstat", sa.String(60), comment="Name of the site in the grid's monitoring, GStat"
        ),
        sa.Column("tags", sa.String(200), comment="Free labels of the queue"),
        sa.Column("cmd", sa.String(200), comment="Command that submits the pilot"),
        sa.Column(
            "lastmod", TIMESTAMP(), nullable=False, comment="Time the entry was last changed"
        ),
        sa.Column("errinfo", sa.String(80), comment="Last error noted for the queue"),
        sa.Column(
            "nqueue",
            sa.BigInteger(),
            nullable=False,
            comment="Number of queued pilots the factory aims to keep",
        ),
        sa.Column(
            "comment_",
            sa.String(500),
            comment="Remark of the operators, usually the reason of the last status change",
        ),
        sa.Column(
            "appdir",
            sa.String(500),
            comment="Directory of the experiment's software on the worker nodes",
        ),
        sa.Column("datadir", sa.String(80), comment="Directory of local data at the site"),
        sa.Column("tmpdir", sa.String(80), comment="Directory for temporary files at the site"),
        sa.Column(
            "wntmpdir",
            sa.String(80),
            comment="Directory for temporary files on the worker nodes, where the pilot works",
        ),
        sa.Column(
            "dq2url",
            sa.String(80),
            comment="Address of the site's DQ2 server, the DDM before Rucio",
        ),
        sa.Column(
            "special_par", sa.String(80), comment="Special parameters of the pilot submission"
        ),
        sa.Column(
            "python_path", sa.String(80), comment="Directory of the Python interpreter to use"
        ),
        sa.Column(
            "nodes",
            sa.BigInteger(),
            nullable=False,
            comment="Number of worker nodes behind the queue",
        ),
        sa.Column(
            "status",
            sa.String(10),
            comment="State of the queue: online, offline, brokeroff or test",
        ),
        sa.Column(
            "copytool",
            sa.String(80),
            comment="Tool that copies files out, and in unless copytoolin is set",
        ),
        sa.Column("copysetup", sa.String(200), comment="Setup script or options of the copy tool"),
        sa.Column(
            "releases", sa.String(500), comment="Software releases available, separated by a bar"
        ),
        sa.Column(
            "sepath",
            sa.String(400),
            comment="Paths on the storage element for the output of analysis",
        ),
        sa.Column(
            "envsetup",
            sa.String(200),
            comment="Command that sets up the grid environment on the worker node",
        ),
        sa.Column(
            "copyprefix",
            sa.String(500),
            comment="Storage prefix and its replacement, to turn paths into copy addresses",
        ),
        sa.Column("lfcpath", sa.String(80), comment="Catalogue path of analysis files in the LFC"),
        sa.Column("seopt", sa.String(400), comment="Options of the storage element for stage-out"),
        sa.Column(
            "sein", sa.String(400), comment="Storage element for stage-in where it differs from se"
        ),
        sa.Column("seinopt", sa.String(400), comment="Options of the storage element for stage-in"),
        sa.Column("lfchost", sa.String(80), comment="Host of the LCG file catalogue"),
        sa.Column("cloud", sa.String(60), comment="Cloud the queue belongs to, CLOUDCONFIG"),
        sa.Column(
            "siteid",
            sa.String(60),
            comment="PanDA site jobs are brokered to, computingSite of a job; several queues may share it",
        ),
        sa.Column("proxy", sa.String(80), comment="Kind of proxy the pilot is to use"),
        sa.Column(
            "retry",
            sa.String(10),
            comment="Whether the pilot may recover or retry jobs: TRUE or FALSE",
        ),
        sa.Column(
            "queuehours", sa.Integer(), nullable=False, comment="Hours a pilot may stay queued"
        ),
        sa.Column(
            "envsetupin",
            sa.String(200),
            comment="Environment setup for stage-in where it differs from envsetup",
        ),
        sa.Column(
            "copytoolin",
            sa.String(180),
            comment="Tool that copies files in where it differs from copytool",
        ),
        sa.Column("copysetupin", sa.String(200), comment="Setup of the copy tool for stage-in"),
        sa.Column(
            "seprodpath",
            sa.String(400),
            comment="Paths on the storage element for the output of production",
        ),
        sa.Column(
            "lfcprodpath", sa.String(80), comment="Catalogue path of production files in the LFC"
        ),
        sa.Column(
            "copyprefixin",
            sa.String(360),
            comment="Storage prefix and its replacement for stage-in",
        ),
        sa.Column(
            "recoverdir",
            sa.String(80),
            comment="Directory where the pilot leaves output for a later recovery",
        ),
        sa.Column("memory", sa.BigInteger(), nullable=False, comment="Memory a job may use, in MB"),
        sa.Column(
            "maxtime",
            sa.BigInteger(),
            nullable=False,
            comment="Longest walltime of a job, in seconds, 0 for no limit",
        ),
        sa.Column(
            "space",
            sa.BigInteger(),
            nullable=False,
            comment="Free space at the site's storage, in GB",
        ),
        sa.Column(
            "tspace", TIMESTAMP(), nullable=False, comment="Time the free space was last updated"
        ),
        sa.Column(
            "cmtconfig", sa.String(250), comment="Platforms the queue offers, as CMTCONFIG names"
        ),
        sa.Column(
            "setokens", sa.String(80), comment="Space tokens of the site's storage, comma separated"
        ),
        sa.Column(
            "glexec",
            sa.String(10),
            comment="Whether the pilot switches identity with gLExec: True, False or test",
        ),
        sa.Column(
            "priorityoffset",
            sa.String(60),
            comment="Offset added to the priority of jobs at this queue",
        ),
        sa.Column("allowedgroups", sa.String(100), comment="Groups that may use the queue"),
        sa.Column(
            "defaulttoken", sa.String(100), comment="Space token for output without one of its own"
        ),
        sa.Column(
            "pcache", sa.String(100), comment="Options of pcache, the file cache on worker nodes"
        ),
        sa.Column(
            "validatedreleases",
            sa.String(500),
            comment="Releases validated for the queue, or True where all are",
        ),
        sa.Column(
            "accesscontrol",
            sa.String(20),
            comment="Who may use the queue: grouplist limits it to allowed groups",
        ),
        sa.Column(
            "dn",
            sa.String(100),
            comment="Distinguished name of the person who last changed the entry",
        ),
        sa.Column("email", sa.String(60), comment="Address to notify about the queue"),
        sa.Column("allowednode", sa.String(80), comment="Worker nodes that may take jobs"),
        sa.Column("maxinputsize", sa.BigInteger(), comment="Largest total input of a job, in MB"),
        sa.Column(
            "timefloor",
            sa.Integer(),
            comment="Minutes a pilot may go on taking further jobs, 0 for one job only",
        ),
        sa.Column(
            "depthboost",
            sa.BigInteger(),
            comment="Factor by which the factory raises the number of queued pilots",
        ),
        sa.Column(
            "idlepilotsupression",
            sa.BigInteger(),
            comment="While idle, pilots go only in every n-th factory cycle (spelled so)",
        ),
        sa.Column("pilotlimit", sa.BigInteger(), comment="Largest number of pilots at the queue"),
        sa.Column(
            "transferringlimit",
            sa.BigInteger(),
            comment="Largest number of transferring jobs before brokerage avoids the queue",
        ),
        sa.Column("cachedse", sa.SmallInteger(), comment="Flag: 1 if the storage works as a cache"),
        sa.Column(
            "corecount", sa.SmallInteger(), comment="Cores per job, NULL or 1 single core, 0 any"
        ),
        sa.Column("countrygroup", sa.String(64), comment="Country groups favoured at the queue"),
        sa.Column("availablecpu", sa.String(64), comment="CPU capacity available at the site"),
        sa.Column(
            "availablestorage", sa.String(64), comment="Storage capacity available at the site"
        ),
        sa.Column("pledgedcpu", sa.String(64), comment="CPU capacity the site pledged"),
        sa.Column("pledgedstorage", sa.String(64), comment="Storage capacity the site pledged"),
        sa.Column(
            "statusoverride",
            sa.String(256),
            comment="Where the status may be overruled from, or by what",
        ),
        sa.Column(
            "allowdirectaccess",
            sa.String(10),
            comment="Whether jobs may read input straight from storage: True or False",
        ),
        sa.Column(
            "gocname",
            sa.String(64),
            comment="Name of the site in the grid operations database, GOCDB or OIM",
        ),
        sa.Column("tier", sa.String(15), comment="Tier of the site in WLCG, such as T1, T2D or T3"),
        sa.Column(
            "multicloud", sa.String(64), comment="Further clouds the queue serves, comma separated"
        ),
        sa.Column(
            "lfcregister",
            sa.String(10),
            comment="Who registers output in the catalogue, such as server",
        ),
        sa.Column("stageinretry", sa.BigInteger(), comment="Attempts of the pilot to stage in"),
        sa.Column("stageoutretry", sa.BigInteger(), comment="Attempts of the pilot to stage out"),
        sa.Column(
            "fairsharepolicy",
            sa.String(512),
            comment="Shares of the queue between kinds of work, as key:percent pairs",
        ),
        sa.Column(
            "allowfax",
            sa.String(64),
            comment="Whether the pilot may fall back to FAX, federated xrootd: True or False",
        ),
        sa.Column("faxredirector", sa.String(256), comment="Address of the FAX redirector"),
        sa.Column(
            "maxwdir", sa.BigInteger(), comment="Largest size of the work directory of a job, in MB"
        ),
        sa.Column("celist", sa.String(4000), comment="Computing elements of the queue"),
        sa.Column(
            "minmemory",
            sa.BigInteger(),
            comment="Smallest memory request of a job taken here, in MB",
        ),
        sa.Column(
            "maxmemory",
            sa.BigInteger(),
            comment="Largest memory request of a job taken here, in MB",
        ),
        sa.Column(
            "mintime",
            sa.BigInteger(),
            comment="Shortest expected walltime of a job taken here, in seconds",
        ),
        sa.Column(
            "allowjem",
            sa.String(64),
            comment="Whether the job execution monitor JEM may run: True or False",
        ),
        sa.Column(
            "catchall",
            sa.String(512),
            comment="Switches without a column of their own, comma separated",
        ),
        sa.Column("faxdoor", sa.String(128), comment="Address of the site's own FAX door"),
        sa.Column(
            "wansourcelimit",
            sa.Integer(),
            comment="Limit on remote reading from this site, unit not known",
        ),
        sa.Column(
            "wansinklimit",
            sa.Integer(),
            comment="Limit on remote reading by jobs at this site, unit not known",
        ),
        sa.Column(
            "auto_mcu",
            sa.SmallInteger(),
            nullable=False,
            comment="Flag: 1 if multicloud_append may be updated automatically",
        ),
        sa.Column(
            "objectstore", sa.String(512), comment="Addresses of the object store, per purpose"
        ),
        sa.Column(
            "allowhttp",
            sa.String(64),
            comment="Whether the pilot may read over HTTP: True or False",
        ),
        sa.Column("httpredirector", sa.String(256), comment="Address of the HTTP redirector"),
        sa.Column(
            "multicloud_append", sa.String(64), comment="Clouds added automatically to multicloud"
        ),
        sa.Column("corepower", sa.Numeric(), comment="Benchmark power of one core, in HS06"),
        sa.Column(
            "wnconnectivity",
            sa.String(256),
            comment="Outbound network of the worker nodes: full, http or none, with IP versions",
        ),
        sa.Column(
            "cloudrshare",
            sa.String(256),
            comment="Shares of the queue that clouds get, format not known",
        ),
        sa.Column(
            "sitershare",
            sa.String(256),
            comment="Shares of the queue that sites get, format not known",
        ),
        sa.Column(
            "autosetup_post",
            sa.String(512),
            comment="Options for the site setup after the standard one",
        ),
        sa.Column(
            "autosetup_pre",
            sa.String(512),
            comment="Options for the site setup before the standard one",
        ),
        sa.Column(
            "direct_access_lan",
            sa.String(32),
            comment="Whether jobs may read input over the local network: True or False",
        ),
        sa.Column(
            "direct_access_wan",
            sa.String(32),
            comment="Whether jobs may read input over the wide area network: True or False",
        ),
        sa.Column("maxrss", sa.Integer(), comment="Upper limit of resident memory, in MB"),
        sa.Column("minrss", sa.Integer(), comment="Lower limit of resident memory, in MB"),
        sa.Column(
            "use_newmover",
            sa.String(32),
            comment="Whether the pilot uses its newer file movers: True or False",
        ),
        sa.Column("pilotversion", sa.String(32), comment="Version of the pilot to run here"),
        sa.Column(
            "objectstores", sa.String(4000), comment="Object stores and their settings, as JSON"
        ),
        sa.Column(
            "container_options", sa.String(1024), comment="Options handed to the container runtime"
        ),
        sa.Column(
            "container_type",
            sa.String(256),
            comment="Container runtime and who starts it, such as singularity:pilot",
        ),
        sa.Column(
            "jobseed",
            sa.String(16),
            comment="Which job shapes to pull, such as std, es, eshigh or all",
        ),
        sa.Column(
            "pilot_manager",
            sa.String(16),
            comment="Service that submits the pilots, such as Harvester or an APF",
        ),
        sa.Column(
            "capability",
            sa.String(16),
            comment="Core capability: score, mcore or ucore (unified, any shape)",
        ),
        sa.Column(
            "resource_type",
            sa.String(16),
            comment="Kind of resource: GRID, cloud, hpc and the like",
        ),
        sa.Column("workflow", sa.String(16), comment="How pilots get jobs, such as pull or push"),
        sa.Column(
            "maxdiskio",
            sa.BigInteger(),
            comment="Largest total disk IO of running jobs per core, in kB/s",
        ),
        sa.PrimaryKeyConstraint("nickname", name="primary_schedcfg"),
        schema=META,
        comment="Configuration of a PanDA queue, one column per setting, before SCHEDCONFIG_JSON.",
    )
    op.create_table(
        "sitedata",
        sa.Column(
            "site", sa.String(60), nullable=False, comment="PanDA site, computingSite of a job"
        ),
        sa.Column(
            "flag",
            sa.String(30),
            nullable=False,
            comment="Whose counts: production or analysis for the average over servers, snapshot, max, test, or a server host",
        ),
        sa.Column(
            "hours",
            sa.Integer(),
            nullable=False,
            server_default="0",
            autoincrement=False,
            comment="Counted period, in hours; with flag snapshot 1000 + minute of the day",
        ),
        sa.Column("nwn", sa.Integer(), comment="Number of worker nodes seen"),
        sa.Column(
            "memmin", sa.Integer(), comment="Smallest memory of a worker node, unit not known"
        ),
        sa.Column(
            "memmax", sa.Integer(), comment="Largest memory of a worker node, unit not known"
        ),
        sa.Column("si2000min", sa.Integer(), comment="Slowest CPU seen, in SpecInt2000"),
        sa.Column("si2000max", sa.Integer(), comment="Fastest CPU seen, in SpecInt2000"),
        sa.Column("os", sa.String(30), comment="Operating system of the worker nodes"),
        sa.Column("space", sa.String(30), comment="Free storage space at the site"),
        sa.Column("minjobs", sa.Integer(), comment="Smallest number of jobs"),
        sa.Column("maxjobs", sa.Integer(), comment="Largest number of jobs"),
        sa.Column("laststart", TIMESTAMP(), comment="Time a job last started running at the site"),
        sa.Column("lastend", TIMESTAMP(), comment="Time a job last ended at the site"),
        sa.Column("lastfail", TIMESTAMP(), comment="Time a job last failed at the site"),
        sa.Column("lastpilot", TIMESTAMP(), comment="Time a pilot last contacted the server"),
        sa.Column("lastpid", sa.Integer(), comment="Last job seen at the site, PandaID"),
        sa.Column(
            "nstart",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of job starts in the period",
        ),
        sa.Column(
            "finished",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs finished in the period",
        ),
        sa.Column(
            "failed",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs failed in the period",
        ),
        sa.Column(
            "defined",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state defined",
        ),
        sa.Column(
            "assigned",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state assigned",
        ),
        sa.Column(
            "waiting",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state waiting",
        ),
        sa.Column(
            "activated",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state activated",
        ),
        sa.Column(
            "holding",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state holding",
        ),
        sa.Column(
            "running",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state running",
        ),
        sa.Column(
            "transferring",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of jobs in state transferring",
        ),
        sa.Column(
            "getjob",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of slots or nodes that asked for a job",
        ),
        sa.Column(
            "updatejob",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Number of slots or nodes that reported on a job",
        ),
        sa.Column(
            "lastmod",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time the row was last updated; the server deletes rows after 48 h",
        ),
        sa.Column("ncpu", sa.Integer(), comment="Number of CPUs at the site"),
        sa.Column("nslot", sa.Integer(), comment="Number of job slots at the site"),
        sa.Column(
            "nojob", sa.Integer(), comment="Number of slots or nodes that asked and got no job"
        ),
        sa.Column(
            "getjobabs", sa.BigInteger(), comment="Number of job requests, all pilots counted"
        ),
        sa.Column(
            "updatejobabs", sa.BigInteger(), comment="Number of job updates, all pilots counted"
        ),
        sa.Column(
            "nojobabs",
            sa.BigInteger(),
            comment="Number of job requests that got none, all pilots counted",
        ),
        sa.PrimaryKeyConstraint("site", "flag", "hours", name="sitedata_pkey"),
        schema=META,
        comment="Activity and job counts of a site over a recent period.",
    )
    op.create_table(
        "usercacheusage",
        sa.Column("username", sa.String(128), nullable=False, comment="User who uploaded the file"),
        sa.Column(
            "filename", sa.String(256), nullable=False, comment="Name of the file in the cache"
        ),
        sa.Column("hostname", sa.String(64), nullable=False, comment="Server that holds the file"),
        sa.Column(
            "creationtime",
            TIMESTAMP(),
            nullable=False,
            comment="Time of the upload, key of the monthly partitions kept for 3 months",
        ),
        sa.Column(
            "modificationtime", TIMESTAMP(), comment="Time the file was last used or changed"
        ),
        sa.Column("filesize", sa.BigInteger(), comment="Size of the file, in bytes"),
        sa.Column(
            "checksum",
            sa.String(36),
            comment="Checksum of the content, to recognise a repeated upload",
        ),
        sa.Column("aliasname", sa.String(256), comment="Other name of the file"),
        sa.PrimaryKeyConstraint("filename", "hostname", "creationtime", name="usercacheusage_pkey"),
        schema=META,
        comment="Sandbox file that a user uploaded to a server's cache.",
        postgresql_partition_by="RANGE (creationtime)",
    )
    op.create_index(
        "usercacheusage_usr_crdate_indx",
        "usercacheusage",
        ["username", "creationtime"],
        schema=META,
    )
    op.create_partition("doma_pandameta.usercacheusage")
    op.create_table(
        "users",
        sa.Column(
            "id",
            sa.Integer(),
            nullable=False,
            autoincrement=False,
            comment="Number of the user, from users_id_seq",
        ),
        sa.Column(
            "name",
            sa.String(60),
            nullable=False,
            comment="Name of the user, as in the jobs' prodUserName",
        ),
        sa.Column(
            "dn",
            sa.String(150),
            comment="Distinguished name of the certificate or identity of the token",
        ),
        sa.Column(
            "email",
            sa.String(60),
            comment="Mail address for notifications; notsend switches them off",
        ),
        sa.Column("url", sa.String(100), comment="Home page of the user"),
        sa.Column("location", sa.String(60), comment="Where the user or the institute is"),
        sa.Column("classa", sa.String(30), comment="Class of the user for analysis"),
        sa.Column("classp", sa.String(30), comment="Class of the user for production"),
        sa.Column("classxp", sa.String(30), comment="Class of the user for express work"),
        sa.Column("sitepref", sa.String(60), comment="Site the user prefers"),
        sa.Column("gridpref", sa.String(20), comment="Privileges as single letters"),
        sa.Column("queuepref", sa.String(60), comment="Queue the user prefers"),
        sa.Column("scriptcache", sa.String(100), comment="Where scripts of the user are cached"),
        sa.Column("types", sa.String(60), comment="Job types the user ran"),
        sa.Column("sites", sa.String(250), comment="Sites the user ran at"),
        sa.Column("njobsa", sa.BigInteger(), comment="Number of analysis jobs"),
        sa.Column("njobsp", sa.BigInteger(), comment="Number of production jobs"),
        sa.Column("njobs1", sa.BigInteger(), comment="Number of jobs in the last day"),
        sa.Column("njobs7", sa.BigInteger(), comment="Number of jobs in the last 7 days"),
        sa.Column("njobs30", sa.BigInteger(), comment="Number of jobs in the last 30 days"),
        sa.Column(
            "cpua1", sa.BigInteger(), comment="CPU time of analysis in the last day, in seconds"
        ),
        sa.Column(
            "cpua7", sa.BigInteger(), comment="CPU time of analysis in the last 7 days, in seconds"
        ),
        sa.Column(
            "cpua30",
            sa.BigInteger(),
            comment="CPU time of analysis in the last 30 days, in seconds",
        ),
        sa.Column(
            "cpup1", sa.BigInteger(), comment="CPU time of production in the last day, in seconds"
        ),
        sa.Column(
            "cpup7",
            sa.BigInteger(),
            comment="CPU time of production in the last 7 days, in seconds",
        ),
        sa.Column(
            "cpup30",
            sa.BigInteger(),
            comment="CPU time of production in the last 30 days, in seconds",
        ),
        sa.Column(
            "cpuxp1",
            sa.BigInteger(),
            comment="CPU time of express work in the last day, in seconds",
        ),
        sa.Column(
            "cpuxp7",
            sa.BigInteger(),
            comment="CPU time of express work in the last 7 days, in seconds",
        ),
        sa.Column(
            "cpuxp30",
            sa.BigInteger(),
            comment="CPU time of express work in the last 30 days, in seconds",
        ),
        sa.Column(
            "quotaa1", sa.BigInteger(), comment="CPU quota for analysis over 1 day, in hours"
        ),
        sa.Column(
            "quotaa7", sa.BigInteger(), comment="CPU quota for analysis over 7 days, in hours"
        ),
        sa.Column(
            "quotaa30", sa.BigInteger(), comment="CPU quota for analysis over 30 days, in hours"
        ),
        sa.Column(
            "quotap1", sa.BigInteger(), comment="CPU quota for production over 1 day, in hours"
        ),
        sa.Column(
            "quotap7", sa.BigInteger(), comment="CPU quota for production over 7 days, in hours"
        ),
        sa.Column(
            "quotap30", sa.BigInteger(), comment="CPU quota for production over 30 days, in hours"
        ),
        sa.Column(
            "quotaxp1", sa.BigInteger(), comment="CPU quota for express work over 1 day, in hours"
        ),
        sa.Column(
            "quotaxp7", sa.BigInteger(), comment="CPU quota for express work over 7 days, in hours"
        ),
        sa.Column(
            "quotaxp30",
            sa.BigInteger(),
            comment="CPU quota for express work over 30 days, in hours",
        ),
        sa.Column(
            "space1", sa.BigInteger(), comment="Storage space used in the last day, unit not known"
        ),
        sa.Column(
            "space7",
            sa.BigInteger(),
            comment="Storage space used in the last 7 days, unit not known",
        ),
        sa.Column(
            "space30",
            sa.BigInteger(),
            comment="Storage space used in the last 30 days, unit not known",
        ),
        sa.Column(
            "lastmod",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time the row was last changed",
        ),
        sa.Column(
            "firstjob",
            TIMESTAMP(),
            nullable=False,
            server_default=EPOCH,
            comment="Time of the first job, 1970-01-01 if none yet",
        ),
        sa.Column(
            "latestjob",
            TIMESTAMP(),
            nullable=False,
            server_default=EPOCH,
            comment="Time of the latest job, 1970-01-01 if none yet",
        ),
        sa.Column("pagecache", sa.Text(), comment="Cached page of the user in the old monitor"),
        sa.Column(
            "cachetime",
            TIMESTAMP(),
            nullable=False,
            server_default=EPOCH,
            comment="Time the page was cached, 1970-01-01 if never",
        ),
        sa.Column(
            "ncurrent",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Number of jobs the user has in the system now",
        ),
        sa.Column(
            "jobid",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Last JobID given to the user, the jobDefinitionID of the jobs",
        ),
        sa.Column(
            "status", sa.String(20), comment="State of the user; disabled bars from submitting"
        ),
        sa.Column("vo", sa.String(20), comment="Virtual organisation of the user"),
        sa.PrimaryKeyConstraint("id", name="users_pkey"),
        schema=META,
        comment="User of PanDA, with usage, quotas and privileges.",
    )
    op.create_index("users_name_idx", "users", ["name", "vo"], schema=META)
    op.withhold("doma_pandameta.proxykey")


def downgrade() -> None:
    op.drop_table("users", schema=META)
    op.drop_table("usercacheusage", schema=META)
    op.drop_table("sitedata", schema=META)
    op.drop_table("schedconfig", schema=META)
    op.drop_table("proxykey", schema=META)
    op.drop_table("installedsw", schema=META)
    op.drop_table("cloudconfig", schema=META)
    op.drop_table("auth_user_user_permissions", schema=META)
    op.drop_table("auth_user_groups", schema=META)
    op.drop_table("auth_group_permissions", schema=META)
    op.drop_table("auth_group", schema=META)
    op.drop_table("agis_dump", schema=META)
    op.execute(DropSequence(sa.Sequence("proxykey_id_seq", schema=META)))
    op.execute(DropSequence(sa.Sequence("users_id_seq", schema=META)))
