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
    """TODO doma_pandameta.schedconfig."""

    __tablename__ = "schedconfig"
    __table_args__ = (
        PrimaryKeyConstraint("nickname", name="primary_schedcfg"),
        {"schema": META},
    )

    name: Mapped[str] = mapped_column(String(60))
    nickname: Mapped[str] = mapped_column(String(60))
    queue: Mapped[str | None] = mapped_column(String(60))
    localqueue: Mapped[str | None] = mapped_column(String(50))
    system: Mapped[str] = mapped_column(String(60))
    sysconfig: Mapped[str | None] = mapped_column(String(20))
    environ: Mapped[str | None] = mapped_column(String(250))
    gatekeeper: Mapped[str | None] = mapped_column(String(120))
    jobmanager: Mapped[str | None] = mapped_column(String(80))
    se: Mapped[str | None] = mapped_column(String(400))
    ddm: Mapped[str | None] = mapped_column(String(120))
    jdladd: Mapped[str | None] = mapped_column(String(500))
    globusadd: Mapped[str | None] = mapped_column(String(100))
    jdl: Mapped[str | None] = mapped_column(String(60))
    jdltxt: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[str | None] = mapped_column(String(60))
    site: Mapped[str] = mapped_column(String(60))
    region: Mapped[str | None] = mapped_column(String(60))
    gstat: Mapped[str | None] = mapped_column(String(60))
    tags: Mapped[str | None] = mapped_column(String(200))
    cmd: Mapped[str | None] = mapped_column(String(200))
    lastmod: Mapped[datetime]
    errinfo: Mapped[str | None] = mapped_column(String(80))
    nqueue: Mapped[BigInt]
    comment_: Mapped[str | None] = mapped_column(String(500))
    appdir: Mapped[str | None] = mapped_column(String(500))
    datadir: Mapped[str | None] = mapped_column(String(80))
    tmpdir: Mapped[str | None] = mapped_column(String(80))
    wntmpdir: Mapped[str | None] = mapped_column(String(80))
    dq2url: Mapped[str | None] = mapped_column(String(80))
    special_par: Mapped[str | None] = mapped_column(String(80))
    python_path: Mapped[str | None] = mapped_column(String(80))
    nodes: Mapped[BigInt]
    status: Mapped[str | None] = mapped_column(String(10))
    copytool: Mapped[str | None] = mapped_column(String(80))
    copysetup: Mapped[str | None] = mapped_column(String(200))
    releases: Mapped[str | None] = mapped_column(String(500))
    sepath: Mapped[str | None] = mapped_column(String(400))
    envsetup: Mapped[str | None] = mapped_column(String(200))
    copyprefix: Mapped[str | None] = mapped_column(String(500))
    lfcpath: Mapped[str | None] = mapped_column(String(80))
    seopt: Mapped[str | None] = mapped_column(String(400))
    sein: Mapped[str | None] = mapped_column(String(400))
    seinopt: Mapped[str | None] = mapped_column(String(400))
    lfchost: Mapped[str | None] = mapped_column(String(80))
    cloud: Mapped[str | None] = mapped_column(String(60))
    siteid: Mapped[str | None] = mapped_column(String(60))
    proxy: Mapped[str | None] = mapped_column(String(80))
    retry: Mapped[str | None] = mapped_column(String(10))
    queuehours: Mapped[int]
    envsetupin: Mapped[str | None] = mapped_column(String(200))
    copytoolin: Mapped[str | None] = mapped_column(String(180))
    copysetupin: Mapped[str | None] = mapped_column(String(200))
    seprodpath: Mapped[str | None] = mapped_column(String(400))
    lfcprodpath: Mapped[str | None] = mapped_column(String(80))
    copyprefixin: Mapped[str | None] = mapped_column(String(360))
    recoverdir: Mapped[str | None] = mapped_column(String(80))
    memory: Mapped[BigInt]
    maxtime: Mapped[BigInt]
    space: Mapped[BigInt]
    tspace: Mapped[datetime]
    cmtconfig: Mapped[str | None] = mapped_column(String(250))
    setokens: Mapped[str | None] = mapped_column(String(80))
    glexec: Mapped[str | None] = mapped_column(String(10))
    priorityoffset: Mapped[str | None] = mapped_column(String(60))
    allowedgroups: Mapped[str | None] = mapped_column(String(100))
    defaulttoken: Mapped[str | None] = mapped_column(String(100))
    pcache: Mapped[str | None] = mapped_column(String(100))
    validatedreleases: Mapped[str | None] = mapped_column(String(500))
    accesscontrol: Mapped[str | None] = mapped_column(String(20))
    dn: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(60))
    allowednode: Mapped[str | None] = mapped_column(String(80))
    maxinputsize: Mapped[BigInt | None]
    timefloor: Mapped[int | None]
    depthboost: Mapped[BigInt | None]
    idlepilotsupression: Mapped[BigInt | None]
    pilotlimit: Mapped[BigInt | None]
    transferringlimit: Mapped[BigInt | None]
    cachedse: Mapped[SmallInt | None]
    corecount: Mapped[SmallInt | None]
    countrygroup: Mapped[str | None] = mapped_column(String(64))
    availablecpu: Mapped[str | None] = mapped_column(String(64))
    availablestorage: Mapped[str | None] = mapped_column(String(64))
    pledgedcpu: Mapped[str | None] = mapped_column(String(64))
    pledgedstorage: Mapped[str | None] = mapped_column(String(64))
    statusoverride: Mapped[str | None] = mapped_column(String(256))
    allowdirectaccess: Mapped[str | None] = mapped_column(String(10))
    gocname: Mapped[str | None] = mapped_column(String(64))
    tier: Mapped[str | None] = mapped_column(String(15))
    multicloud: Mapped[str | None] = mapped_column(String(64))
    lfcregister: Mapped[str | None] = mapped_column(String(10))
    stageinretry: Mapped[BigInt | None]
    stageoutretry: Mapped[BigInt | None]
    fairsharepolicy: Mapped[str | None] = mapped_column(String(512))
    allowfax: Mapped[str | None] = mapped_column(String(64))
    faxredirector: Mapped[str | None] = mapped_column(String(256))
    maxwdir: Mapped[BigInt | None]
    celist: Mapped[str | None] = mapped_column(String(4000))
    minmemory: Mapped[BigInt | None]
    maxmemory: Mapped[BigInt | None]
    mintime: Mapped[BigInt | None]
    allowjem: Mapped[str | None] = mapped_column(String(64))
    catchall: Mapped[str | None] = mapped_column(String(512))
    faxdoor: Mapped[str | None] = mapped_column(String(128))
    wansourcelimit: Mapped[int | None]
    wansinklimit: Mapped[int | None]
    auto_mcu: Mapped[SmallInt]
    objectstore: Mapped[str | None] = mapped_column(String(512))
    allowhttp: Mapped[str | None] = mapped_column(String(64))
    httpredirector: Mapped[str | None] = mapped_column(String(256))
    multicloud_append: Mapped[str | None] = mapped_column(String(64))
    corepower: Mapped[Decimal | None] = mapped_column(Numeric)
    wnconnectivity: Mapped[str | None] = mapped_column(String(256))
    cloudrshare: Mapped[str | None] = mapped_column(String(256))
    sitershare: Mapped[str | None] = mapped_column(String(256))
    autosetup_post: Mapped[str | None] = mapped_column(String(512))
    autosetup_pre: Mapped[str | None] = mapped_column(String(512))
    direct_access_lan: Mapped[str | None] = mapped_column(String(32))
    direct_access_wan: Mapped[str | None] = mapped_column(String(32))
    maxrss: Mapped[int | None]
    minrss: Mapped[int | None]
    use_newmover: Mapped[str | None] = mapped_column(String(32))
    pilotversion: Mapped[str | None] = mapped_column(String(32))
    objectstores: Mapped[str | None] = mapped_column(String(4000))
    container_options: Mapped[str | None] = mapped_column(String(1024))
    container_type: Mapped[str | None] = mapped_column(String(256))
    jobseed: Mapped[str | None] = mapped_column(String(16))
    pilot_manager: Mapped[str | None] = mapped_column(String(16))
    capability: Mapped[str | None] = mapped_column(String(16))
    resource_type: Mapped[str | None] = mapped_column(String(16))
    workflow: Mapped[str | None] = mapped_column(String(16))
    maxdiskio: Mapped[BigInt | None]


