"""Error codes: what they mean, and what to do when a job fails with one."""

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
    """TODO doma_panda.error_classification."""

    __tablename__ = "error_classification"

    id: Mapped[BigInt] = mapped_column(Identity(always=True, start=1000000), primary_key=True)
    error_source: Mapped[str] = mapped_column(String(30))
    error_code: Mapped[BigInt]
    error_diag: Mapped[str] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(String(250))
    error_class: Mapped[str] = mapped_column(String(30))
    active: Mapped[str] = mapped_column(CHAR(1))
    reg_date: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW_SECONDS)


class ErrorDescriptions(Base):
    """TODO doma_panda.error_descriptions."""

    __tablename__ = "error_descriptions"
    __table_args__ = (
        CheckConstraint("code >= 0 AND code <= 99999", name="error_descriptions_code_check"),
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=ERROR_DESCRIPTIONS_SEQ.next_value(), primary_key=True
    )
    component: Mapped[str] = mapped_column(String(32))
    code: Mapped[int]
    acronym: Mapped[str | None] = mapped_column(String(64))
    diagnostics: Mapped[str | None] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(String(4000))
    category: Mapped[SmallInt]


class RetryActions(Base):
    """TODO doma_panda.retryactions."""

    __tablename__ = "retryactions"

    retryaction_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    retry_action: Mapped[str] = mapped_column(String(50))
    active: Mapped[str] = mapped_column(CHAR(1), server_default="Y")
    retry_description: Mapped[str | None] = mapped_column(String(250))

    errors: Mapped[list[RetryErrors]] = related(
        "foreign(RetryErrors.retryaction) == RetryActions.retryaction_id", "action"
    )


class RetryErrors(Base):
    """TODO doma_panda.retryerrors."""

    __tablename__ = "retryerrors"
    __table_args__ = (Index("retryerrors_retryaction_idx", "retryaction"),)

    retryerror_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    errorsource: Mapped[str] = mapped_column(String(256))
    errorcode: Mapped[BigInt]
    active: Mapped[str] = mapped_column(CHAR(1), server_default="Y")
    retryaction: Mapped[BigInt]
    errordiag: Mapped[str | None] = mapped_column(String(256))
    parameters: Mapped[str | None] = mapped_column(String(256))
    architecture: Mapped[str | None] = mapped_column(String(256))
    release: Mapped[str | None] = mapped_column(String(64))
    workqueue_id: Mapped[int | None]
    description: Mapped[str | None] = mapped_column(String(250))
    expiration_date: Mapped[datetime | None]

    action: Mapped[RetryActions | None] = related(
        "foreign(RetryErrors.retryaction) == RetryActions.retryaction_id", "errors"
    )
