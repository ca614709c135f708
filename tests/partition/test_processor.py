"""The life of a partition: its clock, what it refuses, what it journals, how it stops and goes on."""

from __future__ import annotations

import json

import pytest

from streams.codec.instants import iso
from streams.engine.machine import Limits
from streams.engine.timeline import Timeline
from streams.partition.processor import Processor
from streams.partition.records import Position
from tests.partition.small import BEGIN_MS, HOUR_S, at, journaled, processor, record, told

ALL = 1_000


def fed(p: Processor, *records: object, budget: int = ALL) -> Processor:
    """The same, after these records."""
    taken = p.apply(records, {}, budget)  # type: ignore[arg-type]
    assert taken == len(records)
    return p


# -- the clock
def test_a_record_moves_the_clock_to_the_millisecond_before_its_arrival_and_needs_no_journal() -> None:
    """Whatever arrives in that millisecond is not late yet."""
    outcome = fed(processor(), record(0, 5, "signed_up")).seal()

    assert outcome.position == Position(1, at(5) - 1, "", "", outcome.position.gauges)
    assert outcome.journal == []


def test_a_tick_is_journaled_in_front_of_the_next_record() -> None:
    """A replay moves the clock there too."""
    p = fed(processor(), record(0, 1, "signed_up"))
    p.tick(at(3))
    p.advance(ALL)

    outcome = fed(p, record(1, 2, "used")).seal()

    assert journaled(outcome) == [{"before": 1, "clock": at(3)}]
    assert outcome.position.clock == at(3)


def test_a_record_that_moves_the_clock_further_than_the_tick_makes_its_journal_needless() -> None:
    """Nothing was decided by the tick."""
    p = fed(processor(), record(0, 1, "signed_up"))
    p.tick(at(2))
    p.advance(ALL)

    assert fed(p, record(1, 5, "used")).seal().journal == []


def test_ticks_without_records_are_journaled_once_when_the_outcome_is_sealed() -> None:
    """However many there were; and the clock never goes back."""
    p = fed(processor(), record(0, 1, "signed_up"))
    for tick in (2, 4, 3):
        p.tick(at(tick))
        assert p.advance(ALL)

    assert journaled(p.seal()) == [{"before": 1, "clock": at(4)}]
    assert p.seal().journal == []


def test_a_due_step_of_a_tick_runs_when_its_deadline_is_at_the_clock_and_not_a_millisecond_earlier() -> None:
    """The journal says the clock before anything is decided by it."""
    p = fed(processor(), record(0, 1, "signed_up"))
    p.seal()
    p.tick(at(11) - 1)
    p.advance(ALL)
    early = p.seal()
    p.tick(at(11))
    p.advance(ALL)
    due = p.seal()

    assert told(early) == []
    assert told(due) == [("dropped_off", "lost", 11)]
    assert journaled(due) == [{"before": 1, "clock": at(11)}]


# -- what is refused
EARLIEST, LATEST = 31_536_000_000, 253_402_300_799_999  # 1971 to 9999


@pytest.mark.parametrize(
    ("arrival", "occurred", "reason"),
    [
        (at(1), at(1) + 300_001, "future_timestamp"),
        (EARLIEST - 1, EARLIEST - 1, "bad_timestamp"),
        (EARLIEST, EARLIEST - 1, "bad_timestamp"),
        (LATEST + 1, LATEST, "bad_timestamp"),
        (0, LATEST, "future_timestamp"),
    ],
)
def test_a_record_whose_time_makes_no_sense_is_rejected_and_moves_no_clock(
    arrival: int, occurred: int, reason: str
) -> None:
    """Neither its arrival nor its date is a time."""
    wrong = record(0, 1, "signed_up", occurred_at=iso(occurred))._replace(timestamp=arrival)

    outcome = fed(processor(), wrong).seal()

    assert [(offset, why.reason) for offset, why in outcome.rejected] == [(0, reason)]
    assert (outcome.position.next_offset, outcome.position.clock) == (1, -1)
    assert outcome.facts.results["rejected"] == 1


@pytest.mark.parametrize("arrival", [EARLIEST, LATEST])
def test_the_first_and_the_last_instant_that_there_are_are_times(arrival: int) -> None:
    """The other side of each boundary."""
    right = record(0, 1, "signed_up", occurred_at=iso(arrival))._replace(timestamp=arrival)

    outcome = fed(processor(), right).seal()

    assert outcome.facts.results["applied"] == 1
    assert outcome.position.clock == arrival - 1


