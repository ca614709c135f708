"""Every refusal that concerns a section, a rule or a reference between rules, one row each."""

from __future__ import annotations

import pytest

from tests.language.small import refused, text

ALIASES = "{signed_up: {aliases: [start]}, used: {aliases: [start]}}"
SETS = "{{signed_up: {{}}, used: {{properties: {{n: number, t: string, s: string}}, sets: {sets}}}}}"
FREE = {"attributes": "{n: {type: number}, t: {type: string}, u: {type: string}}", "anchors": None}

REFUSED = [
    # the catalogue
    ({"events": ALIASES}, "shared_name", "events.used.aliases[0]", "already a name of event 'signed_up'"),
    ({"events": "{used: {aliases: [left]}, left: {}}"}, "shared_name", "events.used.aliases[0]", "of event 'left'"),
    ({"events": "{used: {aliases: [used]}}"}, "shared_name", "events.used.aliases[0]", "one name means one event"),
    ({"events": SETS.format(sets="[n, s]"), **FREE}, "unknown_name", "events.used.sets[1]", "'s' is no attribute"),
    ({"events": SETS.format(sets="[u]"), **FREE}, "unknown_property", "events.used.sets[0]", "'u' is no property of"),
    ({"events": SETS.format(sets="{m: 1}"), **FREE}, "unknown_name", "events.used.sets.m", "'m' is no attribute"),
    (
        {"events": SETS.format(sets="{n: $m}"), **FREE},
        "unknown_property",
        "events.used.sets.n",
        "write one of: n, t, s",
    ),
    ({"events": SETS.format(sets="{n: $t}"), **FREE}, "wrong_type", "events.used.sets.n", "'t' is a string, attribute"),
    ({"events": SETS.format(sets="{n: one}"), **FREE}, "wrong_constant", "events.used.sets.n", "'one' is no number"),
    ({"events": SETS.format(sets="{t: 1}"), **FREE}, "wrong_constant", "events.used.sets.t", "write it in quotes"),
    # attributes
    (
        {"attributes": "{a: {type: string, values: [x], default: y}}"},
        "outside_values",
        ".a.default",
        "'y' is not among",
    ),
    ({"attributes": "{a: {type: string, values: [x], otherwise: y}}"}, "outside_values", ".a.otherwise", "'y' is not"),
    ({"attributes": "{a: {type: string, otherwise: y}}"}, "outside_values", ".a.otherwise", "write `values` too"),
    ({"attributes": "{a: {type: number, default: y}}"}, "wrong_constant", ".a.default", "'y' is no number"),
    ({"attributes": "{a: {type: boolean, values: [1, true]}}"}, "wrong_constant", ".a.values[0]", "1 is no boolean"),
    # time
    ({"time": "{history_from: 2026-01-01}"}, "bad_timestamp", "time.history_from", "as in 2026-01-31T00:00:00Z"),
    ({"time": "{history_from: 2026-13-01T00:00:00Z}"}, "bad_timestamp", "time.history_from", "is not in the calendar"),
    ({"review_by": "2027-02-30"}, "bad_date", "review_by", "'2027-02-30' is not in the calendar"),
    ({"review_by": "20270228"}, "wrong_type", "review_by", "must be text, not 20270228; write it in quotes"),
    ({"review_by": "'20270228'"}, "bad_date", "review_by", "'20270228' is no date"),
    # anchors, used or not, and the population
    ({"anchors": "{start: {first: signd_up}, end: {attribute: due}}"}, "unknown_name", "anchors.start", "'signed_up'?"),
    ({"population": "{milestone: ready}"}, "population_refers", "population", "but this is milestone 'ready'"),
    ({"population": "{not: {segment: here}}"}, "population_refers", "population.not", "segment 'here'"),
    ({"population": "{dropped: lost}"}, "population_refers", "population", "drop-off 'lost'"),
    ({"population": "{elapsed: done}"}, "population_refers", "population.elapsed", "milestone 'ready'"),
    ({"population": "{elapsed: {entered: here}}"}, "population_refers", "population.elapsed", "segment 'here'"),
    # rules
    ({"milestones": None, "segments": None, "dropoffs": None, "anchors": None}, "no_rules", "", "there is no rule"),
    ({"segments": "{here: {priority: 1, when: {count: used}}}"}, "priority_without_group", ".here.priority", "`group`"),
    ({"segments": "{here: {group: g, when: {count: used}}}"}, "missing_priority", ".here", "needs a `priority` here"),
    (
        {
            "segments": "{here: {group: g, priority: 1, when: {count: used}}, "
            "b: {group: g, priority: 1, when: {count: used}}}"
        },
        "equal_priority",
        ".b.priority",
        "segment 'here' of the group has priority 1 already",
    ),
    (
        {"dropoffs": "{lost: {after: {milestone: ready}, within: 1d, expect: {count: used}}}"},
        "no_operator",
        ".lost.after",
        "first",
    ),
    (
        {"dropoffs": "{lost: {after: strt, within: 1d, expect: {count: used}}}"},
        "unknown_name",
        ".lost.after",
        "'start'?",
    ),
    (
        {"dropoffs": "{lost: {after: start, within: 1d, expect: {count: usd}}}"},
        "unknown_name",
        ".lost.expect",
        "'used'?",
    ),
    (
        {"dropoffs": "{lost: {after: start, within: 1d, expect: {count: used}, if: {count: usd}}}"},
        "unknown_name",
        ".lost.if",
        "'usd' is no event",
    ),
    (
        {"dropoffs": "{lost: {after: start, within: 1d, expect: {count: used}, edge: [begun, redy]}}"},
        "unknown_name",
        ".lost.edge[1]",
        "'redy' is no milestone; did you mean 'ready'?",
    ),
    ({"segments": "{here: {when: {count: used}, until: {count: usd}}}"}, "unknown_name", ".here.until", "no event"),
    # what names rules
    ({"path": "[begun, redy]"}, "unknown_name", "path[1]", "'redy' is no milestone"),
    ({"plans": "{her: {}}"}, "unknown_name", "plans.her", "'her' is no segment or drop-off; did you mean 'here'?"),
    ({"plans": "{ready: {}}"}, "unknown_name", "plans.ready", "'ready' is a milestone, no segment or drop-off"),
    ({"plans": "{here: {next: redy}}"}, "unknown_name", "plans.here.next", "'redy' is no milestone"),
]


