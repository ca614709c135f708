"""One input partition, run by the native engine: the interface of `streams.partition.processor`, and its outcomes.

The two are equal byte for byte, in states, records, journal and facts; a property test holds them so. What the native
engine does not find plainly in order it asks the plain one about: odd records, odd properties, texts of records.
Does not know: how states are kept, Kafka.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from streams.codec.careful import Fields
from streams.codec.transition import TransitionEncoder
from streams.core.native import Core
from streams.core.plan import document
from streams.engine.machine import Machine
from streams.partition.outcome import Codec, Facts, Frozen, Outcome, Pending, Result
from streams.partition.processor import FROZEN_NAMED
from streams.partition.records import Decode, Position, Record, Records, Rejected, read_properties


class Texts(NamedTuple):
    """Texts of transition records that depend on a number."""

    encoder: TransitionEncoder

    def path(self, code: int, mask: int) -> str:
        """About the funnel, by milestones."""
        return self.encoder.paths[code].text(mask)

    def also(self, code: int, mask: int) -> str:
        """Members of a group."""
        return self.encoder.also(code, mask)

    def week(self, week: int) -> str:
        """Of a cohort."""
        return self.encoder.week(week)


class StepFailed(Exception):
    """A due step of one entity has failed in the native engine."""


class NativeProcessor:
    """fields: the names of the plain envelope's members; None: `codec.decode` reads another one."""

    def __init__(
        self,
        machine: Machine,
        codec: Codec,
        fields: Fields | None,
        *,
        future_skew_ms: int = 300_000,
        arrival_is_occurred: bool = False,
    ) -> None:
        self.machine, self.codec, self.fields = machine, codec, fields
        self.future_skew_ms, self.arrival_is_occurred = future_skew_ms, arrival_is_occurred
        self.definitions = self.settings = ""
        text = document(machine, fields, future_skew_ms=future_skew_ms, arrival_is_occurred=arrival_is_occurred)
        texts = Texts(TransitionEncoder(machine))
        self._core = Core(text, len(machine.gauges), taken_apart(codec.decode), keeping(machine), texts)

    # -- run
    def apply(self, records: Records, decisions: Mapping[int, str], budget: int) -> int:
        """As Processor.apply."""
        assert not self._core.due(), "advance() before apply()"
        return self._core.apply(records, dict(decisions), budget)

    def tick(self, clock: int) -> None:
        """As Processor.tick."""
        self._core.tick(clock)

    def advance(self, budget: int) -> bool:
        """As Processor.advance."""
        return self._core.advance(budget)

    def define(self, definitions: str, settings: str) -> None:
        """As Processor.define."""
        if (definitions, settings) != (self.definitions, self.settings):
            self.definitions, self.settings = definitions, settings
            self._core.note(self.codec.definitions(self.next_offset, definitions, settings))

    @property
    def pending(self) -> Pending:
        """As Processor.pending."""
        return Pending(*self._core.pending)

    def seal(self) -> Outcome:
        """As Processor.seal."""
        pairs, told, counted = self._core.seal()
        rejected, late, journal, frozen = told
        results, by_code, durations, instances = counted
        counters = (Counter(by_code[0]), Counter(by_code[1]), Counter(by_code[2]))
        return Outcome(
            *pairs,
            [(offset, Rejected(*why)) for offset, why in rejected],
            [(offset, self._journeys(kind)) for offset, kind in late],
            [self._journaled(*entry) for entry in journal],
            self._position(),
            Facts(dict(zip(get_args(Result), results, strict=True)), *counters, durations, instances),
            [Frozen(key, at, StepFailed(why)) for key, at, why in frozen],
        )

    def _position(self) -> Position:
        frozen = self._core.frozen
        named = tuple(key.decode() for key in frozen[:FROZEN_NAMED])
        meant = (self.next_offset, self.clock, self.definitions, self.settings)
        return Position(*meant, tuple(self._core.gauges), len(frozen), named)

    def _journeys(self, kind: int) -> tuple[str, ...]:
        return tuple(self.machine.names[target.journey] for target in self.machine.kinds[kind].targets)

    def _journaled(self, offset: int, what: int | str | bytes) -> bytes:
        """A clock, a reason, or a record as it is."""
        match what:
            case int():
                return self.codec.clock(offset, what)
            case str():
                return self.codec.rejection(offset, what)
        return what

    # -- restore
    def load(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """As Processor.load."""
        self._core.load(rows)

    def loaded(self, position: Position) -> None:
        """As Processor.loaded."""
        self.definitions, self.settings = position.definitions, position.settings
        self._core.loaded(position.clock, position.next_offset, list(position.gauges or self._core.gauges))

    @property
    def clock(self) -> int:
        """Ms; -1 before anything."""
        return self._core.clock

    @property
    def next_offset(self) -> int:
        """Of the input, not applied yet."""
        return self._core.next_offset

    @property
    def entities(self) -> int:
        """As Processor.entities."""
        return self._core.entities

    @property
    def timers(self) -> int:
        """As Processor.timers."""
        return self._core.timers

    @property
    def frozen(self) -> int:
        """As Processor.frozen."""
        return len(self._core.frozen)


def taken_apart(decode: Decode) -> Any:
    """The same reader; an event as its fields without the entity id, which is the key, else reason and detail."""

    def read(record: Record) -> tuple[Any, ...]:
        found = decode(record)
        if isinstance(found, Rejected):
            return found.reason, found.detail
        return found.id, found.type, found.account_id, found.occurred, found.properties

    return read


def keeping(machine: Machine) -> Any:
    """What the plain readers keep of properties, as it stands in a log."""

    def keep(kind: int, properties: bytes) -> bytes:
        return machine.codec.pack(machine.kinds[kind].read(read_properties(properties)))

    return keep
