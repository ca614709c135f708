"""How lanes move the gauges of a worker: what is exact after commits is tested on a real Kafka."""

from pathlib import Path

import pytest

from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.live.metrics import Held, Metrics
from tests.kafka.live import JOURNEY


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    """Of one journey."""
    path = tmp_path / "trial.yaml"
    path.write_text(JOURNEY)
    return Metrics(Machine([compile_journey(load_journey(path))]), "events", "0" * 32)


def value(metrics: Metrics, name: str) -> float | None:
    """Of a series without labels."""
    return metrics.registry.get_sample_value(name)


def test_how_far_restores_are_is_told_until_the_partition_is_open_or_gone(metrics: Metrics) -> None:
    """Over all partitions that are being opened."""
    told = [value(metrics, "journey_restoring_entities")]
    metrics.restoring(0, 100)
    metrics.restoring(1, 40)
    metrics.restoring(0, 300)
    told.append(value(metrics, "journey_restoring_entities"))
    metrics.opened(0, Held(300, 200, 0), [0] * len(metrics.machine.gauges), 0.5)
    told.append(value(metrics, "journey_restoring_entities"))
    metrics.closed(1)
    told.append(value(metrics, "journey_restoring_entities"))
    assert told == [0, 340, 40, 0]
    assert value(metrics, "journey_entities") == 300


def test_what_a_partition_holds_is_taken_back_with_it(metrics: Metrics) -> None:
    """And is counted once, however often it is told."""
    some = [3] * len(metrics.machine.gauges)
    metrics.opened(0, Held(10, 5, 1), some, 0.1)
    metrics.opened(1, Held(20, 6, 0), some, 0.1)
    names = ("journey_entities", "journey_timers_pending", "journey_entities_frozen", "journey_partitions_owned")
    both = [value(metrics, name) for name in names]
    metrics.closed(0)
    metrics.closed(0)
    one = [value(metrics, name) for name in names]
    assert (both, one) == ([30, 11, 1, 2], [20, 6, 0, 1])
    reached = metrics.registry.get_sample_value("journey_milestone_reached", {"journey": "trial", "milestone": "hello"})
    assert reached == 3
