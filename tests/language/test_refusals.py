"""What language.md refuses, sentence by sentence in its order: each with a code of its own and the cure in the message.

The finer points of each (places, other spellings, the other side of the boundary) are in the tests beside this one.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.language.small import refused, text

LANGUAGE = Path(__file__).parents[2] / "streams" / "language"
ONE_RULE: dict[str, str | None] = {"anchors": None, "segments": None, "dropoffs": None, "attributes": None}
COUNT_B = "{ready: {when: {count: b}}}"


def when(condition: str) -> dict[str, str | None]:
    """A journey with this condition."""
    return {"segments": f"{{here: {{when: {condition}}}}}"}


def catalogue(events: str, **more: str | None) -> dict[str, str | None]:
    """A journey with these events, and one rule about `b`."""
    return {**ONE_RULE, "events": events, "milestones": COUNT_B, **more}


GROUP = "{{a: {{group: g, {}when: {{count: used}}}}, b: {{group: g, priority: 1, when: {}}}}}"
REFUSED: list[tuple[str, dict[str, str | None], str, str]] = [
    # 1. An example that uses everything
    ("required is `journey`", {"journey": None}, "missing_key", "'journey' is missing"),
    ("required is `version`", {"version": None}, "missing_key", "'version' is missing"),
    ("required is `entity`", {"entity": None}, "missing_key", "'entity' is missing"),
    ("required are `events`", {"events": None}, "missing_key", "'events' is missing"),
    ("at least one rule", {**ONE_RULE, "milestones": None}, "no_rules", "write at least one milestone, segment or"),
    # 2. Types
    ("durations have a unit", when("{count: used, last: 7}"), "bad_duration", "write a whole number and a unit"),
    ("greater than zero", when("{count: used, last: 0d}"), "bad_duration", "write a whole number and a unit"),
    (
        "timestamps have an offset",
        {"time": "{history_from: 2026-01-01}"},
        "bad_timestamp",
        "as in 2026-01-31T00:00:00Z",
    ),
    ("names are small", {"milestones": "{Ready: {when: {count: used}}}"}, "bad_name", "write a small letter"),
    ("a journey's name may have hyphens, no capitals", {"journey": "A-B"}, "bad_name", "write a small letter"),
    ("bounds are whole numbers", when("{count: used, at_least: 1.5}"), "wrong_type", "must be a whole number"),
    ("bounds are 0 or more", when("{count: used, at_most: -1}"), "out_of_bounds", "write 0 or more"),
    ("`at_least` of `count` 1 or more", when("{count: used, at_least: 0}"), "out_of_bounds", "write 1 or more"),
    (
        "`at_least` of `open` 1 or more",
        when("{open: used, closed_by: left, by: feature, at_least: 0}"),
        "out_of_bounds",
        "write 1 or more",
    ),
    ("types are four", {"attributes": "{plan: {type: text}}"}, "bad_value", "write one of: string, number, boolean"),
    # 3. Conditions
    ("exactly one operator key", when("{count: used, milestone: ready}"), "two_operators", "are 2 operators"),
    ("one operator at least", when("{since: start}"), "no_operator", "write one of: count, open, elapsed"),
    ("duplicate keys", when("{count: used, count: left}"), "duplicate_key", "stands here twice, first in line"),
    ("or, not and", when("{count: used, at_least: 1, at_most: 2}"), "two_bounds", "keep one"),
    (
        "at most 64 are kept",
        when("{open: used, closed_by: left, by: feature, at_least: 65}"),
        "open_bound",
        "64 or less",
    ),
    (
        "a date stands only in `elapsed`, ...",
        when("{count: used, since: end}"),
        "date_anchor",
        "`elapsed`, `ahead` and",
    ),
    # 3. References
    (
        "references must be acyclic",
        {"milestones": "{ready: {when: {milestone: ready}}}"},
        "cycle",
        "in a circle: milest",
    ),
    (
        "a group is one node of that graph",
        {"segments": GROUP.format("priority: 2, ", "{segment: a}")},
        "cycle",
        "group g -> group g",
    ),
    (
        "the population refers to no rule",
        {"population": "{milestone: ready}"},
        "population_refers",
        "look at events or",
    ),
    # 3. Also refused
    ("unknown keys", when("{count: used, lst: 7d}"), "unknown_key", "did you mean 'last'?"),
    ("unknown keys at the top", {"milestone": "{}"}, "unknown_key", "did you mean 'milestones'?"),
    ("a name that is not declared", when("{count: usd}"), "unknown_name", "did you mean 'used'?"),
    ("`path`", {"path": "[redy]"}, "unknown_name", "did you mean 'ready'?"),
    (
        "`edge`",
        {"dropoffs": "{lost: {after: start, within: 2d, expect: {count: used}, edge: [begun, redy]}}"},
        "unknown_name",
        "did you mean 'ready'?",
    ),
    ("`plans`", {"plans": "{her: {}}"}, "unknown_name", "did you mean 'here'?"),
    ("`sets`", catalogue("{b: {sets: {pln: x}}}", attributes="{plan: {type: string}}"), "unknown_name", "mean 'plan'?"),
    (
        "`$property`",
        catalogue("{b: {properties: {size: string}, sets: {plan: $siz}}}", attributes="{plan: {type: string}}"),
        "unknown_property",
        "did you mean 'size'?",
    ),
    ("used or not", {"anchors": "{start: {first: signed_up}, end: {attribute: du}}"}, "unknown_name", "mean 'due'?"),
    ("never aliases", when("{count: signup}"), "alias_used", "write 'signed_up'"),
    (
        "a name that two events share",
        catalogue("{a: {aliases: [b]}, b: {}}"),
        "shared_name",
        "one name means one event",
    ),
    ("an alias that two share", catalogue("{a: {aliases: [c]}, b: {aliases: [c]}}"), "shared_name", "means one event"),
    (
        "a `where` on a property that not every event declares",
        when("{count: [used, left], where: {ok: true}}"),
        "unknown_property",
        "'ok' is no property of event 'left'; write one of: feature, seconds",
    ),
    ("a `distinct`", when("{count: [used, left], distinct: ok}"), "unknown_property", "write one of: feature, seconds"),
    ("a `by`", when("{open: used, closed_by: left, by: ok}"), "unknown_property", "write one of: feature, seconds"),
    ("a common event", when("{open: [used, left], closed_by: left, by: feature}"), "common_event", "cannot open and"),
    ("empty `all`", when("{all: []}"), "empty", "the list is empty"),
    ("empty `any`", when("{any: []}"), "empty", "the list is empty"),
    ("`null` as `to`", when("{elapsed: {changed: plan, to: null}}"), "null_value", "leave `to` out"),
    ("`null` as `from`", when("{elapsed: {changed: plan, from: null}}"), "null_value", "leave `from` out"),
    (
        "`priority` without `group`",
        {"segments": "{here: {priority: 1, when: {count: used}}}"},
        "priority_without_group",
        "`group`",
    ),
    (
        "a `default` outside `values`",
        {"attributes": "{plan: {type: string, values: [a], default: b}, due: {type: timestamp}}"},
        "outside_values",
        "'b' is not among",
    ),
    (
        "an `otherwise` outside `values`",
        {"attributes": "{plan: {type: string, values: [a], otherwise: b}, due: {type: timestamp}}"},
        "outside_values",
        "'b' is not among",
    ),
    ("a test without an operator", when("{attribute: plan}"), "no_test", "write one of: is, in"),
    ("`slack` without `since`", when("{count: used, slack: 5s}"), "slack_without_since", "write `since` too"),
    (
        "`slack` with an anchor that is no event",
        when("{count: used, since: done, slack: 5s}"),
        "slack_without_event",
        "{first: ...} or {last: ...}",
    ),
    (
        "`slack` with an `E` that includes the anchor's own event",
        when("{count: signed_up, since: start, slack: 5s}"),
        "slack_own_event",
        "'signed_up' is the anchor's own event",
    ),
    ("`ahead` on anything but a date", when("{ahead: start, less_than: 1d}"), "no_date", "`ahead` needs a date"),
    (
        "bounds of `open` above 64",
        when("{open: used, closed_by: left, by: feature, at_most: 65}"),
        "open_bound",
        "write 64 or less",
    ),
    ("`any` below 1", when("{any: [{milestone: ready}], at_least: 0}"), "any_bound", "write a number from 1 to 1"),
    ("`any` above its parts", when("{any: [{milestone: ready}], at_least: 2}"), "any_bound", "write a number from 1"),
    # 4. Rules
    (
        "missing priorities in a group",
        {"segments": GROUP.format("", "{count: left}")},
        "missing_priority",
        "`priority`",
    ),
    (
        "equal priorities",
        {"segments": GROUP.format("priority: 1, ", "{count: left}")},
        "equal_priority",
        "has priority 1",
    ),
]


@pytest.mark.parametrize(("sentence", "sections", "code", "cure"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_the_language_refuses_is_refused_with_what_to_write_instead(
    sentence: str, sections: dict[str, str | None], code: str, cure: str
) -> None:
    """With its code, and the cure; what follows from the mistake may be reported beside it."""
    found = [problem.message for problem in refused(text(**sections)) if problem.code == code]

    assert any(cure in message for message in found), (sentence, found)


CODE_AT = {"add": 1, "refuse": 2}  # the place of the code among the arguments


def written() -> set[str]:
    """Codes of problems, wherever the language finds or refuses something."""
    found = set()
    for path in LANGUAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                at = CODE_AT.get(node.func.attr, len(node.args))
                found |= {str(arg.value) for arg in node.args[at : at + 1] if isinstance(arg, ast.Constant)}
    return found


def test_every_kind_of_problem_that_the_language_finds_is_asked_for_by_a_test() -> None:
    """The codes that its modules write, against the texts of these tests."""
    tests = [ast.walk(ast.parse(path.read_text())) for path in Path(__file__).parent.glob("test_*.py")]
    tested = {node.value for nodes in tests for node in nodes if isinstance(node, ast.Constant)}

    assert len(written()) > 30
    assert written() - tested == set()