class CloudConfig(Base):
    """TODO doma_pandameta.cloudconfig."""

    __tablename__ = "cloudconfig"
    __table_args__ = (
        PrimaryKeyConstraint("name", name="primary_cloudcfg"),
        {"schema": META},
    )

    name: Mapped[str] = mapped_column(String(20))
    description: Mapped[str] = mapped_column(String(50))
    tier1: Mapped[str] = mapped_column(String(20))
    tier1se: Mapped[str] = mapped_column(String(400))
    relocation: Mapped[str | None] = mapped_column(String(10))
    weight: Mapped[BigInt]
    server: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(20))
    transtimelo: Mapped[BigInt]
    transtimehi: Mapped[BigInt]
    waittime: Mapped[BigInt]
    comment_: Mapped[str | None] = mapped_column(String(200))
    space: Mapped[BigInt]
    moduser: Mapped[str | None] = mapped_column(String(30))
    modtime: Mapped[datetime]
    validation: Mapped[str | None] = mapped_column(String(20))
    mcshare: Mapped[BigInt]
    countries: Mapped[str | None] = mapped_column(String(80))
    fasttrack: Mapped[str | None] = mapped_column(String(20))
    nprestage: Mapped[Decimal] = mapped_column(Numeric)
    pilotowners: Mapped[str | None] = mapped_column(String(300))
    dn: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(60))
    fairshare: Mapped[str | None] = mapped_column(String(256))
    auto_mcu: Mapped[SmallInt]


