"""Typed values: numbers at the edge of what a state holds, texts that are no instants, tests on what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.plan import Attribute
from streams.engine.reader import comparable
from streams.engine.values import INT64_MAX, INT64_MIN, instant_ms, new_value, number, passes, same, typed


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (INT64_MAX, INT64_MAX),
        (INT64_MIN, INT64_MIN),
        (INT64_MAX + 1, float(INT64_MAX + 1)),
        (INT64_MIN - 1, float(INT64_MIN - 1)),
        (10**400, None),
        (2.5, 2.5),
        (True, None),
        ("1", None),
    ],
)
def test_a_number_beyond_64_bits_is_the_nearest_float(given: object, wanted: float | None) -> None:
    """One that no float can hold is none; a boolean and a text are none either."""
    assert number(given) == wanted
    assert type(number(given)) is type(wanted)


@pytest.mark.parametrize(
    ("given", "kind", "wanted"),
    [
        ("a", "string", "a"),
        (1, "string", None),
        (1, "number", 1),
        (True, "boolean", True),
        (0, "boolean", None),
        ("1970-01-01T00:00:00.001Z", "timestamp", 1),
        ("1970-01-01", "timestamp", None),
        ("a", None, None),
    ],
)
def test_a_value_of_another_type_is_none(given: Any, kind: str | None, wanted: Any) -> None:
    """Nothing is converted; what was not declared has no type."""
    assert typed(given, kind) is wanted or typed(given, kind) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",
        "0000-01-01T00:00:00Z",
        " 2026-01-01T00:00:00Z",
        7,
    ],
)
def test_what_is_not_in_the_calendar_or_has_no_offset_is_no_instant(text: object) -> None:
    """RFC 3339 to the letter."""
    assert instant_ms(text) is None


def test_an_instant_has_no_more_than_milliseconds() -> None:
    """What is finer is cut off, also before the epoch; offset and small letters are read."""
    assert instant_ms("1970-01-01T00:00:00.0019Z") == 1
    assert instant_ms("1969-12-31T23:59:59.9999Z") == -1
    assert instant_ms("1970-01-01t01:00:00.5+01:00") == 500


def test_true_is_not_one() -> None:
    """In a test, in a list of values, and among the values that a condition compares."""
    yes: Any = True

    assert not same(yes, 1)
    assert same(1, 1.0)
    assert not passes(yes, "in", (1,))
    assert comparable(yes, "boolean", tagged=True) != comparable(1, "number", tagged=True)
    assert comparable(1.0, "number", tagged=True) == comparable(1, "number", tagged=True)


def test_a_long_text_is_compared_by_its_digest() -> None:
    """So that a state stays small; two different ones stay different."""
    long = "x" * 1_000

    assert len(comparable(long, "string", tagged=False)) < 40
    assert comparable(long, "string", tagged=False) != comparable(f"{long}y", "string", tagged=False)
    assert comparable(None, "string", tagged=True) is None


@pytest.mark.parametrize("op", ["is", "in", "starts_with", "ends_with", "at_least", "less_than"])
def test_what_is_missing_satisfies_no_test_but_known_false(op: str) -> None:
    """Also where the constant would fit anything."""
    assert not passes(None, op, ("",) if op != "at_least" else 0)
    assert passes(None, "known", constant=False)
    assert not passes("a", "known", constant=False)


def test_a_test_that_the_language_does_not_have_is_a_broken_invariant() -> None:
    """It can only come from a plan that nobody compiled."""
    with pytest.raises(AssertionError, match="matches"):
        passes("a", "matches", "a")


def test_an_attribute_becomes_its_default_by_a_null_and_stays_as_it_was_by_what_does_not_fit() -> None:
    """What is outside `values` becomes `otherwise`, or changes nothing without one."""
    attribute = Attribute("plan", "string", "free", ("free", "pro"), None)
    other = Attribute("plan", "string", None, ("free", "pro"), "pro")

    assert new_value(attribute, None) == (True, "free")
    assert new_value(attribute, 7) == (False, None)
    assert new_value(attribute, "gold") == (False, None)
    assert new_value(attribute, "pro") == (True, "pro")
    assert new_value(other, "gold") == (True, "pro")
