"""Conditions as Python source: one expression over the state `s` at instant `t`.

The algebra that keeps this short: a timed condition is a *signed instant*. +u: true until u; -u: false until u (INF:
until an event says otherwise). Then `all` is min, `any` is max, `not` is minus, k of n is the k-th largest, and every
result says by itself when it has to be asked again. A condition that time does not change is a plain boolean.
Unknown needs no third value: for an entity that is not complete a condition is evaluated twice, once with every unknown
part taken as false (side "lo") and once as true ("hi"); it is true if lo is, false if hi is not. Side "" is for the
others.

Names in the source: s, t, INF, satisfies, TEST<n>; inside a drop-off also `end`, the deadline of its instance.
Does not know: events, rules, when a condition is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from streams.engine.plan import (
    Ahead,
    Anchor,
    AnyOf,
    Condition,
    Count,
    Dropoff,
    Elapsed,
    Group,
    Has,
    Not,
    Open,
    Plan,
    Ref,
    Tally,
)
from streams.engine.values import typed

INF = (1 << 62) - 1
Side = Literal["", "lo", "hi"]
OPPOSITE: dict[Side, Side] = {"lo": "hi", "hi": "lo", "": ""}
NEVER_KNOWN = frozenset({"first", "achieved", "entered"})  # may have happened before the log, even if one is seen


def is_timed(c: Condition) -> bool:
    """Whether time alone can change it."""
    return rises(c) or falls(c)


def rises(c: Condition) -> bool:  # noqa: PLR0911  # one return per operator
    """Whether time alone can make it true."""
    match c:
        case Count():
            return c.last_ms > 0 and c.at_most
        case Open():
            return c.older_ms > 0 and not c.at_most
        case Elapsed():
            return c.from_ms > 0 or c.anchor.is_date
        case Ahead():
            return True
        case AnyOf():
            return any(map(rises, c.parts))
        case Not():
            return falls(c.part)
    return False


def falls(c: Condition) -> bool:  # noqa: PLR0911  # one return per operator
    """Whether time alone can make it false."""
    match c:
        case Count():
            return c.last_ms > 0 and not c.at_most
        case Open():
            return c.older_ms > 0 and c.at_most
        case Elapsed():
            return c.to_ms is not None
        case Ahead():
            return True
        case AnyOf():
            return any(map(falls, c.parts))
        case Not():
            return rises(c.part)
    return False


class Expressions:
    """Writes the conditions of one plan; `tests` collects the constants that their source refers to."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tests: dict[str, Any] = {}
        self.dropoffs = {r.name: r for r in plan.rules if isinstance(r, Dropoff)}
        self.place = {
            m.name: (g.slot, i + 1) for g in plan.rules if isinstance(g, Group) for i, m in enumerate(g.members)
        }
        self._temps = 0

    def temp(self) -> str:
        """A local name that no other expression of the plan uses."""
        self._temps += 1
        return f"x{self._temps}"

    # -- anchors
    def slot(self, a: Anchor) -> str:
        """Where the state keeps the anchor's instant: 0 (a date: None) while it has not happened."""
        match a.op:
            case "attribute":
                return f"s.attr_{a.target}"
            case "achieved":
                return f"s.m_{a.target}"
            case "entered":
                return f"s.entered_{a.target}"
            case "dropped":
                return f"s.dat_{a.target}"
        return f"s.{self.plan.anchors[a]}"

    def unseen(self, a: Anchor) -> str:
        """Of an entity that is not complete: whether nothing is known of this anchor, which is no date."""
        assert not a.is_date, "dates are always known"
        if a.op in NEVER_KNOWN:
            return "True"
        slot = self.slot(a)
        return f"(not {slot} or not {slot}_seen)" if a.op == "changed" else f"not {slot}"

    # -- as a boolean (conditions that time does not change)
    def boolean(self, c: Condition, side: Side = "") -> str:  # noqa: PLR0911  # one return per operator
        """A true or false expression for a condition that is not timed."""
        match c:
            case Not():
                return f"not ({self.boolean(c.part, OPPOSITE[side])})"
            case AnyOf():
                return self._any_boolean(c, side)
            case Has():
                return self._has(c)
            case Ref():
                return self._ref(c, side)
            case Elapsed():
                happened, unseen = f"{self.slot(c.anchor)} != 0", self.unseen(c.anchor)
                return {
                    "": happened,
                    "hi": f"{unseen} or {happened}",
                    "lo": f"not ({unseen}) and {happened}",
                }[side]
            case Count():
                return self._bounded(c, side, self._count_boolean)
            case Open():
                return self._bounded(c, side, self._open_boolean)
        raise AssertionError(c)

    def _any_boolean(self, c: AnyOf, side: Side) -> str:
        parts = [f"({self.boolean(p, side)})" for p in c.parts]
        if c.need in (1, len(parts)):
            return (" or " if c.need == 1 else " and ").join(parts)
        return "(" + " + ".join(f"bool{p}" for p in parts) + f") >= {c.need}"

    def _has(self, c: Has) -> str:
        value, kind = f"s.attr_{c.attribute}", self.plan.attributes[c.attribute].type
        match c.tests:
            case (("is", constant),) if kind in ("string", "number") and typed(constant, kind) is not None:
                return f"{value} == {constant!r}"
            case (("is", bool() as constant),) if kind == "boolean":
                return f"{value} is {constant}"
        name = f"TEST{len(self.tests)}"
        self.tests[name] = c.tests
        return f"satisfies({value}, {name})"

    def _ref(self, c: Ref, side: Side) -> str:
        match c.kind:
            case "milestone":
                return "True" if side == "hi" else f"s.m_{c.rule} != 0"
            case "dropped":
                return f"s.dst_{c.rule} == 2"
        group, position = self.place[c.rule]
        return f"s.in_{group} == {position}"

    # -- count and open: first "at least so many", then the bound and what may be missing
    def _bounded(self, c: Count | Open, side: Side, core: Callable[[Any, Side], str]) -> str:
        if not c.at_most:
            return core(c, side)
        text = f"not ({core(c, OPPOSITE[side])})"
        if isinstance(c, Count) and c.since is not None and not side:
            return f"{self.slot(c.since)} != 0 and {text}"
        return text

    def _nth(self, c: Count, tally: Tally) -> tuple[str, str]:
        """(are there so many, the instant of the one that decides)."""
        slot = f"s.{self.plan.mirror(tally) or tally.slot}"
        if tally.style == "values":
            return f"len({slot}) >= {c.need}", f"list({slot}.values())[-{c.need}]"
        if tally.kept == 1:
            return f"{slot} != 0", slot
        return f"len({slot}) >= {c.need}", f"{slot}[-{c.need}]"

    def _floors(self, c: Count, tally: Tally) -> list[str]:
        """Instants after which an event must lie to be counted, beyond what emptying the tally already says."""
        if tally.restart is not None:
            return []
        if c.since is not None:
            return [self.slot(c.since) + (f" - {c.slack_ms + 1}" if c.slack_ms else "")]
        if c.phase == "open":
            return [f"s.dprev_{c.scope} - 1"]  # the last transition of an open drop-off was at its deadline
        if c.phase == "pending":
            d = self.dropoffs[c.scope]
            anchor = f"end - {d.within_ms}"
            return [f"max({anchor}, s.darm_{c.scope}) - 1" if d.after.is_date else anchor]
        return []

    def _seen(self, c: Count) -> str:
        tally = self.plan.tallies[c.tally]
        if tally.style == "counter":
            return f"s.{tally.slot} >= {c.need}"
        enough, nth = self._nth(c, tally)
        return " and ".join([enough, *(f"{nth} > {f}" for f in self._floors(c, tally))])

    def _whole(self, c: Count) -> str:
        """Nothing before the beginning of the log could belong to it (apart from `last`)."""
        history, tally, out = self.plan.history_ms, self.plan.tallies[c.tally], []
        assert history is not None
        if c.scope:
            return "True"
        if c.since is not None:
            out.append(f"{self.slot(c.since)} >= {history + c.slack_ms}")
        if tally.reset_by:
            out.append(f"s.{tally.slot}_reset >= {history}")
        return " or ".join(out) or "False"

    def _count_boolean(self, c: Count, side: Side) -> str:
        seen = self._seen(c)
        unseen = self.unseen(c.since) if c.since is not None and side else "False"
        if side == "hi":
            return f"{unseen} or not ({self._whole(c)}) or ({seen})"
        if c.since is None:
            return seen
        return f"not ({unseen}) and ({seen})" if side else f"{self.slot(c.since)} != 0 and {seen}"

    def _count_signed(self, c: Count, side: Side) -> str:
        tally, x = self.plan.tallies[c.tally], self.temp()
        enough, nth = self._nth(c, tally)
        tests = [enough, f"({x} := {nth}) > t - {c.last_ms}", *(f"{x} > {f}" for f in self._floors(c, tally))]
        seen = f"({x} + {c.last_ms} if {' and '.join(tests)} else -INF)"
        unseen = self.unseen(c.since) if c.since is not None and side else "False"
        if side == "hi":
            assert self.plan.history_ms is not None
            covered = self.plan.history_ms - 1 + c.last_ms
            return f"(INF if {unseen} else {seen} if t >= {covered} or ({self._whole(c)}) else {covered})"
        if side:
            return f"(-INF if {unseen} else {seen})"
        return seen if c.since is None else f"({seen} if {self.slot(c.since)} else -INF)"

    def _open_boolean(self, c: Open, side: Side) -> str:
        return "True" if side == "hi" else f"len(s.{c.opens}) >= {c.need}"

    def _open_signed(self, c: Open, side: Side) -> str:
        if side == "hi":
            return "INF"
        x, slot = self.temp(), f"s.{c.opens}"
        grown = f"({x} := list({slot}.values())[{c.need - 1}] + {c.older_ms})"
        return f"(-INF if len({slot}) < {c.need} else INF if {grown} <= t else -{x})"

    # -- as a signed instant
    def signed(self, c: Condition, side: Side = "") -> str:  # noqa: PLR0911  # one return per operator
        """A signed instant for any condition; INF or -INF for one that is not timed."""
        if not is_timed(c):
            return f"(INF if {self.boolean(c, side)} else -INF)"
        match c:
            case Not():
                return f"-{self.signed(c.part, OPPOSITE[side])}"
            case AnyOf():
                return self._any_signed(c, side)
            case Count():
                text = self._count_signed(c, OPPOSITE[side] if c.at_most else side)
                if not c.at_most:
                    return text
                return (
                    f"(-{text} if {self.slot(c.since)} else -INF)" if c.since is not None and not side else f"-{text}"
                )
            case Open():
                return f"-{self._open_signed(c, OPPOSITE[side])}" if c.at_most else self._open_signed(c, side)
            case Elapsed():
                return self._elapsed_signed(c, side)
            case Ahead():
                a = self.slot(c.anchor)
                begin = f"{a} - {c.less_ms}"
                return f"(-INF if {a} is None or t >= {a} else {a} if t >= {begin} else -({begin}))"
        raise AssertionError(c)

    def _elapsed_signed(self, c: Elapsed, side: Side) -> str:
        a = self.slot(c.anchor)
        end = "INF" if c.to_ms is None else f"({a} + {c.to_ms} if t < {a} + {c.to_ms} else -INF)"
        if c.anchor.is_date:
            return f"(-INF if {a} is None else -({a} + {c.from_ms}) if t < {a} + {c.from_ms} else {end})"
        body = f"-({a} + {c.from_ms}) if t < {a} + {c.from_ms} else {end}" if c.from_ms else end
        text = f"(-INF if not {a} else {body})"
        return f"({'-' if side == 'lo' else ''}INF if {self.unseen(c.anchor)} else {text})" if side else text

    def _any_signed(self, c: AnyOf, side: Side) -> str:
        if c.need not in (1, len(c.parts)):
            return f"sorted(({', '.join(self.signed(p, side) for p in c.parts)}))[-{c.need}]"
        every = c.need == len(c.parts)
        timeless = [f"({self.boolean(p, side)})" for p in c.parts if not is_timed(p)]
        chain = self._chain([self.signed(p, side) for p in c.parts if is_timed(p)], "<" if every else ">")
        if not timeless:
            return chain
        if every:
            return f"({chain} if {' and '.join(timeless)} else -INF)"
        return f"(INF if {' or '.join(timeless)} else {chain})"

    def _chain(self, parts: list[str], op: Literal["<", ">"]) -> str:
        """Smallest (<) or largest (>) of signed instants; it stops at the first false (true) one."""
        if len(parts) == 1:
            return parts[0]
        x, y = self.temp(), self.temp()
        rest = self._chain(parts[1:], op)
        return f"({x} if ({x} := {parts[0]}) {op} 0 else {y} if ({y} := {rest}) {op} {x} else {x})"
