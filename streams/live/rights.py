"""What Kafka's ACLs have to allow, and how it is said what they do not.

Kafka tells which resource it refuses, not which operation is missing: that knows who has asked, and says it with
`needing`. Of the group that is always Read, of a transactional id Write, for whatever else is asked of them follows.
All rights of all commands stand in ops/kafka/README.md.
Does not know: who the user is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal, NamedTuple

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.live.errors import Misconfigured

FORBIDDEN = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)
TOPIC_FORBIDDEN = TopicAuthorizationFailedError.errno

Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs", "AlterConfigs"]


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
