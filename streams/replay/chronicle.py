"""What has become of an entity step by step, and what will become of it if no event comes: the same engine, watched.

A state says that there is no instance of a drop-off, not what ended the last one; the rows of a log say when a rule
changed, not which events did it. So the steps are taken once more, from the state in front of the events at hand, and
looked at one by one.
Does not know: words, JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, NamedTuple

from streams.engine.expressions import INF
from streams.engine.facts import kept_tallies
from streams.engine.interpret import Interpreter
from streams.engine.machine import Machine
from streams.engine.plan import Dropoff, Plan
from streams.engine.program import Row
from streams.engine.revisions import Step
from streams.engine.state import LogEvent
from streams.engine.timeline import Timeline

NONE, PENDING = 0, 1  # of `dst_` in the state
ROWS_AHEAD = 12  # transitions that a forecast tells
STEPS_AHEAD = 500  # due steps that it takes to find them
Outcome = Literal[
    "armed", "followed", "met", "cancelled", "dropped_off", "recovered", "withdrawn", "not_armed", "met_at_once"
]


class Turn(NamedTuple):
    """What happened to an instance of a drop-off, or to an anchor that armed none. anchor_at, deadline: of it, ms.

    why: of `cancelled` and `not_armed`.
    """

    at: int
    outcome: Outcome
    anchor_at: int
    deadline: int
    why: str = ""
    event_ids: tuple[str, ...] = ()


class Change(NamedTuple):
    """A transition. other: the other member of the group, if there is one. event_ids: of the step's own events."""

    at: int
    rule: str
    kind: str
    episode: int
    other: str | None
    event_ids: tuple[str, ...] = ()


class Reason(NamedTuple):
    """The state in which a milestone was achieved at `at`: what only it counted is still there."""

    at: int
    state: Any


@dataclass
class Chronicle:
    """changes: the newest of each rule and kind. turns: of each drop-off, in order. reasons: of achieved milestones."""

    changes: dict[tuple[str, str], Change] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)


class Taken(NamedTuple):
    """A step at `t` with its own events, and the state before it."""

    t: int
    step: Step
    events: Sequence[LogEvent]
    before: Any


@dataclass(frozen=True)
class Watcher:
    """Journey number `j` of a machine, one entity."""

    machine: Machine
    j: int

    @property
    def plan(self) -> Plan:
        """The journey."""
        return self.machine.plans[self.j]

    def past(self, state: Any, events: Sequence[LogEvent], until: int) -> Chronicle:
        """Take all steps from `state`, which is moved, through these events (by instant and id) up to `until`."""
        instances = [InstanceWatch(self.plan, r, state) for r in self.plan.rules if isinstance(r, Dropoff)]
        out = Chronicle(turns={watch.rule.name: [] for watch in instances})
        for taken in self._steps(state, events, until):
            ids = tuple(e[1] for e in taken.events)
            changes = [self.change(row, ids) for row in taken.step.rows]
            out.changes |= {(c.rule, c.kind): c for c in changes}
            out.reasons |= {c.rule: self._reason(c.rule, state, taken) for c in changes if c.kind == "achieved"}
            for watch in instances:
                kinds = [c.kind for c in changes if c.rule == watch.rule.name]
                out.turns[watch.rule.name] += watch.turns(state, taken.t, kinds, ids)
        return out

    def _steps(self, state: Any, events: Sequence[LogEvent], until: int) -> Iterator[Taken]:
        """Every step, also those without rows."""
        program = self.machine.programs[self.j]
        mine = [e for e in events if self.j in self.machine.concerns[e[2]]]
        for t, group in groupby(mine, key=lambda e: int(e[0])):
            while (due := program.next_due(state)) < t:
                yield self._step(state, due, [])
            yield self._step(state, t, list(group))
        while (due := program.next_due(state)) <= until:
            yield self._step(state, due, [])

    def _step(self, state: Any, t: int, events: Sequence[LogEvent]) -> Taken:
        before, steps = deepcopy(state), list[Step]()
        Timeline(self.machine).fold(self.j, state, events, t, steps)
        return Taken(t, steps[0] if steps else Step([], ()), events, before)

    def _reason(self, milestone: str, state: Any, taken: Taken) -> Reason:
        """After a milestone is achieved its own tallies are emptied; here they are as the events have left them."""
        counted, out = deepcopy(taken.before), deepcopy(state)
        for _, _, kind, kept in taken.events:
            for place, target in enumerate(self.machine.kinds[kind].targets):
                if target.journey == self.j:
                    target.handler.touch(counted, taken.t, kept[place] if kept else 0)
        for tally in kept_tallies(self.plan):
            if tally.users == {milestone}:
                setattr(out, tally.slot, getattr(counted, tally.slot))
        return Reason(taken.t, out)

    def change(self, row: Row, event_ids: tuple[str, ...] = ()) -> Change:
        """A row in names."""
        code = self.machine.codes[row[1]]
        return Change(row[0], code.rule, code.kind, row[2], code.segments[row[3] - 1] if row[3] else None, event_ids)

    def future(self, state: Any) -> list[Change]:
        """The next transitions of `state`, which is moved, if no event comes."""
        program, out = self.machine.programs[self.j], list[Change]()
        for _ in range(STEPS_AHEAD):
            due = program.next_due(state)
            if due >= INF or len(out) >= ROWS_AHEAD:
                break
            rows: list[Row] = []
            program.due(state, due, rows)
            out += map(self.change, rows)
        return out


