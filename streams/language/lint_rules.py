"""Lints of rules as people read them: how many, what they are called, what they stand on.

Does not know: plans, numbers, whether a condition can hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from schemas import conditions as said
from schemas.journey import RULE_SECTIONS, Journey
from streams.engine.plan import Dropoff, Group, Inputs, Milestone, Plan
from streams.engine.values import new_value, satisfies
from streams.language.exclusions import tests_of_attribute
from streams.language.places import Finding, Place, together
from streams.language.terms import parts_of

Key = tuple[str, str]  # (milestone | segment | dropoff, name), as in Inputs.rules
FEWEST, MOST = 3, 7  # segments at the top level: 3 to 5 archetypes, up to 7 (mission G5)

# What says nothing about the people in it, alone or with numbers and single letters: segment_1, group_a, test.
MEANINGLESS = frozenset({
    *("bar", "baz", "bucket", "cluster", "cohort", "condition", "drop", "dropoff", "dropoffs", "foo", "group"),
    *("milestone", "misc", "off", "other", "persona", "placeholder", "rule", "sample", "seg", "segment", "stage"),
    *("step", "stuff", "temp", "test", "thing", "tmp", "todo", "type", "unnamed", "untitled"),
})  # fmt: skip

# What tells that somebody came and looked: logins, views and visits, sign-ups. Words in the name of an event.
COMING = (
    *("login", "logins", "logon", "log_in", "logged_in", "signin", "sign_in", "signed_in", "session_started"),
    *("view", "views", "viewed", "pageview", "visit", "visits", "visited", "app_opened"),
    *("signup", "sign_up", "signed_up", "registered"),
)


def number_of_segments(journey: Journey) -> Iterator[Finding]:
    """LN01: with 1 or 2 segments all people look alike, with 10 or more nobody has them in mind (G5, I10).

    At the top level are the segments that lie in no other: nested ones, whose `when` asks for another segment, are
    free. Too few: fewer than 3 of them, each member of a group counted. Too many: more than 7 side by side, which is
    what people choose from: the members of one group, or the groups and the segments without one.
    """
    top = {name: segment.group for name, segment in journey.segments.items() if not _is_nested(journey, name)}
    groups = Counter(group for group in top.values() if group is not None)
    beside = len(groups) + sum(group is None for group in top.values())
    if len(top) < FEWEST:
        message = f"too few segments at the top level to tell people apart: {len(top)}; write {FEWEST} to {MOST}"
        yield "segments", f"{message}, such as newcomers, evaluators, regulars"
    if beside > MOST:
        message = f"{beside} segments and groups stand side by side; write {MOST} or fewer at the top level"
        yield "segments", f"{message}: put those that exclude each other into a group, or inside another segment"
    for group, members in groups.items():
        if members > MOST:
            yield "segments", f"group '{group}' has {members} members; join some: {MOST} or fewer can be told apart"


def _is_nested(journey: Journey, name: str) -> bool:
    parts = together(Place("", journey.segments[name].when))
    return any(part.holds and isinstance(part.place.condition, said.InSegment) for part in parts)


def labels(journey: Journey, plan: Plan) -> Iterator[Finding]:
    """LN03: what people are (plan tier, firmographics) is a label; a segment says what they do (G2, I10).

    Only attribute tests, also through the rules that it looks at. An attribute that an event sets to a constant which
    passes the test records that this event has happened: a behaviour.
    """
    for name, segment in journey.segments.items():
        if _is_label(journey, plan, segment.when):
            message = "this is a label: it says what people are and not what they do"
            yield f"segments.{name}.when", f"{message}; add a behaviour under `all`: a count, a milestone, an elapsed"


def _is_label(journey: Journey, plan: Plan, c: said.Condition) -> bool:
    match c:
        case said.Has():
            return not _records(plan, c)
        case said.InSegment():
            return _is_label(journey, plan, journey.segments[c.segment].when)
        case said.InMilestone():
            return _is_label(journey, plan, journey.milestones[c.milestone].when)
    parts = parts_of(c)
    return bool(parts) and all(_is_label(journey, plan, part) for part in parts)


def _records(plan: Plan, c: said.Has) -> bool:
    """Whether an event sets the attribute to a constant that passes."""
    constants = (sets[c.attribute] for sets in plan.sets.values() if c.attribute in sets)
    values = (new_value(plan.attributes[c.attribute], constant) for op, constant in constants if op == "const")
    return any(is_set and satisfies(value, tests_of_attribute(plan, c)) for is_set, value in values)


def idle_activation(journey: Journey, plan: Plan) -> Iterator[Finding]:
    """LN04: activation is a moment of value, not a login, a view or a sign-up (C7).

    Looked at: the events that the milestone marked `activation` names, also through rules, and those that set an
    attribute which it reads to a constant.
    """
    inputs = {key: rule.inputs for rule in plan.rules for key in _keys(rule)}
    for name, milestone in journey.milestones.items():
        events = _behind(plan, inputs, ("milestone", name)) if milestone.activation else set()
        if events and all(name in plan.begins or _is_coming(name) for name in events):
            message = (
                f"people only came for this ({', '.join(sorted(events))}) and need not have got anything out of it"
            )
            yield f"milestones.{name}.when", f"{message}; count what is worth it to them, such as a report made"


def _keys(rule: Milestone | Group | Dropoff) -> tuple[Key, ...]:
    """What others call a rule; a group goes by the names of all its members."""
    match rule:
        case Milestone():
            return (("milestone", rule.name),)
        case Group():
            return tuple(("segment", member.name) for member in rule.members)
    return (("dropoff", rule.name),)


def _behind(plan: Plan, inputs: Mapping[Key, Inputs], key: Key) -> set[str]:
    """The events behind a rule and whatever it looks at."""
    waiting, seen, events = [key], {key}, set[str]()
    while waiting:
        read = inputs[waiting.pop()]
        events |= read.events
        events |= {e for e, sets in plan.sets.items() if any(sets.get(a, ("",))[0] == "const" for a in read.attributes)}
        waiting += read.rules - seen
        seen |= read.rules
    return events


def _is_coming(event: str) -> bool:
    return any(f"_{words}_" in f"_{event}_" for words in COMING)


def meaningless_names(journey: Journey) -> Iterator[Finding]:
    """LN07: a name says who these people are, `evaluator`, so that all functions mean the same by it (G6)."""
    for section in RULE_SECTIONS:
        for name in getattr(journey, section):
            words = (word.strip("0123456789") for word in name.split("_"))
            if all(len(word) <= 1 or word in MEANINGLESS for word in words):
                message = (
                    f"'{name}' says nothing; name it for what these people do or lack, such as evaluator or stalled"
                )
                yield f"{section}.{name}", message


def edgeless(journey: Journey) -> Iterator[Finding]:
    """LN14: drop-off is measured between milestones, and what to do depends on where it happened (E1, E2)."""
    for name, dropoff in journey.dropoffs.items():
        if dropoff.edge is None:
            message = (
                "nobody can tell where on the path this happens; write `edge: [milestone before, milestone missed]`"
            )
            yield f"dropoffs.{name}", message


def activation(journey: Journey) -> Iterator[Finding]:
    """LN15: metrics rest on one definition of activation, so one milestone is marked (C12)."""
    marked = [name for name, milestone in journey.milestones.items() if milestone.activation]
    if not marked:
        message = "no milestone is marked as activation; write `activation: true` at the moment of value"
        yield "milestones", message
    for name in marked[1:]:
        message = f"'{marked[0]}' is marked as activation already; keep one, or join both under `any` in one milestone"
        yield f"milestones.{name}.activation", message
