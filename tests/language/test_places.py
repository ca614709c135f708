"""Where conditions stand, and which a condition asks for at once."""

from __future__ import annotations

import pytest

from streams.language.places import Place, conjunctions, inside, together, whole
from tests.language.linted import read

A, B, C = (f"{{milestone: {name}}}" for name in ("a", "b", "c"))


def _place(when: str) -> Place:
    journey, _ = read(
        anchors=None,
        milestones="{a: {when: {count: used}}, b: {when: {count: left}}, c: {when: {count: used}}}",
        segments=f"{{here: {{when: {when}}}}}",
        dropoffs=None,
    )
    return Place("when", journey.segments["here"].when)


TOGETHER = [
    (A, {"when": True}),
    (f"{{not: {A}}}", {"when.not": False}),
    (f"{{not: {{not: {A}}}}}", {"when.not.not": True}),
    (f"{{all: [{A}, {{all: [{B}]}}]}}", {"when.all[0]": True, "when.all[1].all[0]": True}),
    (f"{{all: [{A}, {{any: [{B}, {C}]}}]}}", {"when.all[0]": True, "when.all[1]": True}),
    (f"{{any: [{A}, {B}], at_least: 2}}", {"when.any[0]": True, "when.any[1]": True}),
    (f"{{any: [{A}, {B}]}}", {"when": True}),
    (f"{{not: {{any: [{A}, {{not: {B}}}]}}}}", {"when.not.any[0]": False, "when.not.any[1].not": True}),
    (f"{{not: {{all: [{A}, {B}]}}}}", {"when.not": False}),
    (f"{{not: {{any: [{A}, {B}, {C}], at_least: 2}}}}", {"when.not": False}),
]


@pytest.mark.parametrize(("when", "parts"), TOGETHER)
def test_what_is_asked_for_at_once_is_seen_through_not_and_nesting(when: str, parts: dict[str, bool]) -> None:
    """Path -> whether it has to hold."""
    assert {part.place.path: part.holds for part in together(_place(when))} == parts


def test_a_part_knows_where_it_is_written_with_its_not() -> None:
    """That is the condition which the file asks for."""
    when = f"{{all: [{A}, {{not: {B}}}, {{not: {{any: [{A}, {C}]}}}}]}}"

    assert [part.written.path for part in together(_place(when))] == [
        "when.all[0]",
        "when.all[1]",
        "when.all[2]",
        "when.all[2]",
    ]


def test_alternatives_know_what_holds_around_them() -> None:
    """And how many others have to come true with them."""
    when = f"{{all: [{A}, {{any: [{B}, {{not: {{all: [{A}, {C}]}}}}, {C}], at_least: 2}}]}}"

    found = {
        x.place.path: (x.holds, [part.place.path for part in x.around], x.companions)
        for x in conjunctions(_place(when))
    }

    assert found == {
        "when": (True, [], 0),
        "when.all[1].any[0]": (True, ["when.all[0]"], 1),
        "when.all[1].any[1]": (True, ["when.all[0]"], 1),
        "when.all[1].any[1].not.all[0]": (False, ["when.all[0]"], 1),
        "when.all[1].any[1].not.all[1]": (False, ["when.all[0]"], 1),
        "when.all[1].any[2]": (True, ["when.all[0]"], 1),
    }


def test_every_condition_of_a_file_is_found() -> None:
    """Population, milestones, segments, drop-offs; a condition that is not there is none."""
    c = "{count: used}"
    journey, _ = read(
        population=c,
        segments=f"{{here: {{when: {c}, until: {c}}}, there: {{when: {c}}}}}",
        dropoffs=f"{{lost: {{after: start, within: 2d, expect: {c}, if: {{not: {c}}}}}}}",
    )

    assert {place.path for place in whole(journey)} == {
        "population",
        "milestones.begun.when",
        "milestones.ready.when",
        "segments.here.when",
        "segments.here.until",
        "segments.there.when",
        "dropoffs.lost.expect",
        "dropoffs.lost.if",
    }
    assert inside(next(x for x in whole(journey) if x.path == "dropoffs.lost.if"))[0].path == "dropoffs.lost.if.not"
