"""Conditions in sentences, and what would have to happen for them to change.

The words are those of the journey file: operators, events, properties, names of anchors.
Does not know: state, events that happened; a verdict tells what is needed of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from streams.codec.instants import iso
from streams.engine.expressions import INF
from streams.engine.plan import Ahead, Anchor, AnyOf, Condition, Count, Elapsed, Has, Not, Open, Plan, Ref, Tests, Where
from streams.engine.values import MS_PER_DAY
from streams.engine.verdicts import AnchorFact, CountFact, OpenFact, Verdict

UNITS = (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
FEW_DAYS = 3  # below, hours read better: 48h
AGAIN = ("last", "changed", "entered", "dropped")  # anchors that move on when they happen once more
REFERENCES = {"milestone": "milestone {} is achieved", "segment": "in segment {}", "dropped": "drop-off {} is open"}
RULE_ANCHORS = {
    "achieved": "the achievement of {}",
    "entered": "the last entry into {}",
    "dropped": "the last drop-off {}",
    "attribute": "the date {}",
}
TESTS = {
    "is": "is {}",
    "in": "is one of {}",
    "at_least": "is at least {}",
    "less_than": "is less than {}",
    "starts_with": "starts with {}",
    "ends_with": "ends with {}",
}


def moment(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds; beyond the year 9999, which only a deadline can lie in, the bare number."""
    try:
        return iso(ms)
    except OverflowError:
        return f"{ms} ms after 1970"


def until_text(ms: int) -> str | None:
    """An instant that may be infinitely far."""
    return None if ms >= INF else moment(ms)


def length(ms: int) -> str:
    """A duration as people write it: 14d, 48h, 30m."""
    if ms % MS_PER_DAY == 0 and ms >= FEW_DAYS * MS_PER_DAY:
        return f"{ms // MS_PER_DAY}d"
    name, unit = next((name, unit) for name, unit in UNITS if ms % unit == 0)
    return f"{ms // unit}{name}"