def _with_others(sections: dict[str, str | None]) -> str:
    """What is left of the small journey when its catalogue or attributes are replaced."""
    if "events" in sections:
        rest: dict[str, str | None] = {"attributes": None, "anchors": None, "segments": None, "dropoffs": None}
        return text(**{**rest, "milestones": "{ready: {when: {count: used}}}", **sections})
    if "attributes" in sections:
        events = "{signed_up: {}, used: {}}"
        return text(**{"events": events, "anchors": "{start: {first: signed_up}, done: {achieved: ready}}", **sections})
    return text(**sections)


@pytest.mark.parametrize(("sections", "code", "path", "message"), REFUSED)
def test_a_section_is_refused_with_its_place_and_what_to_write_instead(
    sections: dict[str, str | None], code: str, path: str, message: str
) -> None:
    """One mistake is one problem; a path that begins with a point goes on after the section's name."""
    [problem] = refused(_with_others(sections))

    assert problem.code == code
    assert problem.path == (next(iter(sections)) + path if path.startswith(".") else path)
    assert message in problem.message


NEAR = "near: {when: {milestone: ready}}"
CIRCLES = [
    (
        {"milestones": "{ready: {when: {milestone: ready}}}"},
        "milestones.ready.when",
        "milestone ready -> milestone ready",
    ),
    (
        {
            "milestones": "{a: {when: {segment: b}}, ready: {when: {count: used}}}",
            "segments": "{b: {when: {milestone: a}}}",
        },
        "milestones.a.when",
        "milestone a -> segment b -> milestone a",
    ),
    (
        {
            "segments": "{a: {group: g, priority: 1, when: {not: {segment: b}}}, "
            "b: {group: g, priority: 2, when: {count: used}}}"
        },
        "segments.a.when.not",
        "group g -> group g",
    ),
    (
        {
            "milestones": "{ready: {when: {segment: a}}}",
            "segments": "{a: {group: g, priority: 1, when: {count: used}}, "
            "b: {group: g, priority: 2, when: {milestone: ready}}}",
        },
        "milestones.ready.when",
        "milestone ready -> group g -> milestone ready",
    ),
    (
        {"segments": "{here: {when: {elapsed: {entered: here}, less_than: 1d}}}"},
        "segments.here.when.elapsed",
        "segment here -> segment here",
    ),
    (
        {
            "segments": "{here: {when: {elapsed: done}}}",
            "milestones": "{ready: {when: {any: [{count: used}, {segment: here}]}}}",
        },
        "milestones.ready.when.any[1]",
        "milestone ready -> segment here -> milestone ready",
    ),
    (
        {"dropoffs": "{lost: {after: {dropped: lost}, within: 1d, expect: {count: used}}}"},
        "dropoffs.lost.after",
        "drop-off lost -> drop-off lost",
    ),
]


