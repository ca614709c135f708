"""Conditions and rules, read instead of run: what they are worth for a state at an instant, and what decided it.

The readable twin of the generated code (expressions.py, rules.py, dropoff.py): the same answers from the same state,
one condition at a time, with three values instead of two sides. A property test holds the two equal. It is for people
who ask why, so it looks at everything and is never in a hurry.

Rules
  - the state is one after its last step, and everything that was due by `t` has been run;
  - a verdict says how long it stands if no event comes: `until` is the first instant at which time alone may change it;
  - a tally that only achieved milestones read is not kept any more, so their conditions are not asked;
  - `expect` of a drop-off is asked in the form that fits the instance that there is.
Does not know: events, how the state came about, words.
"""

from __future__ import annotations

from typing import Any, assert_never

from streams.engine.expressions import INF, NEVER_KNOWN
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
    Milestone,
    Not,
    Open,
    Plan,
    Ref,
    Segment,
    Tally,
)
from streams.engine.values import satisfies
from streams.engine.verdicts import (
    OPEN,
    PHASES,
    AnchorFact,
    AttributeFact,
    Claim,
    CountFact,
    OpenFact,
    Phase,
    RuleFact,
    Value,
    Verdict,
)


class Interpreter:
    """Reads one state, of this plan's program, as it stands at `t` (ms)."""

    def __init__(self, plan: Plan, state: Any, t: int) -> None:
        self.plan, self.state, self.t = plan, state, t
        self.complete = plan.history_ms is None or state.known == 1
        self.dropoffs = {r.name: r for r in plan.rules if isinstance(r, Dropoff)}
        self.places = {
            m.name: (g.slot, i) for g in plan.rules if isinstance(g, Group) for i, m in enumerate(g.members, 1)
        }

    def verdict(self, c: Condition) -> Verdict:  # noqa: PLR0911  # one return per operator
        """One condition with all its parts."""
        match c:
            case Count():
                return self._count(c)
            case Open():
                return self._open(c)
            case Elapsed():
                return self._elapsed(c)
            case Ahead():
                fact = self.anchor(c.anchor)
                return self._window(c, fact, -c.less_ms, 0)
            case Has():
                value = self.slot(f"attr_{c.attribute}")
                return Verdict(c, satisfies(value, c.tests), INF, AttributeFact(value))
            case Ref():
                return self._ref(c)
            case AnyOf():
                return self._any(c)
            case Not():
                part = self.verdict(c.part)
                return Verdict(c, None if part.value is None else not part.value, part.until, None, (part,))
        assert_never(c)

    def slot(self, name: str) -> Any:
        """A field of the state."""
        return getattr(self.state, name)

    # -- conditions
    def anchor(self, a: Anchor) -> AnchorFact:
        """When it happened, and whether that is all there is to know."""
        kept = {"attribute": "attr_", "achieved": "m_", "entered": "entered_", "dropped": "dat_"}.get(a.op)
        name = self.plan.anchors[a] if kept is None else f"{kept}{a.target}"
        at = self.slot(name)
        if a.is_date:
            return AnchorFact(a, at, known=True)
        known = self.complete or (
            a.op not in NEVER_KNOWN and at != 0 and (a.op != "changed" or self.slot(f"{name}_seen"))
        )
        return AnchorFact(a, at or None, known)

    def _count(self, c: Count) -> Verdict:
        fact = self.counted(c)
        enough = fact.number >= c.need
        if fact.anchor is not None and not fact.anchor.known:
            return Verdict(c, None, INF, fact)
        if fact.anchor is not None and fact.anchor.at is None:
            return Verdict(c, value=False, until=INF, fact=fact)
        if enough:
            assert not c.last_ms or fact.instants is not None
            until = (fact.instants or ())[-c.need] + c.last_ms if c.last_ms else INF
            return Verdict(c, not c.at_most, until, fact)
        if self.complete or fact.whole:
            return Verdict(c, c.at_most, INF, fact)
        return Verdict(c, None, self._covered(c) if c.last_ms else INF, fact)

    def _covered(self, c: Count) -> int:
        """From here on a window holds nothing from before the log."""
        assert self.plan.history_ms is not None
        return self.plan.history_ms - 1 + c.last_ms

    def counted(self, c: Count) -> CountFact:
        """What is kept for a count, and how much of it counts now."""
        tally = self.plan.tallies[c.tally]
        anchor = None if c.since is None else self.anchor(c.since)
        number, instants, values = self._kept(tally)
        after = self._after(c, tally, anchor)
        if anchor is not None and anchor.at is None:
            number, instants, values = 0, None if instants is None else (), None if values is None else ()
        elif instants is not None:
            begin = max(after if after is not None else -INF, self.t - c.last_ms if c.last_ms else -INF)
            number = sum(x > begin for x in instants)
        emptied_at = None
        if tally.restart is not None:
            emptied_at = anchor.at if anchor is not None else self._instance(c.scope)
        return CountFact(
            number, tally.kept, instants, values, after, emptied_at, anchor, self.complete or self._whole(c, anchor)
        )

    def _kept(self, tally: Tally) -> tuple[int, tuple[int, ...] | None, tuple[Any, ...] | None]:
        """(number, instants, values) of a tally; a single instant is a number that is 0 at first."""
        slot = self.slot(self.plan.mirror(tally) or tally.slot)
        match tally.style:
            case "counter":
                return slot, None, None
            case "values":
                return len(slot), tuple(slot.values()), tuple(slot)
        instants = tuple(slot) if tally.kept > 1 else (slot,) if slot else ()
        return len(instants), instants, None

    def _instance(self, dropoff: str) -> int:
        """The anchor of the instance that is pending."""
        return int(self.slot(f"dend_{dropoff}")) - self.dropoffs[dropoff].within_ms

    def _after(self, c: Count, tally: Tally, anchor: AnchorFact | None) -> int | None:
        """Only later instants count, beyond what emptying the tally already says."""
        if tally.restart is not None:
            return None
        if anchor is not None:
            return None if anchor.at is None else anchor.at - (c.slack_ms + 1 if c.slack_ms else 0)
        if c.phase == "open":
            return int(self.slot(f"dprev_{c.scope}")) - 1  # an open drop-off's last transition was at its deadline
        if c.phase == "pending":
            at, after = self._instance(c.scope), self.dropoffs[c.scope].after
            return max(at, self.slot(f"darm_{c.scope}")) - 1 if after.is_date else at
        return None

    def _whole(self, c: Count, anchor: AnchorFact | None) -> bool:
        """Nothing before the log could belong to it."""
        tally, history = self.plan.tallies[c.tally], self.plan.history_ms
        if history is None or c.scope:
            return True
        since = anchor is not None and anchor.at is not None and anchor.at - c.slack_ms >= history
        reset = bool(tally.reset_by) and self.slot(f"{tally.slot}_reset") >= history
        return since or reset or (c.last_ms > 0 and self.t >= self._covered(c))

    def _open(self, c: Open) -> Verdict:
        values = tuple(self.slot(c.opens).items())
        old = sum(since + c.older_ms <= self.t for _, since in values)
        fact = OpenFact(old, values)
        if old >= c.need:
            return Verdict(c, not c.at_most, INF, fact)
        until = values[c.need - 1][1] + c.older_ms if len(values) >= c.need else INF
        return Verdict(c, c.at_most if self.complete else None, until, fact)

    def _elapsed(self, c: Elapsed) -> Verdict:
        fact = self.anchor(c.anchor)
        return self._window(c, fact, c.from_ms, c.to_ms)

    def _window(self, c: Elapsed | Ahead, fact: AnchorFact, begin_ms: int, end_ms: int | None) -> Verdict:
        """The instant lies in [anchor + begin_ms, anchor + end_ms); end_ms None: no end."""
        if not fact.known:
            return Verdict(c, None, INF, fact)
        if fact.at is None:
            return Verdict(c, value=False, until=INF, fact=fact)
        begin, end = fact.at + begin_ms, INF if end_ms is None else fact.at + end_ms
        if self.t < begin:
            return Verdict(c, value=False, until=begin if begin < end else INF, fact=fact)
        return Verdict(c, self.t < end, end if self.t < end else INF, fact)

    def _ref(self, c: Ref) -> Verdict:
        since = self._since(c)
        otherwise = None if c.kind == "milestone" and not self.complete else False
        return Verdict(c, since is not None or otherwise, INF, RuleFact(since))

    def _since(self, c: Ref) -> int | None:
        """Since when what it refers to is so; None: it is not."""
        match c.kind:
            case "milestone":
                return self.slot(f"m_{c.rule}") or None
            case "segment":
                slot, place = self.places[c.rule]
                return self.slot(f"prev_{slot}") if self.slot(f"in_{slot}") == place else None
            case "dropped":
                return self.slot(f"dprev_{c.rule}") if self.slot(f"dst_{c.rule}") == OPEN else None
        assert_never(c.kind)

    def _any(self, c: AnyOf) -> Verdict:
        """Kleene's k of n. The k-th longest lived true part decides how long it is true, and likewise for the rest."""
        parts = tuple(map(self.verdict, c.parts))
        spare = len(parts) - c.need  # so many may be false
        untils = {
            value: sorted((p.until for p in parts if p.value is value), reverse=True) for value in (True, False, None)
        }
        if len(untils[True]) >= c.need:
            return Verdict(c, value=True, until=untils[True][c.need - 1], parts=parts)
        if len(untils[False]) > spare:
            return Verdict(c, value=False, until=untils[False][spare], parts=parts)
        not_true = sorted(untils[False] + untils[None], reverse=True)
        not_false = sorted(untils[True] + untils[None], reverse=True)
        return Verdict(c, None, min(not_true[spare], not_false[c.need - 1]), parts=parts)

    # -- rules
    def inside(self) -> tuple[bool, Verdict | None]:
        """Whether the entity belongs to the population: unknown changes nothing. None: everybody does."""
        if self.plan.population is None:
            return True, None
        verdict = self.verdict(self.plan.population)
        return bool(verdict.value) or (verdict.value is None and self.slot("inside")), verdict

    def achieves(self, r: Milestone) -> tuple[bool, Verdict | None]:
        """Whether it is achieved; the verdict that it waits for, if it is not."""
        if self.slot(f"m_{r.name}"):
            return True, None
        verdict = self.verdict(r.when)
        return self.inside()[0] and bool(verdict.value), verdict

    def claims(self, r: Group) -> list[Claim]:
        """Of every member, the highest priority first. The first that holds has the entity, if that is inside."""
        return [self._claim(m, inside=self.slot(f"in_{r.slot}") == i) for i, m in enumerate(r.members, 1)]

    def _claim(self, m: Segment, *, inside: bool) -> Claim:
        when, until = self.verdict(m.when), None if m.until is None else self.verdict(m.until)
        begun = True if until is not None and inside else when.value
        left = False if until is None else until.value
        value: Value = False if left or begun is False else None if left is None or begun is None else True
        return Claim(m, when, until, inside, bool(value) or (value is None and inside))

    def winner(self, r: Group) -> str | None:
        """The member that has the entity."""
        held = (claim.member.name for claim in self.claims(r) if claim.holds)
        return next(held, None) if self.inside()[0] else None

    def phase(self, r: Dropoff) -> Phase:
        """What instance there is."""
        return PHASES[int(self.slot(f"dst_{r.name}"))]

    def expects(self, r: Dropoff) -> Verdict | None:
        """`expect`, asked as the instance asks it; None: there is no instance."""
        match self.phase(r):
            case "pending":
                return self.verdict(r.expect_pending)
            case "open":
                return self.verdict(r.expect_open)
        return None
