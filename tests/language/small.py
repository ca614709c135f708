"""A small journey, one section a line, of which a test replaces the sections that it is about."""

from __future__ import annotations

from schemas.journey import Journey
from streams.engine.plan import Condition, Group, Plan
from streams.language import Problem, ProblemsFound, compile_journey, read_journey

SECTIONS = {
    "journey": "small",
    "version": "1",
    "entity": "user",
    "events": "{signed_up: {aliases: [signup], begins: true}, invited: {begins: true}, "
    "used: {properties: {feature: string, seconds: number, at: timestamp, ok: boolean}}, "
    "left: {properties: {feature: string, seconds: string}}, "
    "changed: {properties: {plan: string, due: timestamp, size: number}, sets: [plan, due]}}",
    "attributes": "{plan: {type: string, values: [free, pro], default: free, otherwise: pro}, "
    "due: {type: timestamp}, size: {type: number}, ok: {type: boolean}}",
    "anchors": "{start: {first: signed_up}, end: {attribute: due}, done: {achieved: ready}}",
    "milestones": "{begun: {when: {count: signed_up}}, ready: {when: {count: used}}}",
    "segments": "{here: {when: {count: used, last: 7d}}}",
    "dropoffs": "{lost: {after: start, within: 2d, expect: {count: used}}}",
}
RULES = ("milestones", "segments", "dropoffs")


def text(**sections: str | None) -> str:
    """The small journey with these sections instead of its own; None leaves a section out."""
    parts = {**SECTIONS, **sections}
    return "".join(f"{key}: {value}\n" for key, value in parts.items() if value is not None)


def journey(**sections: str | None) -> Journey:
    """The same, read."""
    return read_journey(text(**sections), "small.yaml")


def plan(**sections: str | None) -> Plan:
    """The same, compiled."""
    return compile_journey(journey(**sections))


def plan_of(when: str, **sections: str | None) -> tuple[Plan, Condition]:
    """The plan whose only rule is a segment with this condition, and the condition."""
    alone = {
        "milestones": "{ready: {when: {count: left}}}",
        "segments": f"{{here: {{when: {when}}}}}",
        "dropoffs": None,
    }
    compiled = plan(**{**alone, **sections})
    [group] = [rule for rule in compiled.rules if isinstance(rule, Group)]
    return compiled, group.members[0].when


def refused(source: str) -> list[Problem]:
    """The problems of a text; empty if it is accepted."""
    try:
        read_journey(source, "small.yaml")
    except ProblemsFound as found:
        return found.problems
    return []
