"""How one event, or a new value of an attribute, moves the facts of a plan: lines of Python source over the state `s`.

Order within an event: it is counted, then it resets, opens and closes, then it happens as an anchor and empties what
counts after it; so an event that is both counted and the anchor is not counted.
Names in the source: s, t, x (what is kept of the properties), mask, v (the new value of an attribute).
Does not know: rules, in which order events come.
"""

from __future__ import annotations

from typing import Any

import msgspec

from streams.engine.expressions import Expressions
from streams.engine.plan import OPEN_KEPT, Anchor, Dropoff, Milestone, Opens, Plan, Tally, Where
from streams.engine.reader import Reader

Field = tuple[str, Any, Any]
Lines = list[str]
NOTHING = {"counter": "0", "instants": "[]", "values": "{}"}


def indent(lines: Lines, by: int = 1) -> Lines:
    """The lines, `by` levels deeper."""
    return ["    " * by + line for line in lines]


def guarded(test: str, lines: Lines) -> Lines:
    """The lines under `if test:`; nothing if there are none."""
    return [f"if {test}:", *indent(lines)] if lines else []


def empty(tally: Tally) -> str:
    """A single instant is kept as a number."""
    return "0" if tally.style == "instants" and tally.kept == 1 else NOTHING[tally.style]


def date_of_dropoff(plan: Plan, attribute: str) -> bool:
    """Whether a drop-off counts from this date, which makes the instant at which it was set a fact too."""
    return any(isinstance(r, Dropoff) and r.after.is_date and r.after.target == attribute for r in plan.rules)


def kept_tallies(plan: Plan) -> list[Tally]:
    """Those that no anchor holds anyway."""
    return [tally for tally in plan.tallies.values() if plan.mirror(tally) is None]


def fact_fields(plan: Plan) -> list[Field]:
    """(name, type, default) of what the facts take in the state."""
    return [*attribute_fields(plan), *anchor_fields(plan), *tally_fields(plan)] + [
        (slot, dict[Any, int], msgspec.field(default_factory=dict)) for slot in plan.opens
    ]


def attribute_fields(plan: Plan) -> list[Field]:
    """Of each attribute that is read: its value, when it was set (dates of drop-offs), whether ever (with history)."""
    out: list[Field] = []
    changed = {a.target for a in plan.anchors if a.op == "changed"}
    for a in sorted(plan.attributes_read):
        out.append((f"attr_{a}", Any, plan.attributes[a].default))
        if date_of_dropoff(plan, a):
            out.append((f"set_{a}", int, 0))
        if plan.history_ms is not None and a in changed:
            out.append((f"seen_{a}", bool, False))
    return out


def anchor_fields(plan: Plan) -> list[Field]:
    """The instants of events and of changes; those of other anchors belong to attributes and rules."""
    out: list[Field] = []
    for anchor, slot in plan.anchors.items():
        if anchor.is_event or anchor.op == "changed":
            out.append((slot, int, 0))
        if anchor.op == "changed" and plan.history_ms is not None:
            out.append((f"{slot}_seen", bool, False))
    return out


def tally_fields(plan: Plan) -> list[Field]:
    """What each tally keeps, twice for a twofold one, and with history the instant of its last reset."""
    out: list[Field] = []
    kinds: dict[str, tuple[Any, Any]] = {"0": (int, None), "{}": (dict[Any, int], dict), "[]": (list[int], list)}
    for tally in kept_tallies(plan):
        kind, factory = kinds[empty(tally)]
        default = 0 if factory is None else msgspec.field(default_factory=factory)
        out += [(tally.slot + suffix, kind, default) for suffix in (("", "_new") if tally.twofold else ("",))]
        if tally.reset_by and plan.history_ms is not None:
            out.append((f"{tally.slot}_reset", int, 0))
    return out


