"""The archive: ended jobs with their satellites; the ledger and the proofs of archiving."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CHAR, CheckConstraint, Identity, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import ARCHIVE, PANDADB, Base, related
from pandadb.models.jobs.columns import JobColumns
from pandadb.models.jobs.links import JobLinks
from pandadb.models.jobs.satellites import FileColumns, JobParamsColumns, MetaDataColumns
from pandadb.models.types import UTC_NOW, BigInt, SmallInt


class JobsArchived(JobColumns, JobLinks, Base):
    """Archive of final jobs, copied from JOBSARCHIVED4."""

    __tablename__ = "jobsarchived"
    __table_args__ = (
        Index("job_prodlabel_status_idx", "prodsourcelabel", "jobstatus"),
        Index("jobs_batchid_idx", "batchid"),
        Index(
            "jobs_comsite_3attr_pandaid_idx",
            "computingsite",
            "jobstatus",
            "prodsourcelabel",
            "processingtype",
            "pandaid",
        ),
        Index("jobs_exeerrorcode_idx", "exeerrorcode"),
        Index("jobs_jeditaskid_pandaid_idx", "jeditaskid", "pandaid"),
        Index("jobs_jobdefid_produsername_idx", "jobdefinitionid", "produsername"),
        Index("jobs_jobname_idx", "jobname"),
        Index("jobs_jobsetid_produsername_idx", "jobsetid", "produsername"),
        Index("jobs_pandaid_idx", "pandaid"),
        Index(
            "jobs_produsername_4attr_idx",
            "produsername",
            "jobstatus",
            "prodsourcelabel",
            "jobsetid",
            "jobdefinitionid",
        ),
        Index("jobs_specialhandling_idx", "specialhandling"),
        Index("jobs_statechangetime_idx", "statechangetime"),
        Index(
            "jobs_taskid_3attr_pandaid_idx",
            "taskid",
            "prodsourcelabel",
            "jobstatus",
            "processingtype",
            "pandaid",
        ),
        Index("jobs_upper_produsername_idx", text("upper(produsername)")),
        Index("jobsarchived_reqid_idx", "reqid"),
        {"schema": ARCHIVE, "postgresql_partition_by": "RANGE (modificationtime)"},
    )

    jobstatus: Mapped[str] = mapped_column(String(15), server_default="unknown")
    creationtime: Mapped[datetime] = mapped_column(server_default=UTC_NOW)
    modificationtime: Mapped[datetime] = mapped_column(primary_key=True, server_default=UTC_NOW)
    statechangetime: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)
    starttime: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)
    endtime: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)
    proddbupdatetime: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)
    prodserieslabel: Mapped[str | None] = mapped_column(String(20))
    prodsourcelabel: Mapped[str | None] = mapped_column(String(20))
    nevents: Mapped[BigInt] = mapped_column(nullable=True)
    cpuconsumptiontime: Mapped[Decimal] = mapped_column(Numeric(20, 0), nullable=True)

    files: Mapped[list[FilesTableArch]] = related(
        "foreign(FilesTableArch.pandaid) == JobsArchived.pandaid", "jobsarchived"
    )
    metadata_rows: Mapped[list[MetaTableArch]] = related(
        "foreign(MetaTableArch.pandaid) == JobsArchived.pandaid", "jobsarchived"
    )
    parameter_rows: Mapped[list[JobParamsTableArch]] = related(
        "foreign(JobParamsTableArch.pandaid) == JobsArchived.pandaid", "jobsarchived"
    )


class FilesTableArch(FileColumns, Base):
    """Archive of the files of jobs, copied from FILESTABLE4."""

    __tablename__ = "filestable_arch"
    __table_args__ = (
        Index("file_arch_task_dset_fileid_idx", "jeditaskid", "datasetid", "fileid", "pandaid"),
        Index("files_arch_lfn_idx", "lfn"),
        Index("files_arch_pandaid_idx", "pandaid"),
        Index("files_arch_rowid_idx", "row_id"),
        {"schema": ARCHIVE, "postgresql_partition_by": "RANGE (modificationtime)"},
    )

    modificationtime: Mapped[datetime] = mapped_column(primary_key=True, server_default=UTC_NOW)
    fsize: Mapped[BigInt] = mapped_column(server_default="0", nullable=True)

    jobsarchived: Mapped[JobsArchived | None] = related(
        "foreign(FilesTableArch.pandaid) == JobsArchived.pandaid", "files"
    )


class MetaTableArch(MetaDataColumns, Base):
    """Archive of job metadata, copied from METATABLE."""

    __tablename__ = "metatable_arch"
    __table_args__ = (
        Index("meta_arch_pandaid_idx", "pandaid"),
        {"schema": ARCHIVE, "postgresql_partition_by": "RANGE (modificationtime)"},
    )

    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, server_default="0")
    modificationtime: Mapped[datetime] = mapped_column(primary_key=True, server_default=UTC_NOW)

    jobsarchived: Mapped[JobsArchived | None] = related(
        "foreign(MetaTableArch.pandaid) == JobsArchived.pandaid", "metadata_rows"
    )


class JobParamsTableArch(JobParamsColumns, Base):
    """Archive of job parameters, copied from JOBPARAMSTABLE."""

    __tablename__ = "jobparamstable_arch"
    __table_args__ = (
        Index("jobparams_arch_pandaid_idx", "pandaid"),
        {"schema": ARCHIVE, "postgresql_partition_by": "RANGE (modificationtime)"},
    )

    modificationtime: Mapped[datetime] = mapped_column(primary_key=True, server_default=UTC_NOW)

    jobsarchived: Mapped[JobsArchived | None] = related(
        "foreign(JobParamsTableArch.pandaid) == JobsArchived.pandaid", "parameter_rows"
    )


class TablePart4Copying(Base):
    """Daily partitions on their way to the archive: copied, verified, dropped."""

    __tablename__ = "tablepart4copying"
    __table_args__ = {"postgresql_partition_by": "LIST (copied_to_arch)"}

    table_name: Mapped[str] = mapped_column(
        String(30),
        primary_key=True,
        comment="JOBSARCHIVED4, FILESTABLE4, JOBPARAMSTABLE or METATABLE",
    )
    partition_name: Mapped[str] = mapped_column(
        String(30),
        primary_key=True,
        comment="Partition, named after the day that is its exclusive upper bound",
    )
    copied_to_arch: Mapped[str] = mapped_column(
        String(10),
        primary_key=True,
        comment="N to be copied, Y copied, MUST NOT never to be copied",
    )
    copying_done_on: Mapped[datetime | None] = mapped_column(
        comment="When the copy ended, NULL before"
    )
    deleted_on: Mapped[datetime | None] = mapped_column(
        comment="When the partition was dropped, NULL while it exists"
    )
    data_verif_passed: Mapped[str | None] = mapped_column(
        CHAR(3), comment="YES or NO, whether the archive holds every key; NULL before the check"
    )
    data_verified_on: Mapped[datetime | None] = mapped_column(comment="When the copy was checked")


class ArchiveProof(Base):
    """Proofs of the archiver: what was in a partition before it went, and after it arrived.

    Rows are only added; the newest one of a partition counts.
    """

    __tablename__ = "archive_proof"
    __table_args__ = (
        CheckConstraint(
            "how IN ('swap', 'copy', 'restore', 'take', 'merge')", name="archive_proof_how_check"
        ),
        Index("archive_proof_partition_idx", "table_name", "partition_name", "id"),
        {"schema": PANDADB},
    )

    id: Mapped[BigInt] = mapped_column(
        Identity(always=True), primary_key=True, comment="Number of the proof, the key"
    )
    table_name: Mapped[str] = mapped_column(
        String(63), comment="Table of doma_panda: jobsarchived4, filestable4, ..."
    )
    partition_name: Mapped[str] = mapped_column(
        String(63), comment="Partition of that table, by its name there"
    )
    lower_bound: Mapped[datetime] = mapped_column(comment="First modificationtime of the partition")
    upper_bound: Mapped[datetime] = mapped_column(
        comment="Where the partition ends, which is no part of it"
    )
    how: Mapped[str] = mapped_column(
        String(10),
        comment="swap: the partition itself moved; copy: its rows, to a partition, a database or a "
        "file; restore: it came back; take: some rows went back; merge: some came",
    )
    source_rows: Mapped[BigInt] = mapped_column(comment="Number of rows before")
    source_sum: Mapped[Decimal] = mapped_column(
        Numeric, comment="Sum of the hashes of all rows before, whatever their order"
    )
    target_rows: Mapped[BigInt | None] = mapped_column(
        comment="Number of rows after, NULL while that is not counted"
    )
    target_sum: Mapped[Decimal | None] = mapped_column(
        Numeric, comment="Sum of the hashes of all rows after, NULL while that is not counted"
    )
    proved_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="When this was found"
    )
    proved_by: Mapped[str] = mapped_column(
        String(63), server_default=text("SESSION_USER"), comment="Role that has logged in for it"
    )
    host: Mapped[str | None] = mapped_column(String(255), comment="Machine on which that was done")


class ArchiveRange(Base):
    """Which PandaIDs each partition of the archive has, so that a lookup need not ask them all.

    A note, not a rule: rows may come later. A lookup that finds nothing by it asks the rest.
    """

    __tablename__ = "archive_range"
    __table_args__ = {"schema": PANDADB}

    table_name: Mapped[str] = mapped_column(
        String(63), primary_key=True, comment="Table of doma_pandaarch: jobsarchived, ..."
    )
    lower_bound: Mapped[datetime] = mapped_column(
        primary_key=True, comment="First modificationtime of the partition"
    )
    upper_bound: Mapped[datetime] = mapped_column(
        comment="Where the partition ends, which is no part of it"
    )
    least_pandaid: Mapped[BigInt | None] = mapped_column(
        comment="The least PandaID, NULL if the partition has none"
    )
    greatest_pandaid: Mapped[BigInt | None] = mapped_column(
        comment="The greatest PandaID, NULL if the partition has none"
    )
    noted_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="When this was found"
    )


class ArchiveHold(Base):
    """Tasks whose jobs stay out of the archive: a day with one of them is put off."""

    __tablename__ = "archive_hold"
    __table_args__ = {"schema": PANDADB}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    held_by: Mapped[str] = mapped_column(
        String(63), server_default=text("SESSION_USER"), comment="Role that holds it"
    )
    since: Mapped[datetime] = mapped_column(server_default=UTC_NOW, comment="When it was held")
    reason: Mapped[str | None] = mapped_column(String(500), comment="Why it is held, for people")


class ArchivePause(Base):
    """While there is a row, runs of the archiver wait, and none begins."""

    __tablename__ = "archive_pause"
    __table_args__ = (CheckConstraint("id = 1", name="archive_pause_id_check"), {"schema": PANDADB})

    id: Mapped[SmallInt] = mapped_column(
        primary_key=True,
        autoincrement=False,
        server_default="1",
        comment="Always 1: there is one pause at most",
    )
    paused_by: Mapped[str] = mapped_column(
        String(63), server_default=text("SESSION_USER"), comment="Role that has paused it"
    )
    since: Mapped[datetime] = mapped_column(server_default=UTC_NOW, comment="When it was paused")
    until: Mapped[datetime | None] = mapped_column(
        comment="When the pause ends by itself, NULL if it does not"
    )
    reason: Mapped[str | None] = mapped_column(String(500), comment="Why it is paused, for people")


class MaintenanceRun(Base):
    """The last run of each command that cron runs, and when one last ended well."""

    __tablename__ = "maintenance_run"
    __table_args__ = {"schema": PANDADB}

    command: Mapped[str] = mapped_column(
        String(63), primary_key=True, comment="The command: archive run, partitions maintain, ..."
    )
    began_at: Mapped[datetime] = mapped_column(comment="When its last run began")
    ended_at: Mapped[datetime] = mapped_column(comment="When that ended")
    outcome: Mapped[str] = mapped_column(
        String(30),
        comment="How: done, nothing to do, wrong, locks not free, paused, deferred, out of time",
    )
    why: Mapped[str | None] = mapped_column(
        String(2000), comment="Why it ended so, in a sentence, NULL if there is no more to say"
    )
    good_at: Mapped[datetime | None] = mapped_column(
        comment="When a run last ended with something done or nothing to do, NULL if none has"
    )
    run_by: Mapped[str] = mapped_column(
        String(63), server_default=text("SESSION_USER"), comment="Role that has logged in for it"
    )
    host: Mapped[str | None] = mapped_column(String(255), comment="Machine on which it ran")


class TablePartBoundaries(Base):
    """Upper bounds of the archive's partitions.

    Once used to build views of the last days; unused now.
    """

    __tablename__ = "table_part_boundaries"
    __table_args__ = {"schema": ARCHIVE}

    tab_name: Mapped[str] = mapped_column(
        String(30), primary_key=True, comment="Partitioned table of the archive"
    )
    part_name: Mapped[str] = mapped_column(
        String(30), primary_key=True, comment="Partition of that table"
    )
    part_position: Mapped[BigInt | None] = mapped_column(
        comment="Place of the partition in the order of the bounds"
    )
    part_boundary_dictionary: Mapped[str | None] = mapped_column(
        Text, comment="Upper bound as the text of the database catalogue"
    )
    part_boundary: Mapped[datetime | None] = mapped_column(
        comment="Upper bound as a time, parsed from that text"
    )
    last_created_view: Mapped[str | None] = mapped_column(
        String(30), comment="View last built from the partition"
    )


class PandaIDsModifTimeOld(Base):
    """Former index from PandaID to the time of its archive row, not filled since November 2019."""

    __tablename__ = "pandaids_modiftime_old"
    __table_args__ = {"schema": ARCHIVE}

    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Job, its PandaID")
    modiftime: Mapped[datetime] = mapped_column(
        primary_key=True, comment="Modification time of the archived job, tells its partition"
    )


class PandaIDsModifTimeErrLogOld(Base):
    """Rows that failed to enter PANDAIDS_MODIFTIME_OLD, in the form of an Oracle DML error log."""

    __tablename__ = "pandaids_modiftime_errlog_old"
    __table_args__ = {"schema": ARCHIVE}
    __mapper_args__ = {
        "primary_key": ["pandaid", "modiftime", "ora_err_number", "ora_err_rowid", "ora_err_tag"]
    }

    ora_err_number: Mapped[BigInt | None] = mapped_column(
        "ora_err_number$", comment="Oracle error number"
    )
    ora_err_mesg: Mapped[str | None] = mapped_column(
        "ora_err_mesg$", String(2000), comment="Oracle error message"
    )
    ora_err_rowid: Mapped[int | None] = mapped_column(
        "ora_err_rowid$", OID, comment="Row the error hit, for update and delete"
    )
    ora_err_optyp: Mapped[str | None] = mapped_column(
        "ora_err_optyp$", String(2), comment="Operation that failed: I insert, U update, D delete"
    )
    ora_err_tag: Mapped[str | None] = mapped_column(
        "ora_err_tag$", String(2000), comment="Tag the failing statement gave its errors"
    )
    pandaid: Mapped[str | None] = mapped_column(String(4000), comment="Rejected PandaID as text")
    modiftime: Mapped[str | None] = mapped_column(
        String(4000), comment="Rejected modification time as text"
    )
