"""What the log keeps of an event's properties: which `where`s hold, which attributes it sets, the few values needed.

Read once, when the event comes; a rewind folds what was kept. The result is 0 (no rule wants anything), a mask alone,
or [mask, value, ...]. Bits of the mask: first the wheres, then the attributes that are set.
Does not know: JSON, state, the order of events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from streams.engine.plan import Attribute, Plan, Tests, ValueType, Where
from streams.engine.values import new_value, satisfies, typed

LONG = 64  # characters of a compared value beyond which its digest is kept: equality is all that is asked of it
MISSING = object()
Read = Callable[[Mapping[str, Any]], Any]


class Setting(NamedTuple):
    """An attribute that the event may set: its bit in the mask and where its new value stands."""

    bit: int
    at: int
    attribute: str


def comparable(value: Any, kind: str, *, tagged: bool) -> Any:
    """A value that is only ever compared: short, and told from an equal one of another type (True == 1 == 1.0).

    tagged: the events of the condition give the property different types.
    """
    if isinstance(value, str) and len(value) > LONG:
        value = "#" + blake2b(value.encode(), digest_size=16).hexdigest()
    if not tagged or value is None:
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1 and 1.0 are one number
    return f"{kind} {value}"


class Reader:
    """Of one event of one plan. Ask for bits and positions first, then `finish`."""

    def __init__(self, plan: Plan, event: str) -> None:
        self.plan, self.event = plan, event
        self.types: Mapping[str, ValueType] = plan.events[event]
        self.wheres: list[Where] = []
        self.values: list[tuple[str, bool]] = []  # (property, tagged)
        self.attributes = [a for a in plan.sets.get(event, {}) if a in plan.attributes_read]

    def where_bit(self, where: Where) -> int:
        """The bit of the mask that says whether `where` holds."""
        if where not in self.wheres:
            self.wheres.append(where)
        return 1 << self.wheres.index(where)

    def value_at(self, prop: str, events: tuple[str, ...]) -> int:
        """Where the property's value stands in what is kept. events: those whose values it is compared with."""
        item = (prop, len({self.plan.events[e][prop] for e in events}) > 1)
        if item not in self.values:
            self.values.append(item)
        return 1 + self.values.index(item)

    def settings(self) -> list[Setting]:
        """What the event may set; final once every bit and position has been asked for."""
        first_bit, first = len(self.wheres), 1 + len(self.values)
        return [Setting(1 << (first_bit + i), first + i, a) for i, a in enumerate(self.attributes)]

    @property
    def masked(self) -> bool:
        """Whether the mask has any bit."""
        return bool(self.wheres or self.attributes)

    @property
    def bare(self) -> bool:
        """Whether nothing but the mask is kept."""
        return not self.values and not self.attributes

    def spec(self) -> tuple[Any, ...]:
        """All that `finish` depends on."""
        sources = [(self.plan.attributes[a], *self.plan.sets[self.event][a]) for a in self.attributes]
        wheres: list[list[tuple[str, str | None, Tests]]] = [
            [(p, self.types.get(p), tests) for p, tests in where] for where in self.wheres
        ]
        values = [(p, self.types[p], tagged) for p, tagged in self.values]
        return wheres, values, sources

    def finish(self) -> Read | None:
        """The function that reads the properties; None if nothing is wanted of them."""
        if not self.masked and self.bare:
            return None
        wheres, values, sources = self.spec()
        bare = self.bare

        def read(properties: Mapping[str, Any]) -> Any:
            mask, bit = 0, 1
            for where in wheres:
                if all(satisfies(typed(properties.get(p), kind), tests) for p, kind, tests in where):
                    mask |= bit
                bit <<= 1
            if bare:
                return mask
            kept = [comparable(typed(properties.get(p), kind), kind, tagged=tagged) for p, kind, tagged in values]
            for source in sources:
                applies, value = setting(properties, *source)
                mask |= bit if applies else 0
                kept.append(value)
                bit <<= 1
            return [mask, *kept]

        return read


def setting(properties: Mapping[str, Any], attribute: Attribute, how: str, what: Any) -> tuple[bool, Any]:
    """(is the attribute set, to what) by an event with these properties."""
    raw = what if how == "const" else properties.get(what, MISSING)
    return (False, None) if raw is MISSING else new_value(attribute, raw)