def test_what_occurred_after_its_arrival_happened_when_it_arrived() -> None:
    """Within the skew of clocks."""
    outcome = fed(processor(), record(0, 1, "signed_up", occurred=5)).seal()

    assert told(outcome) == [("achieved", "begun", 1)]


def test_a_rejection_that_does_not_follow_from_the_record_is_journaled() -> None:
    """A replay has nothing else to know it from."""
    p = processor()

    assert p.apply([record(0, 1, "signed_up"), record(1, 2, "used")], {0: "engine_error"}, ALL) == 2

    outcome = p.seal()
    assert journaled(outcome) == [{"offset": 0, "rejected": "engine_error"}]
    assert told(outcome) == []
    assert (outcome.facts.results["rejected"], outcome.facts.results["applied"]) == (1, 1)


def test_what_the_reader_refuses_is_rejected_with_its_reason() -> None:
    """It is not journaled: it follows from the record."""
    outcome = fed(processor(), record(0, 1, "signed_up")._replace(value=b"no JSON")).seal()

    assert [(offset, why.reason) for offset, why in outcome.rejected] == [(0, "not_json")]
    assert outcome.journal == []


# -- late, and arrivals by the events
def test_an_event_at_the_horizon_is_late_and_one_a_millisecond_younger_is_not() -> None:
    """The horizon is the clock less the lateness; late events are named with the journeys that they concern."""
    p = fed(processor(), record(0, HOUR_S + 10, "signed_up"))
    horizon = (p.clock - HOUR_S * 1_000 - BEGIN_MS) / 1_000
    fed(p, record(1, HOUR_S + 10, "used", occurred=horizon), record(2, HOUR_S + 10, "used", occurred=horizon + 0.001))

    outcome = p.seal()

    assert outcome.late == [(1, ("small",))]
    assert (outcome.facts.results["late"], outcome.facts.results["applied"]) == (1, 2)


def test_an_event_older_than_the_events_that_are_kept_is_late_for_its_entity() -> None:
    """The older half was folded when there were too many; what lies within it cannot be taken in any more."""
    p = processor(Limits(events_kept=4))
    fed(p, *(record(n, n, "used") for n in range(1, 7)))
    fed(p, record(7, 6, "used", occurred=1.5, id="old"), record(8, 6, "used", occurred=5.5, id="young"))

    outcome = p.seal()

    assert outcome.late == [(7, ("small",))]
    assert outcome.facts.results["applied"] == 7


def test_a_record_that_is_delivered_again_changes_nothing() -> None:
    """The first one read counts, whatever the second says; its bytes stay as they were."""
    once, twice = (fed(processor(), record(0, 1, "signed_up"), record(1, 2, "used", id="e")) for _ in range(2))
    again = record(2, 2, "left", id="e")

    fed(twice, again)

    outcome, other = once.seal(), twice.seal()
    assert (outcome.states, outcome.transitions) == (other.states, other.transitions)
    assert other.facts.results["duplicate"] == 1


def test_with_arrivals_by_the_events_the_timestamp_of_a_record_means_nothing() -> None:
    """The clock follows what occurred."""
    p = processor(arrival_is_occurred=True)

    outcome = fed(p, record(0, 999, "signed_up", occurred=5)).seal()

    assert told(outcome) == [("achieved", "begun", 5)]
    assert outcome.position.clock == at(5) - 1


# -- portions
def test_a_record_waits_until_everything_due_before_it_is_done() -> None:
    """With a budget of one due step at a time the effects are the same."""
    early = [record(n, 1, "signed_up", key=f"u{n}") for n in range(3)]
    whole, bit = processor(), processor()
    fed(whole, *early, record(3, 20, "used"))
    fed(bit, *early)

    assert bit.apply([record(3, 20, "used")], {}, 1) == 0
    assert bit.advance(1) is False
    assert bit.advance(1) is True
    assert bit.apply([record(3, 20, "used")], {}, 1) == 1

    assert told(whole.seal()) == told(bit.seal())