class InstanceWatch:
    """Compares the instance of one drop-off before and after each step."""

    def __init__(self, plan: Plan, rule: Dropoff, state: Any) -> None:
        self.plan, self.rule = plan, rule
        self._look(state)

    def _look(self, state: Any) -> None:
        name = self.rule.name
        self.phase, self.end, self.new = (getattr(state, f"{slot}_{name}") for slot in ("dst", "dend", "dnew"))
        self.dropped = getattr(state, f"dprev_{name}")  # while it is open

    def turns(self, state: Any, t: int, kinds: Sequence[str], event_ids: tuple[str, ...]) -> list[Turn]:
        """What the step at `t`, which published rows of these kinds, has changed."""
        phase, end, new, dropped = self.phase, self.end, self.new, self.dropped
        self._look(state)
        now, within_ms = Interpreter(self.plan, state, t), self.rule.within_ms
        out: list[Turn] = []

        def turn(outcome: Outcome, deadline: int, why: str = "") -> None:
            out.append(Turn(t, outcome, deadline - within_ms, deadline, why, event_ids))

        unresolved = phase == PENDING and t == end and not kinds  # cancelled, whatever has been armed then
        if phase == PENDING and not kinds and (unresolved or self.phase == NONE):
            turn(*self._ended(now, end))
        elif phase == PENDING and not kinds and self.end != end:
            turn("followed", self.end)
        if "dropped_off" in kinds:
            dropped = t
            turn("dropped_off", t)
        if "recovered" in kinds:
            turn("recovered", dropped)
        if "withdrawn" in kinds:
            turn("withdrawn", dropped, "it left the population")
        free = phase == NONE or "recovered" in kinds or unresolved
        if free and self.phase == PENDING:
            turn("armed", self.end)
        elif free and self.phase == NONE and (new or self._happens(now)):
            at = now.anchor(self.rule.after).at
            if at is not None:
                turn(*self._used_up(now, at))
        return out

    def _happens(self, now: Interpreter) -> bool:
        """The anchor happens at this very instant; of a date: it is set."""
        a = self.rule.after
        return bool((now.slot(f"set_{a.target}") if a.is_date else now.anchor(a).at) == now.t)

    def _ended(self, now: Interpreter, end: int) -> tuple[Outcome, int, str]:
        """How a pending instance with this deadline ended without a row."""
        at = now.anchor(self.rule.after).at
        if not now.inside()[0]:
            return "cancelled", end, "it left the population"
        if now.t >= end:
            return "cancelled", end, "at the deadline nobody could know whether it was met"
        if at is None:
            return "cancelled", end, "the date was unset"
        moved = at + self.rule.within_ms if self._happens(now) else end
        if moved <= now.t:
            return "cancelled", end, "the date was moved so that the new deadline had passed"
        return "met", moved, ""

    def _used_up(self, now: Interpreter, at: int) -> tuple[Outcome, int, str]:
        """Why an anchor that happened at `at` did not leave an instance behind."""
        deadline, history_ms = at + self.rule.within_ms, self.plan.history_ms
        if not now.inside()[0]:
            return "not_armed", deadline, "it happened outside the population"
        if deadline <= now.t:
            return "not_armed", deadline, "its deadline had passed already"
        if history_ms is not None and at < history_ms:
            return "not_armed", deadline, "it lies before the beginning of the log"
        if not now.anchor(self.rule.after).known:
            return "not_armed", deadline, "it may have happened before the log begins"
        if self.rule.only_if is not None and not now.verdict(self.rule.only_if).value:
            return "not_armed", deadline, "`if` was not true then"
        return "met_at_once", deadline, ""