def listed(names: Iterable[str], word: str = "or") -> str:
    """A, b or c."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def constant(value: Any, *, date: bool = False) -> str:
    """A constant of a test."""
    match value:
        case tuple():
            return f"[{', '.join(constant(x, date=date) for x in value)}]"
        case bool():
            return "true" if value else "false"
        case int() if date:
            return moment(value)
        case "":
            return '""'
    return str(value)


def describe_tests(tests: Tests, *, date: bool) -> str:
    """Tests after the name of what they test."""
    found = []
    for op, x in tests:
        if op == "known":
            found.append("is known" if x else "is not known")
        else:
            one = x[0] if isinstance(x, tuple) and len(x) == 1 else x
            found.append(TESTS[op].format(constant(one, date=date)))
    return " and ".join(found)


class Words:
    """The words of one journey. names: of anchors that the file gives names to."""

    def __init__(self, plan: Plan, names: Mapping[Anchor, str]) -> None:
        self.plan, self.names = plan, names

    # -- what a condition says
    def says(self, c: Condition) -> str:  # noqa: PLR0911  # one return per operator
        """The condition as a sentence; of compound ones only how the parts are joined."""
        match c:
            case Count():
                return f"{self._bound(c)} {self.counted(c)}"
            case Open():
                opens = self.plan.opens[c.opens]
                old = f" for {length(c.older_ms)} or longer" if c.older_ms else ""
                pair = f"opened by {listed(opens.events)}, closed by {listed(opens.closed_by)}"
                return f"{self._bound(c)} {opens.by} open{old} ({pair})"
            case Elapsed():
                return self._elapsed(c)
            case Ahead():
                return f"{self.anchor(c.anchor)} is ahead by {length(c.less_ms)} at most"
            case Has():
                date = self.plan.attributes[c.attribute].type == "timestamp"
                return f"{c.attribute} {describe_tests(c.tests, date=date)}"
            case Ref():
                return REFERENCES[c.kind].format(c.rule)
            case AnyOf():
                return self._joined(c)
            case Not():
                return "not"
        assert_never(c)

    def whole(self, c: Condition) -> str:
        """The condition with all its parts, in one line."""
        match c:
            case AnyOf():
                return f"{self._joined(c)} ({'; '.join(map(self.whole, c.parts))})"
            case Not():
                return f"not ({self.whole(c.part)})"
        return self.says(c)

    def _joined(self, c: AnyOf) -> str:
        if c.need == len(c.parts):
            return "all of"
        return "any of" if c.need == 1 else f"at least {c.need} of"

    def _bound(self, c: Count | Open) -> str:
        return f"at most {c.need - 1}" if c.at_most else f"at least {c.need}"

    def counted(self, c: Count) -> str:
        """What is counted, without the bound."""
        tally = self.plan.tallies[c.tally]
        out = f"{listed(tally.events)}{where_text(tally.where, self.plan, tally.events)}"
        out += f" with different {tally.distinct}" if tally.distinct else ""
        out += f" since {self.anchor(c.since)}" if c.since is not None else ""
        out += f" or up to {length(c.slack_ms)} before it" if c.slack_ms else ""
        out += f" after the last {listed(tally.reset_by)}" if tally.reset_by else ""
        out += f" in the last {length(c.last_ms)}" if c.last_ms else ""
        return out + {"": "", "pending": " after the anchor", "open": " from the deadline on"}[c.phase]

    def _elapsed(self, c: Elapsed) -> str:
        anchor = self.anchor(c.anchor)
        begin, end = length(c.from_ms), "" if c.to_ms is None else length(c.to_ms)
        if c.from_ms and end:
            return f"at least {begin} and less than {end} since {anchor}"
        if end:
            return f"less than {end} since {anchor}"
        return f"at least {begin} since {anchor}" if c.from_ms else f"any time since {anchor}"

    def anchor(self, a: Anchor) -> str:
        """The name that the file gives it, else what it is."""
        return self.names.get(a) or self.anchor_itself(a)

    def anchor_itself(self, a: Anchor) -> str:
        """What the anchor is."""
        match a.op:
            case "first" | "last":
                return f"the {a.op} {listed(a.events)}{where_text(a.where, self.plan, a.events)}"
            case "changed":
                date = self.plan.attributes[a.target].type == "timestamp"
                from_ = f" from {constant(a.source[1], date=date)}" if a.source[0] else ""
                to = f" to {constant(a.to[1], date=date)}" if a.to[0] else ""
                return f"the last change of {a.target}{from_}{to}"
        return RULE_ANCHORS[a.op].format(a.target)

    # -- what would change it
    def change(self, v: Verdict, *, want: bool) -> str | None:  # noqa: PLR0911  # one return per operator
        """What would have to happen for the condition to become what is wanted; None: it is, or its parts tell."""
        if v.value is want:
            return None
        match v.condition:
            case Count() as c:
                assert isinstance(v.fact, CountFact)
                return self._waits(v.fact.anchor) or self._number(c, v, v.fact, more=want != c.at_most)
            case Open() as c:
                assert isinstance(v.fact, OpenFact)
                return self._opens(c, v, v.fact, more=want != c.at_most)
            case Elapsed() | Ahead() as c:
                assert isinstance(v.fact, AnchorFact)
                return self._waits(v.fact) or self._time(c, v)
            case Has() as c:
                return f"{c.attribute} has to change; {self.setters(c.attribute)}"
            case Ref() as c:
                return self._rule(c, want=want)
        return None

    def _waits(self, fact: AnchorFact | None) -> str | None:
        """What is missing while the anchor has not happened, or nobody can know whether it has."""
        if fact is None or (fact.known and fact.at is not None):
            return None
        if not fact.known:
            return f"nobody can know: {self.anchor(fact.anchor)} may have come before the log begins"
        if fact.anchor.is_date:
            return f"{fact.anchor.target} has to be set; {self.setters(fact.anchor.target)}"
        return f"{self.anchor(fact.anchor)} has to come first"

    def _number(self, c: Count, v: Verdict, fact: CountFact, *, more: bool) -> str:
        """More events, or fewer."""
        tally = self.plan.tallies[c.tally]
        if more:
            missing = c.need - fact.number
            other = f" with another {tally.distinct}" if tally.distinct else ""
            what = f"{missing} more {listed(tally.events)}{where_text(tally.where, self.plan, tally.events)}{other}"
            if not (c.last_ms and fact.number and fact.instants):
                return f"needs {what}"
            leaves = moment(fact.instants[-fact.number] + c.last_ms)
            return f"needs {what} before {leaves}, when the oldest leaves the window"
        ways = [f"time passing to {moment(v.until)} without another"] if v.until < INF else []
        ways += [listed(tally.reset_by)] if tally.reset_by else []
        ways += [self._another(c.since)] if c.since is not None and c.since.op in AGAIN else []
        if v.value is None and not ways:
            return "nobody can know: there may be more before the log begins"
        return f"ends by {listed(ways)}" if ways else "nothing can change it any more"

    def _opens(self, c: Open, v: Verdict, fact: OpenFact, *, more: bool) -> str:
        opens = self.plan.opens[c.opens]
        if not more:
            return f"needs {listed(opens.closed_by)} for {fact.number - c.need + 1} of the values"
        if v.until < INF:
            return f"time passing to {moment(v.until)}"
        missing = c.need - len(fact.values)
        old = f", open for {length(c.older_ms)}" if c.older_ms else ""
        return f"needs {listed(opens.events)} with {missing} more {opens.by}{old}"

    def _time(self, c: Elapsed | Ahead, v: Verdict) -> str:
        """Time passing, or the anchor once more."""
        if v.until < INF:
            return f"time passing to {moment(v.until)}"
        again = self._another(c.anchor) if c.anchor.op in AGAIN else ""
        if c.anchor.is_date:
            again = f"another date in {c.anchor.target}; {self.setters(c.anchor.target)}"
        return f"needs {again}" if again else "nothing can change it any more"

    def _another(self, a: Anchor) -> str:
        """The anchor once more; itself it reads `the last ...`."""
        return self.anchor_itself(a).replace("the last", "another", 1)

    def _rule(self, c: Ref, *, want: bool) -> str:
        match c.kind:
            case "milestone":
                return f"milestone {c.rule} has to be achieved" if want else "a milestone stays achieved"
            case "segment":
                return f"has to {'enter' if want else 'leave'} segment {c.rule}"
            case "dropped":
                return f"drop-off {c.rule} has to {'open' if want else 'end'}"

    def setters(self, attribute: str) -> str:
        """Which events set an attribute."""
        events = sorted(event for event, sets in self.plan.sets.items() if attribute in sets)
        return f"it is set by {listed(events)}" if events else "no event sets it"


def where_text(where: Where, plan: Plan, events: Sequence[str]) -> str:
    """Tests of properties, after the events that have them."""
    if not where:
        return ""
    types = plan.events[events[0]]
    return " where " + " and ".join(f"{p} {describe_tests(tests, date=types[p] == 'timestamp')}" for p, tests in where)
