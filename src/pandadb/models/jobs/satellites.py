"""Satellites of a job, archived with it: its files, its metadata, its parameters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.jobs.links import OfLiveJob
from pandadb.models.types import EPOCH, BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.datasets import JediDatasetContents

FILESTABLE4_ROW_SEQ = sequence("filestable4_row_id_seq", cache=20)


class FileColumns:
    """Every column of a file of a job, live or archived."""

    row_id: Mapped[BigInt] = mapped_column(
        FILESTABLE4_ROW_SEQ,
        primary_key=True,
        comment="Number of the row, one per job attempt and file",
    )
    pandaid: Mapped[BigInt] = mapped_column(server_default="0", comment="Job, its PandaID")
    modificationtime: Mapped[datetime] = mapped_column(
        primary_key=True,
        server_default=EPOCH,
        comment="1970-01-01 while the job lives, then its final modificationtime; partition key",
    )
    guid: Mapped[str | None] = mapped_column(
        String(64), comment="Globally unique id of the file, NULL if unknown"
    )
    lfn: Mapped[str | None] = mapped_column(
        String(4000), comment="Logical file name, unique in its scope"
    )
    type: Mapped[str | None] = mapped_column(
        String(20),
        comment="Role: input, pseudo_input, pp_input, lib, output, log, zipinput or zipoutput",
    )
    dataset: Mapped[str | None] = mapped_column(
        String(255), comment="Dataset or container the file belongs to, as the task names it"
    )
    status: Mapped[str | None] = mapped_column(
        String(64),
        comment=(
            "Inputs: unknown to ready, cached, missing, skipped; outputs: to ready, finished, "
            "failed, nooutput"
        ),
    )
    proddblock: Mapped[str | None] = mapped_column(String(255), comment="Dataset of an input file")
    proddblocktoken: Mapped[str | None] = mapped_column(
        String(250), comment="Storage hint for the input dataset"
    )
    dispatchdblock: Mapped[str | None] = mapped_column(
        String(255), comment="Dataset that moves the input to the site, NULL if it is not moved"
    )
    dispatchdblocktoken: Mapped[str | None] = mapped_column(
        String(250),
        comment="Storage token or flags; TOMERGE marks an unmerged input, an an optional output",
    )
    destinationdblock: Mapped[str | None] = mapped_column(
        String(255),
        comment="Dataset of an output or log file, with a _sub suffix while it is transferred",
    )
    destinationdblocktoken: Mapped[str | None] = mapped_column(
        String(250),
        comment="Storage token of the output; TOMERGE marks an output still to be merged",
    )
    destinationse: Mapped[str | None] = mapped_column(
        String(250), comment="Where the output goes: a site, a storage element or a nucleus"
    )
    fsize: Mapped[BigInt] = mapped_column(server_default="0", comment="Size in bytes, 0 if unknown")
    md5sum: Mapped[str | None] = mapped_column(String(40), comment="MD5 checksum of the file")
    checksum: Mapped[str | None] = mapped_column(
        String(40), comment="Checksum with its kind as prefix: ad for adler32, md for MD5"
    )
    scope: Mapped[str | None] = mapped_column(String(30), comment="Rucio scope of the file")
    jeditaskid: Mapped[BigInt | None] = mapped_column(
        comment="Task, JEDI_TASKS; NULL for jobs not made by JEDI"
    )
    datasetid: Mapped[BigInt | None] = mapped_column(comment="Dataset of the task, JEDI_DATASETS")
    fileid: Mapped[BigInt | None] = mapped_column(comment="File of the task, JEDI_DATASET_CONTENTS")
    attemptnr: Mapped[SmallInt | None] = mapped_column(
        comment=(
            "Attempt of the file; equals that in JEDI_DATASET_CONTENTS if this job is its current "
            "try"
        ),
    )
    creationtime: Mapped[datetime | None] = mapped_column(
        comment="Only in the archive: time the row was created, NULL if never recorded"
    )


class MetaDataColumns:
    """Every column of the metadata of a job, live or archived."""

    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Job, its PandaID")
    modificationtime: Mapped[datetime] = mapped_column(
        primary_key=True,
        server_default=EPOCH,
        comment="1970-01-01 while the job lives, then its final modificationtime; partition key",
    )
    metadata_: Mapped[str | None] = mapped_column(
        "metadata",
        Text,
        comment="Metadata of the job: what the pilot or the submitter gave, JSON or XML",
    )


class JobParamsColumns:
    """Every column of the parameters of a job, live or archived."""

    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Job, its PandaID")
    modificationtime: Mapped[datetime] = mapped_column(
        primary_key=True,
        server_default=EPOCH,
        comment="1970-01-01 while the job lives, then its final modificationtime; partition key",
    )
    jobparameters: Mapped[str | None] = mapped_column(
        Text, comment="Command line arguments of the payload"
    )


class FilesTable4(FileColumns, OfLiveJob, Base):
    """Files of each job attempt: inputs, outputs, logs and libraries."""

    job_side = "files"
    __tablename__ = "filestable4"
    __table_args__ = (
        Index(
            "filestable4_datasetype3col_idx",
            "dataset",
            "type",
            "destinationdblock",
            "status",
            "pandaid",
        ),
        Index("filestable4_destdblock_idx", "destinationdblock"),
        Index("filestable4_dispdblock_idx", "dispatchdblock"),
        Index("filestable4_lfn_idx", "lfn"),
        Index("filestable4_pandaid_idx", "pandaid"),
        Index("filestable4_taskfileid_idx", "jeditaskid", "datasetid", "fileid"),
        {"postgresql_partition_by": "RANGE (modificationtime)"},
    )

    dataset_contents: Mapped[JediDatasetContents | None] = related(
        "and_(foreign(FilesTable4.jeditaskid) == JediDatasetContents.jeditaskid, "
        "foreign(FilesTable4.datasetid) == JediDatasetContents.datasetid, "
        "foreign(FilesTable4.fileid) == JediDatasetContents.fileid)",
        "files",
    )


class MetaTable(MetaDataColumns, OfLiveJob, Base):
    """Metadata of jobs, one row per job that has any."""

    job_side = "metadata_rows"
    __tablename__ = "metatable"
    __table_args__ = {"postgresql_partition_by": "RANGE (modificationtime)"}


class JobParamsTable(JobParamsColumns, OfLiveJob, Base):
    """Parameters of jobs, one row per job."""

    job_side = "parameter_rows"
    __tablename__ = "jobparamstable"
    __table_args__ = {"postgresql_partition_by": "RANGE (modificationtime)"}