class InstalledSW(Base):
    """TODO doma_pandameta.installedsw."""

    __tablename__ = "installedsw"
    __table_args__ = (
        UniqueConstraint(
            "siteid", "release", "cache", "cmtconfig", name="installedsw_siterelcachecmt_uk"
        ),
        Index("installedsw_relid_site_indx", "release", "siteid"),
        {"schema": META},
    )
    __mapper_args__ = {"primary_key": ["siteid", "release", "cache", "cmtconfig"]}

    siteid: Mapped[str | None] = mapped_column(String(60))
    cloud: Mapped[str | None] = mapped_column(String(10))
    release: Mapped[str | None] = mapped_column(String(10))
    cache: Mapped[str | None] = mapped_column(String(40))
    validation: Mapped[str | None] = mapped_column(String(10))
    cmtconfig: Mapped[str | None] = mapped_column(String(40))


class SiteData(Base):
    """TODO doma_pandameta.sitedata."""

    __tablename__ = "sitedata"
    __table_args__ = {"schema": META}

    site: Mapped[str] = mapped_column(String(60), primary_key=True)
    flag: Mapped[str] = mapped_column(String(30), primary_key=True)
    hours: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    nwn: Mapped[int | None]
    memmin: Mapped[int | None]
    memmax: Mapped[int | None]
    si2000min: Mapped[int | None]
    si2000max: Mapped[int | None]
    os: Mapped[str | None] = mapped_column(String(30))
    space: Mapped[str | None] = mapped_column(String(30))
    minjobs: Mapped[int | None]
    maxjobs: Mapped[int | None]
    laststart: Mapped[datetime | None]
    lastend: Mapped[datetime | None]
    lastfail: Mapped[datetime | None]
    lastpilot: Mapped[datetime | None]
    lastpid: Mapped[int | None]
    nstart: Mapped[int] = mapped_column(server_default="0")
    finished: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    defined: Mapped[int] = mapped_column(server_default="0")
    assigned: Mapped[int] = mapped_column(server_default="0")
    waiting: Mapped[int] = mapped_column(server_default="0")
    activated: Mapped[int] = mapped_column(server_default="0")
    holding: Mapped[int] = mapped_column(server_default="0")
    running: Mapped[int] = mapped_column(server_default="0")
    transferring: Mapped[int] = mapped_column(server_default="0")
    getjob: Mapped[int] = mapped_column(server_default="0")
    updatejob: Mapped[int] = mapped_column(server_default="0")
    lastmod: Mapped[datetime] = mapped_column(server_default=UTC_NOW)
    ncpu: Mapped[int | None]
    nslot: Mapped[int | None]
    nojob: Mapped[int | None]
    getjobabs: Mapped[BigInt | None]
    updatejobabs: Mapped[BigInt | None]
    nojobabs: Mapped[BigInt | None]


