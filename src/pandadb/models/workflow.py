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
    """Workflows: tasks and other steps that depend on each other."""

    __tablename__ = "workflows"
    __table_args__ = (PrimaryKeyConstraint("workflow_id", name="workflow_id_pk"),)

    workflow_id: Mapped[BigInt] = mapped_column(WORKFLOW_SEQ, comment="Number of the workflow")
    name: Mapped[str | None] = mapped_column(String(256), comment="Name of the workflow")
    parent_id: Mapped[BigInt | None] = mapped_column(comment="Workflow that this one is a part of")
    loop_count: Mapped[BigInt | None] = mapped_column(comment="Turn of a loop")
    status: Mapped[str | None] = mapped_column(String(32), comment="State of the workflow")
    prodsourcelabel: Mapped[str | None] = mapped_column(String(32), comment="Kind of work")
    username: Mapped[str | None] = mapped_column(String(128), comment="Who submitted it")
    creation_time: Mapped[datetime | None] = mapped_column(comment="When it was made")
    start_time: Mapped[datetime | None] = mapped_column(comment="When it started")
    end_time: Mapped[datetime | None] = mapped_column(comment="When it ended")
    modification_time: Mapped[datetime | None] = mapped_column(comment="Last change")
    check_time: Mapped[datetime | None] = mapped_column(comment="When it was last looked at")
    locked_by: Mapped[str | None] = mapped_column(
        String(64), comment="Agent that works on it, NULL for none"
    )
    lock_time: Mapped[datetime | None] = mapped_column(comment="When the agent took it")
    raw_request_json: Mapped[Any | None] = mapped_column(
        JSONText, comment="Request as it was submitted, JSON"
    )
    definition_json: Mapped[Any | None] = mapped_column(
        JSONText, comment="Definition that was made of the request, JSON"
    )
    parameters: Mapped[Any | None] = mapped_column(JSONText, comment="Parameters, JSON")

    steps: Mapped[list[WorkflowSteps]] = related(
        "foreign(WorkflowSteps.workflow_id) == Workflows.workflow_id", "workflow"
    )
    data: Mapped[list[WorkflowData]] = related(
        "foreign(WorkflowData.workflow_id) == Workflows.workflow_id", "workflow"
    )


class WorkflowSteps(Base):
    """Steps of workflows, each done by something such as a task."""

    __tablename__ = "workflow_steps"
    __table_args__ = (PrimaryKeyConstraint("step_id", name="workflow_step_pk"),)

    step_id: Mapped[BigInt] = mapped_column(WORKFLOW_STEP_SEQ, comment="Number of the step")
    name: Mapped[str | None] = mapped_column(
        String(256), comment="Name of the step in its workflow"
    )
    workflow_id: Mapped[BigInt] = mapped_column(comment="Workflow, WORKFLOWS")
    member_id: Mapped[BigInt] = mapped_column(comment="Number of the step within its workflow")
    type: Mapped[str | None] = mapped_column(String(32), comment="What the step is")
    status: Mapped[str | None] = mapped_column(String(32), comment="State of the step")
    flavor: Mapped[str | None] = mapped_column(
        String(32), comment="Which system does it, e.g. a PanDA task"
    )
    target_id: Mapped[str | None] = mapped_column(
        String(128), comment="What does it there, e.g. the task's number"
    )
    creation_time: Mapped[datetime | None] = mapped_column(comment="When it was made")
    start_time: Mapped[datetime | None] = mapped_column(comment="When it started")
    end_time: Mapped[datetime | None] = mapped_column(comment="When it ended")
    modification_time: Mapped[datetime | None] = mapped_column(comment="Last change")
    check_time: Mapped[datetime | None] = mapped_column(comment="When it was last looked at")
    locked_by: Mapped[str | None] = mapped_column(
        String(64), comment="Agent that works on it, NULL for none"
    )
    lock_time: Mapped[datetime | None] = mapped_column(comment="When the agent took it")
    definition_json: Mapped[Any | None] = mapped_column(
        JSONText, comment="Definition of the step, JSON"
    )
    parameters: Mapped[Any | None] = mapped_column(JSONText, comment="Parameters, JSON")

    workflow: Mapped[Workflows | None] = related(
        "foreign(WorkflowSteps.workflow_id) == Workflows.workflow_id", "steps"
    )
    data: Mapped[list[WorkflowData]] = related(
        "foreign(WorkflowData.source_step_id) == WorkflowSteps.step_id", "source_step"
    )


