"""What a value can be, and whether any passes tests: exact, held against all values of a small world."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.plan import Tests
from streams.engine.values import satisfies
from streams.language import domains
from streams.language.domains import Domain, of_attribute, of_property, possible
from tests.language.linted import read

LETTERS = "ab"
TEXTS: tuple[str, ...] = tuple("".join(x) for n in range(6) for x in product(LETTERS + "z", repeat=n))
POINTS = tuple(x / 4 for x in range(-8, 30))
_texts = st.text(LETTERS, max_size=2)
_points = st.integers(-1, 5)
_lists = st.lists(_texts, min_size=1, max_size=2).map(tuple)
_known = st.tuples(st.just("known"), st.booleans())
TEXT_TESTS = st.one_of(
    _known,
    st.tuples(st.just("is"), _texts),
    st.tuples(st.just("in"), _lists),
    st.tuples(st.sampled_from(("starts_with", "ends_with")), st.one_of(_texts, _lists)),
)
NUMBER_TESTS = st.one_of(
    _known,
    st.tuples(st.just("is"), _points),
    st.tuples(st.just("in"), st.lists(_points, min_size=1, max_size=3).map(tuple)),
    st.tuples(st.sampled_from(("at_least", "less_than")), _points),
)


def _tests(one: st.SearchStrategy[tuple[str, Any]]) -> st.SearchStrategy[tuple[Tests, list[Tests]]]:
    some = st.lists(one, min_size=1, max_size=3).map(tuple)
    return st.tuples(st.lists(one, max_size=4).map(tuple), st.lists(some, max_size=2))


@given(_tests(TEXT_TESTS), st.booleans())
def test_texts_pass_if_any_of_all_short_texts_does(tests: tuple[Tests, list[Tests]], never_unset: bool) -> None:  # noqa: FBT001
    """A world of three letters, of which tests name two, and texts of up to five."""
    passed, failed = tests
    values = TEXTS if never_unset else (None, *TEXTS)

    wanted = any(satisfies(v, passed) and not any(satisfies(v, each) for each in failed) for v in values)

    assert possible(Domain("string", never_unset=never_unset), passed, failed) is wanted


@given(_tests(NUMBER_TESTS), st.booleans())
def test_numbers_pass_if_any_quarter_does(tests: tuple[Tests, list[Tests]], never_unset: bool) -> None:  # noqa: FBT001
    """Tests name whole numbers."""
    passed, failed = tests
    values = POINTS if never_unset else (None, *POINTS)

    wanted = any(satisfies(v, passed) and not any(satisfies(v, each) for each in failed) for v in values)

    assert possible(Domain("number", never_unset=never_unset), passed, failed) is wanted


def test_a_property_is_whatever_a_producer_writes() -> None:
    """A boolean has two values, and can be missing."""
    assert of_property("boolean") == Domain("boolean", (True, False, None))
    assert of_property("timestamp") == Domain("timestamp")


ATTRIBUTES = [
    ("{type: string}", "{}", Domain("string", (None,))),
    ("{type: string, default: x}", "{}", Domain("string", ("x",))),
    ("{type: string}", "{sets: {a: x}}", Domain("string", (None, "x"))),
    ("{type: string, values: [x, y], otherwise: y}", "{sets: {a: z}}", Domain("string", (None, "y"))),
    ("{type: string, values: [x, y]}", "{sets: {a: z}}", Domain("string", (None,))),
    ("{type: string, values: [x, y], default: y}", "{sets: {a: null}}", Domain("string", ("y",))),
    ("{type: timestamp}", "{sets: {a: 1970-01-01T00:00:01Z}}", Domain("timestamp", (None, 1000))),
    ("{type: string, values: [x, y]}", "{properties: {a: string}, sets: [a]}", Domain("string", (None, "x", "y"))),
    ("{type: boolean}", "{properties: {b: boolean}, sets: {a: $b}}", Domain("boolean", (None, True, False))),
    ("{type: number}", "{properties: {a: number}, sets: [a]}", Domain("number")),
    ("{type: number, default: 0}", "{properties: {a: number}, sets: [a]}", Domain("number", never_unset=True)),
]


@pytest.mark.parametrize(("attribute", "event", "domain"), ATTRIBUTES)
def test_an_attribute_is_what_events_can_make_of_it(attribute: str, event: str, domain: Domain) -> None:
    """And what it begins with."""
    _, plan = read(
        events=f"{{used: {{}}, set: {event}}}",
        attributes=f"{{a: {attribute}}}",
        anchors=None,
        milestones=None,
        dropoffs=None,
    )

    assert of_attribute(plan, "a") == domain


MOST = [
    (Domain("string"), (), inf),
    (Domain("string"), (("known", True),), inf),
    (Domain("string"), (("in", ("a", "b", "b")),), 2),
    (Domain("string"), (("is", "a"),), 1),
    (Domain("number"), (("in", (1, 5, 9)), ("at_least", 5)), 2),
    (of_property("boolean"), (), 2),
    (of_property("boolean"), (("is", True),), 1),
]


@pytest.mark.parametrize(("domain", "passed", "number"), MOST)
def test_values_that_can_pass_are_counted(domain: Domain, passed: Tests, number: float) -> None:
    """Unset is no value."""
    assert domains.most(domain, passed) == number
