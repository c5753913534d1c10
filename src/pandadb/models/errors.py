"""Error codes: their meanings, and the actions for jobs that fail with one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CHAR, CheckConstraint, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.types import UTC_NOW_SECONDS, BigInt, SmallInt

ERROR_DESCRIPTIONS_SEQ = sequence("error_descriptions_id_seq")
RETRYACTIONS_SEQ = sequence("retryactions_id_seq")
RETRYERRORS_SEQ = sequence("retryerrors_id_seq")


class ErrorClassification(Base):
    """Rules that sort job errors into classes by source, code and message."""

    __tablename__ = "error_classification"

    id: Mapped[BigInt] = mapped_column(
        Identity(always=True, start=1000000),
        primary_key=True,
        comment="Number of the rule, the key",
    )
    error_source: Mapped[str] = mapped_column(
        String(30), comment="Job attribute the code is in, such as pilotErrorCode"
    )
    error_code: Mapped[BigInt] = mapped_column(comment="Error code the rule applies to")
    error_diag: Mapped[str] = mapped_column(
        String(256), comment="Regular expression the error message has to match"
    )
    description: Mapped[str | None] = mapped_column(String(250), comment="Remark on the rule")
    error_class: Mapped[str] = mapped_column(
        String(30),
        comment="Class given to the error; system errors do not count as failed attempts",
    )
    active: Mapped[str] = mapped_column(
        CHAR(1), comment="Y if the rule is acted on, N if a match is only logged"
    )
    reg_date: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW_SECONDS, comment="Time the rule was entered"
    )


class ErrorDescriptions(Base):
    """Explanations of the error codes of each component, for people."""

    __tablename__ = "error_descriptions"
    __table_args__ = (
        CheckConstraint("code >= 0 AND code <= 99999", name="error_descriptions_code_check"),
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=ERROR_DESCRIPTIONS_SEQ.next_value(),
        primary_key=True,
        comment="Number of the entry, the key",
    )
    component: Mapped[str] = mapped_column(
        String(32), comment="Component that sets the code, such as pilot, ddm or jobdispatcher"
    )
    code: Mapped[int] = mapped_column(comment="Error code, 0 to 99999")
    acronym: Mapped[str | None] = mapped_column(String(64), comment="Symbolic name of the code")
    diagnostics: Mapped[str | None] = mapped_column(
        String(256), comment="Short message that goes with the code"
    )
    description: Mapped[str | None] = mapped_column(
        String(4000), comment="Longer explanation of the error"
    )
    category: Mapped[SmallInt] = mapped_column(comment="Number of the error's category")


class RetryActions(Base):
    """Actions the server may take when a job with a known error is retried."""

    __tablename__ = "retryactions"

    retryaction_id: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Number of the action, the key"
    )
    retry_action: Mapped[str] = mapped_column(
        String(50), comment="Name of the action, such as no_retry, limit_retry or increase_memory"
    )
    active: Mapped[str] = mapped_column(
        CHAR(1), server_default="Y", comment="Y if the action is taken, N if it is only logged"
    )
    retry_description: Mapped[str | None] = mapped_column(
        String(250), comment="What the action does"
    )

    errors: Mapped[list[RetryErrors]] = related(
        "foreign(RetryErrors.retryaction) == RetryActions.retryaction_id", "action"
    )


class RetryErrors(Base):
    """Rules that choose a retry action for a job error."""

    __tablename__ = "retryerrors"
    __table_args__ = (Index("retryerrors_retryaction_idx", "retryaction"),)

    retryerror_id: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Number of the rule, the key"
    )
    errorsource: Mapped[str] = mapped_column(
        String(256), comment="Job attribute the code is in, such as pilotErrorCode"
    )
    errorcode: Mapped[BigInt] = mapped_column(comment="Error code the rule applies to")
    active: Mapped[str] = mapped_column(
        CHAR(1), server_default="Y", comment="Y if the rule is applied, N if it is only logged"
    )
    retryaction: Mapped[BigInt] = mapped_column(comment="Action to take, RETRYACTIONS")
    errordiag: Mapped[str | None] = mapped_column(
        String(256), comment="Regular expression the error message has to match, NULL for any"
    )
    parameters: Mapped[str | None] = mapped_column(
        String(256), comment="Parameters of the action, such as maxAttempt=5, joined by &"
    )
    architecture: Mapped[str | None] = mapped_column(
        String(256), comment="Architecture (cmtConfig) the rule is limited to, NULL for any"
    )
    release: Mapped[str | None] = mapped_column(
        String(64), comment="Software release the rule is limited to, NULL for any"
    )
    workqueue_id: Mapped[int | None] = mapped_column(
        comment="Work queue the rule is limited to, JEDI_WORK_QUEUE; NULL for any"
    )
    description: Mapped[str | None] = mapped_column(String(250), comment="Remark on the rule")
    expiration_date: Mapped[datetime | None] = mapped_column(
        comment="Time after which the rule no longer applies, NULL if never"
    )

    action: Mapped[RetryActions | None] = related(
        "foreign(RetryErrors.retryaction) == RetryActions.retryaction_id", "errors"
    )
