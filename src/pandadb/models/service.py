"""Internal tables of the server: configuration, caches, secrets, logs, queues."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import SECRET, Base, related
from pandadb.models.types import EPOCH, BigInt, JSONText, SmallInt


class Config(Base):
    """Settings of the PanDA server and JEDI that can be changed while they run."""

    __tablename__ = "config"

    app: Mapped[str] = mapped_column(
        String(64),
        primary_key=True,
        comment="Application that reads the setting, such as pandaserver or jedi",
    )
    component: Mapped[str] = mapped_column(
        String(64),
        primary_key=True,
        comment="Part of the application, such as jobdispatch or retry_task",
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="Name of the setting")
    value: Mapped[str | None] = mapped_column(
        String(256), comment="Value as text, converted according to type"
    )
    type: Mapped[str] = mapped_column(
        String(64), comment="Type of the value, such as int, float, str, bool or json"
    )
    vo: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="Virtual organisation the setting is for"
    )
    descr: Mapped[str] = mapped_column(String(256), comment="What the setting does")
    value_json: Mapped[Any | None] = mapped_column(
        JSONText, comment="Value of settings of type json"
    )


class PandaDBVersion(Base):
    """Version of the database schema, checked by the server when it starts."""

    __tablename__ = "pandadb_version"

    component: Mapped[str] = mapped_column(
        String(100), primary_key=True, comment="What the version is of, such as PanDA; the key"
    )
    major: Mapped[int] = mapped_column(comment="Major number of the version")
    minor: Mapped[int] = mapped_column(comment="Minor number of the version")
    patch: Mapped[int] = mapped_column(comment="Patch number of the version")


class Cache(Base):
    """Data the server's components keep and share under a two-part key."""

    __tablename__ = "cache"

    main_key: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="First part of the key, the kind of data"
    )
    sub_key: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Second part of the key, the item"
    )
    data: Mapped[str | None] = mapped_column(Text, comment="Cached data as text, usually JSON")
    last_update: Mapped[datetime | None] = mapped_column(comment="Time the entry was last written")


class Secrets(Base):
    """Secrets that users entrust to the server for their jobs."""

    __tablename__ = "secrets"

    owner: Mapped[str] = mapped_column(
        String(60), primary_key=True, comment="User the secrets belong to, the key"
    )
    updated_at: Mapped[datetime] = mapped_column(comment="Time the secrets were last changed")
    data: Mapped[str | None] = mapped_column(
        Text, comment="Secrets of the owner as text, confidential"
    )


class SQLQueue(Base):
    """Counter updates of datasets, deferred to run after the commit of a job's result."""

    __tablename__ = "sql_queue"
    __table_args__ = (
        Index("sql_queue_topic_creationtime_idx", "topic", "creationtime"),
        Index("sql_queue_topic_task_idx", "topic", "jeditaskid"),
    )

    topic: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Kind of deferred work"
    )
    pandaid: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Job that caused the updates, the jobs tables"
    )
    execution_order: Mapped[int] = mapped_column(
        primary_key=True, comment="Position within the job's updates, executed ascending"
    )
    jeditaskid: Mapped[BigInt | None] = mapped_column(comment="Task, JEDI_TASKS")
    creationtime: Mapped[datetime | None] = mapped_column(comment="Time the entry was queued")
    data: Mapped[str | None] = mapped_column(
        String(4000), comment="Statement and its variables as JSON text"
    )


class AsyncRequests(Base):
    """Requests to be handled by the server's machines in the background; old ones are pruned."""

    __tablename__ = "async_requests"
    __table_args__ = (
        PrimaryKeyConstraint("request_id", name="async_requests_pk"),
        Index("async_req_target_idx", "service_name", "machine_name"),
    )

    request_id: Mapped[str] = mapped_column(String(64), comment="UUID of the request, the key")
    request_type: Mapped[str] = mapped_column(
        String(64), comment="Kind of request, which names its handler, such as grep"
    )
    service_name: Mapped[str | None] = mapped_column(
        String(64), comment="Service whose machines should handle it"
    )
    machine_name: Mapped[str | None] = mapped_column(
        String(128), comment="Host that should handle it, empty for any of the service"
    )
    parameters: Mapped[str | None] = mapped_column(
        Text, comment="Parameters of the handler as JSON text"
    )
    expected_machines: Mapped[str | None] = mapped_column(
        Text, comment="Hosts expected to answer, as a JSON list in text"
    )
    created_at: Mapped[datetime | None] = mapped_column(comment="Time the request was made")

    results: Mapped[list[AsyncResults]] = related(
        "foreign(AsyncResults.request_id) == AsyncRequests.request_id", "request"
    )


class AsyncResults(Base):
    """Answers of the machines to ASYNC_REQUESTS."""

    __tablename__ = "async_results"
    __table_args__ = (
        PrimaryKeyConstraint("request_id", "machine_name", name="async_results_pk"),
        ForeignKeyConstraint(
            ["request_id"], ["doma_panda.async_requests.request_id"], name="async_results_req_fk"
        ),
        Index("async_results_req_idx", "request_id"),
    )

    request_id: Mapped[str] = mapped_column(String(64), comment="Request, ASYNC_REQUESTS")
    machine_name: Mapped[str] = mapped_column(String(128), comment="Host that answers")
    status: Mapped[str | None] = mapped_column(
        String(16),
        server_default="running",
        comment=(
            "State of the handling on the host: pending (to be retried), running, done or failed"
        ),
    )
    result: Mapped[str | None] = mapped_column(Text, comment="Output of the handler")
    stderr: Mapped[str | None] = mapped_column(Text, comment="Error output of the handler")
    return_code: Mapped[SmallInt | None] = mapped_column(comment="Return code of the handler")
    truncated: Mapped[SmallInt | None] = mapped_column(
        server_default="0", comment="1 if the output was cut, 0 if complete"
    )
    error_msg: Mapped[str | None] = mapped_column(
        String(2048), comment="Why the handling failed, NULL if it did not"
    )
    attempts: Mapped[SmallInt | None] = mapped_column(
        server_default="0", comment="Number of times the host has tried"
    )
    started_at: Mapped[datetime | None] = mapped_column(comment="Time the handling started")
    finished_at: Mapped[datetime | None] = mapped_column(
        comment="Time the handling ended, NULL while it runs"
    )

    request: Mapped[AsyncRequests | None] = related(
        "foreign(AsyncResults.request_id) == AsyncRequests.request_id", "results"
    )


