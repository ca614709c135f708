"""All journeys of a worker as one machine: which event concerns which journey, and what a code in a row stands for.

Journeys are ordered by name. Events of the same input name that mean the same to every journey (aliases) share a kind.
Does not know: entities, time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from streams.engine.plan import Dropoff, Plan
from streams.engine.program import Handler, Program, make_program
from streams.engine.state import StateCodec

FORMAT = 2  # of states; a change of the layout is a new number


class Target(NamedTuple):
    """One journey that an event concerns."""

    journey: int
    handler: Handler


@dataclass(frozen=True)
class Kind:
    """An event of the input as the journeys see it. reads: whether any of them wants its properties."""

    index: int
    targets: tuple[Target, ...]
    reads: bool

    def read(self, properties: Mapping[str, Any]) -> Any:
        """What is kept of the properties: one item per target."""
        return [0 if t.handler.read is None else t.handler.read(properties) for t in self.targets]


@dataclass(frozen=True)
class Code:
    """A kind of row: its journey and what its records have in common. segments: what `other segment` counts, from 1."""

    journey: int
    plan: Plan
    rule: str
    rule_type: str
    kind: str
    members: tuple[str, ...]
    segments: tuple[str, ...]
    edge: tuple[str, str] | None


@dataclass(frozen=True)
class Limits:
    """What bounds an entity's log: events in it, and its bytes."""

    events_kept: int = 256
    state_bytes: int = 512 * 1024


class Machine:
    """Immutable after it is made.

    Raises ValueError if journeys have the same name or disagree on `allowed_lateness` (time.md section 1).
    """

    def __init__(self, plans: Sequence[Plan], limits: Limits | None = None) -> None:
        self.plans = tuple(sorted(plans, key=lambda p: p.journey))
        self.limits = limits or Limits()
        self.lateness_ms = self._agreed_lateness()
        self.programs: tuple[Program, ...] = self._programs()
        self.names = tuple(p.journey for p in self.plans)
        self.codes = tuple(self._codes())
        self.gauges = tuple((p.plan.journey, gauge) for p in self.programs for gauge in p.gauges)
        self.kinds, self.routes = self._kinds()
        self.concerns = tuple(frozenset(t.journey for t in k.targets) for k in self.kinds)
        self.codec = StateCodec([p.state for p in self.programs])
        self.fingerprint = self._fingerprint()

    def _agreed_lateness(self) -> int:
        if not self.plans:
            raise ValueError("no journey: give at least one journey file")
        names = [p.journey for p in self.plans]
        if len(set(names)) < len(names):
            raise ValueError(f"two journeys have the same name: {', '.join(names)}")
        if len({p.lateness_ms for p in self.plans}) > 1:
            told = ", ".join(f"{p.journey} {p.lateness_ms} ms" for p in self.plans)
            raise ValueError(f"the journeys of one worker must agree on time.allowed_lateness: {told}")
        return self.plans[0].lateness_ms

    def _programs(self) -> tuple[Program, ...]:
        out: list[Program] = []
        for plan in self.plans:
            out.append(make_program(plan, sum(len(p.rows) for p in out)))
        return tuple(out)

    def _codes(self) -> list[Code]:
        out = []
        for j, p in enumerate(self.programs):
            edges = {r.name: r.edge for r in p.plan.rules if isinstance(r, Dropoff)}
            for row in p.rows:
                edge = edges.get(row.rule) if row.rule_type == "dropoff" else None
                out.append(Code(j, p.plan, row.rule, row.rule_type, row.kind, row.members, p.segments, edge))
        return out

    def _kinds(self) -> tuple[tuple[Kind, ...], dict[str, Kind]]:
        """Kinds in the order of the input names that they are first met under, and the kind of each input name."""
        names = sorted({n for p in self.programs for n in (*p.handlers, *p.plan.aliases)})
        kinds: dict[tuple[tuple[int, str], ...], Kind] = {}
        routes: dict[str, Kind] = {}
        for name in names:
            meaning = []
            for j, p in enumerate(self.programs):
                canonical = p.plan.aliases.get(name, name)
                if canonical in p.handlers:
                    meaning.append((j, canonical))
            if not meaning:
                continue
            targets = tuple(Target(j, self.programs[j].handlers[n]) for j, n in meaning)
            reads = any(t.handler.read is not None for t in targets)
            routes[name] = kinds.setdefault(tuple(meaning), Kind(len(kinds), targets, reads))
        return tuple(kinds.values()), routes

    def _fingerprint(self) -> str:
        """Equal if and only if states of one machine mean the same to the other."""
        parts: list[Any] = [FORMAT, self.lateness_ms, self.limits, sorted((n, k.index) for n, k in self.routes.items())]
        parts += [(p.plan.journey, p.plan.history_ms, p.rows, p.segments, p.specs, p.source) for p in self.programs]
        return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
