"""Does a constant suit what it is compared with? language.md section 3, tests.

Decides: which tests a type has, and that a constant is of the type of the property or the attribute.
Does not know: names, conditions, whether a constant has the right shape (a mapping where a text belongs).
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.engine.plan import ValueType
from streams.engine.values import same, typed
from streams.language.names import Findings, Type
from streams.language.shape import shown
from streams.language.yaml import Node

TESTS = ("is", "in", "at_least", "less_than", "starts_with", "ends_with", "known")
SUITS: Mapping[str, tuple[ValueType, ...]] = {
    "at_least": ("number", "timestamp"),
    "less_than": ("number", "timestamp"),
    "starts_with": ("string",),
    "ends_with": ("string",),
}
HINTS = {
    "string": "write it in quotes",
    "number": "write a number without quotes",
    "boolean": "write true or false",
    "timestamp": "write it with date, time and offset, as in 2026-01-31T00:00:00Z",
}


def check_tests(given: Node, kind: Type, name: str, findings: Findings) -> None:
    """The tests at a node (a bare value is `is`) against what `name` is; nothing can be said if its type is None."""
    if given.kind == "scalar":
        check_constant(given, kind, name, findings)
    elif given.kind == "mapping":
        if not set(given.fields) - {"attribute"}:
            message = f"'{name}' is tested for nothing; write one of: {', '.join(TESTS)}"
            findings.add(given, "no_test", message)
        for op in TESTS[:-1]:
            _check_test(op, given.get(op), kind, name, findings)


def _check_test(op: str, constant: Node, kind: Type, name: str, findings: Findings) -> None:
    if kind is not None and op in SUITS and constant.kind != "absent" and kind not in SUITS[op]:
        message = f"`{op}` tests {' and '.join(f'{x}s' for x in SUITS[op])}; '{name}' is a {kind}"
        findings.add(constant, "wrong_test", message)
        return
    for each in constant.items or (constant,):
        check_constant(each, kind, name, findings)


def check_constant(constant: Node, kind: Type, name: str, findings: Findings) -> None:
    """One constant; a null, or what is no scalar at all, is reported elsewhere."""
    value = constant.value
    if kind is not None and value is not None and typed(value, kind) is None:
        message = f"{shown(constant)} is no {kind}, but '{name}' is; {HINTS[kind]}"
        findings.add(constant, "wrong_constant", message)


def check_among(constant: Node, values: Node, findings: Findings) -> None:
    """A `default` or an `otherwise` must be one of the `values` of its attribute."""
    if constant.value is not None and not any(same(constant.value, x.value) for x in values.items):
        message = f"{shown(constant)} is not among the values; add it to them or write one of them"
        findings.add(constant, "outside_values", message)
