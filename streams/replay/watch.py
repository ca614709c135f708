"""One entity out of a log or out of the live state: its state, its events, and what did not count.

A log is read by the same processor as live. The records of other entities are events that no journey knows: they move
the clock, or are rejected, by the very rules, and leave nothing else.
Does not know: files, Kafka, what an explanation looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from streams.codec.partition import partition_codec
from streams.engine.machine import Kind, Machine
from streams.engine.state import Entity, LogEvent, order
from streams.engine.timeline import Publications, Timeline, Verdict
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor
from streams.partition.records import Decode, Event, Record, Rejected
from streams.replay.runner import Decisions, advance, replay

LATER = "later"  # the record arrives after the moment that is asked for


class Refused(NamedTuple):
    """A record of the entity that changed nothing. event: None where it could not be read."""

    offset: int
    reason: str
    detail: str
    event: Event | None


@dataclass(frozen=True)
class Known:
    """What is known of one entity at one moment. Everything that was due by `clock` (ms) has been run.

    events: those that were applied, by (instant, id). whole: all there were; else those after the base of the state.
    """

    machine: Machine
    name: str
    entity: Entity
    clock: int
    events: list[LogEvent]
    whole: bool
    refused: list[Refused]


class Unheard(Exception):
    """Nothing is known of the entity; the message says what was looked at."""


@dataclass(frozen=True)
class Log:
    """One partition: its records and what its journal adds; how its arrivals and its records are to be read."""

    records: Iterable[Record]
    decisions: Decisions = field(default_factory=Decisions)
    arrival_is_occurred: bool = False
    future_skew_ms: int = 300_000
    decode: Decode | None = None


class Watched(Timeline):
    """A timeline that remembers the events it has applied, and the duplicates."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.applied: list[LogEvent] = []

    def receive(  # noqa: PLR0913, PLR0917  # as Timeline
        self, e: Entity, t: int, event_id: str, kind: Kind, kept: Any, clock: int, out: Publications
    ) -> Verdict:
        """As Timeline."""
        verdict = super().receive(e, t, event_id, kind, kept, clock, out)
        if verdict == "applied":
            self.applied.append((t, event_id, kind.index, kept))
        return verdict


@dataclass
class Focus:
    """Decodes the records of a log for one entity. own: its records by offset, as far as they could be read."""

    decode: Decode
    key: bytes
    at: int | None
    arrival_is_occurred: bool

    def __post_init__(self) -> None:
        self.own: dict[int, Event | None] = {}

    def passing(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records, those of the entity noted: what the journal rejects is never decoded."""
        for record in records:
            if record.key == self.key:
                self.own[record.offset] = None
            yield record

    def __call__(self, record: Record) -> Event | Rejected:
        """As codec.envelope, but without what arrives later, and with nothing of others but the time."""
        event = self.decode(record)
        if self.at is not None and self._arrival(record, event) > self.at:
            self.own.pop(record.offset, None)
            return Rejected(LATER, "")
        if record.key == self.key:
            self.own[record.offset] = event if isinstance(event, Event) else None
        elif isinstance(event, Event):
            event.type = ""
        return event

    def _arrival(self, record: Record, event: Event | Rejected) -> int:
        if self.arrival_is_occurred and isinstance(event, Event) and event.occurred is not None:
            return event.occurred
        return record.timestamp


def from_log(machine: Machine, name: str, log: Log, at: int | None = None) -> Known:
    """The entity at the end of the log, or at an earlier or later moment. Raises Unheard."""
    codec = partition_codec(machine, log.decode)
    focus = Focus(codec.decode, name.encode(), at, log.arrival_is_occurred)
    processor = Processor(
        machine,
        codec._replace(decode=focus),
        future_skew_ms=log.future_skew_ms,
        arrival_is_occurred=log.arrival_is_occurred,
    )
    processor.timeline = watched = Watched(machine)
    state: bytes | None = None
    refused: list[Refused] = []
    for outcome in _outcomes(processor, focus.passing(log.records), log.decisions, at):
        state = dict(outcome.states).get(focus.key, state)
        refused += _refused(outcome, focus)
    if state is None:
        raise Unheard(_unheard(name, focus, refused))
    events = sorted(watched.applied, key=order)
    return Known(machine, name, machine.codec.decode(state), processor.clock, events, whole=True, refused=refused)


def _outcomes(
    processor: Processor, records: Iterable[Record], decisions: Decisions, at: int | None
) -> Iterator[Outcome]:
    """The whole log up to a moment; without one, up to the last arrival or the last tick."""
    clocks = [(before, clock) for before, clock in decisions.clocks if at is None or clock <= at]
    yield from replay(processor, records, replace(decisions, clocks=clocks))
    end = processor.clock if any(clock == processor.clock for _, clock in clocks) else processor.clock + 1
    yield from advance(processor, end if at is None else at)


def _refused(outcome: Outcome, focus: Focus) -> Iterator[Refused]:
    """Rejected and late records of the entity."""
    reasons = [(offset, why.reason, why.detail) for offset, why in outcome.rejected if why.reason != LATER]
    reasons += [(offset, "late", f"for {', '.join(names)}") for offset, names in outcome.late]
    for offset, reason, detail in sorted(reasons):
        if offset in focus.own:
            yield Refused(offset, reason, detail, focus.own[offset])


def _unheard(name: str, focus: Focus, refused: list[Refused]) -> str:
    if not focus.own:
        by_then = "" if focus.at is None else " by then"
        return f"there is no record of {name}{by_then}; ids are compared as they are written"
    if refused:
        return f"no record of {name} was taken: the last was refused as {refused[-1].reason} ({refused[-1].detail})"
    types = sorted({event.type for event in focus.own.values() if event is not None})
    return f"no rule looks at any event of {name}: there are only {', '.join(types)}"


def from_state(machine: Machine, name: str, state: bytes, clock: int) -> Known:
    """The entity as a worker has stored it at a clock. What was due then and waits for its turn is run."""
    entity = machine.codec.decode(state)
    events = [] if entity.base is None else machine.codec.read_log(entity).events
    Timeline(machine).pass_time(entity, clock, [])
    return Known(machine, name, entity, clock, events, whole=entity.base == b"", refused=[])
