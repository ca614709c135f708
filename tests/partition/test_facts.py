"""What a partition counts for metrics, beside the records that it gives."""

import json
from collections.abc import Iterable
from types import SimpleNamespace

from streams.codec.instants import iso
from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, read_journey
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor

DAY_MS = 86_400_000
BEGIN_MS = 20_000 * DAY_MS

JOURNEY = """\
journey: trial
version: 1
entity: user
title: A trial
owner: tests
goal: {{kpi: activation, direction: up}}
time: {{allowed_lateness: 30d}}
events: {{signed_up: {{begins: true}}, used: {{}}, changed: {{properties: {{ends: timestamp}}, sets: [ends]}}}}
attributes: {{ends: {{type: timestamp}}}}
anchors: {{start: {anchor}}}
milestones:
  hello: {{when: {{count: signed_up}}}}
  activated: {{when: {{count: used}}}}
dropoffs: {{quiet: {{after: start, within: 2d, expect: {{milestone: activated}}}}}}
"""


def run(anchor: str, events: Iterable[tuple[str, int]]) -> Outcome:
    """The outcome of events (name, day on which it occurred) of one user; each arrives at once, or after the others."""
    plan = compile_journey(read_journey(JOURNEY.format(anchor=anchor), "trial.yaml"))
    machine = Machine([plan])
    processor = Processor(machine, partition_codec(machine))
    arrival = 0
    for offset, (name, day) in enumerate(events):
        at = BEGIN_MS + day * DAY_MS
        arrival = max(arrival, at)
        properties = {"ends": iso(BEGIN_MS + 9 * DAY_MS)} if name == "changed" else {}
        value = {"id": str(offset), "type": name, "user_id": "u", "occurred_at": iso(at), "properties": properties}
        record = SimpleNamespace(
            offset=offset, timestamp=arrival, key=b"u", value=json.dumps(value).encode(), headers=()
        )
        while not processor.apply([record], {}, 100):
            processor.advance(100)
    return processor.seal()


def days(outcome: Outcome) -> list[float]:
    """The durations."""
    return [ms / DAY_MS for _, ms in outcome.facts.durations]


def test_milestones_are_timed_from_the_first_anchor_and_their_records_do_not_show_it() -> None:
    """The record says what happened, and the drop-off's record from when it counts."""
    outcome = run("{first: signed_up}", [("signed_up", 0), ("used", 5)])
    assert days(outcome) == [0, 5]
    records = [json.loads(record) for _, record in outcome.transitions]
    anchors = {(r["rule"], r["kind"]): r["evidence"]["anchor_at"] for r in records}
    assert anchors == {
        ("hello", "achieved"): None,
        ("activated", "achieved"): None,
        ("quiet", "dropped_off"): iso(BEGIN_MS),
        ("quiet", "recovered"): iso(BEGIN_MS),
    }


def test_a_milestone_that_is_corrected_is_not_timed_again() -> None:
    """The late event makes it a revision."""
    assert days(run("{first: signed_up}", [("signed_up", 0), ("used", 5), ("used", 3)])) == [0, 5]


def test_without_the_anchor_or_before_it_there_is_nothing_to_measure() -> None:
    """A date may lie ahead; an event may come later."""
    assert days(run("{attribute: ends}", [("signed_up", 0), ("changed", 1), ("used", 5)])) == []
    assert days(run("{attribute: ends}", [("signed_up", 0), ("changed", 1), ("used", 12)])) == [3]
    assert days(run("{first: signed_up}", [("used", 5), ("signed_up", 6)])) == [0]
