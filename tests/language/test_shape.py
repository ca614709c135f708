"""Mistakes of shape outside conditions: keys, types, names, lists, one row each."""

from __future__ import annotations

import pytest

from streams.language.yaml import MAX_DEPTH
from tests.language.small import SECTIONS, refused, text

REFUSED = [
    ({"journey": "Small"}, "bad_name", "journey", "'Small' is no name of a journey; write a small letter"),
    ({"journey": None}, "missing_key", "", "'journey' is missing"),
    ({"version": None}, "missing_key", "", "'version' is missing"),
    ({"entity": None}, "missing_key", "", "'entity' is missing"),
    ({"version": "0"}, "out_of_bounds", "version", "0 is too small; write 1 or more"),
    ({"version": "1.0"}, "wrong_type", "version", "must be a whole number, not 1.0"),
    ({"version": "true"}, "wrong_type", "version", "must be a whole number, not true"),
    ({"entity": "account"}, "unknown_entity", "entity", "entities of kind 'account' are not known; write user"),
    ({"grace": "1h"}, "unknown_key", "grace", "'grace' is no key that can stand here; write one of: journey, version"),
    ({"milestone": "{}"}, "unknown_key", "milestone", "did you mean 'milestones'?"),
    ({"title": "5"}, "wrong_type", "title", "must be text, not 5; write it in quotes"),
    ({"title": "''"}, "empty", "title", "the text is empty"),
    ({"title": "[a]"}, "wrong_type", "title", "must be text, not a list"),
    ({"goal": "{kpi: 5}"}, "wrong_type", "goal.kpi", "must be text, not 5"),
    ({"goal": "{direction: up}"}, "missing_key", "goal", "'kpi' is missing"),
    ({"goal": "{kpi: x, direction: sideways}"}, "bad_value", "goal.direction", "write one of: up, down"),
    ({"time": "{grace: 1h}"}, "unknown_key", "time.grace", "write one of: allowed_lateness, history_from"),
    ({"time": "{allowed_lateness: 1}"}, "bad_duration", "time.allowed_lateness", "1 is no duration"),
    ({"plans": "{here: {message: some}}"}, "bad_value", "plans.here.message", "'some' cannot stand here; write 'none'"),
    ({"plans": "{here: {message: {typ: mail}}}"}, "unknown_key", "plans.here.message.typ", "did you mean 'type'?"),
    (
        {"plans": "{here: {message: [mail]}}"},
        "wrong_type",
        "plans.here.message",
        "must be text or a mapping, not a list",
    ),
    ({"plans": "{here: {motions: {sales: x}}}"}, "unknown_key", "plans.here.motions.sales", "mean 'sales_play'?"),
    ({"plans": "{here: {cooldown: often}}"}, "bad_duration", "plans.here.cooldown", "'often' is no duration"),
    ({"plans": "[here]"}, "wrong_type", "plans", "must be a mapping, not a list"),
    ({"path": "begun"}, "wrong_type", "path", "must be a list, not 'begun'"),
    ({"path": "[1]"}, "wrong_type", "path[0]", "must be text, not 1"),
    ({"population": "everybody"}, "wrong_type", "population", "must be a condition"),
    ({"owner": ""}, "null_value", "owner", "nothing stands here; write a value"),
    ({"plans": "{here: }"}, "null_value", "plans.here", "{} for an empty mapping"),
    ({"path": "[begun, null]"}, "null_value", "path[1]", "nothing stands here"),
]
INSIDE = [
    ("milestones", "{Ready: {when: {count: used}}}", "bad_name", ".Ready", "'Ready' is no name"),
    ("milestones", "{ready: {}}", "missing_key", ".ready", "'when' is missing"),
    (
        "milestones",
        "{ready: {when: {count: used}, activated: true}}",
        "unknown_key",
        ".ready.activated",
        "'activation'?",
    ),
    ("milestones", "{ready: {when: {count: used}, activation: 1}}", "wrong_type", ".ready.activation", "true or false"),
    ("milestones", "{ready: yes}", "wrong_type", ".ready", "must be a mapping, not 'yes'"),
    ("segments", "{when: {when: {count: used}, whn: 1}}", "unknown_key", ".when.whn", "did you mean 'when'?"),
    ("segments", "{here: {when: {count: used}, group: A, priority: 1}}", "bad_name", ".here.group", "'A' is no name"),
    ("segments", "{a: {when: {count: used}, group: g, priority: 1.5}}", "wrong_type", ".a.priority", "whole number"),
    ("segments", "{here: {when: {count: used}, group: [], priority: 1}}", "wrong_type", ".here.group", "not a list"),
    ("dropoffs", "{a: {after: start, within: 2d}}", "missing_key", ".a", "'expect' is missing"),
    (
        "dropoffs",
        "{a: {after: start, within: 2, expect: {count: used}}}",
        "bad_duration",
        ".a.within",
        "2 is no duration",
    ),
    (
        "dropoffs",
        "{a: {after: start, within: 2d, expect: {count: used}, edge: [begun]}}",
        "wrong_length",
        ".a.edge",
        "1;",
    ),
    (
        "dropoffs",
        "{a: {after: start, within: 2d, expect: {count: used}, edge: [begun, ready, begun]}}",
        "wrong_length",
        ".a.edge",
        "this holds 3; write the two milestones it lies between",
    ),
    (
        "dropoffs",
        "{a: {after: start, within: 2d, expect: {count: used}, only_if: {count: used}}}",
        "unknown_key",
        ".a.only_if",
        "'only_if' is no key",
    ),
    (
        "anchors",
        "{start: {first: signed_up}, end: due, done: {achieved: ready}}",
        "wrong_type",
        ".end",
        "an anchor, such",
    ),
]
CATALOGUE = [
    ("events", "{Used: {}}", "bad_name", ".Used", "'Used' is no name"),
    ("events", "{used: {property: {}}}", "unknown_key", ".used.property", "did you mean 'properties'?"),
    ("events", "{used: {properties: {at: time}}}", "bad_value", ".used.properties.at", "did you mean 'timestamp'?"),
    ("events", "{used: {properties: {at: [string]}}}", "bad_value", ".used.properties.at", "a list cannot stand here"),
    ("events", "{used: {properties: {atTime: string}}}", "bad_name", ".used.properties.atTime", "'atTime' is no name"),
    ("events", "{used: {aliases: use}}", "wrong_type", ".used.aliases", "must be a list, not 'use'"),
    ("events", "{used: {begins: 1}}", "wrong_type", ".used.begins", "must be true or false, not 1"),
    ("events", "{used: {sets: plan}}", "wrong_type", ".used.sets", "must be a list or a mapping, not 'plan'"),
    ("events", "{used: }", "null_value", ".used", "{} for an empty mapping"),
    ("attributes", "{plan: {}}", "missing_key", ".plan", "'type' is missing"),
    ("attributes", "{plan: {type: text}}", "bad_value", ".plan.type", "'text' cannot stand here"),
    ("attributes", "{plan: {type: string, values: []}}", "empty", ".plan.values", "the list is empty"),
    ("attributes", "{plan: {type: string, values: pro}}", "wrong_type", ".plan.values", "must be a list"),
    ("attributes", "{plan: {type: string, default: [pro]}}", "wrong_type", ".plan.default", "not a list"),
    ("attributes", "{plan: {type: string, values: [null]}}", "null_value", ".plan.values[0]", "nothing stands here"),
]


