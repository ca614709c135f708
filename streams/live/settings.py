"""Settings: one frozen value, parsed once (outputs.md section 7).

Where a value comes from, the later wins: the default, the YAML file (`JOURNEYS_CONFIG`, else `journeys.yaml` where it
exists), the environment (`JOURNEYS_KAFKA__BOOTSTRAP_SERVERS` is `kafka.bootstrap_servers`), the command line. A secret
may also be given as a file: `JOURNEYS_KAFKA__SASL_PLAIN_PASSWORD_FILE`. Every problem is reported at once, an unknown
key with the one that was probably meant.
Does not know: what anybody does with a value. Durations are ms from here on (`10s` in the file, `*_ms` in the code).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from streams.codec.careful import Fields
from streams.live.errors import Misconfigured

PREFIX = "JOURNEYS_"
CONFIG = "JOURNEYS_CONFIG"
DEFAULT_FILE = Path("journeys.yaml")
REQUIRED: dict[str, Any] = {"kafka": {}, "source": {}}

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")


def parse_duration(value: object) -> object:
    """`500ms 30s 15m 24h 14d`, as in journey files, to ms."""
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a whole number with its unit: 500ms, 30s, 15m, 24h, 14d")
    return int(match[1]) * UNITS[match[2]]


def show_duration(value_ms: int) -> str:
    """Ms to text, in the largest unit that divides it."""
    unit = next(unit for unit in reversed(UNITS) if value_ms % UNITS[unit] == 0)
    return f"{value_ms // UNITS[unit]}{unit}"


def split_list(value: object) -> object:
    """In the environment a list is written with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


DurationMs = Annotated[int, BeforeValidator(parse_duration), PlainSerializer(show_duration)]
# A name that is also a group, a prefix of topics and of transactional ids: what Kafka allows for a topic, and short.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")]


