"""Conditions that can never hold are found, at the condition that is the cause; those that can are let through."""

from __future__ import annotations

import pytest

from tests.language.linted import paths, warned

SECTIONS = {
    "events": """
  signed_up: {begins: true}
  used: {properties: {feature: string, seconds: number, at: timestamp, ok: boolean}}
  left: {properties: {feature: string, seconds: number, ok: boolean}}
  changed: {properties: {plan: string, due: timestamp, size: number, ok: boolean}, sets: [plan, due, size, ok]}
  paid: {sets: {payer: true, tier: gold, since: 1970-01-01T00:00:00Z}}
""",
    "attributes": """
  plan: {type: string, values: [free, pro], otherwise: free}
  due: {type: timestamp}
  size: {type: number}
  ok: {type: boolean, default: false}
  payer: {type: boolean, default: false}
  tier: {type: string}
  since: {type: timestamp}
  forgotten: {type: string, default: never}
  lost_date: {type: timestamp}
""",
    "anchors": "{start: {first: signed_up}, end: {attribute: due}}",
    "milestones": "{ready: {when: {count: used}}, dead: {when: {attribute: plan, is: dear}}}",
    "dropoffs": "{lost: {after: start, within: 2d, expect: {count: used}}}",
}
LEAVES = [
    # attributes
    ("{attribute: plan, is: dear}", "this never holds: 'plan' can only be free, pro; write one of these"),
    ("{attribute: plan, in: [dear, cheap]}", "'plan' can only be free, pro"),
    ("{attribute: plan, is: free, in: [pro]}", "'plan' can only be free, pro"),
    ("{attribute: plan, starts_with: x}", "'plan' can only be free, pro"),
    ("{attribute: ok, known: false}", "'ok' can only be false, true"),
    ("{attribute: size, at_least: 10, less_than: 10}", "no value of 'size' passes all of these tests at once"),
    ("{attribute: size, known: false, less_than: 10}", "no value of 'size' passes all"),
    ("{attribute: tier, is: silver}", "'tier' can only be gold; write one of these, or let an event set it"),
    ("{attribute: forgotten, is: always}", "'forgotten' can only be never; write one of these, or let an event set it"),
    ("{attribute: lost_date, known: true}", "no event sets 'lost_date' to that; name it in the `sets` of an event"),
    ("{attribute: since, less_than: 1969-01-01T00:00:00Z}", "no event sets 'since' to that"),
    # time
    ("{elapsed: start, at_least: 7d, less_than: 168h}", "`less_than` comes no later than `at_least`"),
    ("{ahead: {attribute: lost_date}, less_than: 3d}", "no event sets 'lost_date', so this date never comes"),
    ("{elapsed: {attribute: lost_date}}", "no event sets 'lost_date', so this date never comes"),
    ("{elapsed: {first: used, where: {seconds: {at_least: 3, less_than: 3}}}}", "no value of 'seconds' passes"),
    ("{elapsed: {last: used, where: {ok: {known: false, is: true}}}}", "no value of 'ok' passes all"),
    ("{elapsed: {changed: plan, to: dear}}", "`to` names a value that does not occur; 'plan' can only be free, pro"),
    ("{elapsed: {changed: plan, from: dear}}", "`from` names a value that does not occur"),
    ("{elapsed: {changed: plan, from: pro, to: pro}}", "no change of 'plan' leads from a value to itself"),
    ("{elapsed: {changed: forgotten}}", "no event changes 'forgotten'; name it in the `sets` of an event"),
    # counts
    ("{count: used, since: {last: used}}", "every such event is the new anchor itself, so none comes after it"),
    ("{count: used, where: {ok: true}, since: {last: [left, used]}}", "every such event is the new anchor itself"),
    ("{count: used, where: {ok: true}, since: {last: used, where: {ok: true}}}", "every such event is the new anchor"),
    ("{count: used, reset_by: [left, used]}", "every such event resets its own count"),
    ("{count: used, where: {seconds: {at_least: 9, less_than: 3}}}", "no value of 'seconds' passes all of its tests"),
    ("{count: used, distinct: ok, at_least: 3}", "no more than 2 different 'ok' can be counted; write `at_least: 2`"),
    ("{count: used, distinct: feature, where: {feature: {in: [a, b]}}, at_least: 3}", "no more than 2 different"),
    ("{count: used, distinct: feature, where: {feature: a}, at_least: 2}", "no more than 1 different"),
    ("{count: used, since: {changed: forgotten}, at_most: 3}", "no event changes 'forgotten'"),
    ("{open: used, closed_by: left, by: ok, at_least: 3}", "'ok' is true or false, so no more than 2 of it"),
]
POSSIBLE = [
    "{attribute: plan, is: pro}",
    "{attribute: plan, known: false}",
    "{attribute: plan, in: [free, pro]}",
    "{attribute: ok, is: false}",
    "{attribute: payer, is: true}",
    "{attribute: tier, is: gold}",
    "{attribute: size, at_least: 10, less_than: 11}",
    "{attribute: due, at_least: 2026-01-01T00:00:00Z, less_than: 2026-01-01T00:00:00.001Z}",
    "{elapsed: start, at_least: 7d, less_than: 169h}",
    "{elapsed: {attribute: since}}",
    "{elapsed: {first: used, where: {seconds: {at_least: 3, less_than: 4}, ok: {known: false}}}}",
    "{elapsed: {changed: plan, from: free, to: pro}}",
    "{elapsed: {changed: ok}}",
    "{elapsed: {achieved: ready}}",
    "{elapsed: {entered: first_group}}",
    "{elapsed: {dropped: lost}}",
    "{ahead: end, less_than: 3d}",
    "{count: used, since: {first: used}}",
    "{count: [used, left], since: {last: used}}",
    "{count: used, since: {last: used, where: {ok: true}}}",
    "{count: used, since: {last: used}, at_most: 0}",
    "{count: [used, left], reset_by: used}",
    "{count: used, reset_by: used, at_most: 0}",
    "{count: used, distinct: ok, at_least: 2}",
    "{count: used, distinct: feature, at_least: 99}",
    "{count: used, distinct: feature, where: {feature: {known: true}}, at_least: 99}",
    "{count: used, distinct: feature, where: {feature: {in: [a, b]}}, at_least: 2}",
    "{open: used, closed_by: left, by: ok, at_least: 2}",
    "{open: used, closed_by: left, by: feature, at_least: 64}",
    "{milestone: ready}",
    "{segment: first_group}",
    "{dropped: lost}",
]


