"""What the doctor says of what it has found."""

from collections import Counter
from typing import Any

import pytest

from streams.codec.position import BadPosition, Meta
from streams.live.diagnosis import (
    DAY_MS,
    Copies,
    Place,
    Sample,
    judge_broker,
    judge_clock,
    judge_copies,
    judge_group,
    judge_lag,
    judge_states,
    judge_topics,
    well,
)
from streams.live.topics import Create, Refuse
from streams.partition.records import Position

SERVERS = ("one:9092", "two:9092")
NEW, OLD, ANCIENT = {26: 5, 11: 9}, {26: 3, 11: 5}, {26: 1, 11: 3}
NOW_MS = 1_767_225_600_000


@pytest.mark.parametrize(
    ("brokers", "says", "fine"),
    [
        ([NEW, NEW], "2 brokers at one:9092, two:9092, Kafka 4.0 or newer", True),
        ([NEW, OLD], "2 brokers at one:9092, two:9092, Kafka 2.3 or newer", True),
        ([NEW, ANCIENT], "2 brokers at one:9092, two:9092, older than Kafka 2.3", False),
        ([{}], "1 broker at one:9092, two:9092, older than Kafka 2.3", False),
    ],
)
def test_the_oldest_broker_counts(brokers: list[dict[int, int]], says: str, fine: bool) -> None:  # noqa: FBT001  # a table
    """By the requests that it knows."""
    found = judge_broker(SERVERS, brokers)
    assert (found.says, found.well) == (says, fine)


def test_what_apply_can_do_and_what_it_cannot() -> None:
    """A person must decide about what could lose state."""
    create, refuse = judge_topics([Create("shop.late", 2, 1, {}), Refuse("shop.state", "it deletes")])
    assert create.next == "journeys topics apply"
    assert "a person must decide" in refuse.next
    assert well(judge_topics([]))


def test_clocks_that_are_apart() -> None:
    """Of brokers among each other, which is what deadlines rely on; and of this host."""
    assert well(judge_clock([Sample(0, 0), Sample(1, -300)], 1_000))
    apart, host = judge_clock([Sample(0, 0), Sample(1, -7_000)], 1_000)
    assert "7000 ms apart, more than clock.margin (1000 ms)" in apart.says
    assert "7000 ms ahead of the brokers'" in host.says
    [behind] = judge_clock([Sample(0, 90_000), Sample(1, 90_100)], 1_000)
    assert "90100 ms behind the brokers'" in behind.says


@pytest.mark.parametrize(
    ("state", "members", "next_step"),
    [
        ("Stable", 2, ""),
        ("Empty", 0, "no worker runs"),
        ("Dead", 0, "no worker runs"),
        ("PreparingRebalance", 2, "partitions are being given out"),
    ],
)
def test_a_group_without_workers_is_a_finding(state: str, members: int, next_step: str) -> None:
    """So is one that is not settled."""
    found = judge_group("shop", state, members)
    assert found.next.startswith(next_step) if next_step else found.well


def test_a_partition_that_stands_still_is_told_from_one_that_is_behind() -> None:
    """Two looks; without a worker there is nothing to wait for."""
    before, after = [Place(0, 5, 9), Place(1, 3, 9)], [Place(0, 7, 9), Place(1, 3, 9)]
    [stuck] = judge_lag(before, after, working=True)
    assert "partition 1 stands at 3, 6 records before its end" in stuck.says
    [waiting] = judge_lag(before, before, working=False)
    assert (waiting.says, waiting.well) == ("records to be read, by partition: 0: 4, 1: 6", True)
    [done] = judge_lag([Place(0, 9, 9)], [Place(0, 9, 9)], working=True)
    assert done.says == "everything is read"


def test_a_record_that_came_after_the_first_look_is_no_stand_still() -> None:
    """It has not had a moment yet."""
    [found] = judge_lag([Place(0, 9, 9)], [Place(0, 9, 10)], working=True)
    assert found.well


@pytest.mark.parametrize(
    ("reasons", "age", "next_step"),
    [
        ({}, 0, ""),
        ({"not_json": 3}, DAY_MS // 2, "tell the producer"),
        ({"not_json": 3}, 2 * DAY_MS, ""),
        ({"late": 3}, 0, "give the journeys more time.allowed_lateness"),
        ({"not_json": 3, "engine_error": 1}, 2 * DAY_MS, "engine_error is our fault"),
    ],
)
def test_copies_of_the_last_day_are_somebodys_business(reasons: dict[str, int], age: int, next_step: str) -> None:
    """Older ones have been; an engine error never is."""
    last = NOW_MS - age
    found = judge_copies(Copies("shop.rejected", Counter(reasons), 0, last - 1_000, last), NOW_MS)
    assert found.next.startswith(next_step) if next_step else found.well


def test_copies_are_counted_by_reason_with_since_when() -> None:
    """Those that were not looked at are mentioned."""
    copies = Copies("shop.rejected", Counter({"too_deep": 1, "not_json": 3}), 70, NOW_MS - 1_000, NOW_MS)
    assert judge_copies(copies, NOW_MS).says == (
        "not_json 3, too_deep 1, and up to 70 older ones; from 2025-12-31T23:59:59.000Z to 2026-01-01T00:00:00.000Z"
    )


def meta(partition: int, fingerprint: str = "f", **position: Any) -> Meta:
    """What the state of a partition says about itself."""
    at = Position(7, NOW_MS, "d", "s", **position)
    told = {"app": "shop", "topic": "events", "partition": partition, "partitions": 3}
    return Meta(**told, position=at, fingerprint=fingerprint, last_hash=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metas", "fingerprint", "says", "fine"),
    [
        ({0: None, 1: None}, "f", "nothing is stored yet", True),
        ({0: None, 1: meta(1)}, "f", "of 1 partitions, made by these journeys", True),
        ({0: meta(0), 1: meta(1)}, None, "of 2 partitions; name --journey files", True),
        ({0: meta(0), 1: meta(1, "g"), 2: meta(2, "h")}, "f", "of partitions 1, 2: made by other journeys", False),
        ({0: meta(0), 1: BadPosition("of a newer format")}, "f", "of a newer format", False),
    ],
)
def test_a_state_that_a_worker_would_refuse_is_a_finding(
    metas: dict[int, Meta | BadPosition | None],
    fingerprint: str | None,
    says: str,
    fine: bool,  # noqa: FBT001  # a table
) -> None:
    """Before one is started on it."""
    found = judge_states(metas, fingerprint)[0]
    assert found.says.startswith(says)
    assert found.well == fine


def test_frozen_entities_are_named_as_far_as_the_states_name_them() -> None:
    """The others are counted."""
    one, many = meta(0, frozen=1, frozen_entities=("a",)), meta(2, frozen=30, frozen_entities=("b", "c"))
    metas = {0: one, 1: meta(1), 2: many}
    _, frozen = judge_states(metas, "f")
    assert frozen.says.startswith("a, b, c and 28 more: a due step has raised")
    assert not frozen.well
    assert judge_states({0: meta(0)}, "f")[1] == ("frozen", "nobody", "")
