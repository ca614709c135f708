"""How many segments, what they are called, what they stand on; activation and edges."""

from __future__ import annotations

import pytest

from tests.language.linted import paths, warned


def _segments(*names: str, group: str = "", when: str = "{count: used, last: 7d}") -> str:
    priorities = (f"group: {group}, priority: {i}, " if group else "" for i in range(len(names)))
    return ", ".join(f"{name}: {{{given}when: {when}}}" for name, given in zip(names, priorities, strict=True))


SEVEN = ("a1", "b1", "c1", "d1", "e1", "f1", "g1")
NUMBERS = [
    (_segments(*SEVEN[:2]), ["too few"]),
    (_segments(*SEVEN[:3]), []),
    (_segments(*SEVEN), []),
    (_segments(*SEVEN, "h1"), ["8 segments and groups"]),
    (_segments(*SEVEN[:3], group="stage"), []),
    (_segments(*SEVEN[:2], group="stage"), ["too few"]),
    (_segments(*SEVEN, group="stage") + ", " + _segments("h1", "i1"), []),
    (_segments(*SEVEN, "h1", group="stage"), ["group 'stage' has 8 members"]),
    (_segments(*SEVEN) + ", " + _segments("h1", when="{all: [{segment: a1}, {count: used}]}"), []),
    (_segments(*SEVEN) + ", " + _segments("h1", when="{not: {segment: a1}}"), ["8 segments and groups"]),
]


@pytest.mark.parametrize(("segments", "wrong"), NUMBERS)
def test_people_are_told_apart_by_three_to_seven_segments(segments: str, wrong: list[str]) -> None:
    """Members of a group count when they are few, the group is one when they are many; nested ones are free."""
    warnings = warned("LN01", segments=f"{{{segments}}}")

    assert [warning.path for warning in warnings] == ["segments"] * len(wrong)
    assert all(part in warning.message for part, warning in zip(wrong, warnings, strict=True))


EVENTS = """
  used: {}
  changed: {properties: {plan: string, size: number}, sets: [plan, size]}
  left: {sets: {ok: false, plan: fre, size: null}}
"""
LABELS = [
    ("{attribute: plan, is: pro}", True),
    ("{not: {any: [{attribute: plan, is: pro}, {attribute: size, less_than: 5}]}}", True),
    ("{segment: tiered}", True),
    ("{milestone: named}", True),
    ("{attribute: ok, is: true}", True),
    ("{attribute: ok, is: false}", False),  # `left` has happened
    ("{attribute: plan, known: true}", True),  # a constant outside the values sets nothing
    ("{all: [{attribute: plan, is: pro}, {count: used}]}", False),
    ("{elapsed: {changed: plan}, less_than: 7d}", False),
    ("{milestone: ready}", False),
]


@pytest.mark.parametrize(("when", "label"), LABELS)
def test_a_segment_that_only_describes_is_a_label(when: str, label: bool) -> None:  # noqa: FBT001
    """Directly or through other rules."""
    found = paths(
        "LN03",
        events=EVENTS,
        attributes="{plan: {type: string, values: [free, pro]}, size: {type: number}, ok: {type: boolean}}",
        anchors=None,
        milestones="{ready: {when: {count: used}}, named: {when: {attribute: plan, known: true}}}",
        segments=f"{{tiered: {{when: {{attribute: plan, is: pro}}}}, here: {{when: {when}}}}}",
        dropoffs=None,
    )

    assert ("segments.here.when" in found) is label


ACTIVATIONS = [
    ("{count: logged_in, at_least: 3, last: 7d}", True),
    ("{count: [report_viewed, app_opened]}", True),
    ("{count: signed_up}", True),
    ("{count: arrived}", True),  # marked `begins`
    ("{all: [{count: logged_in, since: {first: signed_up}}, {attribute: plan, is: pro}]}", True),
    ("{milestone: seen}", True),
    ("{count: report_made}", False),
    ("{any: [{count: logged_in}, {count: report_made}]}", False),
    ("{milestone: made}", False),
    ("{segment: maker}", False),
    ("{not: {dropped: lost}}", False),
    ("{all: [{count: logged_in}, {attribute: paid, is: true}]}", False),  # report_made has set it
    ("{attribute: plan, is: pro}", False),
    ("{count: interview_held}", False),
]


@pytest.mark.parametrize(("when", "idle"), ACTIVATIONS)
def test_whoever_only_came_is_not_activated(when: str, idle: bool) -> None:  # noqa: FBT001
    """Whatever stands behind the rules that the activation looks at counts."""
    found = paths(
        "LN04",
        events="{signed_up: {}, arrived: {begins: true}, logged_in: {}, app_opened: {}, report_viewed: {}, "
        "interview_held: {}, report_made: {sets: {paid: true}}, told: {properties: {plan: string}, sets: [plan]}}",
        attributes="{plan: {type: string}, paid: {type: boolean}}",
        anchors=None,
        milestones=f"{{seen: {{when: {{count: report_viewed}}}}, made: {{when: {{all: [{{milestone: seen}}, "
        f"{{count: report_made}}]}}}}, value: {{activation: true, when: {when}}}}}",
        segments="{maker: {when: {milestone: made}}}",
        dropoffs="{lost: {after: {first: arrived}, within: 1d, expect: {count: report_made}}}",
    )

    assert found == (["milestones.value.when"] if idle else [])


@pytest.mark.parametrize("name", ["segment_1", "s1", "group_a", "test", "drop_off2", "x", "rule_0_b"])
def test_names_that_say_nothing_are_found(name: str) -> None:
    """Of rules of all kinds."""
    rules = {"anchors": None, "milestones": f"{{{name}: {{when: {{count: used}}}}}}", "dropoffs": None}

    assert paths("LN07", **rules) == [f"milestones.{name}"]


@pytest.mark.parametrize("name", ["evaluator", "trial_day_7", "b2b", "test_drive", "vip", "step_by_step"])
def test_names_that_say_something_are_let_through(name: str) -> None:
    """One word is enough."""
    assert paths("LN07", segments=f"{{{name}: {{when: {{count: used}}}}}}") == []


def test_a_drop_off_without_an_edge_is_found() -> None:
    """One with an edge is not."""
    after = "after: start, within: 2d, expect: {count: used}"

    assert paths("LN14", dropoffs=f"{{lost: {{{after}}}, gone: {{{after}, edge: [begun, ready]}}}}") == [
        "dropoffs.lost"
    ]


def test_one_milestone_is_marked_as_activation() -> None:
    """None is too few, and each beyond the first is one too many."""
    marked = "{when: {count: used}, activation: true}"

    assert paths("LN15") == ["milestones"]
    assert paths("LN15", milestones=f"{{ready: {marked}, begun: {{when: {{count: left}}}}}}") == []
    assert paths("LN15", milestones=f"{{ready: {marked}, begun: {marked}}}") == ["milestones.begun.activation"]
