"""What a state says to others: how a record describes the entity, what gauges count, where the entity is.

Lines of Python source of one function each over the state `s`, and what the numbers that they give stand for.
Does not know: records, metrics, sums over entities.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, assert_never

from streams.engine.facts import Lines
from streams.engine.plan import Dropoff, Group, Milestone, Plan


class Standing(NamedTuple):
    """What a record says of the entity at the end of a step. path: bits of the milestones of `path` that are achieved.

    week: weeks since Monday 1969-12-29 of the first relevant event, negative unless it was marked `begins`.
    """

    path: int
    week: int
    complete: bool
    inside: bool


class Gauge(NamedTuple):
    """Something that an entity is or is not. rule: its name; that of the population is empty."""

    kind: Literal["population", "milestone", "segment", "pending"]
    rule: str


class Place(NamedTuple):
    """Something that an entity is in since an instant. group: of a segment, if it has one."""

    kind: Literal["milestone", "segment", "dropped"]
    rule: str
    group: str | None = None


def describe(plan: Plan) -> Lines:
    """`describe(s)`: the Standing."""
    bits = [f"(s.m_{m} != 0) << {i}" for i, m in enumerate(plan.path)]
    complete = "s.known == 1" if plan.history_ms is not None else "True"
    inside = "s.inside" if plan.population is not None else "True"
    return [f"return Standing({' | '.join(bits) or '0'}, s.cohort, {complete}, {inside})"]


def census(plan: Plan) -> tuple[list[Gauge], Lines]:
    """`census(s)`: a bit for each gauge, in this order. Without a population everybody who has begun is in it."""
    population = "s.inside" if plan.population is not None else "(s.at != 0)"
    found = [(Gauge("population", ""), population)]
    for rule in plan.rules:
        match rule:
            case Milestone():
                found.append((Gauge("milestone", rule.name), f"(s.m_{rule.name} != 0)"))
            case Group():
                found += [
                    (Gauge("segment", m.name), f"(s.in_{rule.slot} == {i})") for i, m in enumerate(rule.members, 1)
                ]
            case Dropoff():
                found.append((Gauge("pending", rule.name), f"(s.dst_{rule.name} == 1)"))
            case _:
                assert_never(rule)
    bits = [f"{test} << {i}" for i, (_, test) in enumerate(found)]
    return [gauge for gauge, _ in found], [f"return {' | '.join(bits)}"]


def places(plan: Plan) -> tuple[list[Place], Lines]:
    """`places(s)`: for each place, in this order, the instant since when the entity is there, or 0."""
    found: list[tuple[Place, str]] = []
    for rule in plan.rules:
        match rule:
            case Milestone():
                found.append((Place("milestone", rule.name), f"s.m_{rule.name}"))
            case Group():
                group = rule.slot.removeprefix("g_") if rule.slot.startswith("g_") else None
                found += [
                    (Place("segment", m.name, group), f"s.prev_{rule.slot} if s.in_{rule.slot} == {i} else 0")
                    for i, m in enumerate(rule.members, 1)
                ]
            case Dropoff():
                since = f"s.dprev_{rule.name} if s.dst_{rule.name} == 2 else 0"
                found.append((Place("dropped", rule.name), since))
            case _:
                assert_never(rule)
    return [place for place, _ in found], [f"return [{', '.join(text for _, text in found)}]"]
