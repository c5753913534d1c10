"""Datasets of tasks, their files, and the datasets that the data management knows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CHAR, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.types import BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.tasks import JediOutputTemplate, JediTasks

JEDI_DATASETS_SEQ = sequence("jedi_datasets_id_seq")
JEDI_DATASET_CONT_FILEID_SEQ = sequence("jedi_dataset_cont_fileid_seq", cache=100)
SUBCOUNTER_SUBID_SEQ = sequence("subcounter_subid_seq", maxvalue=9999999, cycle=True)


class JediDatasets(Base):
    """TODO doma_panda.jedi_datasets."""

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

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    datasetid: Mapped[BigInt] = mapped_column(JEDI_DATASETS_SEQ, primary_key=True)
    datasetname: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(20))
    creationtime: Mapped[datetime]
    modificationtime: Mapped[datetime]
    vo: Mapped[str | None] = mapped_column(String(32))
    cloud: Mapped[str | None] = mapped_column(String(10))
    site: Mapped[str | None] = mapped_column(String(60))
    masterid: Mapped[BigInt | None]
    provenanceid: Mapped[BigInt | None]
    containername: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[str | None] = mapped_column(String(20))
    statechecktime: Mapped[datetime | None]
    statecheckexpiration: Mapped[datetime | None]
    frozentime: Mapped[datetime | None]
    nfiles: Mapped[BigInt | None]
    nfilestobeused: Mapped[BigInt | None]
    nfilesused: Mapped[BigInt | None]
    nfilesonhold: Mapped[BigInt | None]
    nevents: Mapped[BigInt | None]
    neventstobeused: Mapped[BigInt | None]
    neventsused: Mapped[BigInt | None]
    lockedby: Mapped[str | None] = mapped_column(String(56))
    lockedtime: Mapped[datetime | None]
    nfilesfinished: Mapped[BigInt | None]
    nfilesfailed: Mapped[BigInt | None]
    attributes: Mapped[str | None] = mapped_column(String(100))
    streamname: Mapped[str | None] = mapped_column(String(20))
    storagetoken: Mapped[str | None] = mapped_column(String(100))
    destination: Mapped[str | None] = mapped_column(String(60))
    templateid: Mapped[BigInt | None]
    nfileswaiting: Mapped[BigInt | None]
    nfilesmissing: Mapped[BigInt | None]

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
    output_templates: Mapped[list[JediOutputTemplate]] = related(
        "and_(foreign(JediOutputTemplate.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediOutputTemplate.datasetid) == JediDatasets.datasetid)",
        "jedi_dataset",
    )


class JediDatasetContents(Base):
    """TODO doma_panda.jedi_dataset_contents."""

    __tablename__ = "jedi_dataset_contents"
    __table_args__ = (
        Index("jedi_dataset_contents_id_idx", "datasetid"),
        Index("jedi_dataset_contents_pid_idx", "pandaid"),
        Index("jedi_datasetcontent_lfn_idx", "lfn"),
        {"postgresql_partition_by": "RANGE (jeditaskid)"},
    )

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    datasetid: Mapped[BigInt] = mapped_column(primary_key=True)
    fileid: Mapped[BigInt] = mapped_column(JEDI_DATASET_CONT_FILEID_SEQ, primary_key=True)
    creationdate: Mapped[datetime]
    lastattempttime: Mapped[datetime | None]
    lfn: Mapped[str] = mapped_column(String(4000))
    guid: Mapped[str | None] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(64))
    fsize: Mapped[BigInt | None]
    checksum: Mapped[str | None] = mapped_column(String(36))
    scope: Mapped[str | None] = mapped_column(String(30))
    attemptnr: Mapped[SmallInt | None]
    maxattempt: Mapped[SmallInt | None]
    nevents: Mapped[BigInt | None]
    keeptrack: Mapped[SmallInt | None]
    startevent: Mapped[BigInt | None]
    endevent: Mapped[BigInt | None]
    firstevent: Mapped[BigInt | None]
    boundaryid: Mapped[BigInt | None]
    pandaid: Mapped[BigInt | None]
    failedattempt: Mapped[SmallInt | None]
    lumiblocknr: Mapped[BigInt | None]
    outpandaid: Mapped[BigInt | None]
    maxfailure: Mapped[SmallInt | None]
    ramcount: Mapped[BigInt | None] = mapped_column(server_default="0")
    is_waiting: Mapped[str | None] = mapped_column(CHAR(1))
    jobsetid: Mapped[BigInt | None]
    proc_status: Mapped[str | None] = mapped_column(String(64))
    constituent_id: Mapped[BigInt | None]

    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(JediDatasetContents.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediDatasetContents.datasetid) == JediDatasets.datasetid)",
        "contents",
    )
    task: Mapped[JediTasks | None] = related(
        "foreign(JediDatasetContents.jeditaskid) == JediTasks.jeditaskid", "dataset_contents"
    )


class JediDatasetLocality(Base):
    """TODO doma_panda.jedi_dataset_locality."""

    __tablename__ = "jedi_dataset_locality"

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    datasetid: Mapped[BigInt] = mapped_column(primary_key=True)
    rse: Mapped[str] = mapped_column(String(64), primary_key=True)
    timestamp: Mapped[datetime]

    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(JediDatasetLocality.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediDatasetLocality.datasetid) == JediDatasets.datasetid)",
        "localities",
    )


class Datasets(Base):
    """TODO doma_panda.datasets."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index("datasets_modifdate_idx", "modificationdate"),
        Index("datasets_moverid_indx", "moverid"),
        Index("datasets_name_idx", "name"),
        Index("datasets_stat_type_mdate_idx", "type", "status", "modificationdate", "subtype"),
        {"postgresql_partition_by": "RANGE (modificationdate)"},
    )

    vuid: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str | None] = mapped_column(String(10))
    type: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str | None] = mapped_column(String(10))
    numberfiles: Mapped[int | None]
    currentfiles: Mapped[int | None]
    creationdate: Mapped[datetime | None]
    modificationdate: Mapped[datetime] = mapped_column(primary_key=True)
    moverid: Mapped[BigInt] = mapped_column(server_default="0")
    transferstatus: Mapped[SmallInt] = mapped_column(server_default="0")
    subtype: Mapped[str | None] = mapped_column(String(5))
