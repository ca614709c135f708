"""The timeline of one entity: events in order, time passing, rewinds; what changed goes out as publications.

What is kept of an entity: the heads (the State of each journey after its last step), the base (the heads at or before
the horizon), the log (events and rows after the base, as bytes that are only appended to), and what few have (`Rest`).

Invariants
  - head == fold(base, log), for each journey: an event in order moves the head and is appended, unread; an event out of
    order folds again from the base, and the difference to the logged rows is published (time.md section 4);
  - the log recognises duplicates too: an id that does not occur in its bytes has not been seen;
  - a step whose only effect is a later due instant is no change: it leaves `at` alone;
  - nothing is tidied up on a path that reports no change, or the bytes in the store would differ from those in memory.
Does not know: the clock (it is an argument), other entities, stores, Kafka.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import add
from typing import Any, Literal, NamedTuple

from streams.engine.expressions import INF
from streams.engine.machine import Kind, Machine, Target
from streams.engine.program import Row
from streams.engine.revisions import Step, difference, recount
from streams.engine.state import Entity, LogEvent, LogRow, Rest
from streams.engine.summary import Standing

TIDY_EVERY = 16  # events after which a log is looked through for a part that is older than the horizon
MS_PER_DAY = 86_400_000
Verdict = Literal["applied", "duplicate", "late"]


class Publication(NamedTuple):
    """A change of a row. event_ids: of the step's own events; a retraction has those of the event that unmade it."""

    row: Row
    revision: int
    retracted: bool
    cause: str
    standing: Standing
    event_ids: tuple[str, ...]


Publications = list[Publication]


