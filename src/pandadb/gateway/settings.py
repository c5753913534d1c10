"""Settings of the gateway, read from a TOML file; each has a default."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError

from pandadb.errors import InvalidInput
from pandadb.gateway.sentences import sentence_of

if TYPE_CHECKING:
    from typing import Any

DEFAULT_FILE = Path("gateway.toml")
OTHERS = 0o077
"""Permissions that no other user may have of a file with a password."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Role = Literal[
    "data_ready",
    "reduction_pending",
    "reduction_started",
    "reduction_complete",
    "reduction_error",
    "reduction_skipped",
]
"""Names of destinations in the settings."""
Instruments = Annotated[list[Annotated[str, StringConstraints(to_upper=True)]], Field()]


class GatewaySettingsError(InvalidInput):
    """A file of settings that cannot be read, or a setting with a wrong name or value."""


class Section(BaseModel):
    """A part of the settings; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Destinations(Section):
    """Names of the broker's queues: messages come from them, or events go to them."""

    data_ready: Name = "DataReady"
    reduction_pending: Name = "ReductionPending"
    reduction_started: Name = "ReductionStarted"
    reduction_complete: Name = "ReductionComplete"
    reduction_error: Name = "ReductionError"
    reduction_skipped: Name = "ReductionSkipped"

    def role(self, destination: str) -> str | None:
        """Return the setting's name for a destination, with or without `/queue/`; else None."""
        name = destination.removeprefix("/queue/").removeprefix("/topic/")
        return next((role for role, known in self if known == name), None)


class Broker(Section):
    """The broker, and how the gateway is connected to it."""

    urls: list[str] = Field(default_factory=lambda: ["stomp://127.0.0.1:61613"], min_length=1)
    """Brokers that are tried in turn: `stomp://host:port`, or `stomp+ssl://host:port`."""
    user: str | None = None
    password: SecretStr | None = None
    """Allowed in a file of mode 0600 only; see `password_env` and `password_file`."""
    password_env: str = "PANDADB_STOMP_PASSWORD"  # noqa: S105 - a name, no password
    password_file: Path | None = None
    ca_file: Path | None = None
    """Certificates that the broker's is checked with; None: those of the system."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    check_certificate: bool = True
    virtual_host: str | None = None
    """The header `host` of CONNECT; None: the host of the URL."""
    versions: tuple[Literal["1.1", "1.2"], ...] = ("1.2", "1.1")
    heartbeat: float = Field(default=10.0, ge=0)
    """Seconds between signs of life, in both directions; 0: none."""
    reconnect_after: float = Field(default=1.0, gt=0)
    """Seconds before the second attempt to connect, doubled after each."""
    reconnect_limit: float = Field(default=30.0, gt=0)
    prefetch: int = Field(default=50, ge=1, le=10_000)
    """Messages that the broker hands over before the first is acknowledged; they are received in
    one transaction."""
    consume: tuple[Role, ...] = ("data_ready", "reduction_pending")
    """Destinations that are subscribed to, by their names in `[destinations]`."""
    max_deliveries: int = Field(default=5, ge=1)
    """Deliveries of a message before it becomes a dead letter."""


class Folders(Section):
    """Templates of paths.

    Known are `{facility}`, `{instrument}`, `{rb_number}`, `{run_number}`, `{run_version}` and
    `{cycle}`, the last from the path of the data.
    """

    root: Path = Path("/")
    """The folder of the other templates, unless they are absolute."""
    scripts: str = "isis/NDX{instrument}/user/scripts/autoreduction"
    """The folder of an instrument's `reduce.py` and `reduce_vars.py`."""
    data: list[str] = Field(default_factory=lambda: ["isis/NDX{instrument}"])
    """Folders for the data of an instrument: one has to hold them; none: any may."""
    result: str = "instrument/{instrument}/RBNumber/RB{rb_number}/autoreduced/{run_number}"
    versioned: str = "run-version-{run_version}"
    """The folder of a version, below the result; empty: versions replace each other."""
    flat: str = "instrument/{instrument}/RBNumber/RB{rb_number}/autoreduced"
    """The result of instruments with flat output, without a folder for runs and versions."""
    ceph: str = "instrument/{instrument}/RBNumber/RB{rb_number}/autoreduced/{run_number}"
    excitation: str = "instrument/{instrument}/RBNumber/RB{rb_number}/autoreduced"
    script_log: str = "RB_{rb_number}_Run_{run_number}_Script.out"
    error_log: str = "RB_{rb_number}_Run_{run_number}_Mantid.log"
    temporary: Path | None = None
    """The folder of temporary folders; None: the system's."""


class Reduction(Section):
    """Rules of reductions."""

    queue: Name = "reduction"
    """The queue of pandadb whose workers reduce."""
    timeout: float = Field(default=3600.0, gt=0)
    """Seconds that a script may run."""
    retry_in: int = Field(default=21_600, ge=1)
    """Seconds before the next attempt, if the data cannot be read or the result not be written."""
    last_version: int = Field(default=5, ge=0, le=1000)
    """The highest version that a retry may have: with 5 there are six attempts in all."""
    priority: int = Field(default=4, ge=0, le=9)
    """The priority of a message without that header."""
    cancels_kept: float = Field(default=3600.0, ge=0)
    """Seconds that a cancel of an unknown run is kept, in case it has overtaken its run."""
    log_limit: int = Field(default=65_536, ge=1000)
    """Bytes of a log in an event; the whole is in a file."""
    rb_digits: int = Field(default=7, ge=1, le=18)
    """Digits of an RB number; others are those of calibration runs, which are skipped."""
    software: str | None = None
    """The software's version in records and events, such as `Mantid-6.1.0`; None: asked of it."""
    working: Path | None = None
    """The current directory of scripts; None: that of their job."""


class GatewaySettings(Section):
    """All settings of a gateway."""

    source: Name = "stomp"
    """The name of the broker in records: message ids are unique in it."""
    max_body: int = Field(default=8_388_608, ge=1000)
    """Bytes of the largest message."""
    max_keys: int = Field(default=1000, ge=20)
    """Keys of the largest message."""
    keep_messages: float = Field(default=30, gt=0)
    """Days in which a message that comes again is known."""
    ceph_instruments: Instruments = Field(default_factory=list)
    excitation_instruments: Instruments = Field(default_factory=list)
    destinations: Destinations = Field(default_factory=Destinations)
    keys: dict[str, str] = Field(default_factory=dict)
    """Other names of keys in messages: `{"rb_number": "experiment"}`."""
    broker: Broker = Field(default_factory=Broker)
    folders: Folders = Field(default_factory=Folders)
    reduction: Reduction = Field(default_factory=Reduction)


def read_settings(path: Path | None = None) -> GatewaySettings:
    """Read settings from a TOML file; without a path from `gateway.toml`, if there is one.

    Raises:
        GatewaySettingsError: The file cannot be read, or a setting has a wrong name or value.
    """
    if path is None and not DEFAULT_FILE.exists():
        return GatewaySettings()
    place = path or DEFAULT_FILE
    try:
        found: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise GatewaySettingsError(f"{place} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise GatewaySettingsError(f"{place} is no TOML: {error}") from None
    try:
        settings = GatewaySettings.model_validate(found)
    except ValidationError as error:
        raise GatewaySettingsError(f"{place}: {sentence_of(error)}") from None
    if settings.broker.password is not None and place.stat().st_mode & OTHERS:
        raise GatewaySettingsError(
            f"{place} has a password, and other users can read it: chmod 600 {place}"
        )
    return settings
