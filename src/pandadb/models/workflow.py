"""Workflows of several steps, and the data carousel that stages their input from tape."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.types import BigInt, JSONText

if TYPE_CHECKING:
    from pandadb.models.tasks import JediTasks

WORKFLOW_SEQ = sequence("workflow_id_seq")
WORKFLOW_STEP_SEQ = sequence("workflow_step_id_seq")
WORKFLOW_DATA_SEQ = sequence("workflow_data_id_seq")
JEDI_DATA_CAROUSEL_REQUEST_SEQ = sequence("jedi_data_carousel_request_id_seq")


class Workflows(Base):
    """TODO doma_panda.workflows."""

    __tablename__ = "workflows"
    __table_args__ = (PrimaryKeyConstraint("workflow_id", name="workflow_id_pk"),)

    workflow_id: Mapped[BigInt] = mapped_column(WORKFLOW_SEQ)
    name: Mapped[str | None] = mapped_column(String(256))
    parent_id: Mapped[BigInt | None]
    loop_count: Mapped[BigInt | None]
    status: Mapped[str | None] = mapped_column(String(32))
    prodsourcelabel: Mapped[str | None] = mapped_column(String(32))
    username: Mapped[str | None] = mapped_column(String(128))
    creation_time: Mapped[datetime | None]
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    modification_time: Mapped[datetime | None]
    check_time: Mapped[datetime | None]
    locked_by: Mapped[str | None] = mapped_column(String(64))
    lock_time: Mapped[datetime | None]
    raw_request_json: Mapped[Any | None] = mapped_column(JSONText)
    definition_json: Mapped[Any | None] = mapped_column(JSONText)
    parameters: Mapped[Any | None] = mapped_column(JSONText)

    steps: Mapped[list[WorkflowSteps]] = related(
        "foreign(WorkflowSteps.workflow_id) == Workflows.workflow_id", "workflow"
    )
    data: Mapped[list[WorkflowData]] = related(
        "foreign(WorkflowData.workflow_id) == Workflows.workflow_id", "workflow"
    )


class WorkflowSteps(Base):
    """TODO doma_panda.workflow_steps."""

    __tablename__ = "workflow_steps"
    __table_args__ = (PrimaryKeyConstraint("step_id", name="workflow_step_pk"),)

    step_id: Mapped[BigInt] = mapped_column(WORKFLOW_STEP_SEQ)
    name: Mapped[str | None] = mapped_column(String(256))
    workflow_id: Mapped[BigInt]
    member_id: Mapped[BigInt]
    type: Mapped[str | None] = mapped_column(String(32))
    status: Mapped[str | None] = mapped_column(String(32))
    flavor: Mapped[str | None] = mapped_column(String(32))
    target_id: Mapped[str | None] = mapped_column(String(128))
    creation_time: Mapped[datetime | None]
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    modification_time: Mapped[datetime | None]
    check_time: Mapped[datetime | None]
    locked_by: Mapped[str | None] = mapped_column(String(64))
    lock_time: Mapped[datetime | None]
    definition_json: Mapped[Any | None] = mapped_column(JSONText)
    parameters: Mapped[Any | None] = mapped_column(JSONText)

    workflow: Mapped[Workflows | None] = related(
        "foreign(WorkflowSteps.workflow_id) == Workflows.workflow_id", "steps"
    )
    data: Mapped[list[WorkflowData]] = related(
        "foreign(WorkflowData.source_step_id) == WorkflowSteps.step_id", "source_step"
    )


class WorkflowData(Base):
    """TODO doma_panda.workflow_data."""

    __tablename__ = "workflow_data"
    __table_args__ = (PrimaryKeyConstraint("data_id", name="workflow_data_pk"),)

    data_id: Mapped[BigInt] = mapped_column(WORKFLOW_DATA_SEQ)
    name: Mapped[str | None] = mapped_column(String(256))
    workflow_id: Mapped[BigInt]
    source_step_id: Mapped[BigInt | None]
    type: Mapped[str | None] = mapped_column(String(32))
    status: Mapped[str | None] = mapped_column(String(32))
    flavor: Mapped[str | None] = mapped_column(String(32))
    target_id: Mapped[str | None] = mapped_column(String(256))
    creation_time: Mapped[datetime | None]
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    modification_time: Mapped[datetime | None]
    check_time: Mapped[datetime | None]
    locked_by: Mapped[str | None] = mapped_column(String(64))
    lock_time: Mapped[datetime | None]
    metadata_: Mapped[Any | None] = mapped_column("metadata", JSONText)
    parameters: Mapped[Any | None] = mapped_column(JSONText)

    workflow: Mapped[Workflows | None] = related(
        "foreign(WorkflowData.workflow_id) == Workflows.workflow_id", "data"
    )
    source_step: Mapped[WorkflowSteps | None] = related(
        "foreign(WorkflowData.source_step_id) == WorkflowSteps.step_id", "data"
    )


class DataCarouselRequests(Base):
    """TODO doma_panda.data_carousel_requests."""

    __tablename__ = "data_carousel_requests"

    request_id: Mapped[BigInt] = mapped_column(JEDI_DATA_CAROUSEL_REQUEST_SEQ, primary_key=True)
    dataset: Mapped[str] = mapped_column(String(256))
    source_rse: Mapped[str | None] = mapped_column(String(64))
    destination_rse: Mapped[str | None] = mapped_column(String(64))
    ddm_rule_id: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str | None] = mapped_column(String(32))
    total_files: Mapped[BigInt | None]
    staged_files: Mapped[BigInt | None]
    dataset_size: Mapped[BigInt | None]
    staged_size: Mapped[BigInt | None]
    creation_time: Mapped[datetime | None]
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    modification_time: Mapped[datetime | None]
    check_time: Mapped[datetime | None]
    source_tape: Mapped[str | None] = mapped_column(String(64))
    parameters: Mapped[Any | None] = mapped_column(JSONText)
    last_staged_time: Mapped[datetime | None]
    locked_by: Mapped[str | None] = mapped_column(String(64))
    lock_time: Mapped[datetime | None]

    relations: Mapped[list[DataCarouselRelations]] = related(
        "foreign(DataCarouselRelations.request_id) == DataCarouselRequests.request_id", "request"
    )


class DataCarouselRelations(Base):
    """TODO doma_panda.data_carousel_relations."""

    __tablename__ = "data_carousel_relations"

    request_id: Mapped[BigInt] = mapped_column(primary_key=True)
    task_id: Mapped[BigInt] = mapped_column(primary_key=True)

    request: Mapped[DataCarouselRequests | None] = related(
        "foreign(DataCarouselRelations.request_id) == DataCarouselRequests.request_id", "relations"
    )
    task: Mapped[JediTasks | None] = related(
        "foreign(DataCarouselRelations.task_id) == JediTasks.jeditaskid", "data_carousel_relations"
    )
