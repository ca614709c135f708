"""The rules of a plan in their order, what each looks at, and the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.plan import Attribute, Group, Milestone, Rule
from tests.language.small import plan, plan_of

DAY = 86_400_000
HISTORY = {"time": "{history_from: 2026-01-01T00:00:00Z}"}


def names_of(rules: tuple[Rule, ...]) -> list[str]:
    """What the rules are called, in their order."""
    return [rule.slot if isinstance(rule, Group) else rule.name for rule in rules]


def test_a_rule_looks_at_whatever_its_conditions_and_anchors_name() -> None:
    """Events of counts, resets and anchors; attributes of tests, changes and dates; rules of references and anchors."""
    parts = [
        "{count: used, reset_by: left, since: start}",
        "{open: used, closed_by: changed, by: feature}",
        "{attribute: size, known: true}",
        "{ahead: end, less_than: 1d}",
        "{elapsed: {changed: plan}}",
        "{milestone: ready}",
        "{elapsed: {entered: here}}",
        "{dropped: lost}",
    ]
    compiled = plan(
        events="{signed_up: {}, left: {}, used: {properties: {feature: string}}, "
        "changed: {properties: {feature: string}}}",
        milestones=f"{{ready: {{when: {{count: used}}}}, begun: {{when: {{all: [{', '.join(parts)}]}}}}}}",
    )

    found = next(rule for rule in compiled.rules if isinstance(rule, Milestone) and rule.name == "begun")
    assert found.inputs.events == {"used", "left", "signed_up", "changed"}
    assert found.inputs.attributes == {"size", "due", "plan"}
    assert found.inputs.rules == {("milestone", "ready"), ("segment", "here"), ("dropoff", "lost")}


def test_a_group_has_its_members_from_the_highest_priority_down_and_looks_at_what_they_look_at() -> None:
    """A lone segment is a group of one."""
    compiled = plan(
        segments="{a: {group: g, priority: 1, when: {count: used}, until: {count: left}}, b: {when: {count: used}}, "
        "c: {group: g, priority: 7, when: {attribute: plan, is: pro}}}"
    )

    group, lone = (rule for rule in compiled.rules if isinstance(rule, Group))
    assert (group.slot, [member.name for member in group.members]) == ("g_g", ["c", "a"])
    assert (lone.slot, [member.name for member in lone.members]) == ("s_b", ["b"])
    assert group.members[0].until is None
    assert group.members[1].until is not None
    assert group.inputs.events == {"used", "left"}
    assert group.inputs.attributes == {"plan"}


def test_rules_stand_in_file_order_if_none_refers_to_another() -> None:
    """Sections and entries as they stand in the file; a group where its first member stands."""
    compiled = plan(
        milestones=None,
        segments=None,
        anchors=None,
        dropoffs="{z: {after: {first: used}, within: 2d, expect: {count: left}}}\n"
        "segments: {y: {group: g, priority: 1, when: {count: used}}, x: {when: {count: used}}, "
        "w: {group: g, priority: 2, when: {count: used}}}\nmilestones: {v: {when: {count: used}}}",
    )

    assert names_of(compiled.rules) == ["z", "g_g", "s_x", "v"]


def test_rules_stand_behind_those_they_refer_to() -> None:
    """Ties in file order."""
    compiled = plan(
        milestones="{a: {when: {segment: e}}, b: {when: {milestone: d}}, c: {when: {count: used}}, "
        "d: {when: {count: used}}}",
        segments="{e: {when: {elapsed: {achieved: c}}}, f: {when: {dropped: g}}}",
        dropoffs="{g: {after: {entered: e}, within: 1d, expect: {milestone: b}}}",
        anchors=None,
    )

    assert names_of(compiled.rules) == ["c", "d", "b", "s_e", "a", "g", "s_f"]


# -- the head of the plan ----------------------------------------------------------------------------------------------
def test_names_times_and_catalogue_are_taken_over() -> None:
    """Durations and timestamps in ms; without `time` lateness is a day and the log is complete."""
    compiled = plan(time="{allowed_lateness: 90m, history_from: 1970-01-02T00:00:00Z}", path="[begun, ready]")

    assert (compiled.journey, compiled.version, compiled.entity_type) == ("small", 1, "user")
    assert (compiled.lateness_ms, compiled.history_ms) == (90 * 60_000, DAY)
    assert compiled.events["changed"] == {"plan": "string", "due": "timestamp", "size": "number"}
    assert compiled.aliases == {"signup": "signed_up"}
    assert compiled.begins == {"signed_up", "invited"}
    assert compiled.path == ("begun", "ready")
    assert (plan().lateness_ms, plan().history_ms) == (DAY, None)


def test_attributes_have_their_constants_in_their_type() -> None:
    """A date is an instant."""
    attributes = (
        "{plan: {type: string, values: [free, pro], default: free, otherwise: pro}, size: {type: number}, "
        "due: {type: timestamp, default: 1970-01-02T00:00:00Z, values: [1970-01-02T00:00:00Z]}}"
    )
    compiled = plan(attributes=attributes)

    assert compiled.attributes == {
        "plan": Attribute("plan", "string", "free", ("free", "pro"), "pro"),
        "size": Attribute("size", "number", None, None, None),
        "due": Attribute("due", "timestamp", DAY, (DAY,), None),
    }


def test_what_an_event_sets_is_a_property_or_a_constant_as_it_is_written() -> None:
    """A constant is read like a property's value, a null too."""
    compiled = plan(
        events="{signed_up: {}, used: {sets: {plan: pro, due: 2026-01-01T00:00:00Z, size: null}}, "
        "changed: {properties: {plan: string, n: number}, sets: {plan: $plan, size: $n}}, "
        "left: {properties: {plan: string}, sets: [plan]}}"
    )

    assert compiled.sets == {
        "signed_up": {},
        "used": {"plan": ("const", "pro"), "due": ("const", "2026-01-01T00:00:00Z"), "size": ("const", None)},
        "changed": {"plan": ("property", "plan"), "size": ("property", "n")},
        "left": {"plan": ("property", "plan")},
    }


