"""Which ticks may come."""

from streams.live.horizons import KEPT, Horizon, Horizons


async def test_the_last_horizon_that_is_reached_says_the_time() -> None:
    """The others wait for more records."""
    horizons = Horizons()
    for horizon in (Horizon(100, 5), Horizon(200, 5), Horizon(300, 8)):
        horizons.offer(horizon)
    assert [horizons.reached(at) for at in (4, 5, 7, 9)] == [None, 200, None, 300]
    assert not horizons


async def test_who_is_behind_keeps_the_oldest_horizons_and_the_newest() -> None:
    """The oldest are reached first, and time must not wait for ever for an end that moves on."""
    horizons = Horizons()
    for number in range(100):
        horizons.offer(Horizon(number, number))
    assert [horizons.reached(at) for at in (0, 1, 2, 98, 99)] == [0, 1, 2, None, 99]
    assert KEPT == 4


async def test_an_offer_wakes_whoever_waits_for_one() -> None:
    """Once; the next one is waited for anew."""
    horizons = Horizons()
    waiting = horizons.next_offer()
    assert waiting is horizons.next_offer()
    assert not waiting.done()
    horizons.offer(Horizon(1, 1))
    assert waiting.done()
    assert not horizons.next_offer().done()


async def test_a_log_that_ends_earlier_than_it_did_takes_back_what_was_offered() -> None:
    """A leader that dies may take records along that nobody has read; their end would never be reached."""
    horizons = Horizons()
    for horizon in (Horizon(100, 5), Horizon(200, 8), Horizon(300, 6)):
        horizons.offer(horizon)
    assert [horizons.reached(at) for at in (5, 6)] == [100, 300]
