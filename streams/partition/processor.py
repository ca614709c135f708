"""One input partition: its clock, its timers, its entities. Records in, effects out; `apply` and `seal` are its life.

Rules (time.md sections 2, 3 and 6)
  - reading a record first moves the clock to its arrival - 1 and runs everything due by then, in order of (instant,
    entity), and only then applies the record; a rejected record changes nothing and is no time;
  - a tick moves the clock too; it is journaled with the next thing that happens or is sealed, however many there were;
  - timers: at least one heap entry at or before the wake of every entity. One that comes too early moves on to the
    wake; equal ones are taken together, so a stale entry dies with the first one that it meets;
  - an entity of which a due step raises is frozen: its state stays as it was before that step, no due step of it runs
    any more, and its relevant events are rejected. That follows from the log, so nothing is journaled: the step is due
    in the state, and whoever goes on from there finds it again;
  - states are bytes, decoded when touched and put away again while they are in the processor's cache.
The result does not depend on how records are cut into batches, nor on budgets.
Does not know: JSON, Kafka, where effects go; an exception that it raises leaves it unusable, and its owner drops it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import get_args

from streams.engine.expressions import INF
from streams.engine.machine import Kind, Machine
from streams.engine.state import Entity, wake_of
from streams.engine.timeline import Publications, Timeline
from streams.partition.outcome import Codec, Facts, Frozen, Outcome, Pending, Result
from streams.partition.records import Event, Position, Record, Records, Rejected

EARLIEST_MS = 31_536_000_000  # 1971-01-01T00:00:00Z
LATEST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
TIME_ALONE = -1
FROZEN = Rejected("engine_error", "its entity is frozen: a due step of it has raised")
FROZEN_NAMED = 20  # in the position, which is written with every transaction
WARM = 500  # records after which touched states become bytes again


class Processor:
    """arrival_is_occurred: `source.arrival: occurred`, the record timestamps mean nothing."""

    def __init__(
        self, machine: Machine, codec: Codec, *, future_skew_ms: int = 300_000, arrival_is_occurred: bool = False
    ) -> None:
        self.machine, self.codec, self.timeline = machine, codec, Timeline(machine)
        self.future_skew_ms, self.arrival_is_occurred = future_skew_ms, arrival_is_occurred
        self.clock, self.next_offset = -1, 0
        self.definitions = self.settings = ""
        self._blobs: dict[bytes, bytes] = {}
        self._changed: dict[bytes, bytes] = {}  # put away since the last seal
        self._touched: dict[bytes, Entity] = {}
        self._timed = [code.kind == "achieved" and code.plan.first_anchor is not None for code in machine.codes]
        self._journey_of = [code.journey for code in machine.codes]
        self._gauges = [0] * len(machine.gauges)
        self._timers: list[tuple[int, bytes]] = []
        self._frozen: set[bytes] = set()
        self._ticked = False  # the clock has been moved by a tick that is not journaled yet
        self._begin()

    def _begin(self) -> None:
        self._out: list[tuple[bytes, bytes]] = []
        self._origins: list[tuple[int, int]] = []
        self._froze: list[Frozen] = []
        self._rejected: list[tuple[int, Rejected]] = []
        self._late: list[tuple[int, tuple[str, ...]]] = []
        self._journal: list[bytes] = []
        self._members: dict[bytes, bytes | None] = {}
        self._results: dict[Result, int] = dict.fromkeys(get_args(Result), 0)
        self._counts: tuple[Counter[int], Counter[int], Counter[int]] = (Counter(), Counter(), Counter())
        self._durations: list[tuple[int, int]] = []
        self._instances = [0] * sum(len(p.instances) for p in self.machine.programs)
        self._records = self._steps = self._bytes = 0

    # -- run
    def apply(self, records: Records, decisions: Mapping[int, str], budget: int) -> int:
        """Take records in order; returns how many were taken.

        Fewer than all: the budget (due steps and records) is used up, or due steps are left: `advance`, then call again
        with the rest. decisions: offset -> reason, for rejections that do not follow from the record alone; they are
        journaled.
        """
        assert not self._due(), "advance() before apply()"
        self._forget_instances()
        taken = 0
        while taken < len(records) and budget > 0:
            used, done = self._read(records[taken : taken + WARM], decisions, budget)
            self._put_away()
            budget -= used
            taken += done
            if self._due():
                break
        self._count_instances()
        return taken

    def tick(self, clock: int) -> None:
        """Everything up to `clock` has been read. Run `advance` until it says that nothing is due any more."""
        if clock > self.clock:
            self.clock = clock
            self._ticked = True

    def advance(self, budget: int) -> bool:
        """Due steps up to the clock; True: none is left."""
        self._forget_instances()
        self._run_due(budget)
        self._put_away()
        self._count_instances()
        return not self._due()

    def define(self, definitions: str, settings: str) -> None:
        """What interprets the log from the next offset on, by hash; journaled if it differs from what did so far."""
        if (definitions, settings) != (self.definitions, self.settings):
            self.definitions, self.settings = definitions, settings
            self._journal.append(self.codec.definitions(self.next_offset, definitions, settings))

    @property
    def pending(self) -> Pending:
        """How much the next outcome holds so far."""
        return Pending(self._records, self._steps, self._bytes)

    def seal(self) -> Outcome:
        """Everything since the last seal; the next one begins empty.

        A clock that ticks have moved is journaled with it: the position says that clock too.
        """
        if self._ticked:
            self._journal_tick()
        states, self._changed = list(self._changed.items()), {}
        frozen = tuple(key.decode() for key in sorted(self._frozen)[:FROZEN_NAMED])
        meant = (self.next_offset, self.clock, self.definitions, self.settings)
        position = Position(*meant, tuple(self._gauges), len(self._frozen), frozen)
        facts = Facts(self._results, *self._counts, self._durations, self._instances)
        members = list(self._members.items())
        out = (self._out, self._origins, members, states, self._rejected, self._late, self._journal)
        outcome = Outcome(*out, position, facts, self._froze)
        self._begin()
        return outcome

    # -- restore
    def load(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """State records in the order of the changelog; None deletes."""
        for key, value in rows:
            if value is None:
                self._blobs.pop(key, None)
            else:
                self._blobs[key] = value

    def loaded(self, position: Position) -> None:
        """All states are there. What was due at the restored clock is left for `advance`."""
        self.clock, self.next_offset = position.clock, position.next_offset
        self.definitions, self.settings = position.definitions, position.settings
        self._gauges = list(position.gauges or self._gauges)
        self._timers = [(wake, key) for key, blob in self._blobs.items() if (wake := wake_of(blob)) < INF]
        heapify(self._timers)

    @property
    def entities(self) -> int:
        """How many have a state."""
        return len(self._blobs)

    @property
    def timers(self) -> int:
        """How many are armed; an entity whose wake has moved may have more than one."""
        return len(self._timers)

    @property
    def frozen(self) -> int:
        """How many entities are, of which a due step has raised."""
        return len(self._frozen)

    # -- records
    def _read(self, records: Iterable[Record], decisions: Mapping[int, str], budget: int) -> tuple[int, int]:
        """(budget used, records taken); it stops before a record whose due steps it could not finish."""
        decode, results, timers, routes = self.codec.decode, self._results, self._timers, self.machine.routes
        used = taken = 0
        for r in records:
            if used >= budget:
                break
            event = Rejected(decisions[r.offset], "") if r.offset in decisions else decode(r)
            if isinstance(event, Rejected):
                result = self._reject(r, event, decisions)
            elif isinstance(times := self._times(event, r.timestamp), Rejected):
                result = self._reject(r, times, decisions)
            else:
                instant, arrival = times
                if arrival > self.clock + 1:
                    self.clock = arrival - 1
                    self._ticked = False
                if timers and timers[0][0] <= self.clock:
                    used += self._run_due(budget - used)
                    if self._due():
                        break
                kind = routes.get(event.type)
                result = "irrelevant" if kind is None else self._receive(r, event, kind, instant, arrival)
            if self._ticked:
                self._journal_tick()
            results[result] += 1
            self.next_offset = r.offset + 1
            used += 1
            taken += 1
        self._records += taken
        return used, taken

    def _times(self, event: Event, timestamp: int) -> tuple[int, int] | Rejected:
        """(instant, arrival) of an event in a record with this timestamp; time.md section 1."""
        instant, arrival = event.occurred, timestamp
        if instant is None:
            instant = arrival
        elif self.arrival_is_occurred:
            arrival = instant
        elif instant > arrival:
            if instant > arrival + self.future_skew_ms:
                return Rejected("future_timestamp", f"it occurred {instant - arrival} ms after its arrival")
            instant = arrival
        if instant >= EARLIEST_MS and arrival <= LATEST_MS:
            return instant, arrival
        return Rejected("bad_timestamp", "the instant lies outside 1971 to 9999")

    def _reject(self, r: Record, why: Rejected, decisions: Mapping[int, str]) -> Result:
        self._rejected.append((r.offset, why))
        if r.offset in decisions:
            self._journal.append(self.codec.rejection(r.offset, why.reason))
        return "rejected"

    def _receive(self, r: Record, event: Event, kind: Kind, instant: int, arrival: int) -> Result:
        if instant <= self.clock - self.machine.lateness_ms:
            return self._too_late(r, kind)
        key = r.key
        assert key is not None
        if key in self._frozen:
            return self._reject(r, FROZEN, {})
        entity = self._entity(key)
        out: Publications = []
        before = entity.wake
        kept = kind.read(event.read_properties()) if kind.reads else 0
        verdict = self.timeline.receive(entity, instant, event.id, kind, kept, self.clock, out)
        if verdict == "late":
            return self._too_late(r, kind)
        if verdict == "duplicate":
            return verdict
        if event.account_id is not None and event.account_id != entity.account:
            entity.account = event.account_id
        if entity.wake < before:
            heappush(self._timers, (entity.wake, key))
        if out:
            self._publish(key, entity, out, arrival, r.offset)
        return verdict

    def _too_late(self, r: Record, kind: Kind) -> Result:
        self._late.append((r.offset, tuple(self.machine.names[t.journey] for t in kind.targets)))
        return "late"

    # -- time
    def _due(self) -> bool:
        return bool(self._timers) and self._timers[0][0] <= self.clock

    def _run_due(self, budget: int) -> int:
        """At most `budget` due steps, in order of (instant, entity); returns how many there were."""
        timers, clock, steps = self._timers, self.clock, 0
        while timers and timers[0][0] <= clock and steps < budget:
            entry = heappop(timers)
            while timers and timers[0] == entry:
                heappop(timers)
            at, key = entry
            if key in self._frozen:
                continue
            entity = self._touched.get(key)
            wake = entity.wake if entity is not None else wake_of(self._blobs[key])
            if wake <= at:
                wake = self._wake_up(key, at)
                steps += 1
            if wake < INF:
                heappush(timers, (wake, key))
        self._steps += steps
        return steps

    def _wake_up(self, key: bytes, at: int) -> int:
        if self._ticked:
            self._journal_tick()
        known = self._touched.get(key)
        before = None if known is None else self.machine.codec.pack(known)
        counted = [program.instances[:] for program in self.machine.programs]
        try:
            return self._due_step(key, at)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is that of one entity
            self._freeze(Frozen(key, at, error), before, counted)
            return INF

    def _due_step(self, key: bytes, at: int) -> int:
        out: Publications = []
        entity = self._entity(key)
        self.timeline.tidy(entity, self.clock - self.machine.lateness_ms)
        self.timeline.pass_time(entity, at, out)
        if out:
            self._publish(key, entity, out, self.clock, TIME_ALONE)
        return entity.wake

    def _freeze(self, frozen: Frozen, before: bytes | None, counted: Sequence[Sequence[int]]) -> None:
        """As if the step had not been tried. before: the state, None if it was not touched; counted: instances."""
        if before is None:
            self._touched.pop(frozen.key, None)
        else:
            self._touched[frozen.key] = self.machine.codec.decode(before)
        for program, instances in zip(self.machine.programs, counted, strict=True):
            program.instances[:] = instances
        self._frozen.add(frozen.key)
        self._froze.append(frozen)

    def _journal_tick(self) -> None:
        self._journal.append(self.codec.clock(self.next_offset, self.clock))
        self._ticked = False

    # -- states
    def _entity(self, key: bytes) -> Entity:
        entity = self._touched.get(key)
        if entity is None:
            blob = self._blobs.get(key)
            entity = self.machine.codec.new() if blob is None else self.machine.codec.decode(blob)
            self._touched[key] = entity
        return entity

    def _put_away(self) -> None:
        """Touched states become bytes; what has changed about them is counted and told."""
        pack, census, states = self.machine.codec.pack, self.timeline.census, []
        for key, entity in self._touched.items():
            now = census(entity)
            before = int.from_bytes(entity.census, "little")
            if now != before:
                self._shift(before, now)
                entity.census = now.to_bytes((now.bit_length() + 7) // 8, "little")
            states.append((key, pack(entity)))
        self._blobs.update(states)
        self._changed.update(states)
        self._touched = {}

    def _shift(self, before: int, now: int) -> None:
        """An entity is something else than before, bit by bit of the census."""
        moved = before ^ now
        while moved:
            bit = moved & -moved
            self._gauges[bit.bit_length() - 1] += 1 if now & bit else -1
            moved ^= bit

    def _publish(self, key: bytes, entity: Entity, publications: Publications, decided_at: int, cause: int) -> None:
        journeys = {self._journey_of[p.row[1]] for p in publications}
        members = [self.codec.member(key, entity, journey, decided_at) for journey in journeys]
        for record in self.codec.transitions(key, entity.account, publications, decided_at):
            self._out.append((key, record))
            self._bytes += len(record)
        first, revised, retracted = self._counts
        timed = self._timed
        for p in publications:
            code = p.row[1]
            self._origins.append((p.row[0], cause))
            (retracted if p.retracted else revised if p.revision else first)[code] += 1
            if timed[code] and not p.revision and 0 < p.row[5] <= p.row[0]:
                self._durations.append((code, p.row[0] - p.row[5]))
        self._members.update(members)

    def _forget_instances(self) -> None:
        """Somebody else's step may have failed half-way."""
        for program in self.machine.programs:
            program.instances[:] = [0] * len(program.instances)

    def _count_instances(self) -> None:
        """Outcomes of instances since the last look; the programs count for whoever runs them."""
        at = 0
        for program in self.machine.programs:
            for i, n in enumerate(program.instances):
                self._instances[at + i] += n
            at += len(program.instances)