def _segments(when: str) -> str:
    groups = (
        "first_group: {group: g, priority: 1, when: {count: left}}, other: {group: g, priority: 2, when: {count: paid}}"
    )
    return f"{{{groups}, here: {{when: {when}}}}}"


def _found(when: str) -> dict[str, str]:
    """Path inside the condition -> message."""
    warnings = warned("LN13", **SECTIONS, segments=_segments(when))
    start = "segments.here.when"
    return {x.path.removeprefix(start): x.message for x in warnings if x.path.startswith(start)}


@pytest.mark.parametrize(("when", "message"), LEAVES)
def test_a_condition_that_cannot_hold_by_itself_is_found(when: str, message: str) -> None:
    """Alone, in a choice, and also where it is negated: there it is always true."""
    for outer, where in (("{}", ""), ("{{any: [{{milestone: ready}}, {}]}}", ".any[1]"), ("{{not: {}}}", ".not")):
        found = _found(outer.format(when))

        assert list(found) == [where]
        assert message in found[where]


@pytest.mark.parametrize("when", POSSIBLE)
def test_a_condition_that_can_hold_is_let_through(when: str) -> None:
    """And so is its opposite."""
    assert _found(when) == {}
    assert _found(f"{{not: {when}}}") == {}


TOGETHER = [
    ("{all: [{attribute: plan, is: free}, {attribute: plan, is: pro}]}", ""),
    ("{all: [{not: {attribute: plan, in: [free, pro]}}, {attribute: plan, known: true}]}", ""),
    ("{all: [{milestone: ready}, {not: {milestone: ready}}]}", ""),
    ("{all: [{milestone: ready}, {all: [{count: used}, {not: {milestone: ready}}]}]}", ""),
    ("{any: [{count: used}, {all: [{elapsed: start, at_least: 3d}, {elapsed: start, less_than: 3d}]}]}", ".any[1]"),
    ("{any: [{milestone: ready}, {not: {milestone: ready}}], at_least: 2}", ""),
    ("{not: {any: [{milestone: ready}, {not: {milestone: ready}}]}}", ""),
    ("{not: {attribute: ok, in: [true, false]}}", ""),
    ("{all: [{count: used}, {not: {attribute: ok, known: true}}]}", ".all[1]"),
    ("{not: {all: [{attribute: ok, known: true}, {attribute: payer, known: true}]}}", ""),
]


@pytest.mark.parametrize(("when", "where"), TOGETHER)
def test_conditions_that_exclude_each_other_are_found_where_both_are_asked_for(when: str, where: str) -> None:
    """Each of them could hold alone."""
    assert list(_found(when)) == [where]


