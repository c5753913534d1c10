"""Datasets of tasks, their files, and the datasets known to the data management."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CHAR, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.types import BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.jobs.satellites import FilesTable4
    from pandadb.models.tasks import JediOutputTemplate, JediTasks
    from pandadb.models.views import Files, Jobs

JEDI_DATASETS_SEQ = sequence("jedi_datasets_id_seq")
JEDI_DATASET_CONT_FILEID_SEQ = sequence("jedi_dataset_cont_fileid_seq", cache=100)
SUBCOUNTER_SUBID_SEQ = sequence("subcounter_subid_seq", maxvalue=9999999, cycle=True)


class JediDatasets(Base):
    """Datasets of tasks with counters of their files and events."""

    __tablename__ = "jedi_datasets"
    __table_args__ = (
        Index("jedi_dataset_containername_idx", "containername"),
        Index("jedi_dataset_dnametypetid_idx", "datasetname", "type", "jeditaskid"),
        Index("jedi_dataset_lockedby_idx", "lockedby"),
        Index("jedi_dataset_statecheckexp_idx", "statecheckexpiration"),
        Index("jedi_datasets_dsetid_idx", "datasetid"),
        Index("jedi_datasets_taskid_type_idx", "jeditaskid", "type"),
        {"postgresql_partition_by": "RANGE (jeditaskid)"},
    )

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    datasetid: Mapped[BigInt] = mapped_column(
        JEDI_DATASETS_SEQ, primary_key=True, comment="Number of the dataset"
    )
    datasetname: Mapped[str] = mapped_column(String(255), comment="Name of the dataset")
    type: Mapped[str] = mapped_column(
        String(20),
        comment=(
            "Role: input, pseudo_input, pp_input, output, log, lib, random_seed, trn_log, "
            "trn_output, tmpl_*"
        ),
    )
    creationtime: Mapped[datetime] = mapped_column(comment="When the row was made")
    modificationtime: Mapped[datetime] = mapped_column(comment="Last change")
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organization")
    cloud: Mapped[str | None] = mapped_column(String(10), comment="Cloud of the dataset")
    site: Mapped[str | None] = mapped_column(
        String(60), comment="Site that the dataset has to be at"
    )
    masterid: Mapped[BigInt | None] = mapped_column(
        comment="Master dataset of the task that this one goes along with, NULL for a master"
    )
    provenanceid: Mapped[BigInt | None] = mapped_column(
        comment="Dataset that this one is made from"
    )
    containername: Mapped[str | None] = mapped_column(
        String(255), comment="Container that the dataset belongs to"
    )
    status: Mapped[str | None] = mapped_column(
        String(20),
        comment=(
            "State: defined, toupdate, ready, registered, prepared, done, finished, failed or "
            "removed"
        ),
    )
    state: Mapped[str | None] = mapped_column(
        String(20),
        comment=(
            "Whether files may be added: open, closed, mutable while a parent task still produces"
        ),
    )
    statechecktime: Mapped[datetime | None] = mapped_column(
        comment="When the state was last checked"
    )
    statecheckexpiration: Mapped[datetime | None] = mapped_column(
        comment="When the state is to be checked again"
    )
    frozentime: Mapped[datetime | None] = mapped_column(comment="Since when nothing has come in")
    nfiles: Mapped[BigInt | None] = mapped_column(comment="Files in the dataset, without lost ones")
    nfilestobeused: Mapped[BigInt | None] = mapped_column(comment="Files released for processing")
    nfilesused: Mapped[BigInt | None] = mapped_column(
        comment="Files taken for jobs, or beyond that"
    )
    nfilesonhold: Mapped[BigInt | None] = mapped_column(
        comment="Files whose jobs are transferring, or that wait to be merged"
    )
    nevents: Mapped[BigInt | None] = mapped_column(comment="Events in the dataset")
    neventstobeused: Mapped[BigInt | None] = mapped_column(comment="Events released for processing")
    neventsused: Mapped[BigInt | None] = mapped_column(
        comment="Events of the files that are finished"
    )
    lockedby: Mapped[str | None] = mapped_column(
        String(56), comment="Agent that works on the dataset, NULL for none"
    )
    lockedtime: Mapped[datetime | None] = mapped_column(comment="When the agent took it")
    nfilesfinished: Mapped[BigInt | None] = mapped_column(comment="Files processed with success")
    nfilesfailed: Mapped[BigInt | None] = mapped_column(comment="Files out of attempts")
    attributes: Mapped[str | None] = mapped_column(
        String(100), comment="Flags of two letters, separated by commas"
    )
    streamname: Mapped[str | None] = mapped_column(
        String(20), comment="Placeholder of the dataset in the parameters of jobs"
    )
    storagetoken: Mapped[str | None] = mapped_column(
        String(100), comment="Storage or space token for the files"
    )
    destination: Mapped[str | None] = mapped_column(
        String(60), comment="Site that the output goes to"
    )
    templateid: Mapped[BigInt | None] = mapped_column(
        comment="Template dataset that this one was made from"
    )
    nfileswaiting: Mapped[BigInt | None] = mapped_column(
        comment="Files that wait for a co-jumbo job"
    )
    nfilesmissing: Mapped[BigInt | None] = mapped_column(
        comment="Files that vanished from their source"
    )

    task: Mapped[JediTasks | None] = related(
        "foreign(JediDatasets.jeditaskid) == JediTasks.jeditaskid", "datasets"
    )
    contents: Mapped[list[JediDatasetContents]] = related(
        "and_(foreign(JediDatasetContents.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediDatasetContents.datasetid) == JediDatasets.datasetid)",
        "jedi_dataset",
    )
    localities: Mapped[list[JediDatasetLocality]] = related(
        "and_(foreign(JediDatasetLocality.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediDatasetLocality.datasetid) == JediDatasets.datasetid)",
        "jedi_dataset",
    )
    master: Mapped[JediDatasets | None] = related(
        "and_(JediDatasets.jeditaskid == remote(JediDatasets.jeditaskid), "
        "foreign(JediDatasets.masterid) == remote(JediDatasets.datasetid))",
        "secondaries",
    )
    secondaries: Mapped[list[JediDatasets]] = related(
        "and_(remote(JediDatasets.jeditaskid) == JediDatasets.jeditaskid, "
        "remote(foreign(JediDatasets.masterid)) == JediDatasets.datasetid)",
        "master",
    )
    files_of_jobs: Mapped[list[Files]] = related(
        "and_(foreign(Files.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(Files.datasetid) == JediDatasets.datasetid)",
        "jedi_dataset",
    )
    output_templates: Mapped[list[JediOutputTemplate]] = related(
        "and_(foreign(JediOutputTemplate.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediOutputTemplate.datasetid) == JediDatasets.datasetid)",
        "jedi_dataset",
    )


class JediDatasetContents(Base):
    """Files of the datasets of tasks, each with its latest attempt only."""

    __tablename__ = "jedi_dataset_contents"
    __table_args__ = (
        Index("jedi_dataset_contents_id_idx", "datasetid"),
        Index("jedi_dataset_contents_pid_idx", "pandaid"),
        Index("jedi_datasetcontent_lfn_idx", "lfn"),
        {"postgresql_partition_by": "RANGE (jeditaskid)"},
    )

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    datasetid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Dataset, JEDI_DATASETS")
    fileid: Mapped[BigInt] = mapped_column(
        JEDI_DATASET_CONT_FILEID_SEQ,
        primary_key=True,
        comment="Number of the file, or of a part of it",
    )
    creationdate: Mapped[datetime] = mapped_column(comment="When the row was made")
    lastattempttime: Mapped[datetime | None] = mapped_column(comment="When the last attempt began")
    lfn: Mapped[str] = mapped_column(String(4000), comment="Logical file name")
    guid: Mapped[str | None] = mapped_column(String(64), comment="Global id of the file")
    type: Mapped[str] = mapped_column(String(20), comment="Role of the file, as of its dataset")
    status: Mapped[str] = mapped_column(
        String(64),
        comment=(
            "State: ready, picked, running, finished, failed, cancelled, lost, missing and others"
        ),
    )
    fsize: Mapped[BigInt | None] = mapped_column(comment="Size, bytes")
    checksum: Mapped[str | None] = mapped_column(
        String(36), comment="Checksum with its kind, ad: for adler32 or md5:"
    )
    scope: Mapped[str | None] = mapped_column(
        String(30), comment="Scope of the name in the data management"
    )
    attemptnr: Mapped[SmallInt | None] = mapped_column(
        comment="Attempt, one more with each end of a job, success included"
    )
    maxattempt: Mapped[SmallInt | None] = mapped_column(
        comment="Attempts allowed, NULL for a secondary file that is not tracked"
    )
    nevents: Mapped[BigInt | None] = mapped_column(comment="Events in the file")
    keeptrack: Mapped[SmallInt | None] = mapped_column(
        comment="1 while JEDI owns the row, NULL once it is frozen"
    )
    startevent: Mapped[BigInt | None] = mapped_column(
        comment="First event to process, counted in the file"
    )
    endevent: Mapped[BigInt | None] = mapped_column(
        comment="Last event to process, counted in the file"
    )
    firstevent: Mapped[BigInt | None] = mapped_column(
        comment="Number of the first event in the file"
    )
    boundaryid: Mapped[BigInt | None] = mapped_column(
        comment="Files of one value belong together; for output to be merged the job that made it"
    )
    pandaid: Mapped[BigInt | None] = mapped_column(
        comment="Job of the latest attempt, or the job set of an event service job"
    )
    failedattempt: Mapped[SmallInt | None] = mapped_column(comment="Attempts whose job failed")
    lumiblocknr: Mapped[BigInt | None] = mapped_column(comment="Luminosity block")
    outpandaid: Mapped[BigInt | None] = mapped_column(comment="Job that made this output")
    maxfailure: Mapped[SmallInt | None] = mapped_column(
        comment="Failed attempts allowed, NULL for no limit"
    )
    ramcount: Mapped[BigInt | None] = mapped_column(
        server_default="0",
        comment=(
            "Memory that the next job for the file asks for, MB; higher after failures for memory"
        ),
    )
    is_waiting: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y while a co-jumbo placeholder waits for the file"
    )
    jobsetid: Mapped[BigInt | None] = mapped_column(comment="Job set of the latest attempt")
    proc_status: Mapped[str | None] = mapped_column(
        String(64),
        comment=(
            "Fine state of processing: ready, queued, starting, running, merging, transferring, "
            "finished, failed"
        ),
    )
    constituent_id: Mapped[BigInt | None] = mapped_column(
        comment="Dataset of a container that the file comes from"
    )

    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(JediDatasetContents.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediDatasetContents.datasetid) == JediDatasets.datasetid)",
        "contents",
    )
    task: Mapped[JediTasks | None] = related(
        "foreign(JediDatasetContents.jeditaskid) == JediTasks.jeditaskid", "dataset_contents"
    )
    files: Mapped[list[FilesTable4]] = related(
        "and_(foreign(FilesTable4.jeditaskid) == JediDatasetContents.jeditaskid, "
        "foreign(FilesTable4.datasetid) == JediDatasetContents.datasetid, "
        "foreign(FilesTable4.fileid) == JediDatasetContents.fileid)",
        "dataset_contents",
    )
    files_of_jobs: Mapped[list[Files]] = related(
        "and_(foreign(Files.jeditaskid) == JediDatasetContents.jeditaskid, "
        "foreign(Files.datasetid) == JediDatasetContents.datasetid, "
        "foreign(Files.fileid) == JediDatasetContents.fileid)",
        "dataset_contents",
    )
    last_job_rows: Mapped[list[Jobs]] = related(
        "foreign(JediDatasetContents.pandaid) == Jobs.pandaid", uselist=True
    )


class JediDatasetLocality(Base):
    """Storages that have the datasets of tasks."""

    __tablename__ = "jedi_dataset_locality"

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    datasetid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Dataset, JEDI_DATASETS")
    rse: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Storage element that has the dataset"
    )
    timestamp: Mapped[datetime] = mapped_column(comment="When that was found")

    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(JediDatasetLocality.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediDatasetLocality.datasetid) == JediDatasets.datasetid)",
        "localities",
    )


class Datasets(Base):
    """Datasets of the data management that the server has made or moves."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index("datasets_modifdate_idx", "modificationdate"),
        Index("datasets_moverid_indx", "moverid"),
        Index("datasets_name_idx", "name"),
        Index("datasets_stat_type_mdate_idx", "type", "status", "modificationdate", "subtype"),
        {"postgresql_partition_by": "RANGE (modificationdate)"},
    )

    vuid: Mapped[str] = mapped_column(String(40), primary_key=True, comment="Id of the dataset")
    name: Mapped[str] = mapped_column(String(255), comment="Name of the dataset")
    version: Mapped[str | None] = mapped_column(String(10), comment="Version of the dataset")
    type: Mapped[str | None] = mapped_column(
        String(20), comment="Role: input, output, log, dispatch and others"
    )
    status: Mapped[str | None] = mapped_column(
        String(10), comment="State: defined, running, tobeclosed, completed, deleted and others"
    )
    numberfiles: Mapped[int | None] = mapped_column(comment="Files that the dataset will have")
    currentfiles: Mapped[int | None] = mapped_column(
        comment="Files in it, for dispatch blocks the failed jobs"
    )
    creationdate: Mapped[datetime | None] = mapped_column(comment="When the row was made")
    modificationdate: Mapped[datetime] = mapped_column(
        primary_key=True, comment="Last change; partition key"
    )
    moverid: Mapped[BigInt] = mapped_column(
        server_default="0", comment="Job that moves the dataset, 0 for none"
    )
    transferstatus: Mapped[SmallInt] = mapped_column(
        server_default="0", comment="State of its transfer as a number"
    )
    subtype: Mapped[str | None] = mapped_column(
        String(5),
        comment="sub for output per job set, dis for input sent to a site, top and others",
    )
