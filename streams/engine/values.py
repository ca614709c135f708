"""Typed values: what a property or an attribute is worth, and whether it passes a test. language.md section 2 and 3.

A value is None (missing, null, ill-typed or unset), a str, a bool, an int or float, or an instant in ms (timestamp).
Does not know: journeys, events, state.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from streams.engine.plan import Attribute, Tests

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
MS_PER_DAY = 86_400_000
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1


def instant_ms(value: Any) -> int | None:
    """RFC 3339 with offset -> ms since the epoch, sub-millisecond digits cut off; None for anything else."""
    if not isinstance(value, str) or RFC3339.fullmatch(value) is None:
        return None
    try:
        delta = datetime.fromisoformat(value.upper()) - EPOCH
    except (ValueError, OverflowError):
        return None
    return delta.days * MS_PER_DAY + delta.seconds * 1_000 + delta.microseconds // 1_000


def is_number(value: Any) -> bool:
    """Whether it is an int or a float; a boolean is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: Any) -> int | float | None:
    """A number; an integer beyond 64 bits, which a state cannot hold, as the nearest float."""
    if not is_number(value):
        return None
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        try:
            return float(value)
        except OverflowError:
            return None
    return value  # type: ignore[no-any-return]


def typed(value: Any, kind: str | None) -> Any:
    """The value if it is of that type (a timestamp as ms), else None."""
    match kind:
        case "string":
            return value if isinstance(value, str) else None
        case "number":
            return number(value)
        case "boolean":
            return value if isinstance(value, bool) else None
        case "timestamp":
            return instant_ms(value)
    return None


def same(a: Any, b: Any) -> bool:
    """Equal, and true is not 1."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def passes(value: Any, op: str, constant: Any) -> bool:  # noqa: PLR0911  # one return per operator
    """Whether a typed value passes one test. Raises AssertionError for an operator that the language does not have."""
    if op == "known":
        return bool((value is not None) == constant)
    if value is None:
        return False
    match op:
        case "is":
            return same(value, constant)
        case "in":
            return any(same(value, x) for x in constant)
        case "starts_with":
            return isinstance(value, str) and value.startswith(constant)
        case "ends_with":
            return isinstance(value, str) and value.endswith(constant)
        case "at_least":
            return is_number(value) and bool(value >= constant)
        case "less_than":
            return is_number(value) and bool(value < constant)
    raise AssertionError(op)


def satisfies(value: Any, tests: Tests) -> bool:
    """All of them; None satisfies no test but `known: false`."""
    return all(passes(value, op, constant) for op, constant in tests)


def new_value(attribute: Attribute, raw: Any) -> tuple[bool, Any]:
    """(is the attribute set, to what) when an event brings `raw`; null takes it back to its default."""
    if raw is None:
        return True, attribute.default
    value = typed(raw, attribute.type)
    if value is None:
        return False, None
    if attribute.values is not None and not any(same(value, x) for x in attribute.values):
        return attribute.otherwise is not None, attribute.otherwise
    return True, value