def test_what_excludes_each_other_is_named() -> None:
    """With the paths of both."""
    assert _found("{all: [{attribute: plan, is: free}, {not: {attribute: plan, is: free}}]}")[""] == (
        "this never holds: segments.here.when.all[0] and segments.here.when.all[1] exclude each other; "
        "keep one, or put them under `any`"
    )


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("{all: [{milestone: dead}, {count: used}]}", []),
        ("{any: [{milestone: dead}, {count: used}, {count: left}], at_least: 2}", []),
        ("{any: [{milestone: dead}, {count: used}, {segment: dead_end}], at_least: 2}", [""]),
        ("{any: [{dropped: unarmed}, {count: used}, {dropped: unmet}], at_least: 2}", [""]),
        ("{any: [{elapsed: {achieved: dead}}, {count: used}, {elapsed: {entered: shut}}], at_least: 2}", [""]),
        ("{any: [{elapsed: {dropped: unarmed}}, {count: used}, {dropped: unmet}], at_least: 2}", [""]),
        ("{any: [{attribute: plan, is: dear}, {count: used}], at_least: 2}", [".any[0]"]),
        ("{any: [{attribute: plan, is: dear}, {count: used}, {milestone: dead}], at_least: 2}", [".any[0]", ""]),
        ("{any: [{all: [{count: used}, {not: {count: used}}]}, {segment: never_in}, {count: left}], at_least: 2}",
         [".any[0]", ""]),
        ("{any: [{attribute: plan, is: dear}, {attribute: tier, is: dear}]}", [".any[0]", ".any[1]"]),
        ("{not: {milestone: dead}}", []),
    ],
)  # fmt: skip
def test_what_only_follows_from_another_finding_is_none_of_its_own(when: str, found: list[str]) -> None:
    """Except that too few of k parts are left, which the parts alone do not say."""
    sections = {
        **SECTIONS,
        "segments": "{dead_end: {when: {all: [{milestone: dead}, {count: used}]}}, shut: {when: {segment: dead_end}}, "
        "never_in: {when: {count: used, last: 7d, at_least: 5}, until: {count: used, last: 7d, at_least: 3}}, "
        f"here: {{when: {when}}}}}",
        "dropoffs": "{unarmed: {after: start, within: 2d, expect: {count: used}, if: {milestone: dead}}, "
        "unmet: {after: {achieved: dead}, within: 2d, expect: {count: used}}}",
    }
    start = "segments.here.when"

    assert sorted(x.removeprefix(start) for x in paths("LN13", **sections) if x.startswith(start)) == sorted(found)


def test_a_constant_of_a_list_that_cannot_occur_is_found() -> None:
    """The condition holds for the others."""
    found = _found(
        "{all: [{attribute: plan, in: [free, dear]}, {attribute: tier, in: [gold, tin]}, {attribute: size, in: [1]}]}"
    )

    assert {where: message.partition(";")[0] for where, message in found.items()} == {
        ".all[0].in[1]": "this never matches: 'plan' can only be free, pro",
        ".all[1].in[1]": "this never matches: 'tier' can only be gold",
    }


@pytest.mark.parametrize(
    ("segment", "found"),
    [
        ("when: {count: used, last: 7d, at_least: 5}, until: {count: used, last: 7d, at_least: 3}", ["segments.here"]),
        ("when: {count: used, last: 7d, at_least: 3}, until: {count: used, last: 7d, at_least: 5}", []),
        ("when: {milestone: ready}, until: {milestone: ready}", ["segments.here"]),
        ("when: {attribute: plan, is: pro}, until: {attribute: plan, in: [free, pro]}", ["segments.here"]),
        ("when: {attribute: plan, is: dear}, until: {attribute: plan, is: dear}",
         ["segments.here.until", "segments.here.when"]),
    ],
)  # fmt: skip
def test_a_segment_that_is_left_before_it_is_entered_is_found(segment: str, found: list[str]) -> None:
    """Whoever meets `when` has to be able not to meet `until`."""
    sections = {**SECTIONS, "milestones": "{ready: {when: {count: used}}}"}

    assert paths("LN13", **sections, segments=f"{{here: {{{segment}}}}}") == found


def test_a_drop_off_whose_anchor_never_happens_is_found() -> None:
    """As is one that expects, or depends on, what never holds."""
    dropoffs = """
  undated: {after: {attribute: lost_date}, within: 2d, expect: {count: used}}
  hopeless: {after: start, within: 2d, expect: {attribute: plan, is: dear}, if: {attribute: tier, is: tin}}
"""
    found = warned("LN13", **{**SECTIONS, "milestones": None, "segments": None, "dropoffs": dropoffs})

    assert [warning.path for warning in found] == [
        "dropoffs.undated.after",
        "dropoffs.hopeless.expect",
        "dropoffs.hopeless.if",
    ]
    assert found[0].message.startswith("this never happens: no event sets 'lost_date'")