class Timeline:
    """What a machine does to its entities, one at a time. It keeps nothing of them.

    Instants are ms; `out` takes the publications in order. A broken invariant raises AssertionError, and the entity is
    of no use then.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine, self.programs = machine, machine.programs
        self.codec, self.pack = machine.codec, machine.codec.pack
        self.lateness_ms, self.limits = machine.lateness_ms, machine.limits
        self.several = len(machine.programs) > 1
        self.partial = [p.plan.history_ms is not None for p in machine.programs]
        causes = {"dropped_off": "deadline", "withdrawn": "population"}
        self.causes = [causes.get(c.kind) for c in machine.codes]
        self.exits = [c.kind == "exited" for c in machine.codes]

    # -- one event
    def receive(  # noqa: PLR0913, PLR0917  # once per event: to wrap the arguments would cost more than it explains
        self, e: Entity, t: int, event_id: str, kind: Kind, kept: Any, clock: int, out: Publications
    ) -> Verdict:
        """An event that is not beyond the horizon of the clock: applied, a duplicate, or late for this entity's log.

        kept: what `kind.read` keeps of its properties, or 0. Everything due before `t` has been run.
        """
        entry = self.pack((t, event_id, kind.index, kept))
        final = e.base is None or (e.rest is None and self.newest(e) <= clock - self.lateness_ms)
        if final:
            self.begin_log(e, entry)
        else:
            verdict = self.admit(e, t, event_id, kind, clock - self.lateness_ms)
            if verdict != "applied":
                return verdict
            e.log += entry
            e.events += 1
        for i, target in enumerate(kind.targets):
            if t > e.heads[target.journey].at:
                self.append(e, t, event_id, target, kept[i] if kept else 0, out)
            else:
                self.rewind(e, target.journey, (t, event_id), clock, out)
        if self.several:
            e.wake = self.next_due(e)
        if e.wake <= clock:
            self.pass_time(e, clock, out)
        return "applied"

    def append(self, e: Entity, t: int, event_id: str, target: Target, x: Any, out: Publications) -> None:  # noqa: PLR0913, PLR0917  # as receive
        """The common case: it comes after everything that this journey has seen."""
        j = target.journey
        rows: list[Row] = []
        head = e.heads[j]
        due = self.programs[j].next_due(head) if self.several else e.wake
        if t < due and head.at and (not self.partial[j] or head.known == 1):
            e.wake = target.handler.apply(head, t, x, rows)
        else:
            e.wake = self.step(j, head, t, [(target.handler, x)], rows)
        if rows:
            self.publish(e, j, Step(rows, (event_id,)), out)

    def admit(self, e: Entity, t: int, event_id: str, kind: Kind, horizon: int) -> Verdict:
        """Whether the log can take the event in. It is tidied if so."""
        if e.rest is not None and t <= e.rest.base_at:
            return "late"
        if event_id.encode() in e.log:
            concerns, mine = self.machine.concerns, self.machine.concerns[kind.index]
            for seen in self.codec.read_log(e).events:
                if seen[1] == event_id and seen[0] > horizon and concerns[seen[2]] & mine:
                    return "duplicate"
        self.tidy(e, horizon)
        return "applied"

    # -- what can still be rewound
    def newest(self, e: Entity) -> int:
        """The instant of the last step of any journey, 0 before the first event."""
        return max([head.at for head in e.heads]) if self.several else e.heads[0].at  # type: ignore[no-any-return]

    def begin_log(self, e: Entity, entry: bytes = b"") -> None:
        """The heads are final: they are the base of what follows, of this event if there is one."""
        e.base = self.pack(e.heads) if self.newest(e) else b""
        e.log, e.events, e.rows = entry, 1 if entry else 0, 0

    def forget(self, e: Entity) -> None:
        """Nothing can be rewound any more: the heads stand for themselves."""
        e.base, e.log, e.events, e.rows = None, b"", 0, 0

    def tidy(self, e: Entity, horizon: int) -> None:
        """Drop what is older than the horizon when it is worth while; beyond the limits drop the older half anyway."""
        if e.base is None:
            return
        full = e.events >= self.limits.events_kept or len(e.log) > self.limits.state_bytes // 2
        if self.newest(e) <= horizon:
            self.forget(e)
            if e.rest is not None:
                e.rest.base_at = 0
                self.begin_log(e)
            self.drop_rest(e)
        elif full or (e.events >= 2 * TIDY_EVERY and e.events % TIDY_EVERY == 0):
            log = self.codec.read_log(e)
            n = bisect_right(log.events, horizon, key=lambda event: event[0])
            if n >= TIDY_EVERY:
                self.move_base(e, log.events, log.rows, log.events[n - 1][0])
            elif full and e.events > 1:
                last = log.events[e.events // 2 - 1][0]
                self.move_base(e, log.events, log.rows, last)
                self.rest(e).base_at = last

    def move_base(self, e: Entity, events: list[LogEvent], rows: list[LogRow], last: int) -> None:
        """Fold all steps up to and including instant `last` into the base."""
        assert e.base is not None
        heads = self.codec.base_heads(e.base)
        n = bisect_right(events, last, key=lambda event: event[0])
        for j in range(len(heads)):
            self.counting(j, heads[j], events[:n], last, [])  # these steps were counted when they were taken
        e.base = self.pack(heads)
        self.write_log(e, events[n:], [row for row in rows if row[0] > last])

    def write_log(self, e: Entity, events: Sequence[LogEvent], rows: Sequence[LogRow]) -> None:
        """Put these in the place of the whole log."""
        e.log = b"".join(map(self.pack, (*events, *rows)))
        e.events, e.rows = len(events), len(rows)

    def rest(self, e: Entity) -> Rest:
        """What few entities have, made if this one has none."""
        if e.rest is None:
            e.rest = Rest()
        return e.rest

    def drop_rest(self, e: Entity) -> None:
        """An empty rest is none, so that equal entities have equal bytes."""
        if e.rest is not None and e.rest.empty():
            e.rest = None

    # -- steps
    def step(self, j: int, state: Any, t: int, events: Sequence[tuple[Any, Any]], rows: list[Row]) -> int:
        """All events (handler, what is kept) of one instant, then every rule once; next due instant.

        Of several values of an attribute the last one counts.
        """
        values: dict[Any, Any] = {}
        for handler, x in events:
            handler.touch(state, t, x)
            for bit, at, put in handler.sets:
                if x[0] & bit:
                    values[put] = x[at]
        for put, value in values.items():
            put(state, t, value)
        if not state.cohort:
            state.cohort = -((t // MS_PER_DAY + 3) // 7)
        return self.programs[j].every(state, t, rows)

    def fold(self, j: int, state: Any, events: Sequence[LogEvent], until: int, steps: list[Step]) -> int:
        """All steps of journey j, of its events and of time up to `until`; returns what is due next."""
        program = self.programs[j]
        due, i, n = program.next_due(state), 0, len(events)
        while True:
            t = events[i][0] if i < n else INF
            rows: list[Row] = []
            if due < t:
                if due > until:
                    return due
                at = due
                _, due = program.due(state, at, rows)
                assert due > at, "time stands still: a rule asks for the same instant again"
                ids: tuple[str, ...] = ()
            elif t == INF:
                return due
            else:
                mine = []
                found: list[str] = []
                while i < n and events[i][0] == t:
                    for place, target in enumerate(self.machine.kinds[events[i][2]].targets):
                        if target.journey == j:
                            x = events[i][3]
                            mine.append((target.handler, x[place] if x else 0))
                            found.append(events[i][1])
                    i += 1
                if not mine:
                    continue
                due, ids = self.step(j, state, t, mine, rows), tuple(found)
            if rows:
                steps.append(Step(rows, ids, program.describe(state)))

    def counting(self, j: int, state: Any, events: Sequence[LogEvent], until: int, steps: list[Step]) -> list[int]:
        """As `fold`, but the outcomes of instances are given back instead of being counted."""
        counts = self.programs[j].instances
        counted = counts[:]
        counts[:] = [0] * len(counts)
        self.fold(j, state, events, until, steps)
        found, counts[:] = counts[:], counted
        return found

    def census(self, e: Entity) -> int:
        """A bit for each of the machine's gauges."""
        if not self.several:
            return self.programs[0].census(e.heads[0])
        found = 0
        for program, head in zip(reversed(self.programs), reversed(e.heads), strict=True):
            found = found << len(program.gauges) | program.census(head)
        return found

    def next_due(self, e: Entity) -> int:
        """The earliest instant that any journey waits for."""
        return min(p.next_due(head) for p, head in zip(self.programs, e.heads, strict=True))

    def pass_time(self, e: Entity, until: int, out: Publications) -> None:
        """Run what is due at or before `until`, one instant after the other, journeys by name."""
        while (at := e.wake) <= until:
            fresh = e.base is None
            if fresh:
                self.begin_log(e)
            changed, wake = 0, INF
            for j, program in enumerate(self.programs):
                head = e.heads[j]
                due = program.next_due(head)
                if due <= at:
                    rows: list[Row] = []
                    did, due = program.due(head, at, rows)
                    changed |= did
                    if rows:
                        self.publish(e, j, Step(rows, ()), out)
                wake = min(wake, due)
            assert wake > at, "time stands still: a rule asks for the same instant again"
            e.wake = wake
            if fresh and not changed and e.rest is None:
                self.forget(e)

    def publish(self, e: Entity, j: int, step: Step, out: Publications) -> None:
        """The rows of a step, in order: into the log, and out."""
        standing = self.programs[j].describe(e.heads[j])
        for row in step.rows:
            revision = 0 if e.rest is None else e.rest.revision(row[1], row[2])
            e.log += self.pack((*row[:4], revision))
            e.rows += 1
            cause = self.cause(row[1], standing, timed=not step.event_ids)
            out.append(Publication(row, revision, False, cause, standing, step.event_ids))  # noqa: FBT003  # by position: made once per row, and keywords take twice as long

    def cause(self, code: int, standing: Standing, *, timed: bool) -> str:
        """Why a row came about, in order; timed: its step had no event."""
        if self.exits[code] and not standing.inside:
            return "population"
        return self.causes[code] or ("time" if timed else "event")

    # -- out of order
    def rewind(self, e: Entity, j: int, late: tuple[int, str], until: int, out: Publications) -> None:
        """The same steps of journey j again, as if the late event (instant, id) had come in order.

        What differs goes out as revisions.
        """
        assert e.base is not None
        log = self.codec.read_log(e)
        state = self.codec.base_heads(e.base)[j]
        steps: list[Step] = []
        with_it = self.counting(j, state, log.events, until, steps)
        without = [event for event in log.events if (event[0], event[1]) != late]
        was = self.counting(j, self.codec.base_heads(e.base)[j], without, until, [])
        counts = self.programs[j].instances
        counts[:] = map(add, counts, recount(was, with_it))
        e.heads = (*e.heads[:j], state, *e.heads[j + 1 :])
        e.wake = self.programs[j].next_due(state)
        codes = self.machine.codes
        before = [row for row in log.rows if codes[row[1]].journey == j]
        others = [row for row in log.rows if codes[row[1]].journey != j]
        changes = difference(before, steps, self.rest(e))
        standing = self.programs[j].describe(state)
        for gone in changes.retracted:
            row = (*gone[:4], 0, 0, 0)
            out.append(
                Publication(row, gone[4], retracted=True, cause="late_event", standing=standing, event_ids=(late[1],))
            )
        for row, revision, step in changes.made:
            assert step.standing is not None
            out.append(
                Publication(
                    row,
                    revision,
                    retracted=False,
                    cause="late_event",
                    standing=step.standing,
                    event_ids=step.event_ids,
                )
            )
        self.write_log(e, log.events, [*others, *changes.standing])
        self.drop_rest(e)
