"""A journey -> a plan: catalogue, facts, rules in the order in which they are looked at.

Decides: the order of the rules, which events leave a trace, which attributes are read.
Does not know: YAML, lines, problems. The journey comes from `load` and has been accepted whole.

Rules stand in dependency order. Ties stand in file order: sections and entries as they stand in the file, a group where
its first member stands. Users of a tally are milestones by name; others have a blank in theirs, which no name has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from schemas import journey as said
from streams.engine import plan
from streams.engine.values import instant_ms, typed
from streams.language.facts import Facts, Seen, duration_ms, union
from streams.language.terms import Phase, Scope, Terms, has_scoped, may_be_unknown

RuleKey = tuple[str, str]  # (milestone | segment | dropoff, name), as in plan.Inputs.rules
Placed = tuple[frozenset[RuleKey], plan.Rule]


def compile_journey(journey: said.Journey) -> plan.Plan:
    """The plan of a journey that `load_journey` or `read_journey` has accepted."""
    facts = Facts()
    outside = Terms(journey, facts, Seen("the population"))
    population = None if journey.population is None else outside.condition(journey.population)
    rules = _in_order(_Rules(journey, facts).all())
    inputs = (outside.seen.inputs(), *(rule.inputs for rule in rules))
    read = union(x.attributes for x in inputs)
    sets = {name: _sets(event) for name, event in journey.events.items()}
    begins = frozenset(name for name, event in journey.events.items() if event.begins)
    history_ms = instant_ms(journey.time.history_from)
    setting = frozenset(name for name, given in sets.items() if not read.isdisjoint(given))
    return plan.Plan(
        journey=journey.journey,
        version=journey.version,
        entity_type=journey.entity,
        lateness_ms=duration_ms(journey.time.allowed_lateness),
        history_ms=history_ms,
        events={name: dict(event.properties) for name, event in journey.events.items()},
        aliases={alias: name for name, event in journey.events.items() for alias in event.aliases},
        begins=begins,
        sets=sets,
        attributes={name: _attribute(name, given) for name, given in journey.attributes.items()},
        anchors=facts.anchors,
        tallies=facts.tallies,
        opens=facts.opens,
        population=population,
        population_inputs=inputs[0],
        rules=rules,
        path=journey.path,
        relevant=union(x.events for x in inputs) | setting | (frozenset() if history_ms is None else begins),
        first_anchor=_first_anchor(journey, facts),
        attributes_read=read,
    )


def _first_anchor(journey: said.Journey, facts: Facts) -> plan.Anchor | None:
    """That of the section `anchors`, if its instant is kept anyway; that of another rule is no beginning."""
    name = next(iter(journey.anchors), None)
    if name is None:
        return None
    anchor = Terms(journey, Facts(), Seen("")).anchor(name)  # facts of its own: to measure is no reason to keep
    return anchor if anchor in facts.anchors and (anchor.is_event or anchor.is_date) else None


def _sets(event: said.Event) -> dict[str, tuple[Literal["const", "property"], Any]]:
    """Attribute -> where its value comes from. A constant stays as written: it is read like a property's value."""
    if isinstance(event.sets, tuple):
        return {name: ("property", name) for name in event.sets}
    return {
        name: ("property", x[1:]) if isinstance(x, str) and x.startswith("$") else ("const", x)
        for name, x in event.sets.items()
    }


def _attribute(name: str, given: said.Attribute) -> plan.Attribute:
    values = None if given.values is None else tuple(typed(x, given.type) for x in given.values)
    return plan.Attribute(
        name, given.type, typed(given.default, given.type), values, typed(given.otherwise, given.type)
    )


@dataclass
class _Rules:
    """Compiles the rules, in file order."""

    journey: said.Journey
    facts: Facts

    def all(self) -> list[Placed]:
        """Every rule with what others call it; a group goes by the names of all its members."""
        read = {"milestones": self.milestones, "segments": self.groups, "dropoffs": self.dropoffs}
        return [placed for section in self.journey.sections for placed in read[section]()]

    def milestones(self) -> Iterator[Placed]:
        for name, given in self.journey.milestones.items():
            terms = Terms(self.journey, self.facts, Seen(name))
            when = terms.condition(given.when)
            yield frozenset({("milestone", name)}), plan.Milestone(name, when, terms.seen.inputs())

    def groups(self) -> Iterator[Placed]:
        members: dict[str, list[str]] = {}
        for name, given in self.journey.segments.items():
            members.setdefault(f"g_{given.group}" if given.group else f"s_{name}", []).append(name)
        for slot, names in members.items():
            yield frozenset(("segment", name) for name in names), self.group(slot, names)

    def dropoffs(self) -> Iterator[Placed]:
        for name, given in self.journey.dropoffs.items():
            yield frozenset({("dropoff", name)}), self.dropoff(name, given)

    def group(self, slot: str, names: list[str]) -> plan.Group:
        given = self.journey.segments
        terms = Terms(self.journey, self.facts, Seen(f"group {slot}"))
        members = {name: self.segment(name, given[name], terms) for name in names}
        highest_first = sorted(names, key=lambda name: -(given[name].priority or 0))
        return plan.Group(slot, tuple(members[name] for name in highest_first), terms.seen.inputs())

    def segment(self, name: str, given: said.Segment, terms: Terms) -> plan.Segment:
        when = terms.condition(given.when)
        return plan.Segment(name, when, None if given.until is None else terms.condition(given.until))

    def dropoff(self, name: str, given: said.Dropoff) -> plan.Dropoff:
        terms = Terms(self.journey, self.facts, Seen(f"dropoff {name}"))
        after = terms.anchor(given.after)
        only_if = None if given.only_if is None else terms.condition(given.only_if)
        pending, opened = self.expect(name, given, terms, after)
        edge = None if given.edge is None else (given.edge[0], given.edge[1])
        within_ms = duration_ms(given.within)
        return plan.Dropoff(name, after, within_ms, pending, opened, only_if, terms.seen.inputs(), edge)

    def expect(
        self, name: str, given: said.Dropoff, terms: Terms, after: plan.Anchor
    ) -> tuple[plan.Condition, plan.Condition]:
        """Both forms of `expect`: of a pending instance, and of an open one."""
        if not has_scoped(given.expect):
            both = terms.condition(given.expect)
            return both, both
        unsure = self.journey.time.history_from is not None and may_be_unknown(self.journey, given.expect)
        scope = Scope(name, after, "pending", twofold=after.op == "last" and unsure)
        phases: tuple[Phase, Phase] = ("pending", "open")
        pending, opened = (
            replace(terms, scope=replace(scope, phase=phase)).condition(given.expect) for phase in phases
        )
        return pending, opened


def _in_order(waiting: list[Placed]) -> tuple[plan.Rule, ...]:
    """Dependency order: again and again the first rule of the file that waits for none."""
    done: set[RuleKey] = set()
    order: list[plan.Rule] = []
    while waiting:
        ready = next(x for x in waiting if x[1].inputs.rules <= done)
        waiting.remove(ready)
        done |= ready[0]
        order.append(ready[1])
    return tuple(order)
