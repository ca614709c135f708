"""The sections of the settings (outputs.md section 7): their keys, their defaults, and what makes no sense in them.

Durations are ms from here on (`10s` in the file, `*_ms` in the code).
Does not know: where a value comes from, what anybody does with it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr, model_validator

from streams.codec.careful import Fields
from streams.codec.formats import FIELDS, Format, make_reader
from streams.engine.machine import Limits as EngineLimits
from streams.partition.records import Decode

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
    """What the producer calls the members of the envelope; those that are not set have the names of the format."""

    id: str | None = None
    type: str | None = None
    entity_id: str | None = None
    account_id: str | None = None
    occurred_at: str | None = None
    properties: str | None = None


class Source(Section):
    """The topic that is read.

    format: the envelope of its records, in the words of `codec.formats`.
    arrival: `record` takes the time of the Kafka record, `occurred` that of the event (imports of history).
    future_skew: how far a clock may be ahead before its events are rejected.
    """

    topic: Name
    format: Format = "plain"
    arrival: Literal["record", "occurred"] = "record"
    future_skew_ms: DurationMs = Field(300_000, alias="future_skew")
    fields: FieldNames = FieldNames()

    @model_validator(mode="after")
    def different(self) -> Self:
        """Raises ValueError, which pydantic reports, where two names are the same."""
        self.names()
        return self

    def names(self) -> Fields:
        """Of the members, all of them."""
        return replace(FIELDS[self.format], **self.fields.model_dump(exclude_none=True))

    def reader(self) -> Decode:
        """How its records are read."""
        return make_reader(self.format, self.names())


class Topics(Section):
    """replication: of the topics that are created; as many replicas as the input has where it is not given."""

    replication: int | None = Field(None, ge=1)


class Clock(Section):
    """ticks: whether time goes on without events. margin: what the clocks of two brokers may differ by."""

    ticks: bool = True
    margin_ms: DurationMs = Field(1_000, alias="margin")


class Batch(Section):
    """linger: how long a transaction that has room waits for more. max_events: the most that one transaction holds."""

    linger_ms: DurationMs = Field(10, alias="linger")
    max_events: int = Field(10_000, ge=1)


class Limits(Section):
    """What bounds the state of one entity: events in it that a late one may still rearrange, and its bytes.

    A state must fit into a record of its topic, together with the largest event that it may have taken in last.
    """

    events_kept: int = Field(EngineLimits.events_kept, ge=16, le=100_000)
    state_bytes: int = Field(EngineLimits.state_bytes, ge=16 * 1024, le=1024 * 1024)

    def of_engine(self) -> EngineLimits:
        """As the engine wants them."""
        return EngineLimits(self.events_kept, self.state_bytes)


class Http(Section):
    """Where `/metrics`, `/readyz` and `/livez` are. port: 0 is any free one, which the log tells."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65_535)


class Log(Section):
    """format: lines for people, or a JSON object a line."""

    format: Literal["text", "json"] = "text"