@pytest.mark.parametrize(("sections", "code", "path", "message"), REFUSED)
def test_a_mistake_at_the_top_is_refused(sections: dict[str, str | None], code: str, path: str, message: str) -> None:
    """With the key that it concerns, or at the file if the key is missing."""
    [problem] = refused(text(**sections))

    assert (problem.code, problem.path) == (code, path)
    assert message in problem.message


@pytest.mark.parametrize(("section", "written", "code", "path", "message"), INSIDE)
def test_a_mistake_in_a_rule_is_refused(section: str, written: str, code: str, path: str, message: str) -> None:
    """Other mistakes may follow from it (a name that is not declared): they are not looked at here."""
    problem = next(problem for problem in refused(text(**{section: written})) if problem.path.startswith(section))

    assert (problem.code, problem.path) == (code, section + path)
    assert message in problem.message


@pytest.mark.parametrize(("section", "written", "code", "path", "message"), CATALOGUE)
def test_a_mistake_in_the_catalogue_is_refused_and_makes_no_others(
    section: str, written: str, code: str, path: str, message: str
) -> None:
    """A broken declaration still declares its name."""
    rules = {"milestones": "{ready: {when: {not: {attribute: plan, is: x}}}}", "segments": None, "dropoffs": None}
    if section == "events":
        rules["milestones"] = (
            "{ready: {when: {count: used}}}" if "used" in written else "{ready: {when: {count: Used}}}"
        )
    sections = {"events": "{used: {}}", "attributes": "{plan: {type: string}}", "anchors": None, section: written}
    [problem] = refused(text(**{**rules, **sections}))

    assert (problem.code, problem.path) == (code, section + path)
    assert message in problem.message


def test_a_section_that_is_missing_says_so_and_its_names_are_unknown() -> None:
    """What depends on it is reported as well: both have to be written."""
    codes = [problem.code for problem in refused(text(events=None, segments=None, dropoffs=None, anchors=None))]

    assert codes == ["missing_key", "unknown_name", "unknown_name"]


@pytest.mark.parametrize("source", ["just text\n", "[a, b]\n", "--- ~\n", "7\n"])
def test_a_file_that_is_no_mapping_is_refused(source: str) -> None:
    """There is nothing else to be said about it."""
    [problem] = refused(source)

    assert (problem.line, problem.path, problem.code) == (1, "", "wrong_type")
    assert problem.message.startswith("must be a mapping, not ")


def test_conditions_may_be_nested_as_deep_as_files_may() -> None:
    """The bound of the reader is the only one."""
    levels = MAX_DEPTH - 5  # the rest: file, section, rule, count, its event
    when = "{not: " * levels + "{count: used}" + "}" * levels

    assert refused(text(segments=f"{{here: {{when: {when}}}}}")) == []
    assert [problem.code for problem in refused(text(segments=f"{{here: {{when: {{not: {when}}}}}}}"))] == ["too_deep"]


def test_the_small_journey_is_accepted() -> None:
    """All rows above change one thing in a journey that is right."""
    assert refused(text(**SECTIONS)) == []