class WorkflowData(Base):
    """Data that goes into workflows, between their steps and out."""

    __tablename__ = "workflow_data"
    __table_args__ = (PrimaryKeyConstraint("data_id", name="workflow_data_pk"),)

    data_id: Mapped[BigInt] = mapped_column(WORKFLOW_DATA_SEQ, comment="Number of the data")
    name: Mapped[str | None] = mapped_column(
        String(256), comment="Name of the data in its workflow"
    )
    workflow_id: Mapped[BigInt] = mapped_column(comment="Workflow, WORKFLOWS")
    source_step_id: Mapped[BigInt | None] = mapped_column(
        comment="Step that makes it, WORKFLOW_STEPS; NULL for input of the workflow"
    )
    type: Mapped[str | None] = mapped_column(
        String(32), comment="Whether it is input, output or in between"
    )
    status: Mapped[str | None] = mapped_column(String(32), comment="State of the data")
    flavor: Mapped[str | None] = mapped_column(
        String(32), comment="Which system has it, e.g. a dataset in the data management"
    )
    target_id: Mapped[str | None] = mapped_column(
        String(256), comment="What it is there, e.g. the dataset's name"
    )
    creation_time: Mapped[datetime | None] = mapped_column(comment="When it was made")
    start_time: Mapped[datetime | None] = mapped_column(comment="When it started")
    end_time: Mapped[datetime | None] = mapped_column(comment="When it ended")
    modification_time: Mapped[datetime | None] = mapped_column(comment="Last change")
    check_time: Mapped[datetime | None] = mapped_column(comment="When it was last looked at")
    locked_by: Mapped[str | None] = mapped_column(
        String(64), comment="Agent that works on it, NULL for none"
    )
    lock_time: Mapped[datetime | None] = mapped_column(comment="When the agent took it")
    metadata_: Mapped[Any | None] = mapped_column(
        "metadata", JSONText, comment="Facts about it, JSON"
    )
    parameters: Mapped[Any | None] = mapped_column(JSONText, comment="Parameters, JSON")

    workflow: Mapped[Workflows | None] = related(
        "foreign(WorkflowData.workflow_id) == Workflows.workflow_id", "data"
    )
    source_step: Mapped[WorkflowSteps | None] = related(
        "foreign(WorkflowData.source_step_id) == WorkflowSteps.step_id", "data"
    )


class DataCarouselRequests(Base):
    """Requests to stage datasets from tape for tasks."""

    __tablename__ = "data_carousel_requests"

    request_id: Mapped[BigInt] = mapped_column(
        JEDI_DATA_CAROUSEL_REQUEST_SEQ, primary_key=True, comment="Number of the request"
    )
    dataset: Mapped[str] = mapped_column(String(256), comment="Dataset to stage")
    source_rse: Mapped[str | None] = mapped_column(
        String(64), comment="Storage that has it on tape"
    )
    destination_rse: Mapped[str | None] = mapped_column(
        String(64), comment="Storage that it is staged to"
    )
    ddm_rule_id: Mapped[str | None] = mapped_column(
        String(64), comment="Replication rule in the data management"
    )
    status: Mapped[str | None] = mapped_column(
        String(32), comment="State: queued, staging, done, cancelled and others"
    )
    total_files: Mapped[BigInt | None] = mapped_column(comment="Files in the dataset")
    staged_files: Mapped[BigInt | None] = mapped_column(comment="Files staged so far")
    dataset_size: Mapped[BigInt | None] = mapped_column(comment="Size of the dataset, bytes")
    staged_size: Mapped[BigInt | None] = mapped_column(comment="Staged so far, bytes")
    creation_time: Mapped[datetime | None] = mapped_column(comment="When the request was made")
    start_time: Mapped[datetime | None] = mapped_column(comment="When staging began")
    end_time: Mapped[datetime | None] = mapped_column(comment="When staging ended")
    modification_time: Mapped[datetime | None] = mapped_column(comment="Last change")
    check_time: Mapped[datetime | None] = mapped_column(comment="When the rule was last looked at")
    source_tape: Mapped[str | None] = mapped_column(
        String(64), comment="Tape system that it comes from"
    )
    parameters: Mapped[Any | None] = mapped_column(JSONText, comment="Parameters, JSON")
    last_staged_time: Mapped[datetime | None] = mapped_column(
        comment="When the last file was staged"
    )
    locked_by: Mapped[str | None] = mapped_column(
        String(64), comment="Agent that works on it, NULL for none"
    )
    lock_time: Mapped[datetime | None] = mapped_column(comment="When the agent took it")

    relations: Mapped[list[DataCarouselRelations]] = related(
        "foreign(DataCarouselRelations.request_id) == DataCarouselRequests.request_id", "request"
    )


class DataCarouselRelations(Base):
    """Which tasks wait for which request to stage."""

    __tablename__ = "data_carousel_relations"

    request_id: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Request, DATA_CAROUSEL_REQUESTS"
    )
    task_id: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")

    request: Mapped[DataCarouselRequests | None] = related(
        "foreign(DataCarouselRelations.request_id) == DataCarouselRequests.request_id", "relations"
    )
    task: Mapped[JediTasks | None] = related(
        "foreign(DataCarouselRelations.task_id) == JediTasks.jeditaskid", "data_carousel_relations"
    )
