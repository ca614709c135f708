"""How missing rights are said, and what follows from what a broker tells, and from what it does not."""

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.live.errors import Misconfigured
from streams.live.rights import HIDDEN, NOT_TOLD, Right, TopicsRequest, forbidden, lacks, needing

READ, WRITE, DESCRIBE_CONFIGS = 1 << 3, 1 << 4, 1 << 10


def test_all_that_is_missing_is_said_at_once_with_a_command() -> None:
    """By operation, so that the topics of one line of ACLs stand together."""
    said = str(forbidden(Right("Read", "topic", "in"), Right("Write", "topic", "a"), Right("Write", "topic", "b")))
    assert said.startswith("Kafka does not allow Read on topic in; Write on topic a, b. ")
    assert "kafka-acls --add --allow-principal User:NAME --operation Read --topic in`" in said


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        (READ | WRITE | DESCRIBE_CONFIGS, []),
        (READ | DESCRIBE_CONFIGS, ["Write"]),
        (WRITE, ["Read", "DescribeConfigs"]),
        (0, ["Read", "Write", "DescribeConfigs"]),
        (HIDDEN, ["Read", "Write"]),  # whether the third is missing cannot be known
        (NOT_TOLD, []),  # brokers before 2.3, and some services: then the refusal tells
    ],
)
def test_what_is_missing_follows_from_the_bits_that_the_broker_tells(told: int, missing: list[str]) -> None:
    """A bit for each operation."""
    assert [right.operation for right in lacks("t", told, ("Read", "Write", "DescribeConfigs"))] == missing


def caused(error: KafkaError) -> KafkaError:
    """As aiokafka's coordinator and sender wrap what they meet."""
    wrapped = KafkaError("Unexpected error")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TopicAuthorizationFailedError("in"), "Write on topic in."),
        (TopicAuthorizationFailedError({"b", "a"}), "Write on topic a, b."),
        (GroupAuthorizationFailedError("app"), "Read on group app."),
        (caused(GroupAuthorizationFailedError("app")), "Read on group app."),
        (TransactionalIdAuthorizationFailed("app-in-0"), "Write on transactional-id app-."),
    ],
)
def test_a_refusal_names_the_right(error: KafkaError, says: str) -> None:
    """Its resource by the error, its operation by who has asked."""
    with pytest.raises(Misconfigured, match=f"does not allow {says}"), needing("Write", "app"):
        raise error


@pytest.mark.parametrize("error", [NotLeaderForPartitionError(), TopicAuthorizationFailedError(), KafkaError("x")])
def test_whatever_else_goes_wrong_passes(error: KafkaError) -> None:
    """Also a refusal that does not say of what: who tries again will be told."""
    with pytest.raises(type(error)) as raised, needing("Read", "app"):
        raise error
    assert raised.value is error


@pytest.mark.parametrize(("newest", "version", "size"), [(5, 5, 2), (7, 5, 2), (8, 8, 4), (13, 8, 4)])
def test_topics_are_asked_for_as_the_broker_understands_it(newest: int, version: int, size: int) -> None:
    """With rights where it knows of them; topics are never created by the way."""
    request = TopicsRequest(["t"]).prepare({3: (0, newest)})
    assert (request.API_VERSION, len(request.SCHEMA.names)) == (version, size)
    assert list(request.to_object().values())[:2] == [["t"], False]
