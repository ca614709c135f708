"""YAML 1.2, core schema, with lines and paths; everything unsafe or ambiguous is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from streams.language import ProblemsFound
from streams.language.yaml import MAX_DEPTH, MAX_NODES, read_yaml

SCALARS = [
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("true", True),
    ("FALSE", False),
    ("yes", "yes"),
    ("on", "on"),
    ("7", 7),
    ("-7", -7),
    ("007", 7),
    ("0o17", 15),
    ("0x1F", 31),
    ("1_000", "1_000"),
    ("1.5", 1.5),
    ("-.5e1", -5.0),
    ("2.", 2.0),
    ("2026-01-31", "2026-01-31"),
    ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
    ("12:30:45", "12:30:45"),
    ("'7'", "7"),
    ('"true"', "true"),
    ("!!str 7", "7"),
    ("! 7", "7"),
    ("9223372036854775807", 2**63 - 1),
    ("<<", "<<"),
]


@pytest.mark.parametrize(("written", "value"), SCALARS)
def test_a_scalar_is_worth_what_the_core_schema_says(written: str, value: Any) -> None:
    """Only null, true, false and numbers are not text."""
    found = read_yaml(f"key: {written}\n", "x.yaml").get("key").value

    assert (found, type(found)) == (value, type(value))


REFUSED = [
    ("a: [1, 2", 1, "", "bad_yaml", "this is no YAML: expected ',' or ']'"),
    ("a: 1\nb: 'x\n", 3, "", "bad_yaml", "unexpected end of stream"),
    ("a: 1\nb: \x01\n", 2, "", "bad_yaml", "U+0001 may not stand in a YAML file"),
    ("", 1, "", "empty_file", "the file is empty"),
    ("# nothing\n", 1, "", "empty_file", "begin with journey, version, entity and events"),
    ("a: 1\n---\nb: 1\n", 3, "", "several_documents", "write one journey in a file"),
    ("a: {x: 1,\n  y: 2,\n  x: 3}\n", 3, "a.x", "duplicate_key", "'x' stands here twice, first in line 1"),
    ("a:\n  7: x\n", 2, "a", "bad_key", "a key must be text, not '7'; write it in quotes"),
    ("? [a, b]\n: x\n", 1, "", "bad_key", "a key must be text, not a sequence"),
    ("a: *b\n", 1, "", "bad_alias", "*b stands for nothing that has ended before it"),
    ("a: &b\n  c: *b\n", 2, "", "bad_alias", "write the value itself"),
    ("a: !mine x\n", 1, "a", "unknown_tag", "the tag !mine is not known here"),
    ("a: !!int x\n", 1, "a", "unknown_tag", "leave it out"),
    ("a: !!set {x}\n", 1, "a", "unknown_tag", "is not known here"),
    ("a:\n- 9223372036854775808\n", 2, "a[0]", "bad_number", "9223372036854775808 is no number that fits 64 bits"),
    ("a: 1" + "0" * 5000, 1, "a", "bad_number", "is no number that fits 64 bits"),
    ("a: 1e999\n", 1, "a", "bad_number", "1e999 is no number"),
    ("a: -.Inf\n", 1, "a", "bad_number", "-.Inf is no number"),
    ("a: .nan\n", 1, "a", "bad_number", ".nan is no number"),
    ("a: &a [[[[[]]]]]\nb: " + "[" * 60 + "*a" + "]" * 60, 1, "", "too_deep", f"nested deeper than {MAX_DEPTH} levels"),
    ("\na: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH, 2, "", "too_deep", f"nested deeper than {MAX_DEPTH} levels"),
]


@pytest.mark.parametrize(("text", "line", "path", "code", "message"), REFUSED)
def test_what_is_unsafe_or_ambiguous_is_refused(text: str, line: int, path: str, code: str, message: str) -> None:
    """With the line where it stands."""
    with pytest.raises(ProblemsFound) as refused:
        read_yaml(text, "x.yaml")

    [problem] = refused.value.problems
    assert (problem.file, problem.line, problem.path, problem.code) == ("x.yaml", line, path, code)
    assert message in problem.message


def test_all_that_is_refused_is_reported_at_once() -> None:
    """A bad number does not hide a key that stands twice."""
    with pytest.raises(ProblemsFound) as refused:
        read_yaml("a: .nan\nb: !x y\na: 2\n", "x.yaml")

    assert [problem.code for problem in refused.value.problems] == ["bad_number", "unknown_tag", "duplicate_key"]


def test_aliases_that_multiply_are_refused_before_they_are_unfolded() -> None:
    """Ten lines that would be ten thousand million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]

    with pytest.raises(ProblemsFound, match=f"unfolds to more than {MAX_NODES} values") as refused:
        read_yaml("\n".join(lines), "x.yaml")

    assert [problem.code for problem in refused.value.problems] == ["too_large"]


def test_a_stack_of_brackets_is_too_deep_and_no_crash() -> None:
    """No file can exhaust the stack."""
    with pytest.raises(ProblemsFound, match="too_deep"):
        read_yaml("a: " + "[" * 500 + "]" * 500, "x.yaml")


def test_an_alias_stands_for_the_value_at_its_own_path_and_at_the_line_of_the_anchor() -> None:
    """A problem in it is found where the value is written."""
    root = read_yaml("a: &here\n  b: 1\nc: *here\n", "x.yaml")

    copy = root.get("c").get("b")
    assert (copy.value, copy.path, copy.line) == (1, "c.b", 2)


def test_nodes_know_their_line_and_their_path() -> None:
    """Of a mapping or a list under a key, the line is that of the key."""
    root = read_yaml("a:\n\n  b: [x,\n    y]\n", "x.yaml")

    listed = root.get("a").get("b")
    assert (listed.path, listed.line) == ("a.b", 3)
    assert [(node.path, node.line, node.value) for node in listed.texts] == [("a.b[0]", 3, "x"), ("a.b[1]", 4, "y")]
    assert root.plain() == {"a": {"b": ["x", "y"]}}


def test_what_is_not_there_is_absent_and_has_nothing_in_it() -> None:
    """So that nobody has to ask before going on."""
    absent = read_yaml("a: 1\n", "x.yaml").get("b").get("c")

    assert (absent.kind, absent.line, absent.texts, absent.plain()) == ("absent", 0, (), None)


def test_finite_numbers_are_kept_exactly() -> None:
    """Neither rounding nor overflow on the way in."""
    assert math.isclose(read_yaml("a: 0.1\n", "x.yaml").get("a").plain(), 0.1, rel_tol=0)
