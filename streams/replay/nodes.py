"""Conditions of an explanation: verdicts with everything that they were decided by.

Decides: what of it is hidden, which way a condition would have to change.
Does not know: rules, where state and events come from.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from schemas.journey import Journey
from streams.engine.interpret import Interpreter
from streams.engine.plan import Ahead, Anchor, AnyOf, Count, Elapsed, Has, Not, Open, Ref
from streams.engine.verdicts import AnchorFact, AttributeFact, CountFact, OpenFact, RuleFact, Verdict
from streams.language.facts import Facts, Seen
from streams.language.terms import Terms
from streams.replay.evidence import Evidence
from streams.replay.explanation import AnchorSaid, Missed, Node, Occurrence, Op
from streams.replay.wording import Words, length, moment, until_text

HIDDEN = "(pii)"
MISSED = 3  # events that do not count, of each count that waits for more


def anchor_names(journey: Journey) -> dict[Anchor, str]:
    """What the file calls its anchors; of two names for one anchor the first."""
    names: dict[Anchor, str] = {}
    for name in journey.anchors:
        names.setdefault(Terms(journey, Facts(), Seen("")).anchor(name), name)
    return names


class Nodes:
    """Verdicts as nodes, for one state at one instant. now: reads it."""

    def __init__(self, journey: Journey, now: Interpreter, evidence: Evidence, *, show_pii: bool) -> None:
        self.now, self.plan, self.evidence = now, now.plan, evidence
        self.words = Words(now.plan, anchor_names(journey))
        personal = {name for name, given in journey.attributes.items() if given.pii and not show_pii}
        self.personal = personal
        self.personal_properties = {
            (event, what)
            for event, sets in now.plan.sets.items()
            for attribute, (how, what) in sets.items()
            if how == "property" and attribute in personal
        }

    def at(self, now: Interpreter) -> Nodes:
        """The same for another state of the entity, at an earlier instant."""
        earlier = copy(self)
        earlier.now, earlier.evidence = now, self.evidence.up_to(now.t)
        return earlier

    def node(self, v: Verdict, *, want: bool) -> Node:  # noqa: PLR0911  # one return per operator
        """A verdict with everything behind it. want: what the rule would need it to become."""
        common: dict[str, Any] = {
            "says": self.words.says(v.condition),
            "value": v.value,
            "until": until_text(v.until),
            "change": self.words.change(v, want=want),
        }
        if isinstance(v.condition, Count | Open):
            common["at_most" if v.condition.at_most else "at_least"] = v.condition.need - v.condition.at_most
        match v.condition, v.fact:
            case Count() as c, CountFact() as fact:
                return self._count(c, fact, common, more=v.value is not want and want != c.at_most)
            case Open() as c, OpenFact() as fact:
                return self._open(c, fact, common)
            case (Elapsed() | Ahead()) as c, AnchorFact() as fact:
                return self._window(c, fact, common)
            case Has() as c, AttributeFact() as fact:
                return self._attribute(c, fact, common)
            case Ref() as c, RuleFact() as fact:
                return Node(op=c.kind, rule=c.rule, since=optional(fact.since), **common)
            case AnyOf() as c, None:
                every, parts = c.need == len(c.parts), [self.node(p, want=want) for p in v.parts]
                return Node(op="all" if every else "any", at_least=None if every else c.need, parts=parts, **common)
            case Not(), None:
                return Node(op="not", parts=[self.node(v.parts[0], want=not want)], **common)
        raise AssertionError(v)

    def anchor(self, fact: AnchorFact) -> AnchorSaid:
        """An anchor with its event."""
        a = fact.anchor
        if a.is_event:
            h = self.evidence.of_anchor(a, fact.at)
        elif a.op in ("changed", "attribute") and fact.at is not None:
            h = self.evidence.of_attribute(a.target, None if a.is_date else fact.at)
        else:
            h = None
        name, itself = self.words.anchor(a), self.words.anchor_itself(a)
        says = name if name == itself else f"{name}, {itself}"
        return AnchorSaid(says=says, at=optional(fact.at), known=fact.known, event=h and h.id)

    def _count(self, c: Count, fact: CountFact, common: dict[str, Any], *, more: bool) -> Node:
        tally, t = self.plan.tallies[c.tally], self.now.t
        hidden = any((event, tally.distinct) in self.personal_properties for event in tally.events)
        counted = [
            Occurrence(at=moment(x.at), id=x.id, value=HIDDEN if hidden and x.value is not None else x.value)
            for x in self.evidence.of_count(tally, fact)
        ]
        missed = self.evidence.missed(c, fact, t)[-MISSED:] if more else []
        why = {
            "where": "its properties do not match",
            "value": f"it has no {tally.distinct}",
            "before": "it came before what is counted from",
            "window": f"more than {length(c.last_ms)} ago" if c.last_ms else "",
        }
        return Node(
            op="count",
            **common,
            anchor=None if fact.anchor is None else self.anchor(fact.anchor),
            begin=moment(t - c.last_ms) if c.last_ms else None,
            seen=fact.number,
            number_only=fact.instants is None,
            counted=counted,
            after=optional(fact.after),
            last_ms=c.last_ms,
            whole=fact.whole,
            missed=[Missed(at=moment(h.at), id=h.id, type=h.type, why=why[reason]) for h, reason in missed],
        )

    def _open(self, c: Open, fact: OpenFact, common: dict[str, Any]) -> Node:
        opens = self.plan.opens[c.opens]
        hidden = any((event, opens.by) in self.personal_properties for event in (*opens.events, *opens.closed_by))
        counted = []
        for value, since in fact.values:
            h = self.evidence.of_open(opens, value, since)
            counted.append(Occurrence(at=moment(since), id=h and h.id, value=HIDDEN if hidden else value))
        return Node(op="open", **common, seen=fact.number, counted=counted, older_ms=c.older_ms)

    def _window(self, c: Elapsed | Ahead, fact: AnchorFact, common: dict[str, Any]) -> Node:
        begin_ms, end_ms = (c.from_ms, c.to_ms) if isinstance(c, Elapsed) else (-c.less_ms, 0)
        begin = end = None
        if fact.at is not None:
            begin, end = moment(fact.at + begin_ms), None if end_ms is None else moment(fact.at + end_ms)
        op: Op = "elapsed" if isinstance(c, Elapsed) else "ahead"
        return Node(op=op, **common, anchor=self.anchor(fact), begin=begin, end=end)

    def _attribute(self, c: Has, fact: AttributeFact, common: dict[str, Any]) -> Node:
        date = self.plan.attributes[c.attribute].type == "timestamp"
        hidden = c.attribute in self.personal and fact.value is not None
        h = self.evidence.of_attribute(c.attribute)
        return Node(
            op="attribute",
            **common,
            attribute=c.attribute,
            actual=HIDDEN if hidden else plain(fact.value, date=date),
            tests=[(op, plain(x, date=date)) for op, x in c.tests],
            event=h and h.id,
        )


def optional(ms: int | None) -> str | None:
    """An instant that there may not be."""
    return None if ms is None else moment(ms)


def plain(value: Any, *, date: bool) -> Any:
    """A constant or a value for JSON."""
    if isinstance(value, tuple):
        return [plain(x, date=date) for x in value]
    return moment(value) if date and isinstance(value, int) and not isinstance(value, bool) else value
