"""The facts of a plan: what is kept of an entity, shared between all conditions that need the same.

Decides: which needs are the same (equal meaning, not equal spelling), how much of a tally is kept, what slots are
called. They are numbered in order of first use, so that the same file always gives the same plan.
Does not know: conditions, rules, YAML.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.conditions import Tests, TextOrTexts
from streams.engine import plan
from streams.engine.values import typed

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
FIELD_OF_TEST = {
    "is": "is_",
    "in": "in_",
    "at_least": "at_least",
    "less_than": "less_than",
    "starts_with": "starts_with",
    "ends_with": "ends_with",
    "known": "known",
}


def duration_ms(text: str) -> int:
    """A duration of the language -> ms."""
    number = text.rstrip("mshd")
    return int(number) * UNIT_MS[text[len(number) :]]


def names_of(given: TextOrTexts) -> tuple[str, ...]:
    """One name or a list of them -> each once, sorted: the order in which a list names events means nothing."""
    return (given,) if isinstance(given, str) else tuple(sorted(set(given)))


def tests_of(given: Tests | Any, kind: plan.ValueType) -> plan.Tests:
    """Tests in the order of language.md section 3, constants in the type of what they test; a bare value is `is`."""
    if not isinstance(given, Tests):
        return (("is", typed(given, kind)),)
    found = ((op, getattr(given, name)) for op, name in FIELD_OF_TEST.items())
    return tuple((op, _constant(op, constant, kind)) for op, constant in found if constant is not None)


def _constant(op: str, constant: Any, kind: plan.ValueType) -> Any:
    match op:
        case "known":
            return constant
        case "in":
            return tuple(typed(x, kind) for x in constant)
        case "starts_with" | "ends_with":
            return (constant,) if isinstance(constant, str) else constant
    return typed(constant, kind)


@dataclass
class Facts:
    """Facts found so far. A tally asked for again keeps the larger need and one user more."""

    anchors: dict[plan.Anchor, str] = field(default_factory=dict)
    tallies: dict[str, plan.Tally] = field(default_factory=dict)
    opens: dict[str, plan.Opens] = field(default_factory=dict)
    _slots: dict[Any, str] = field(default_factory=dict)

    def anchor(self, anchor: plan.Anchor) -> plan.Anchor:
        """Gives the anchor a slot: `anchor0`, ... for what has to be kept, else a name for what it points at."""
        if anchor not in self.anchors:
            kept = anchor.is_event or anchor.op == "changed"
            numbered = f"anchor{sum(slot.startswith('anchor') for slot in self.anchors.values())}"
            self.anchors[anchor] = numbered if kept else f"{anchor.op}_{anchor.target}"
        return anchor

    def tally(self, wanted: plan.Tally) -> str:
        """The slot of the tally that keeps what is wanted; its own slot and users are filled in here."""
        blank = replace(wanted, slot="", kept=0, users=frozenset())
        slot = self._slots.setdefault(blank, f"tally{len(self.tallies)}")
        there = self.tallies.get(slot, blank)
        self.tallies[slot] = replace(
            wanted, slot=slot, kept=max(there.kept, wanted.kept), users=there.users | wanted.users
        )
        return slot

    def open_values(self, wanted: plan.Opens) -> str:
        """The slot of the open values that are wanted."""
        slot = self._slots.setdefault(replace(wanted, slot=""), f"open{len(self.opens)}")
        self.opens[slot] = replace(wanted, slot=slot)
        return slot


@dataclass
class Seen:
    """What the conditions of one rule look at, collected while they are compiled."""

    user: str
    events: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    rules: set[tuple[str, str]] = field(default_factory=set)

    def add_events(self, given: TextOrTexts) -> tuple[str, ...]:
        """Notes the events and gives their names."""
        names = names_of(given)
        self.events.update(names)
        return names

    def inputs(self) -> plan.Inputs:
        """The collected inputs, frozen."""
        return plan.Inputs(frozenset(self.events), frozenset(self.attributes), frozenset(self.rules))


def union(parts: Iterable[frozenset[str]]) -> frozenset[str]:
    """All elements of all sets."""
    return frozenset().union(*parts)