@pytest.mark.parametrize(("sections", "path", "circle"), CIRCLES)
def test_rules_that_look_at_each_other_in_a_circle_are_refused_and_the_circle_is_named(
    sections: dict[str, str], path: str, circle: str
) -> None:
    """The shortest circle, at the reference that leaves its first rule."""
    problems = refused(text(**sections))

    assert [problem.code for problem in problems] == ["cycle"]
    assert problems[0].path == path
    assert f"in a circle: {circle};" in problems[0].message


def test_the_shortest_circle_through_a_rule_is_the_one_that_is_named() -> None:
    """A longer one is named too if it holds a rule that is in no shorter one."""
    far = "far: {when: {milestone: near}}"
    problems = refused(
        text(milestones=f"{{ready: {{when: {{all: [{{milestone: far}}, {{milestone: near}}]}}}}, {NEAR}, {far}}}")
    )

    assert [(problem.path, problem.message.split(";")[0].rpartition(": ")[2]) for problem in problems] == [
        ("milestones.far.when", "milestone far -> milestone near -> milestone ready -> milestone far"),
        ("milestones.ready.when.all[1]", "milestone ready -> milestone near -> milestone ready"),
    ]


def test_two_circles_are_two_problems() -> None:
    """Circles that share no rule are reported apart."""
    problems = refused(
        text(
            milestones="{ready: {when: {milestone: ready}}, begun: {when: {milestone: a}}, "
            "a: {when: {milestone: begun}}}"
        )
    )

    assert [(problem.code, problem.path) for problem in problems] == [
        ("cycle", "milestones.begun.when"),
        ("cycle", "milestones.ready.when"),
    ]


ACCEPTED: list[dict[str, str | None]] = [
    {"milestones": "{ready: {when: {count: used}}, later: {when: {milestone: ready}}}"},
    {
        "plans": "{here: {message: none, next: ready}, "
        "lost: {message: {type: mail}, cooldown: 7d, motions: {sales_play: x}}}"
    },
    {"segments": "{a: {group: g, priority: 1, when: {count: used}}, b: {group: h, priority: 1, when: {segment: a}}}"},
    {"time": "{allowed_lateness: 2h, history_from: 2026-01-01T00:00:00+01:00}", "review_by": "2027-03-31"},
    {"goal": "{kpi: trial_to_paid, direction: up}", "title": "Small", "owner": "us", "path": "[begun, ready]"},
    {"population": "{attribute: plan, is: pro}"},
    {"anchors": "{start: {first: signed_up}, end: {attribute: due}, done: {achieved: ready}, unused: {entered: here}}"},
    {"events": SETS.format(sets="{n: null, t: $t}"), **FREE, "milestones": None, "dropoffs": None},
]


@pytest.mark.parametrize("sections", ACCEPTED)
def test_a_section_that_the_language_does_not_refuse_is_accepted(sections: dict[str, str | None]) -> None:
    """The other side of each boundary."""
    assert refused(text(**sections)) == []