def test_a_budget_that_is_used_up_leaves_the_rest_of_the_records() -> None:
    """Whoever calls comes back with them."""
    p = processor()
    records = [record(n, 1, "used", key=f"u{n}") for n in range(3)]

    assert p.apply(records, {}, 2) == 2
    assert p.pending.records == 2
    assert p.apply(records[2:], {}, 2) == 1
    assert p.pending.records == 3
    assert p.seal().position.next_offset == 3
    assert p.pending == (0, 0, 0)


def test_records_are_not_taken_while_something_is_due() -> None:
    """Whoever forgets to advance is stopped before anything is applied in the wrong order."""
    p = fed(processor(), record(0, 1, "signed_up"))
    p.tick(at(20))

    with pytest.raises(AssertionError, match="advance"):
        p.apply([record(1, 20, "used")], {}, ALL)


# -- what a partition remembers
def test_what_interprets_the_log_is_journaled_when_it_changes() -> None:
    """The position carries it, so that the next owner can tell."""
    p = processor()
    p.define("these", "those")
    p.define("these", "those")
    first = p.seal()
    fed(p, record(0, 1, "signed_up"))
    p.define("others", "those")

    second = p.seal()

    assert journaled(first) == [{"before": 0, "definitions": "these", "settings": "those"}]
    assert journaled(second) == [{"before": 1, "definitions": "others", "settings": "those"}]
    assert (second.position.definitions, second.position.settings) == ("others", "those")


def test_a_restored_partition_goes_on_where_the_other_one_was() -> None:
    """States, clock, position, gauges; timers come from the states; a tombstone is no entity."""
    old = fed(processor(), record(0, 1, "signed_up"), record(1, 1, "signed_up", key="u2"))
    outcome = old.seal()
    new = processor()
    new.load([(b"u3", b"something"), *outcome.states, (b"u3", None), (b"nobody", None)])
    new.loaded(outcome.position)

    assert (new.entities, new.timers) == (old.entities, old.timers) == (2, 2)
    fed(old, record(2, 60, "used"))
    fed(new, record(2, 60, "used"))
    assert old.seal() == new.seal()


def test_the_account_of_an_entity_is_the_one_that_was_seen_last() -> None:
    """An event without one leaves it."""
    p = processor()
    fed(p, record(0, 1, "signed_up", account_id="a1"), record(1, 2, "used", account_id="a2"), record(2, 3, "used"))
    fed(p, record(3, 4, "used"))

    accounts = [json.loads(value)["account_id"] for _, value in p.seal().transitions]

    assert accounts == ["a1", "a2"]


TWO_DEADLINES = """{soon: {after: {last: changed}, within: 1s, expect: {count: used}},
    lost: {after: {last: [signed_up, used]}, within: 10s, expect: {count: left}}}"""


def test_a_timer_that_has_moved_fires_once() -> None:
    """An entry that comes too early moves on; two that have come to lie at one instant are one."""
    p = processor(dropoffs=TWO_DEADLINES)
    fed(p, record(0, 1, "signed_up"), record(1, 2, "changed"), record(2, 2.5, "used"))
    timers = []
    for clock in (3, 11, 12.499, 12.5):
        p.tick(at(clock))
        p.advance(ALL)
        timers.append(p.timers)

    assert told(p.seal()) == [("achieved", "begun", 1), ("dropped_off", "lost", 12.5)]
    assert timers == [2, 2, 2, 0]


def test_a_machine_without_memory_is_not_the_fault_of_an_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the partition drops it; nobody is frozen."""

    def without_memory(*_: object) -> None:
        raise MemoryError

    p = fed(processor(), record(0, 1, "signed_up"))
    p.tick(at(20))
    monkeypatch.setattr(Timeline, "pass_time", without_memory)

    with pytest.raises(MemoryError):
        p.advance(ALL)


def test_an_entity_that_is_frozen_is_not_woken_by_timers_that_it_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its step at three seconds raised; the timer of eleven seconds is still there, and asks nothing of it."""
    p = processor(dropoffs=TWO_DEADLINES)
    fed(p, record(0, 1, "signed_up"), record(1, 2, "changed"))
    with monkeypatch.context() as broken:
        broken.setattr(Timeline, "pass_time", lambda *_: 1 // 0)
        p.tick(at(3))
        p.advance(ALL)
    p.tick(at(20))

    assert p.advance(ALL)
    assert (p.frozen, p.timers) == (1, 0)
    assert told(p.seal()) == [("achieved", "begun", 1)]