class Facts:
    """Source of what events do to the facts of one plan."""

    def __init__(self, plan: Plan, expressions: Expressions) -> None:
        self.plan, self.expressions = plan, expressions
        self.milestones = {r.name for r in plan.rules if isinstance(r, Milestone)}

    def event(self, name: str, reader: Reader) -> Lines:
        """What this event does to every fact but attributes; what it needs of the properties is asked of `reader`."""
        p, out = self.plan, []
        for tally in kept_tallies(p):
            if name in tally.events:
                out += self._add(tally, reader)
        for tally in p.tallies.values():
            if name in tally.reset_by:
                out += [f"s.{tally.slot} = {empty(tally)}"]
                out += [f"s.{tally.slot}_reset = t"] if p.history_ms is not None else []
        for opens in p.opens.values():
            out += self._open(opens, name, reader)
        for anchor, slot in p.anchors.items():
            if anchor.is_event and name in anchor.events:
                out += self._happen(anchor, slot, reader)
        if name in p.begins:
            out += guarded("s.cohort <= 0", ["s.cohort = (t // 86400000 + 3) // 7"])
            if p.history_ms is not None:
                out += guarded("not s.known", [f"s.known = 1 if t >= {p.history_ms} else 2"])
        return out

    def _add(self, tally: Tally, reader: Reader) -> Lines:
        anchor = tally.restart
        emptied = anchor is not None and anchor.op == "last" and reader.event in anchor.events and not anchor.where
        slots = [tally.slot, f"{tally.slot}_new"] if tally.twofold else [tally.slot]
        out: Lines = []
        for slot in slots[:-1] if emptied else slots:
            out += self._add_to(f"s.{slot}", tally, reader)
        if out and tally.users <= self.milestones:  # milestones never look again once achieved
            out = guarded(f"not ({' and '.join(f's.m_{u}' for u in sorted(tally.users))})", out)
        return self._where(tally.where, reader, out)

    def _add_to(self, slot: str, tally: Tally, reader: Reader) -> Lines:
        match tally.style:
            case "counter":
                return guarded(f"{slot} < {tally.kept}", [f"{slot} += 1"])
            case "values":
                value = f"x[{reader.value_at(tally.distinct or '', tally.events)}]"
                add = [f"{slot}.pop({value}, None)", f"{slot}[{value}] = t"]
                forget = guarded(f"len({slot}) > {tally.kept}", [f"del {slot}[next(iter({slot}))]"])
                return guarded(f"{value} is not None", [*add, *forget])
        if tally.kept == 1:
            return [f"{slot} = t"]
        return [f"{slot}.append(t)", *guarded(f"len({slot}) > {tally.kept}", [f"del {slot}[0]"])]

    def _where(self, where: Where, reader: Reader, lines: Lines) -> Lines:
        return guarded(f"mask & {reader.where_bit(where)}", lines) if where and lines else lines

    def _open(self, opens: Opens, name: str, reader: Reader) -> Lines:
        slot, both = f"s.{opens.slot}", (*opens.events, *opens.closed_by)
        if name in opens.closed_by:
            return [f"{slot}.pop(x[{reader.value_at(opens.by, both)}], None)"]
        if name in opens.events:
            value = f"x[{reader.value_at(opens.by, both)}]"
            forget = guarded(f"len({slot}) == {OPEN_KEPT}", [f"del {slot}[next(iter({slot}))]"])
            return guarded(f"{value} is not None and {value} not in {slot}", [*forget, f"{slot}[{value}] = t"])
        return []

    def _happen(self, anchor: Anchor, slot: str, reader: Reader) -> Lines:
        after = [t for t in self.plan.tallies.values() if t.restart == anchor]
        lines = [f"s.{t.slot}{'_new' if t.twofold else ''} = {empty(t)}" for t in after]
        lines.append(f"s.{slot} = t")
        return self._where(anchor.where, reader, guarded(f"not s.{slot}", lines) if anchor.op == "first" else lines)

    def setter(self, attribute: str) -> Lines:
        """A new value; called once per step and attribute, because the value at the end of an instant counts."""
        history = self.plan.history_ms is not None
        anchors = [(a, s) for a, s in self.plan.anchors.items() if a.op == "changed" and a.target == attribute]
        change = [f"s.attr_{attribute} = v"]
        change += [f"s.set_{attribute} = t"] if date_of_dropoff(self.plan, attribute) else []
        for anchor, slot in anchors:
            sides = [("v", anchor.to), ("old", anchor.source)]
            tests = [f"{side} == {x!r} and {side} is not None" for side, (given, x) in sides if given]
            hit = [f"s.{slot} = t", *([f"s.{slot}_seen = s.seen_{attribute}"] if history else [])]
            change += guarded(" and ".join(tests), hit) if tests else hit
        seen = [f"s.seen_{attribute} = True"] if history and anchors else []
        return [f"old = s.attr_{attribute}", *guarded("v != old", change), *seen]
