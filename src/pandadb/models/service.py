"""What the server keeps for itself: configuration, caches, secrets, logs, queues."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related
from pandadb.models.types import EPOCH, BigInt, JSONText, SmallInt


class Config(Base):
    """TODO doma_panda.config."""

    __tablename__ = "config"

    app: Mapped[str] = mapped_column(String(64), primary_key=True)
    component: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str | None] = mapped_column(String(256))
    type: Mapped[str] = mapped_column(String(64))
    vo: Mapped[str] = mapped_column(String(32), primary_key=True)
    descr: Mapped[str] = mapped_column(String(256))
    value_json: Mapped[Any | None] = mapped_column(JSONText)


class PandaDBVersion(Base):
    """TODO doma_panda.pandadb_version."""

    __tablename__ = "pandadb_version"

    component: Mapped[str] = mapped_column(String(100), primary_key=True)
    major: Mapped[int]
    minor: Mapped[int]
    patch: Mapped[int]


class Cache(Base):
    """TODO doma_panda.cache."""

    __tablename__ = "cache"

    main_key: Mapped[str] = mapped_column(String(56), primary_key=True)
    sub_key: Mapped[str] = mapped_column(String(56), primary_key=True)
    data: Mapped[str | None] = mapped_column(Text)
    last_update: Mapped[datetime | None]


class Secrets(Base):
    """TODO doma_panda.secrets."""

    __tablename__ = "secrets"

    owner: Mapped[str] = mapped_column(String(60), primary_key=True)
    updated_at: Mapped[datetime]
    data: Mapped[str | None] = mapped_column(Text)


class SQLQueue(Base):
    """TODO doma_panda.sql_queue."""

    __tablename__ = "sql_queue"
    __table_args__ = (
        Index("sql_queue_topic_creationtime_idx", "topic", "creationtime"),
        Index("sql_queue_topic_task_idx", "topic", "jeditaskid"),
    )

    topic: Mapped[str] = mapped_column(String(50), primary_key=True)
    pandaid: Mapped[BigInt] = mapped_column(primary_key=True)
    execution_order: Mapped[int] = mapped_column(primary_key=True)
    jeditaskid: Mapped[BigInt | None]
    creationtime: Mapped[datetime | None]
    data: Mapped[str | None] = mapped_column(String(4000))


class AsyncRequests(Base):
    """TODO doma_panda.async_requests."""

    __tablename__ = "async_requests"
    __table_args__ = (
        PrimaryKeyConstraint("request_id", name="async_requests_pk"),
        Index("async_req_target_idx", "service_name", "machine_name"),
    )

    request_id: Mapped[str] = mapped_column(String(64))
    request_type: Mapped[str] = mapped_column(String(64))
    service_name: Mapped[str | None] = mapped_column(String(64))
    machine_name: Mapped[str | None] = mapped_column(String(128))
    parameters: Mapped[str | None] = mapped_column(Text)
    expected_machines: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime | None]

    results: Mapped[list[AsyncResults]] = related(
        "foreign(AsyncResults.request_id) == AsyncRequests.request_id", "request"
    )


class AsyncResults(Base):
    """TODO doma_panda.async_results."""

    __tablename__ = "async_results"
    __table_args__ = (
        PrimaryKeyConstraint("request_id", "machine_name", name="async_results_pk"),
        ForeignKeyConstraint(
            ["request_id"], ["doma_panda.async_requests.request_id"], name="async_results_req_fk"
        ),
        Index("async_results_req_idx", "request_id"),
    )

    request_id: Mapped[str] = mapped_column(String(64))
    machine_name: Mapped[str] = mapped_column(String(128))
    status: Mapped[str | None] = mapped_column(String(16), server_default="running")
    result: Mapped[str | None] = mapped_column(Text)
    stderr: Mapped[str | None] = mapped_column(Text)
    return_code: Mapped[SmallInt | None]
    truncated: Mapped[SmallInt | None] = mapped_column(server_default="0")
    error_msg: Mapped[str | None] = mapped_column(String(2048))
    attempts: Mapped[SmallInt | None] = mapped_column(server_default="0")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    request: Mapped[AsyncRequests | None] = related(
        "foreign(AsyncResults.request_id) == AsyncRequests.request_id", "results"
    )


class MachineHeartbeat(Base):
    """TODO doma_panda.machine_heartbeat."""

    __tablename__ = "machine_heartbeat"
    __table_args__ = (PrimaryKeyConstraint("machine_name", name="machine_heartbeat_pk"),)

    machine_name: Mapped[str] = mapped_column(String(128))
    service_name: Mapped[str] = mapped_column(String(64))
    last_seen: Mapped[datetime | None]


class PandaLog(Base):
    """TODO doma_panda.pandalog."""

    __tablename__ = "pandalog"
    __table_args__ = (
        Index("pandalog_bintime_indx", "bintime", "type"),
        Index("pandalog_multicolumn_indx", "bintime", "name", "type", "levelname"),
        Index("pandalog_nametypebintime_indx", "type", "name", text("bintime DESC")),
        {"postgresql_partition_by": "RANGE (bintime)"},
    )
    __mapper_args__ = {"primary_key": ["bintime", "pid", "line", "time", "module", "message"]}

    bintime: Mapped[datetime] = mapped_column(server_default=EPOCH)
    name: Mapped[str | None] = mapped_column(String(30))
    module: Mapped[str | None] = mapped_column(String(30))
    loguser: Mapped[str | None] = mapped_column(String(80))
    type: Mapped[str | None] = mapped_column(String(20))
    pid: Mapped[BigInt] = mapped_column(server_default="0")
    loglevel: Mapped[int] = mapped_column(server_default="0")
    levelname: Mapped[str | None] = mapped_column(String(30))
    time: Mapped[str | None] = mapped_column(String(30))
    filename: Mapped[str | None] = mapped_column(String(100))
    line: Mapped[int] = mapped_column(server_default="0")
    message: Mapped[str | None] = mapped_column(String(4000))


class PandaLogFAX(Base):
    """TODO doma_panda.pandalog_fax."""

    __tablename__ = "pandalog_fax"
    __table_args__ = {"postgresql_partition_by": "RANGE (bintime)"}
    __mapper_args__ = {"primary_key": ["bintime", "pid", "line", "time", "module", "message"]}

    bintime: Mapped[datetime]
    name: Mapped[str | None] = mapped_column(String(30))
    module: Mapped[str | None] = mapped_column(String(30))
    loguser: Mapped[str | None] = mapped_column(String(80))
    type: Mapped[str | None] = mapped_column(String(20))
    pid: Mapped[BigInt | None]
    loglevel: Mapped[int | None]
    levelname: Mapped[str | None] = mapped_column(String(30))
    time: Mapped[str | None] = mapped_column(String(30))
    filename: Mapped[str | None] = mapped_column(String(100))
    line: Mapped[int | None]
    message: Mapped[str | None] = mapped_column(String(4000))


class PilotToken(Base):
    """TODO doma_panda.pilottoken."""

    __tablename__ = "pilottoken"
    __table_args__ = (PrimaryKeyConstraint("token", name="pilottoken_token_pk"),)

    token: Mapped[str] = mapped_column(String(64))
    schedulerhost: Mapped[str | None] = mapped_column(String(100))
    scheduleruser: Mapped[str | None] = mapped_column(String(150))
    usages: Mapped[int]
    created: Mapped[datetime]
    expires: Mapped[datetime]
    schedulerid: Mapped[str | None] = mapped_column(String(80))
