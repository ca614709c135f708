"""What a property or an attribute can be, and whether any of that passes tests. Exact, for every type.

A type has too many values to try them all, but tests can only tell so many apart: those that they name, and one for
each way to lie between, before, behind or around these. Who tries one of each kind has tried them all.
Does not know: conditions, events of an entity, time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise, product
from math import inf
from typing import Any

from streams.engine.plan import Plan, Tests, ValueType
from streams.engine.values import new_value, satisfies

UNSET = None
BOOLEAN = (True, False)


@dataclass(frozen=True)
class Domain:
    """values: all that it can be, None for unset; None: it can be unset or, if not `never_unset`, any of its type."""

    kind: ValueType
    values: tuple[Any, ...] | None = None
    never_unset: bool = False


def of_property(kind: ValueType) -> Domain:
    """Producers write what they like; what is missing, null or of another type is unset."""
    return Domain(kind, (*BOOLEAN, UNSET) if kind == "boolean" else None)


def of_attribute(plan: Plan, name: str) -> Domain:
    """What it begins with, and whatever events can make of it."""
    attribute = plan.attributes[name]
    found = [attribute.default]
    for op, source in (sets[name] for sets in plan.sets.values() if name in sets):
        if op == "const":
            is_set, value = new_value(attribute, source)
            found += [value] if is_set else []
        elif attribute.values is not None:
            found += attribute.values
        elif attribute.type == "boolean":
            found += BOOLEAN
        else:
            return Domain(attribute.type, never_unset=attribute.default is not None)
    return Domain(attribute.type, tuple(dict.fromkeys(found)))


def possible(domain: Domain, passed: Tests, failed: Sequence[Tests] = ()) -> bool:
    """Whether there is a value that passes all tests of `passed` and none of the `failed` as a whole."""
    values = _one_of_each_kind(domain, (passed, *failed)) if domain.values is None else domain.values
    return any(satisfies(v, passed) and not any(satisfies(v, tests) for tests in failed) for v in values)


def most(domain: Domain, passed: Tests) -> float:
    """How many different values can pass, unset not counted."""
    named = [value for op, constant in passed if op in ("is", "in") for value in _constants(op, constant)]
    if domain.values is None and not named:
        return inf
    return len({v for v in named or domain.values or () if v is not UNSET and satisfies(v, passed)})


def _constants(op: str, constant: Any) -> tuple[Any, ...]:
    """What a test names; a text where a list may stand is a list of one."""
    if op == "known":
        return ()
    return constant if isinstance(constant, tuple) else (constant,)


def _one_of_each_kind(domain: Domain, all_tests: Iterable[Tests]) -> Iterator[Any]:
    if not domain.never_unset:
        yield UNSET
    named = [(op, value) for tests in all_tests for op, constant in tests for value in _constants(op, constant)]
    if domain.kind == "string":
        yield from _texts(named)
    else:
        points = sorted({value for _, value in named})
        yield from (-inf, *points, *((a + b) / 2 for a, b in pairwise(points)), inf)


def _texts(named: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Each text that is named, and every beginning with every end around a letter that occurs in none of them."""
    letters = set().union(*(text for _, text in named))
    other = next(letter for letter in map(chr, count(1)) if letter not in letters)
    yield from (text for _, text in named)
    starts, ends = (["", *(text for op, text in named if op == wanted)] for wanted in ("starts_with", "ends_with"))
    yield from (start + other + end for start, end in product(starts, ends))
