"""What others may read and write in Kafka -> AsyncAPI 3, committed as schemas/asyncapi.yaml.

Decides: how topics, keys, headers and cleanup are described. Payloads are those of the JSON Schemas beside it, by
reference. A topic is described by adding it to CHANNELS; a test holds them to what `journeys topics apply` makes.
Does not know: where the file is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from io import StringIO
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from schemas.event import EXAMPLE as EVENT
from schemas.rejection import Rejection
from schemas.transition import EXAMPLE as TRANSITION
from streams.codec.json_schema import AsDeclared

ASYNCAPI, BINDING = "3.1.0", "0.5.0"
JSON_SCHEMA = "application/schema+json;version=draft-2020-12"
JSON, BYTES = "application/json", "application/octet-stream"
WIDTH = 120

INTRODUCTION = """\
Events of a product go in, changes of the people in its journeys come out.

**Read every topic of the app with `isolation.level=read_committed`.** It is not the default of every client
(not of Java's), and without it you see records of transactions that never were.

Every topic of the app has exactly as many partitions as the input, for life. A record goes to the partition of the
input record that caused it, so all that is said about an entity is in one partition, in order; whoever partitions anew
by key must know that. Within `{app}.transitions`, upsert by `transition_id`: the newest `revision` wins.
"""


class Message(NamedTuple):
    """What is in a channel. schema: None for bytes that are handed on. nothing: what a null value says."""

    name: str
    title: str
    summary: str
    key: str
    schema: str | None
    headers: Mapping[str, Any] | None = None
    example: Mapping[str, Any] | None = None
    nothing: str | None = None


class Channel(NamedTuple):
    """A topic. name: behind `{app}.`, unless address says otherwise. action: what the app does with it."""

    name: str
    about: str
    action: Literal["send", "receive"]
    cleanup: Literal["compact", "delete"] | None
    messages: Sequence[Message] = ()
    address: str | None = None
    config: Mapping[str, Any] = MappingProxyType({})

    @property
    def private(self) -> bool:
        """Whether it is nobody's business but the workers'."""
        return not self.messages


def published(name: str) -> dict[str, Any]:
    """A schema of the folder beside the document."""
    return {"schemaFormat": JSON_SCHEMA, "schema": {"$ref": f"./json/{name}.schema.json"}}


def headers_of_late_events() -> dict[str, Any]:
    """As those of rejected records, with a reason of their own and one header more."""
    schema = TypeAdapter(Rejection).json_schema(by_alias=True, mode="serialization", schema_generator=AsDeclared)
    schema["properties"]["journeys-reason"] = {"const": "late"}
    names = {"type": "string", "description": "of those that it was too late for, with commas between"}
    schema["properties"]["journeys-journeys"] = names | {"examples": ["b2b-trial"]}
    schema["required"].append("journeys-journeys")
    for field in schema["properties"].values():
        field.pop("title", None)
    return {name: schema[name] for name in ("type", "required", "properties")}


ORIGINAL_KEY = "that of the original record, if it had one"
ENTITY_KEY = "the entity's id, UTF-8"
SENT = {
    "type": "object",
    "required": ["journeys-schema", "journeys-age-ms"],
    "properties": {
        "journeys-schema": {"const": "transition/1", "description": "a new number means another shape"},
        "journeys-age-ms": {
            "type": "integer",
            "description": "broker time at sending minus `effective_at`: a large one is a catch-up, not news",
        },
        "traceparent": {
            "type": "string",
            "description": "W3C trace context of the record that caused it, if it had one",
        },
    },
}

CHANNELS = (
    Channel(
        "events",
        "What happened in the product. Yours: the app only reads it. Keyed by the entity, so that all its events are "
        "in one partition. At most 256 KiB a record. Of several copies of an event (same id) the first counts. This is "
        "the plain envelope; with the setting `source.format` it may be CloudEvents 1.0, Segment calls or PostHog "
        "captures instead.",
        "receive",
        None,
        (Message("event", "Event", "Something that a user did.", ENTITY_KEY, "event", None, EVENT),),
        "{input}",
    ),
    Channel(
        "transitions",
        "Every change of every entity in every journey: entered, left, achieved, dropped off, recovered, withdrawn. "
        "Read with read_committed; upsert by `transition_id`, the newest `revision` wins, `retracted` takes it back.",
        "send",
        "delete",
        (Message("transition", "Transition", "A change.", ENTITY_KEY, "transition", SENT, TRANSITION),),
    ),
    Channel(
        "members",
        "Where every entity is now: its segments, milestones and open drop-offs. Compacted: read it from the beginning "
        "to have everybody. Read with read_committed.",
        "send",
        "compact",
        (
            Message(
                "member",
                "Member",
                "Where one entity is in one journey.",
                "journey/entity type/entity id, for example b2b-trial/user/u1",
                "member",
                nothing="the entity is in nothing any more",
            ),
        ),
    ),
    Channel(
        "late",
        "Events that came later than the journeys allow and changed nothing: original bytes and headers. Read with "
        "read_committed.",
        "send",
        "delete",
        (
            Message(
                "late_event",
                "Late event",
                "An event, as it came. Headers say where from.",
                ORIGINAL_KEY,
                "event",
                headers_of_late_events(),
            ),
        ),
    ),
    Channel(
        "rejected",
        "Records of the input that are no events: original bytes and headers, and why. Read with read_committed.",
        "send",
        "delete",
        (
            Message(
                "rejected_record",
                "Rejected record",
                "Any bytes, or none. Headers say where from and why.",
                ORIGINAL_KEY,
                None,
                published("rejection"),
            ),
        ),
    ),
    Channel(
        "journal",
        "What decided the output and is not in the input: clock, definitions, rejections by the clock. A replay of the "
        "input needs it; kept as long as the input. Read with read_committed.",
        "send",
        "delete",
        (Message("journal_record", "Journal record", "A decision.", "none", "journal"),),
        config={"message.timestamp.type": "LogAppendTime", "retention.bytes": -1},
    ),
    Channel(
        "state",
        "Private: the states of the entities, in a format that changes without notice. Only workers read and write it; "
        "whatever else writes there destroys the app.",
        "send",
        "compact",
    ),
)


def generate_asyncapi() -> str:
    """The text of asyncapi.yaml, which refers to the files of `json_schema.generate` in a folder `json` beside it."""
    document = {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "journeys",
            "version": version("journeys"),
            "description": LiteralScalarString(INTRODUCTION),
        },
        "defaultContentType": JSON,
        "servers": {
            "kafka": {
                "host": "{bootstrap_servers}",
                "protocol": "kafka",
                "description": "the setting `kafka.bootstrap_servers`",
                "variables": {"bootstrap_servers": {"default": "127.0.0.1:9092"}},
            }
        },
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {f"{channel.action}_{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {message.name: _message(message) for channel in CHANNELS for message in channel.messages}
        },
    }
    yaml, out = YAML(), StringIO()
    yaml.width = WIDTH
    yaml.dump(document, out)
    return "# written by `journeys schemas`\n" + out.getvalue()


def _channel(channel: Channel) -> dict[str, Any]:
    parameter = (
        {"input": {"description": "the setting `source.topic`", "default": "product.events"}}
        if channel.address
        else {"app": {"description": "the setting `app`", "default": "journeys"}}
    )
    found: dict[str, Any] = {
        "address": channel.address or f"{{app}}.{channel.name}",
        "description": channel.about,
        "parameters": parameter,
        "messages": {m.name: {"$ref": f"#/components/messages/{m.name}"} for m in channel.messages},
    }
    if channel.private:
        found["x-private"] = True
    if channel.cleanup:
        config = {"cleanup.policy": [channel.cleanup], **channel.config}
        found["bindings"] = {"kafka": {"topicConfiguration": config, "bindingVersion": BINDING}}
    return found


def _operation(channel: Channel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{m.name}"} for m in channel.messages],
    }
    if channel.action == "receive":
        group = {"type": "string", "description": "the setting `app`", "default": "journeys"}
        found["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
    return found


def _message(message: Message) -> dict[str, Any]:
    return dict(_members(message))


def _members(message: Message) -> Iterator[tuple[str, Any]]:
    yield "title", message.title
    yield "summary", message.summary
    if message.nothing:
        yield "description", f"A null value, a tombstone, says: {message.nothing}."
    yield "contentType", JSON if message.schema else BYTES
    if message.headers:
        yield "headers", message.headers
    if message.schema:
        yield "payload", published(message.schema)
    if message.example:
        yield "examples", [{"name": message.name, "payload": message.example}]
    key = {"type": "null" if message.key == "none" else "string", "description": message.key}
    yield "bindings", {"kafka": {"key": key, "bindingVersion": BINDING}}
