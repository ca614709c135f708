"""Every case of the acceptance scenarios, as `journeys test` runs it, and with the state put away after every line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from streams.cli.test import timeline
from streams.language import load_journey
from streams.language.cases import Case, FeedLine, read_cases
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor
from streams.replay.cases import feed, processor_of, record, run_case
from streams.replay.runner import advance, replay

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FILES = [path for path in sorted(SCENARIOS.glob("*.yaml")) if "\ncases:\n" in path.read_text()]
CASES = [
    pytest.param(file.journey, case, id=f"{file.path.stem}: {case.name}")
    for file in map(read_cases, FILES)
    for case in file.cases
]

journey_of = cache(load_journey)


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_feed_gives_the_rows_of_its_table(path: Path, case: Case) -> None:
    """No row is missing, and none comes that the table does not have."""
    difference = run_case(case, journey_of(path))

    if any(difference):
        pytest.fail("\n".join([case.name, *timeline(difference)]), pytrace=False)


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_restart_after_every_line_changes_nothing(path: Path, case: Case) -> None:
    """Another processor that gets nothing but states and position goes on where the last one stopped."""
    journey = journey_of(path)

    whole = summary(feed(processor_of(case, journey), case.feed))
    cut = summary(restarting(processor_of(case, journey), case.feed))

    assert cut == whole


def restarting(processor: Processor, lines: Sequence[FeedLine]) -> Iterator[Outcome]:
    """The outcomes of a feed whose every line is read by a processor of its own."""
    states: dict[bytes, bytes] = {}
    for offset, line in enumerate(lines):
        done = replay(processor, [record(offset, line)]) if line.event else advance(processor, line.at)
        for outcome in done:
            states.update(outcome.states)
            yield outcome
        position = processor.seal().position
        processor = Processor(processor.machine, processor.codec, future_skew_ms=processor.future_skew_ms)
        processor.load(states.items())
        processor.loaded(position)


def summary(outcomes: Iterator[Outcome]) -> dict[str, object]:
    """What must not depend on restarts: records in order, what became of the input, and where everything stands."""
    found = list(outcomes)
    return {
        "records": [item for outcome in found for item in outcome.transitions],
        "rejected": [item for outcome in found for item in outcome.rejected],
        "late": [item for outcome in found for item in outcome.late],
        "states": {key: state for outcome in found for key, state in outcome.states},
        "position": found[-1].position,
    }