RELEVANT: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"used", "left"}),
    ({"population": "{count: changed}"}, {"used", "left", "changed"}),
    ({"population": "{attribute: plan, is: pro}"}, {"used", "left", "changed"}),
    ({"population": "{attribute: size, known: true}"}, {"used", "left"}),
    (HISTORY, {"used", "left", "signed_up", "invited"}),
]


@pytest.mark.parametrize(("sections", "relevant"), RELEVANT)
def test_an_event_is_relevant_if_a_rule_names_it_or_it_sets_what_a_rule_reads_or_it_begins_an_entity(
    sections: dict[str, Any], relevant: set[str]
) -> None:
    """Beginnings matter only if the log has one."""
    assert plan_of("{count: used}", **sections)[0].relevant == relevant


def test_attributes_are_read_if_a_rule_a_used_anchor_or_the_population_reads_them() -> None:
    """An anchor that nobody uses reads nothing."""
    assert plan_of("{count: used}")[0].attributes_read == frozenset()
    assert plan_of("{elapsed: end}")[0].attributes_read == {"due"}
    assert plan_of("{elapsed: {changed: plan}}", population="{attribute: size, is: 1}")[0].attributes_read == {
        "plan",
        "size",
    }


def test_the_same_file_always_gives_the_same_plan() -> None:
    """Slots included."""
    assert plan() == plan()


@pytest.mark.parametrize(
    ("anchors", "found"),
    [
        ("{start: {first: signed_up}, done: {achieved: ready}}", "first"),  # a drop-off counts from it
        ("{other: {first: left}, start: {first: signed_up}}", None),  # nobody reads it, so it is not kept
        ("{start: {attribute: due}}", "attribute"),
        ("{start: {achieved: ready}}", None),  # another rule's doing
        (None, None),
    ],
)
def test_milestones_are_measured_from_the_first_anchor_of_the_file_if_it_is_kept(
    anchors: str | None, found: str | None
) -> None:
    """Nothing is kept only to be measured from."""
    after = "start" if anchors else "{first: signed_up}"
    compiled = plan(anchors=anchors, dropoffs=f"{{lost: {{after: {after}, within: 2d, expect: {{count: used}}}}}}")
    assert (compiled.first_anchor and compiled.first_anchor.op) == found