class MachineHeartbeat(Base):
    """Signs of life of the machines that handle ASYNC_REQUESTS."""

    __tablename__ = "machine_heartbeat"
    __table_args__ = (PrimaryKeyConstraint("machine_name", name="machine_heartbeat_pk"),)

    machine_name: Mapped[str] = mapped_column(String(128), comment="Host, the key")
    service_name: Mapped[str] = mapped_column(String(64), comment="Service the host belongs to")
    last_seen: Mapped[datetime | None] = mapped_column(comment="Time of the last sign of life")


class PandaLog(Base):
    """Log messages of the server's components, for the monitor; kept for days."""

    __tablename__ = "pandalog"
    __table_args__ = (
        Index("pandalog_bintime_indx", "bintime", "type"),
        Index("pandalog_multicolumn_indx", "bintime", "name", "type", "levelname"),
        Index("pandalog_nametypebintime_indx", "type", "name", text("bintime DESC")),
        {"postgresql_partition_by": "RANGE (bintime)"},
    )
    __mapper_args__ = {"primary_key": ["bintime", "pid", "line", "time", "module", "message"]}

    bintime: Mapped[datetime] = mapped_column(
        server_default=EPOCH, comment="Time of the message, also the partition key"
    )
    name: Mapped[str | None] = mapped_column(String(30), comment="Name of the logger")
    module: Mapped[str | None] = mapped_column(String(30), comment="Module that logged")
    loguser: Mapped[str | None] = mapped_column(
        String(80), comment="User the message is about or who caused it"
    )
    type: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of message, set by the module"
    )
    pid: Mapped[BigInt] = mapped_column(server_default="0", comment="Process that wrote the entry")
    loglevel: Mapped[int] = mapped_column(
        server_default="0",
        comment="Level as a number, as in Python's logging: 10 debug to 50 critical",
    )
    levelname: Mapped[str | None] = mapped_column(
        String(30), comment="Level as a word, such as INFO or ERROR"
    )
    time: Mapped[str | None] = mapped_column(
        String(30), comment="Time of the message as the logger wrote it"
    )
    filename: Mapped[str | None] = mapped_column(String(100), comment="Source file that logged")
    line: Mapped[int] = mapped_column(
        server_default="0", comment="Line of the source file that logged"
    )
    message: Mapped[str | None] = mapped_column(String(4000), comment="Text of the message")


class PandaLogFAX(Base):
    """Log messages on FAX, the federated XRootD storage, shaped like PANDALOG; no longer in use."""

    __tablename__ = "pandalog_fax"
    __table_args__ = {"postgresql_partition_by": "RANGE (bintime)"}
    __mapper_args__ = {"primary_key": ["bintime", "pid", "line", "time", "module", "message"]}

    bintime: Mapped[datetime] = mapped_column(comment="Time of the message, also the partition key")
    name: Mapped[str | None] = mapped_column(String(30), comment="Name of the logger")
    module: Mapped[str | None] = mapped_column(String(30), comment="Module that logged")
    loguser: Mapped[str | None] = mapped_column(
        String(80), comment="User the message is about or who caused it"
    )
    type: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of message, set by the module"
    )
    pid: Mapped[BigInt | None] = mapped_column(comment="Process that wrote the entry")
    loglevel: Mapped[int | None] = mapped_column(
        comment="Level as a number, as in Python's logging: 10 debug to 50 critical"
    )
    levelname: Mapped[str | None] = mapped_column(
        String(30), comment="Level as a word, such as INFO or ERROR"
    )
    time: Mapped[str | None] = mapped_column(
        String(30), comment="Time of the message as the logger wrote it"
    )
    filename: Mapped[str | None] = mapped_column(String(100), comment="Source file that logged")
    line: Mapped[int | None] = mapped_column(comment="Line of the source file that logged")
    message: Mapped[str | None] = mapped_column(String(4000), comment="Text of the message")


class PilotToken(Base):
    """Tokens that let pilot schedulers ask for jobs; no longer in use."""

    __tablename__ = "pilottoken"
    __table_args__ = (PrimaryKeyConstraint("token", name="pilottoken_token_pk"),)

    token: Mapped[str] = mapped_column(String(64), info=SECRET, comment="The token, the key")
    schedulerhost: Mapped[str | None] = mapped_column(
        String(100), comment="Host of the scheduler the token was given to"
    )
    scheduleruser: Mapped[str | None] = mapped_column(
        String(150), comment="User of the scheduler the token was given to"
    )
    usages: Mapped[int] = mapped_column(comment="Number of uses of the token")
    created: Mapped[datetime] = mapped_column(comment="Time the token was made")
    expires: Mapped[datetime] = mapped_column(comment="Time the token expires")
    schedulerid: Mapped[str | None] = mapped_column(
        String(80), comment="Identifier of the scheduler"
    )
