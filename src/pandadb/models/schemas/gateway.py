"""The gateway's tables: messages received, dead letters, runs, cancels, instruments, variables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDADB, Base
from pandadb.models.types import UTC_NOW, BigInt


class GatewayMessage(Base):
    """Messages that gateways have received, so that one that comes again is known."""

    __tablename__ = "gateway_message"
    __table_args__ = (
        Index("gateway_message_content_idx", "source", "content_key"),
        Index("gateway_message_received_idx", "received_at"),
        {"schema": PANDADB},
    )

    source: Mapped[str] = mapped_column(
        String(100), primary_key=True, comment="Broker, as the gateway's settings call it"
    )
    message_id: Mapped[str] = mapped_column(
        String(300), primary_key=True, comment="The broker's id; without one that of the content"
    )
    content_key: Mapped[str] = mapped_column(
        String(64), comment="SHA-256 of the destination and the body"
    )
    destination: Mapped[str] = mapped_column(String(300), comment="Queue of the broker")
    received_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time at which it was received"
    )
    kind: Mapped[str | None] = mapped_column(
        String(10), comment="What it has become: job, cancel, skipped, error or noted"
    )
    pandaid: Mapped[BigInt | None] = mapped_column(comment="Job that it has become, if any")
    reason: Mapped[str | None] = mapped_column(Text, comment="Why it has not become a job")
    warnings: Mapped[Any | None] = mapped_column(
        JSONB, comment="Sentences, such as of unknown keys"
    )


class GatewayDeadLetter(Base):
    """Messages that gateways could not work on, whole, with the reason."""

    __tablename__ = "gateway_dead_letter"
    __table_args__ = (
        Index("gateway_dead_letter_message_idx", "source", "message_id"),
        {"schema": PANDADB},
    )

    dead_letter_id: Mapped[BigInt] = mapped_column(
        Identity(always=False), primary_key=True, comment="Number of the dead letter, the key"
    )
    source: Mapped[str] = mapped_column(
        String(100), comment="Broker, as the gateway's settings call it"
    )
    message_id: Mapped[str] = mapped_column(String(300), comment="The broker's id")
    destination: Mapped[str] = mapped_column(String(300), comment="Queue of the broker")
    headers: Mapped[Any] = mapped_column(JSONB, comment="Headers of the message")
    body: Mapped[bytes] = mapped_column(LargeBinary, comment="Body of the message, byte by byte")
    reason: Mapped[str] = mapped_column(Text, comment="Why it could not be worked on")
    deliveries: Mapped[int] = mapped_column(
        server_default="1", comment="How often the broker had delivered it"
    )
    first_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of its first delivery that is known"
    )
    last_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time at which it became a dead letter"
    )
    replayed_at: Mapped[datetime | None] = mapped_column(
        comment="Time at which it was received once more; NULL if it was not"
    )


class GatewayDelivery(Base):
    """Deliveries that have failed, of messages that the broker delivers again."""

    __tablename__ = "gateway_delivery"
    __table_args__ = {"schema": PANDADB}

    source: Mapped[str] = mapped_column(
        String(100), primary_key=True, comment="Broker, as the gateway's settings call it"
    )
    message_id: Mapped[str] = mapped_column(
        String(300), primary_key=True, comment="The broker's id; without one that of the content"
    )
    deliveries: Mapped[int] = mapped_column(
        server_default="1", comment="How often the broker has delivered it"
    )
    first_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of the first delivery"
    )
    last_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of the last delivery"
    )
    last_error: Mapped[str | None] = mapped_column(Text, comment="Error of the last delivery")


class GatewayRun(Base):
    """Runs of instruments: each version is a reduction of its own."""

    __tablename__ = "gateway_run"
    __table_args__ = (
        CheckConstraint(
            "status IN ('Queued', 'Processing', 'Completed', 'Error', 'Skipped')",
            name="gateway_run_status_check",
        ),
        Index("gateway_run_key_idx", "run_number", "instrument", "rb_number", "run_version"),
        Index("gateway_run_pandaid_idx", "pandaid"),
        {"schema": PANDADB},
    )

    run_id: Mapped[BigInt] = mapped_column(
        Identity(always=False), primary_key=True, comment="Number of the record, the key"
    )
    facility: Mapped[str] = mapped_column(String(100), comment="Facility, in capitals")
    instrument: Mapped[str] = mapped_column(String(80), comment="Instrument, in capitals")
    rb_number: Mapped[BigInt] = mapped_column(
        comment="RB number, of the experiment: one run of it is reduced at a time; 0 for a text"
    )
    run_number: Mapped[BigInt] = mapped_column(comment="Number of the run at its instrument")
    run_version: Mapped[int] = mapped_column(comment="0 for the first reduction of the run")
    status: Mapped[str] = mapped_column(
        String(10), comment="Queued, Processing, Completed, Error or Skipped"
    )
    pandaid: Mapped[BigInt | None] = mapped_column(comment="Job that reduces it, the jobs tables")
    source: Mapped[str] = mapped_column(
        String(100), comment="Broker of its message, as the gateway's settings call it"
    )
    body: Mapped[Any] = mapped_column(
        JSONB, comment="Keys of its events: those of the message, completed"
    )
    destinations: Mapped[Any] = mapped_column(
        JSONB, comment="Queues of its events, by names of settings"
    )
    data: Mapped[Any] = mapped_column(JSONB, comment="Paths of the raw data")
    reduced: Mapped[Any] = mapped_column(JSONB, comment="Folders with the result")
    script: Mapped[str | None] = mapped_column(Text, comment="Text of the script")
    variables: Mapped[Any] = mapped_column(
        JSONB, comment="Variables of the script: type and value by name, in two groups"
    )
    overwrite: Mapped[bool | None] = mapped_column(
        comment="Whether the folder of version 0 is written anew"
    )
    description: Mapped[str] = mapped_column(
        Text, server_default="", comment="Description by a user"
    )
    started_by: Mapped[int | None] = mapped_column(comment="User by number; -1 is the service")
    message: Mapped[str | None] = mapped_column(Text, comment="Error, or why it was skipped")
    reduction_log: Mapped[str] = mapped_column(
        Text, server_default="", comment="End of the script's output"
    )
    admin_log: Mapped[str] = mapped_column(
        Text, server_default="", comment="End of the service's own log"
    )
    software: Mapped[str | None] = mapped_column(String(100), comment="Software with its version")
    host: Mapped[str | None] = mapped_column(String(255), comment="Machine of the reduction")
    created_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of the record"
    )
    started_at: Mapped[datetime | None] = mapped_column(comment="Time at which it has begun")
    finished_at: Mapped[datetime | None] = mapped_column(comment="Time at which it has ended")
    retry_when: Mapped[datetime | None] = mapped_column(
        comment="Time at which the next version begins; NULL if there is none"
    )
    retry_run: Mapped[BigInt | None] = mapped_column(comment="The next version, this table")
    cancelled: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether a user has cancelled it"
    )


class GatewayCancel(Base):
    """Cancels of runs that are not known yet: they are kept for a while."""

    __tablename__ = "gateway_cancel"
    __table_args__ = (Index("gateway_cancel_run_idx", "run_number"), {"schema": PANDADB})

    cancel_id: Mapped[BigInt] = mapped_column(
        Identity(always=False), primary_key=True, comment="Number of the cancel, the key"
    )
    run_number: Mapped[BigInt] = mapped_column(comment="Number of the run")
    run_version: Mapped[int] = mapped_column(comment="Version of the run")
    instrument: Mapped[str | None] = mapped_column(
        String(80), comment="Instrument; NULL if the cancel named none"
    )
    rb_number: Mapped[BigInt | None] = mapped_column(
        comment="RB number; NULL if the cancel named none"
    )
    until: Mapped[datetime] = mapped_column(comment="Time until which it is heeded")


class GatewayInstrument(Base):
    """Instruments that gateways have heard of."""

    __tablename__ = "gateway_instrument"
    __table_args__ = {"schema": PANDADB}

    name: Mapped[str] = mapped_column(
        String(80), primary_key=True, comment="The instrument, in capitals"
    )
    is_active: Mapped[bool] = mapped_column(
        server_default="true", comment="Whether it has runs; set by the next one"
    )
    is_paused: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether its runs are not reduced"
    )
    is_flat_output: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether all runs have one folder for their results"
    )


class GatewayVariable(Base):
    """Variables of scripts for runs to come: of an experiment, or from a run on."""

    __tablename__ = "gateway_variable"
    __table_args__ = (Index("gateway_variable_name_idx", "instrument", "name"), {"schema": PANDADB})

    variable_id: Mapped[BigInt] = mapped_column(
        Identity(always=False), primary_key=True, comment="Number of the variable, the key"
    )
    instrument: Mapped[str] = mapped_column(String(80), comment="Instrument, in capitals")
    name: Mapped[str] = mapped_column(String(100), comment="Name of the variable")
    value: Mapped[str] = mapped_column(Text, comment="Value, as text")
    type: Mapped[str] = mapped_column(
        String(20), comment="text, number, boolean, list_text or list_number"
    )
    is_advanced: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether it is one of advanced_vars"
    )
    help_text: Mapped[str] = mapped_column(Text, server_default="", comment="Help, as HTML")
    experiment_reference: Mapped[BigInt | None] = mapped_column(
        comment="RB number of the experiment that it is for"
    )
    start_run: Mapped[BigInt | None] = mapped_column(comment="First run that it is for")
    tracks_script: Mapped[bool] = mapped_column(
        server_default="true", comment="Whether its value follows the one in reduce_vars.py"
    )


class GatewayProcess(Base):
    """Processes that take messages of brokers."""

    __tablename__ = "gateway_process"
    __table_args__ = {"schema": PANDADB}

    gateway_id: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Host, process and a random part, the key"
    )
    source: Mapped[str] = mapped_column(
        String(100), comment="Broker, as the gateway's settings call it"
    )
    host: Mapped[str] = mapped_column(String(255), comment="Machine of the process")
    pid: Mapped[int] = mapped_column(comment="Number of the process on its machine")
    version: Mapped[str] = mapped_column(String(40), comment="Version of pandadb")
    broker: Mapped[str | None] = mapped_column(
        String(300), comment="Host and port of the broker; NULL while it is not connected"
    )
    received: Mapped[BigInt] = mapped_column(
        server_default="0", comment="Messages that it has acknowledged"
    )
    sent: Mapped[BigInt] = mapped_column(
        server_default="0", comment="Events that the broker has confirmed to it"
    )
    last_error: Mapped[str | None] = mapped_column(Text, comment="Why the last connection was lost")
    started_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time at which it began"
    )
    last_seen: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of its last sign of life"
    )
    stopped_at: Mapped[datetime | None] = mapped_column(
        comment="Time at which it has ended; NULL while it runs, or if it was killed"
    )
