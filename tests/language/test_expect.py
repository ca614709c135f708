"""Drop-offs, and the two forms of what they expect: while an instance is pending, and while it is open."""

from __future__ import annotations

import pytest

from streams.engine.plan import Anchor, Count, Dropoff, Has, Not, Plan, Tally
from tests.language.small import plan

DAY = 86_400_000
START = Anchor("first", ("signed_up",))
LAST_USED = Anchor("last", ("used",))
HISTORY = {"time": "{history_from: 2026-01-01T00:00:00Z}"}


def dropoff_of(compiled: Plan) -> Dropoff:
    """The only drop-off."""
    [rule] = [rule for rule in compiled.rules if isinstance(rule, Dropoff)]
    return rule


def expect_of(after: str, expect: str, **sections: str | None) -> tuple[Plan, Dropoff]:
    """A plan with one drop-off, and that."""
    dropoffs = f"{{lost: {{after: {after}, within: 2d, expect: {expect}}}}}"
    compiled = plan(
        **{"milestones": "{ready: {when: {count: left}}}", "segments": None, "dropoffs": dropoffs, **sections}
    )
    return compiled, dropoff_of(compiled)


def test_a_dropoff_is_compiled_whole() -> None:
    """Anchor, window, condition, edge and what it looks at."""
    compiled = plan(
        dropoffs="{lost: {after: start, within: 2d, expect: {milestone: ready}, if: {attribute: plan, is: pro}, "
        "edge: [begun, ready]}}"
    )

    found = dropoff_of(compiled)
    assert (found.name, found.after, found.within_ms, found.edge) == ("lost", START, 2 * DAY, ("begun", "ready"))
    assert found.expect_pending is found.expect_open
    assert found.only_if == Has("plan", (("is", "pro"),))
    assert found.inputs.events == {"signed_up"}
    assert found.inputs.attributes == {"plan"}
    assert found.inputs.rules == {("milestone", "ready")}


def test_a_count_in_expect_stands_in_two_forms() -> None:
    """Pending: after the instance's anchor, which empties a tally of its own. Open: from the deadline on."""
    compiled, found = expect_of("{last: used}", "{not: {count: left, at_least: 2}}")

    assert found.expect_pending == Not(Count("tally1", 2, at_most=False, scope="lost", phase="pending"))
    assert found.expect_open == Not(Count("tally2", 2, at_most=False, scope="lost", phase="open"))
    user = frozenset({"dropoff lost"})
    assert compiled.tallies["tally1"] == Tally(
        "tally1", ("left",), (), None, (), LAST_USED, "counter", 2, user, scope="lost", twofold=False
    )
    assert compiled.tallies["tally2"] == Tally("tally2", ("left",), (), None, (), None, "instants", 2, user)


@pytest.mark.parametrize("after", ["done", "{entered: here}", "{dropped: other}", "{changed: plan}", "end"])
def test_after_an_anchor_that_is_no_event_both_forms_read_the_tally_that_everybody_shares(after: str) -> None:
    """Instants are compared with the instance's anchor."""
    compiled = plan(
        segments="{here: {when: {count: used, last: 7d, at_least: 3}}}",
        dropoffs=f"{{lost: {{after: {after}, within: 2d, expect: {{count: used}}}}, "
        "other: {after: start, within: 1d, expect: {milestone: ready}}}",
    )

    found = next(rule for rule in compiled.rules if isinstance(rule, Dropoff) and rule.name == "lost")
    assert isinstance(found.expect_pending, Count)
    assert isinstance(found.expect_open, Count)
    tally = compiled.tallies[found.expect_pending.tally]
    assert found.expect_open.tally == tally.slot
    assert (tally.restart, tally.style, tally.kept, tally.scope) == (None, "instants", 3, None)


def test_different_values_are_counted_in_two_forms_too() -> None:
    """With their newest instants."""
    compiled, _ = expect_of("start", "{count: used, distinct: feature}")

    kept = [(tally.style, tally.restart, tally.scope) for tally in compiled.tallies.values() if tally.distinct]
    assert kept == [("values", START, "lost"), ("values", None, None)]


def test_two_dropoffs_with_the_same_anchor_have_tallies_of_their_own_while_pending() -> None:
    """Their instances differ; once open they read the same."""
    compiled = plan(
        dropoffs="{a: {after: start, within: 1d, expect: {count: left}}, "
        "b: {after: start, within: 2d, expect: {count: left}}}"
    )

    assert [tally.scope for tally in compiled.tallies.values() if tally.events == ("left",)] == ["a", None, "b"]


UNSURE = [
    ("{count: left, last: 1d}", True),
    ("{count: left, since: start}", True),
    ("{count: left, reset_by: used}", True),
    ("{open: used, closed_by: left, by: feature}", True),
    ("{elapsed: start}", True),
    ("{elapsed: {first: left}}", True),
    ("{not: {milestone: ready}}", True),
    ("{all: [{any: [{milestone: ready}]}]}", True),
    ("{count: left, distinct: feature}", False),
    ("{elapsed: end}", False),
    ("{elapsed: {attribute: due}}", False),
    ("{ahead: end, less_than: 1d}", False),
    ("{attribute: plan, is: pro}", False),
    ("{segment: here}", False),
    ("{dropped: other}", False),
]


@pytest.mark.parametrize(("beside", "unsure"), UNSURE)
def test_a_pending_tally_is_twofold_if_another_part_of_expect_can_be_unknown(beside: str, unsure: bool) -> None:  # noqa: FBT001
    """Only then may an instance need what came after its anchor although that has happened again."""
    rest = {"segments": "{here: {when: {count: used}}}"}
    other = "other: {after: start, within: 1d, expect: {attribute: plan, is: pro}}"

    def twofold(after: str, **sections: str | None) -> bool:
        expect = f"{{any: [{{count: used}}, {beside}]}}"
        dropoffs = f"{{lost: {{after: {after}, within: 2d, expect: {expect}}}, {other}}}"
        tallies = plan(**{**rest, **sections, "dropoffs": dropoffs}).tallies.values()
        return any(tally.twofold for tally in tallies if tally.scope == "lost" and tally.events == ("used",))

    assert twofold("{last: left}", **HISTORY) == unsure
    assert not twofold("{last: left}")
    assert not twofold("{first: left}", **HISTORY)