class Users(Base):
    """TODO doma_pandameta.users."""

    __tablename__ = "users"
    __table_args__ = (
        Index("users_name_idx", "name", "vo"),
        {"schema": META},
    )

    id: Mapped[int] = mapped_column(USERS_SEQ, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    dn: Mapped[str | None] = mapped_column(String(150))
    email: Mapped[str | None] = mapped_column(String(60))
    url: Mapped[str | None] = mapped_column(String(100))
    location: Mapped[str | None] = mapped_column(String(60))
    classa: Mapped[str | None] = mapped_column(String(30))
    classp: Mapped[str | None] = mapped_column(String(30))
    classxp: Mapped[str | None] = mapped_column(String(30))
    sitepref: Mapped[str | None] = mapped_column(String(60))
    gridpref: Mapped[str | None] = mapped_column(String(20))
    queuepref: Mapped[str | None] = mapped_column(String(60))
    scriptcache: Mapped[str | None] = mapped_column(String(100))
    types: Mapped[str | None] = mapped_column(String(60))
    sites: Mapped[str | None] = mapped_column(String(250))
    njobsa: Mapped[BigInt | None]
    njobsp: Mapped[BigInt | None]
    njobs1: Mapped[BigInt | None]
    njobs7: Mapped[BigInt | None]
    njobs30: Mapped[BigInt | None]
    cpua1: Mapped[BigInt | None]
    cpua7: Mapped[BigInt | None]
    cpua30: Mapped[BigInt | None]
    cpup1: Mapped[BigInt | None]
    cpup7: Mapped[BigInt | None]
    cpup30: Mapped[BigInt | None]
    cpuxp1: Mapped[BigInt | None]
    cpuxp7: Mapped[BigInt | None]
    cpuxp30: Mapped[BigInt | None]
    quotaa1: Mapped[BigInt | None]
    quotaa7: Mapped[BigInt | None]
    quotaa30: Mapped[BigInt | None]
    quotap1: Mapped[BigInt | None]
    quotap7: Mapped[BigInt | None]
    quotap30: Mapped[BigInt | None]
    quotaxp1: Mapped[BigInt | None]
    quotaxp7: Mapped[BigInt | None]
    quotaxp30: Mapped[BigInt | None]
    space1: Mapped[BigInt | None]
    space7: Mapped[BigInt | None]
    space30: Mapped[BigInt | None]
    lastmod: Mapped[datetime] = mapped_column(server_default=UTC_NOW)
    firstjob: Mapped[datetime] = mapped_column(server_default=EPOCH)
    latestjob: Mapped[datetime] = mapped_column(server_default=EPOCH)
    pagecache: Mapped[str | None] = mapped_column(Text)
    cachetime: Mapped[datetime] = mapped_column(server_default=EPOCH)
    ncurrent: Mapped[BigInt] = mapped_column(server_default="0")
    jobid: Mapped[BigInt] = mapped_column(server_default="0")
    status: Mapped[str | None] = mapped_column(String(20))
    vo: Mapped[str | None] = mapped_column(String(20))


class UserCacheUsage(Base):
    """TODO doma_pandameta.usercacheusage."""

    __tablename__ = "usercacheusage"
    __table_args__ = (
        Index("usercacheusage_usr_crdate_indx", "username", "creationtime"),
        {"schema": META, "postgresql_partition_by": "RANGE (creationtime)"},
    )

    username: Mapped[str] = mapped_column(String(128))
    filename: Mapped[str] = mapped_column(String(256), primary_key=True)
    hostname: Mapped[str] = mapped_column(String(64), primary_key=True)
    creationtime: Mapped[datetime] = mapped_column(primary_key=True)
    modificationtime: Mapped[datetime | None]
    filesize: Mapped[BigInt | None]
    checksum: Mapped[str | None] = mapped_column(String(36))
    aliasname: Mapped[str | None] = mapped_column(String(256))


class ProxyKey(Base):
    """TODO doma_pandameta.proxykey."""

    __tablename__ = "proxykey"
    __table_args__ = {"schema": META}

    id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    dn: Mapped[str] = mapped_column(String(100))
    credname: Mapped[str] = mapped_column(String(40))
    created: Mapped[datetime] = mapped_column(server_default=UTC_NOW)
    expires: Mapped[datetime] = mapped_column(server_default=EPOCH)
    origin: Mapped[str] = mapped_column(String(80))
    myproxy: Mapped[str] = mapped_column(String(80))


class AGISDump(Base):
    """TODO doma_pandameta.agis_dump."""

    __tablename__ = "agis_dump"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["panda_site", "update_time"]}

    panda_site: Mapped[str | None] = mapped_column(String(52))
    update_time: Mapped[datetime | None]
    json_data: Mapped[str | None] = mapped_column(Text)


class MetaAuthGroup(Base):
    """TODO doma_pandameta.auth_group."""

    __tablename__ = "auth_group"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None]
    name: Mapped[str | None] = mapped_column(String(80))


class MetaAuthGroupPermissions(Base):
    """TODO doma_pandameta.auth_group_permissions."""

    __tablename__ = "auth_group_permissions"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None]
    group_id: Mapped[BigInt | None]
    permission_id: Mapped[BigInt | None]


class MetaAuthUserGroups(Base):
    """TODO doma_pandameta.auth_user_groups."""

    __tablename__ = "auth_user_groups"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None]
    user_id: Mapped[BigInt | None]
    group_id: Mapped[BigInt | None]


class MetaAuthUserUserPermissions(Base):
    """TODO doma_pandameta.auth_user_user_permissions."""

    __tablename__ = "auth_user_user_permissions"
    __table_args__ = {"schema": META}
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None]
    user_id: Mapped[BigInt | None]
    permission_id: Mapped[BigInt | None]
