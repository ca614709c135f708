"""A storm of due steps is told now and then; a few due steps are not."""

import logging

import pytest

from streams.live.progress import Storm


def test_long_work_is_told_every_two_seconds_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """With how much is done."""
    seconds = [0.0]
    storm = Storm(3, lambda: seconds[0])
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            storm.took(100, left=True)
            seconds[0] += 0.1
        storm.took(7, left=False)
        storm.took(9, left=False)
    assert caplog.messages == [
        "partition 3: 2100 due steps taken, more are due",
        "partition 3: 4100 due steps taken, more are due",
        "partition 3: 5007 due steps taken, none is due any more",
    ]


def test_a_few_are_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """However long ago the last ones were."""
    seconds = [0.0]
    storm = Storm(3, lambda: seconds[0])
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            storm.took(100, left=True)
            storm.took(1, left=False)
            seconds[0] += 60
    assert not caplog.messages
