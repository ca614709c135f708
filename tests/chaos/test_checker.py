"""The checker finds nothing in what is right, and each kind of damage by its name."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from aiokafka import TopicPartition
from checker import META, Found, compare_members, compare_rows, compare_states, copies, positions, rows_of
from expected import CENSUS, Record, classify, net_rows, read_journal
from workload import journey
from world import POINTS
from wrong import WRONG, applied

import streams.cli.worker  # noqa: F401  # what wrong workers change must have been imported
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.live.failpoints import Point
from tests.chaos.offline import APP, Left, make


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What a right worker leaves."""
    return make(tmp_path_factory.mktemp("offline"))


def check(left: Left) -> list[str]:
    """The findings of one partition, without those that need Kafka."""
    found = Found()
    verdicts = classify(left.log, read_journal(left.journal))
    found.add("journal", verdicts.early)
    found.add("input", copies(left.log, verdicts, left.late, left.rejected, TopicPartition(APP.topic, 0)))
    position, problems = positions(APP, 0, left.log, left.state, left.committed)
    found.add("state", problems)
    clock = -1 if position is None else position["clock"]
    rows, wanted = rows_of(left.published, found), net_rows(verdicts.applied, clock, 0, 1)
    compare_rows(rows, wanted, found)
    found.add("members", compare_members(rows, left.members))
    found.add("state", compare_states(verdicts.applied, wanted, clock, left.state, position))
    return found.findings


def test_what_a_right_worker_leaves_has_no_finding(right: Left) -> None:
    """The engine and the independent expectation agree, and there was something of everything."""
    assert check(right) == []
    verdicts = classify(right.log, read_journal(right.journal))
    assert {"applied", "irrelevant", "duplicate", "late", "rejected"} == verdicts.counts.keys()
    assert {json.loads(r.value or b"")["kind"] for r in right.published} == {"achieved", "dropped_off", "recovered"}
    assert any(json.loads(r.value or b"")["revision"] for r in right.published)
    assert any(r.value is None for r in right.members)


def without_last(topic: str) -> Callable[[Left], None]:
    """The last record of a topic is lost."""

    def damage(left: Left) -> None:
        getattr(left, topic).pop()

    return damage


def doubled(left: Left) -> None:
    """A row is there twice."""
    left.published.append(left.published[-1])


def hole(left: Left) -> None:
    """A revision is there and the one before it is not."""
    row = json.loads(left.published[-1].value or b"")
    left.published[-1] = left.published[-1]._replace(value=json.dumps(row | {"revision": row["revision"] + 1}).encode())


def no_tombstones(left: Left) -> None:
    """Who is nowhere stays where he was."""
    left.members[:] = [record for record in left.members if record.value is not None]


def old_state(left: Left) -> None:
    """The newest states are those of before."""
    keys = {r.key for r in left.state[-40:] if r.key != META}
    newest = {key: max(n for n, r in enumerate(left.state) if r.key == key) for key in keys}
    left.state[:] = [record for n, record in enumerate(left.state) if newest.get(record.key) != n]


def offset_behind(left: Left) -> None:
    """The group's offset is not that of the state."""
    left.committed = left.committed[0] - 1, left.committed[1]


def tick_ahead(left: Left) -> None:
    """A tick says that all was read, and it was not."""
    half = left.log[len(left.log) // 2]
    told = {"before": half.offset, "clock": half.timestamp + 500}
    left.journal.append(Record(0, 0, None, json.dumps(told).encode()))
    left.journal.sort(key=lambda r: json.loads(r.value or b"").get("before", 0))


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (without_last("published"), "transitions: missing"),
        (doubled, "transitions: .* twice"),
        (hole, "transitions: .* was never published"),
        (without_last("rejected"), "input: no copy in rejected"),
        (without_last("late"), "input: no copy in late"),
        (without_last("log"), "state: partition 0 is at"),
        (without_last("state"), "state: partition 0"),
        (no_tombstones, "members: of .* and the transitions say nothing"),
        (old_state, "state: (of|there is none of)"),
        (offset_behind, "state: partition 0: the group says"),
        (tick_ahead, "journal: a tick to"),
    ],
)
def test_damage_is_found(right: Left, damage: Callable[[Left], None], finding: str) -> None:
    """Each kind by the part that is about it."""
    left = copy.deepcopy(right)
    damage(left)
    assert any(re.match(finding, text) for text in check(left)), check(left)


def test_the_harness_knows_all_fail_points() -> None:
    """It shares no code with the worker, so the names stand in both."""
    assert set(POINTS) == set(get_args(Point))


def test_the_harness_counts_what_the_state_counts(tmp_path: Path) -> None:
    """In the same order."""
    path = tmp_path / "reference.yaml"
    path.write_text(journey())
    gauges = Machine([compile_journey(load_journey(path))]).gauges
    assert tuple(gauge.rule or gauge.kind for _, gauge in gauges) == CENSUS


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_worker_can_still_be_made(name: str) -> None:
    """The source that it changes is there; whether it is found out, `ops/chaos/run --wrong all` shows."""
    with applied(WRONG[name]):
        pass
