"""What the topics of an app must be like, compared with what there is."""

from collections.abc import Mapping

import pytest

from streams.live.errors import Misconfigured
from streams.live.topics import FOREVER, Alter, Create, Found, Refuse, TopicNames, compare, wanted

NAMES = TopicNames("shop")
DEFAULTS = {
    "cleanup.policy": "delete",
    "retention.ms": "604800000",
    "retention.bytes": "-1",
    "max.message.bytes": "1048588",
    "message.timestamp.type": "CreateTime",
}
SOURCE = Found(12, 3, {**DEFAULTS, "max.message.bytes": "2000000"})


def made(source: Found = SOURCE) -> dict[str, Found]:
    """The input, and the topics as `apply` creates them."""
    found = {"events": source}
    for want in wanted(NAMES, source):
        own = {**want.exact, **{name: str(value) for name, value in want.at_least.items()}}
        found[want.name] = Found(source.partitions, source.replication, {**DEFAULTS, **own}, own)
    return found


def with_configs(found: dict[str, Found], topic: str, configs: Mapping[str, str]) -> dict[str, Found]:
    """The same with other configs of one topic."""
    old = found[topic]
    return {**found, topic: Found(old.partitions, old.replication, {**old.configs, **configs}, {"own": "1"})}


def test_on_an_empty_cluster_all_are_created_like_the_input() -> None:
    """As many partitions and replicas, room for copies, state compacted, journal with append time and kept as long."""
    created = compare(NAMES, "events", {"events": SOURCE}, None)
    assert all(isinstance(d, Create) and (d.partitions, d.replication) == (12, 3) for d in created)
    configs = {d.name: dict(d.configs) for d in created if isinstance(d, Create)}
    assert list(configs) == [
        "shop.transitions",
        "shop.members",
        "shop.late",
        "shop.rejected",
        "shop.journal",
        "shop.state",
    ]
    assert configs["shop.state"]["cleanup.policy"] == "compact"
    assert configs["shop.rejected"]["max.message.bytes"] == str(2_000_000 + 16 * 1024)
    journal = configs["shop.journal"]
    assert (journal["message.timestamp.type"], journal["retention.ms"]) == ("LogAppendTime", "604800000")


def test_replication_can_be_set() -> None:
    """For the topics that are created."""
    created = compare(NAMES, "events", {"events": SOURCE}, 2)
    assert {d.replication for d in created if isinstance(d, Create)} == {2}


def test_what_apply_has_made_does_not_differ() -> None:
    """It is idempotent."""
    assert compare(NAMES, "events", made(), None) == []


def test_without_an_input_nothing_can_be_planned() -> None:
    """It is the user's."""
    with pytest.raises(Misconfigured, match="there is no topic events"):
        compare(NAMES, "events", {}, None)


def test_the_journal_of_a_compacted_input_is_kept_for_ever() -> None:
    """So is a compacted input."""
    source = Found(1, 1, {**DEFAULTS, "cleanup.policy": "compact"})
    found = with_configs(made(source), "shop.journal", {"retention.ms": "604800000"})
    (difference,) = compare(NAMES, "events", found, None)
    assert isinstance(difference, Alter)
    assert difference.changes == {"retention.ms": ("604800000", str(FOREVER))}


def test_nothing_is_made_smaller_and_what_was_set_is_kept() -> None:
    """More room and longer retention are somebody's wish."""
    found = with_configs(made(), "shop.journal", {"retention.ms": "-1", "max.message.bytes": "9000000"})
    assert compare(NAMES, "events", found, None) == []
    found = with_configs(made(), "shop.journal", {"message.timestamp.type": "CreateTime"})
    (difference,) = compare(NAMES, "events", found, None)
    assert isinstance(difference, Alter)
    assert difference.own == {"own": "1"}
    assert str(difference) == "shop.journal: set message.timestamp.type from CreateTime to LogAppendTime"


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
def test_a_state_topic_that_deletes_is_for_a_person_to_look_at(policy: str) -> None:
    """States may be gone."""
    (difference,) = compare(NAMES, "events", with_configs(made(), "shop.state", {"cleanup.policy": policy}), None)
    assert isinstance(difference, Refuse)
    assert "must be compact alone" in str(difference)


def test_another_number_of_partitions_is_refused_whichever_is_larger() -> None:
    """The number is for life."""
    for partitions in (11, 13):
        found = made() | {"shop.transitions": Found(partitions, 3, made()["shop.transitions"].configs)}
        (difference,) = compare(NAMES, "events", found, None)
        assert isinstance(difference, Refuse)
        assert f"it has {partitions} partitions and the input events has 12" in str(difference)
