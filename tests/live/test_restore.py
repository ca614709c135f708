"""What must fit together before a partition is opened."""

import logging
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError

from streams.codec.position import Meta
from streams.live.errors import Inconsistent
from streams.live.restore import Committed, Home, agree, committed_offset, examine
from streams.live.topics import TopicNames
from streams.partition.records import Position

HOME = Home(TopicNames("shop"), TopicPartition("events", 3), 12, "f00d")
META = Meta(
    app="shop",
    topic="events",
    partition=3,
    partitions=12,
    position=Position(120, 1_000, "d", "s"),
    fingerprint="f00d",
    last_hash=None,
)


def test_offset_and_state_that_were_written_together_agree() -> None:
    """The clock stands beside the offset; a tool that sets the same offset leaves it out."""
    agree(META, Committed(120, 1_000), HOME)
    agree(META, Committed(120, None), HOME)


@pytest.mark.parametrize("committed", [Committed(119, 1_000), Committed(121, None), Committed(120, 999)])
def test_offset_and_state_that_differ_are_refused(committed: Committed) -> None:
    """Also if only a tick lies between."""
    with pytest.raises(Inconsistent, match=f"has committed offset {committed.offset} .* is that of offset 120"):
        agree(META, committed, HOME)


def test_offsets_that_have_expired_are_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    """The state is the truth."""
    with caplog.at_level(logging.WARNING):
        agree(META, None, HOME)
    assert "has no offset any more" in caplog.text
    assert "Going on at 120" in caplog.text


@pytest.mark.parametrize("other", [{"app": "b"}, {"topic": "b"}, {"partition": 4}, {"partitions": 13}])
def test_the_state_of_something_else_is_refused(other: dict[str, object]) -> None:
    """App, topic, partition and their number."""
    fields = {name: getattr(META, name) for name in META.__struct_fields__}
    with pytest.raises(Inconsistent, match=r"shop.state-3 holds the state of app"):
        examine(Meta(**{**fields, **other}), HOME)


def test_the_state_of_other_journeys_is_refused() -> None:
    """It means something else."""
    examine(META, HOME)
    with pytest.raises(Inconsistent, match="run the old journey files, or take a new name"):
        examine(META, Home(HOME.names, HOME.tp, HOME.partitions, "beef"))


class Silent:
    """A coordinator that is loading: aiokafka's admin client gives an empty answer."""

    async def list_consumer_group_offsets(self, group: str, partitions: list[TopicPartition]) -> dict[Any, Any]:
        """As it looks."""
        assert (group, partitions) == ("shop", [HOME.tp])
        return {}


async def test_a_coordinator_that_does_not_say_is_not_taken_for_a_group_without_offsets() -> None:
    """It is asked again; nothing is begun anew meanwhile."""
    with pytest.raises(GroupLoadInProgressError):
        await committed_offset(cast("AIOKafkaAdminClient", Silent()), HOME)
