"""What Kafka's ACLs have to allow, and how it is said what they do not.

What we may do with a topic the broker tells (KIP-430), so that everything that is missing is said before anything is
read or written. Of a group and a transactional id only the refusal tells: Read of the one and Write of the other, which
include what else we ask of them. A right that is taken away later is a refusal, too. It tells the resource and not the
operation, which who has asked knows and says with `needing`.
All rights of all commands stand in ops/kafka/README.md.
Does not know: who the user is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import Any, Literal, NamedTuple

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v5
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from streams.live.errors import Misconfigured

FORBIDDEN = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)
TOPIC_FORBIDDEN = TopicAuthorizationFailedError.errno

Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs", "AlterConfigs"]
BITS: dict[Operation, int] = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
NOT_TOLD = -(2**31)
HIDDEN = 1 << BITS["DescribeConfigs"]  # all that we may do, perhaps, with a topic that we may not describe


class Right(NamedTuple):
    """An operation on a resource, as ACLs name both."""

    operation: Operation
    kind: Literal["topic", "group", "transactional-id"]
    name: str


def forbidden(*missing: Right) -> Misconfigured:
    """These rights are missing, at least one."""
    by_operation: dict[tuple[str, str], list[str]] = {}
    for right in missing:
        by_operation.setdefault((right.operation, right.kind), []).append(right.name)
    said = "; ".join(f"{operation} on {kind} {', '.join(names)}" for (operation, kind), names in by_operation.items())
    first = missing[0]
    return Misconfigured(
        f"Kafka does not allow {said}. Allow it to the user of these settings, as in `kafka-acls --add "
        f"--allow-principal User:NAME --operation {first.operation} --{first.kind} {first.name}`; all that is needed "
        "stands in ops/kafka/README.md"
    )


@contextlib.contextmanager
def needing(operation: Operation, app: str) -> Iterator[None]:
    """Whatever Kafka forbids meanwhile is `Misconfigured`, with the missing right. operation: on topics."""
    try:
        yield
    except KafkaError as error:
        refusal = error if isinstance(error, FORBIDDEN) else error.__cause__
        match refusal:
            case GroupAuthorizationFailedError():
                raise forbidden(Right("Read", "group", app)) from error
            case TransactionalIdAuthorizationFailed():
                raise forbidden(Right("Write", "transactional-id", f"{app}-")) from error
            case TopicAuthorizationFailedError(args=(str(topic), *_)):
                raise forbidden(Right(operation, "topic", topic)) from error
            case TopicAuthorizationFailedError(args=(set(topics), *_)):
                raise forbidden(*(Right(operation, "topic", topic) for topic in sorted(topics))) from error
        raise


# -- what the broker tells of topics -----------------------------------------------------------------------------------
def lacks(topic: str, told: int, needed: Collection[Operation]) -> list[Right]:
    """The rights that are needed and that we have not, as far as it is known. told: a bit for each that we have."""
    if told == NOT_TOLD:
        return []
    return [Right(operation, "topic", topic) for operation in needed if not told & 1 << BITS[operation]]


class MetadataResponse_v8(Response):  # noqa: N801  # as aiokafka names them
    """With the rights, which aiokafka's newest version has not."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", String()), ("port", Int32), ("rack", String()))),
        ("cluster_id", String()),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String()),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class MetadataRequest_v8(RequestStruct):  # noqa: N801
    """Of topics by name."""

    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = MetadataResponse_v8
    SCHEMA = Schema(
        ("topics", Array(String())),
        ("create", Boolean),
        ("cluster_operations", Boolean),
        ("topic_operations", Boolean),
    )


class TopicsRequest(Request[MetadataRequest_v5 | MetadataRequest_v8]):
    """Asks for topics, and from Kafka 2.3 on for our rights."""

    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self.topics = list(topics)

    def build(self, request_struct_class: Any) -> Any:
        """As aiokafka wants it, in the newest version that both sides know."""
        rights = (False, True) if request_struct_class is MetadataRequest_v8 else ()
        return request_struct_class(self.topics, False, *rights)  # noqa: FBT003  # nothing is to be created