class Section(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(Section):
    """How to reach the cluster; `security_protocol`, `sasl_*` and `ssl_*` are passed on to aiokafka.

    session_timeout: after this long without a heartbeat the group gives this worker's partitions to others.
    instance_id: static membership (KIP-345): a worker that restarts within the session timeout keeps its partitions.
    sasl_oauth_token_file: read anew for every connection, so that whoever renews the token only writes the file.
    """

    bootstrap_servers: Annotated[tuple[str, ...], BeforeValidator(split_list), Field(min_length=1)]
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "PLAIN"
    sasl_plain_username: str | None = None
    sasl_plain_password: SecretStr | None = None
    sasl_oauth_token_file: Path | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_password: SecretStr | None = None
    instance_id: str | None = None
    session_timeout_ms: DurationMs = Field(10_000, alias="session_timeout", ge=6_000, le=300_000)

    @model_validator(mode="after")
    def complete(self) -> Self:
        """Whether there is what the protocol needs: a connection never falls back to less than was asked for."""
        if self.security_protocol.startswith("SASL"):
            if self.sasl_mechanism == "OAUTHBEARER":
                if self.sasl_oauth_token_file is None:
                    raise ValueError("OAUTHBEARER needs kafka.sasl_oauth_token_file")
            elif self.sasl_plain_username is None or self.sasl_plain_password is None:
                raise ValueError(f"{self.sasl_mechanism} needs kafka.sasl_plain_username and kafka.sasl_plain_password")
        return self


class FieldNames(Section):
    """What the producer calls the members of the envelope."""

    id: str = "id"
    type: str = "type"
    entity_id: str = "user_id"
    account_id: str = "account_id"
    occurred_at: str = "occurred_at"
    properties: str = "properties"

    @model_validator(mode="after")
    def different(self) -> Self:
        """Raises ValueError, which pydantic reports, where two are the same."""
        self.names()
        return self

    def names(self) -> Fields:
        """As the codec wants them."""
        return Fields(**self.model_dump())


class Source(Section):
    """The topic that is read.

    arrival: `record` takes the time of the Kafka record, `occurred` that of the event (imports of history).
    future_skew: how far a clock may be ahead before its events are rejected.
    """

    topic: Name
    arrival: Literal["record", "occurred"] = "record"
    future_skew_ms: DurationMs = Field(300_000, alias="future_skew")
    fields: FieldNames = FieldNames()


class Topics(Section):
    """replication: of the topics that are created; as many replicas as the input has where it is not given."""

    replication: int | None = Field(None, ge=1)


class Clock(Section):
    """ticks: whether time goes on without events. margin: what the clocks of two brokers may differ by."""

    ticks: bool = True
    margin_ms: DurationMs = Field(1_000, alias="margin")


class Batch(Section):
    """linger: how long a transaction waits for more at low load. max_events: the most that one transaction holds."""

    linger_ms: DurationMs = Field(10, alias="linger")
    max_events: int = Field(10_000, ge=1)


class Http(Section):
    """Where `/metrics`, `/readyz` and `/livez` are. port: 0 is any free one, which the log tells."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65_535)


class Log(Section):
    """format: lines for people, or a JSON object a line."""

    format: Literal["text", "json"] = "text"


class Settings(BaseSettings):
    """Everything a worker is told. `app` is also the group's name and the prefix of topics and transactional ids."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=False)

    app: Name = "journeys"
    journeys: Annotated[tuple[Path, ...], BeforeValidator(split_list)] = ()
    kafka: Kafka
    source: Source
    topics: Topics = Topics()
    clock: Clock = Clock()
    batch: Batch = Batch()
    http: Http = Http()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # replaced by one that knows `_FILE` and unknown keys
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line, then the environment, then the file; pydantic-settings merges them key by key."""
        return init_settings, Environment(settings_cls, os.environ), File(settings_cls, os.environ)

    def show(self) -> dict[str, Any]:
        """For the start-up line: as in a file, secrets hidden, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Environment(PydanticBaseSettingsSource):
    """`JOURNEYS_A__B=x` as `{"a": {"b": "x"}}`."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.environ = environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Part of the interface; values are read all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Nested values, all of them text."""
        found: dict[str, Any] = {}
        for name, value in sorted(self.environ.items()):
            if name.startswith(PREFIX) and name != CONFIG:
                path, text = self.read(name, value)
                section = found
                for part in path[:-1]:
                    section = section.setdefault(part, {})
                    if not isinstance(section, dict):
                        raise Misconfigured(f"settings: {name} and {PREFIX}{'__'.join(path[:-1]).upper()} contradict")
                section[path[-1]] = text
        return found

    def read(self, name: str, value: str) -> tuple[list[str], str]:
        """The key that a variable means, and its value: that of a secret's `_FILE` variant is what is in the file."""
        path = name.removeprefix(PREFIX).lower().split("__")
        secret = path[-1].removesuffix("_file")
        if secret != path[-1] and ".".join([*path[:-1], secret]) in SECRETS:
            try:
                return [*path[:-1], secret], Path(value).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise Misconfigured(f"settings: {name} names a file that cannot be read: {error}") from None
        return path, value


class File(PydanticBaseSettingsSource):
    """The YAML file."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.path = Path(environ.get(CONFIG) or DEFAULT_FILE)
        self.wanted = CONFIG in environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Part of the interface; values are read all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Nested values. The sections with required keys always exist, so that it is a key that is missing."""
        if not self.wanted and not self.path.exists():
            return REQUIRED
        try:
            found = YAML(typ="safe", pure=True).load(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Misconfigured(f"settings: {CONFIG} names a file that cannot be read: {error}") from None
        except YAMLError as error:
            raise Misconfigured(f"settings: {self.path} is not YAML: {error}") from None
        if not isinstance(found or {}, dict):
            raise Misconfigured(f"settings: {self.path} must hold keys and values, as in `app: journeys`")
        return REQUIRED | cast("dict[str, Any]", found or {})


def sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key with its dotted name, sections before their keys."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        yield key, field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from sections(field.annotation, f"{key}.")


KEYS = {key: field for key, field in sections(Settings)}  # noqa: C416  # a dict of pairs is clearer than dict(iterator)
SECRETS = frozenset(key for key, field in KEYS.items() if SecretStr in get_args(field.annotation))


def load_settings(journeys: tuple[Path, ...] = ()) -> Settings:
    """Settings from file and environment; `journeys` are added to those that they name.

    Raises `Misconfigured` with every problem, a line each.
    """
    try:
        found = Settings()
    except ValidationError as error:
        lines = [f"settings: {describe(problem['loc'], problem['type'], problem['msg'])}" for problem in error.errors()]
        raise Misconfigured("\n".join(lines)) from None
    return found.model_copy(update={"journeys": (*found.journeys, *journeys)})


def describe(location: tuple[int | str, ...], kind: str, text: str) -> str:
    """One problem of pydantic's in our words. A value is never repeated: it may be a secret."""
    key = ".".join(str(part) for part in location)
    variable = PREFIX + key.upper().replace(".", "__")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, KEYS, 1, 0.5)
        return f"{key} ({variable}): unknown key" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "missing":
        return f"{key}: missing; set {variable}, or {key} in {DEFAULT_FILE} (or the file that {CONFIG} names)"
    return f"{key} ({variable}): {text.removeprefix('Value error, ')}"
