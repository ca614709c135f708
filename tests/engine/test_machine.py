"""Several journeys as one machine, or the reason why they cannot be one."""

from __future__ import annotations

import pytest

from streams.engine.machine import Machine
from streams.engine.plan import Plan
from tests.language.small import plan


def named(name: str, lateness: str = "24h") -> Plan:
    """The small journey under another name."""
    return plan(journey=name, time=f"{{allowed_lateness: {lateness}}}")


def test_a_machine_without_a_journey_is_refused() -> None:
    """And the message says what to give."""
    with pytest.raises(ValueError, match="no journey: give at least one journey file"):
        Machine([])


def test_two_journeys_of_one_name_are_refused() -> None:
    """Their rows could not be told apart."""
    with pytest.raises(ValueError, match="two journeys have the same name: one, one, two"):
        Machine([named("one"), named("two"), named("one")])


def test_journeys_that_disagree_on_the_lateness_are_refused() -> None:
    """An entity keeps its recent events once, whatever the number of journeys."""
    with pytest.raises(ValueError, match=r"must agree on time\.allowed_lateness: one 3600000 ms, two 7200000 ms"):
        Machine([named("two", "2h"), named("one", "1h")])


def test_the_order_in_which_journeys_are_given_means_nothing() -> None:
    """They are ordered by name, and states of one machine are states of the other."""
    one, other = Machine([named("b"), named("a")]), Machine([named("a"), named("b")])

    assert one.names == other.names == ("a", "b")
    assert one.fingerprint == other.fingerprint


def test_what_changes_the_meaning_of_states_changes_the_fingerprint() -> None:
    """A name, a threshold, the lateness: a worker refuses the states of another machine."""
    machines = [
        Machine([plan()]),
        Machine([plan(journey="other")]),
        Machine([plan(time="{allowed_lateness: 1h}")]),
        Machine([plan(segments="{here: {when: {count: used, last: 8d}}}")]),
    ]

    assert len({machine.fingerprint for machine in machines}) == len(machines)
