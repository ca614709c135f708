"""Broker time: never ahead of the broker, never back."""

from streams.live.clock import FRESH_MS, BrokerClock

BROKER_MS = 1_772_618_400_000


class Monotonic:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 5_000

    def __call__(self) -> int:
        """Now, in ms."""
        return self.ms


def test_it_is_the_append_time_and_what_has_passed_since() -> None:
    """The monotonic clock of this machine carries it on."""
    monotonic = Monotonic()
    clock = BrokerClock(monotonic)
    assert not clock.known
    clock.observe(BROKER_MS)
    monotonic.ms += 250
    assert clock.now() == BROKER_MS + 250
    assert clock.known


def test_the_quickest_answer_counts() -> None:
    """An answer that was long on its way tells less; time does not go back for it."""
    monotonic = Monotonic()
    clock = BrokerClock(monotonic)
    clock.observe(BROKER_MS)
    monotonic.ms += 1_000
    clock.observe(BROKER_MS + 100)  # 900 ms on its way
    assert clock.now() == BROKER_MS + 1_000
    clock.observe(BROKER_MS + 1_005)
    assert clock.now() == BROKER_MS + 1_005


def test_a_sample_is_not_carried_on_for_long() -> None:
    """Then any newer one counts, even if it says that our clock is fast; and still time does not go back."""
    monotonic = Monotonic()
    clock = BrokerClock(monotonic)
    clock.observe(BROKER_MS)
    monotonic.ms += FRESH_MS
    fresh = clock.fresh
    before = clock.now()
    clock.observe(BROKER_MS + FRESH_MS - 50)
    assert (fresh, clock.fresh) == (False, True)
    assert clock.now() == before
    monotonic.ms += 60
    assert clock.now() == before + 10
