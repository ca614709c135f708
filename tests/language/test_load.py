"""A file is accepted whole, or refused with every problem at once."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from schemas.conditions import ANCHORS, CONDITIONS, Count
from schemas.journey import Journey
from streams.language import Problem, ProblemsFound, compile_journey, load_journey, read_journey
from streams.language.problems import instead
from tests.language.small import journey, refused, text

JOURNEYS = sorted((Path(__file__).parents[2] / "ops" / "journeys").glob("*.yaml"))

MANY_MISTAKES = """\
journey: many
version: 1
entity: user
events:
  used: {aliases: [use]}
  left: {propertys: {feature: string}}
milestones:
  ready: {when: {count: usd}}
segments:
  here:
    when:
      all:
        - {count: use, last: 7 days}
        - {milestone: redy}
    untill: {count: left}
dropoffs:
  lost: {after: {first: used}, expect: {count: left, at_least: 0}}
path: [ready, steady]
"""


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.stem)
def test_the_journeys_that_come_with_the_product_are_accepted(path: Path) -> None:
    """They compile too."""
    assert compile_journey(load_journey(path)).rules


ALL_OF_THEM = """\
many.yaml:6 events.left.propertys: 'propertys' is no key that can stand here; did you mean 'properties'? [unknown_key]
many.yaml:8 milestones.ready.when: 'usd' is no event; did you mean 'used'? [unknown_name]
many.yaml:13 segments.here.when.all[0]: 'use' is an alias; rules use the name of the catalogue: \
write 'used' [alias_used]
many.yaml:13 segments.here.when.all[0].last: '7 days' is no duration; write a whole number and a unit: \
500ms, 30s, 15m, 24h or 14d [bad_duration]
many.yaml:14 segments.here.when.all[1]: 'redy' is no milestone; did you mean 'ready'? [unknown_name]
many.yaml:15 segments.here.untill: 'untill' is no key that can stand here; did you mean 'until'? [unknown_key]
many.yaml:17 dropoffs.lost: 'within' is missing [missing_key]
many.yaml:17 dropoffs.lost.expect.at_least: 0 is too small; write 1 or more [out_of_bounds]
many.yaml:18 path[1]: 'steady' is no milestone; did you mean 'ready'? [unknown_name]"""


def test_every_problem_is_reported_at_once_in_the_order_of_the_file() -> None:
    """Syntax apart: mistakes of shape do not hide mistakes of meaning, nor the other way round."""
    with pytest.raises(ProblemsFound) as stopped:
        read_journey(MANY_MISTAKES, "many.yaml")

    assert str(stopped.value) == ALL_OF_THEM


def test_a_journey_that_was_read_is_passed_on_as_it_is() -> None:
    """With the order of its sections."""
    read = journey()

    assert Journey.model_validate(read) is read
    assert read.sections == ("milestones", "segments", "dropoffs")


def test_a_problem_reads_as_file_line_path_message_and_code() -> None:
    """The form that editors and people know."""
    problem = Problem("b2b-trial.yaml", 41, "dropoffs.stalled.expect", "'key_featur' is no milestone", "unknown_name")

    assert str(problem) == "b2b-trial.yaml:41 dropoffs.stalled.expect: 'key_featur' is no milestone [unknown_name]"


def test_a_problem_of_the_whole_file_has_no_path() -> None:
    """Line and message stand next to each other."""
    assert str(Problem("a.yaml", 1, "", "'version' is missing", "missing_key")) == (
        "a.yaml:1: 'version' is missing [missing_key]"
    )


def test_a_long_list_of_names_is_cut() -> None:
    """A list that nobody reads is no help."""
    assert instead("zzz", [f"name{i}" for i in range(20)]).endswith("name10, name11, ...")


def test_a_file_is_loaded_under_the_path_that_was_given(tmp_path: Path) -> None:
    """So that a terminal can open it."""
    path = tmp_path / "small.yaml"
    path.write_text(text(path="[redy]"), encoding="utf-8")

    with pytest.raises(ProblemsFound) as stopped:
        load_journey(path)

    assert stopped.value.problems[0].file == str(path)


def test_a_file_that_is_no_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    """Latin-1 in a comment or a title."""
    path = tmp_path / "small.yaml"
    path.write_bytes(text(title="Fahrg\u00e4ste").encode("latin-1"))

    with pytest.raises(ProblemsFound, match=r":10: this is no UTF-8; save the file as UTF-8 \[bad_encoding\]"):
        load_journey(path)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    """It is no problem of the journey."""
    with pytest.raises(FileNotFoundError):
        load_journey(tmp_path / "missing.yaml")


# -- a law -----------------------------------------------------------------------------------------------------------
TREE: Any = YAML(typ="safe").load(
    text(population="{attribute: plan, is: pro}", path="[ready]", plans="{here: {why: x}}")
)
WORDS = ["used", "left", "ready", "here", "lost", "start", "end", "plan", "7d", "nope", "$plan", "", "(count)", "[key]"]
SCALARS = st.sampled_from([*WORDS, None, True, 0, 1, 65, -1, 1.5])
OTHER_KEYS = "to from less_than when until group priority after within expect if edge sets properties (count) [key]"
KEYS = st.sampled_from([*CONDITIONS, *ANCHORS, *Count.model_fields, *OTHER_KEYS.split()])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything in a tree."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [place for key in keys for place in ((tree, key), *_places(tree[key]))]


@given(st.data())
def test_any_file_is_accepted_and_compiles_or_is_refused_with_places_that_exist(data: st.DataObject) -> None:
    """Never another error, however a file is broken; the lines are lines of the file."""
    tree = deepcopy(TREE)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(_places(tree)))
        container[data.draw(KEYS) if isinstance(container, dict) and data.draw(st.booleans()) else key] = data.draw(
            VALUES
        )
    source = _written(tree)

    found = refused(source)

    assert found or compile_journey(read_journey(source, "any.yaml")).rules
    assert all(1 <= problem.line <= source.count("\n") for problem in found)
    assert len(set(found)) == len(found)


def _written(tree: Any) -> str:
    """Block style at the top, so that lines differ."""
    return "".join(f"{key}: {_flow(value)}\n" for key, value in tree.items())


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f'"{key}": {_flow(inner)}' for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str():
            return f'"{value}"'
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
    return str(value)
