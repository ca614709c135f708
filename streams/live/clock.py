"""Broker time, the only clock that decides anything (time.md section 1).

The journal topic has LogAppendTime: every acknowledged journal record says what time it was at its broker when it was
appended. Broker time T is that plus the monotonic time since the acknowledgement came, so it is late by the way of the
answer, never early. It never goes back. The wall clock of this machine has no say in it.
Does not know: who sends journal records, what T is used for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# How long one sample is extrapolated from. Two machines whose clocks nobody disciplines drift apart by some 6 ms in a
# minute (100 ppm), which is nothing beside the margin of a tick.
FRESH_MS = 60_000


def monotonic_ms() -> int:
    """Monotonic time of this machine."""
    return time.monotonic_ns() // 1_000_000


class BrokerClock:
    """One for the worker; every lane feeds it. monotonic: ms, injected by tests."""

    def __init__(self, monotonic: Callable[[], int] = monotonic_ms) -> None:
        self._monotonic = monotonic
        self._base_ms: int | None = None  # broker time minus monotonic time, of the best sample
        self._sampled_ms = 0
        self._latest_ms = 0

    def observe(self, appended_ms: int) -> None:
        """A journal record with this LogAppendTime has just been acknowledged.

        Of the samples of the last minute the one counts whose answer was quickest, which is the largest difference.
        """
        now = self._monotonic()
        if not self.fresh or self._base_ms is None or appended_ms - now >= self._base_ms:
            self._base_ms, self._sampled_ms = appended_ms - now, now

    @property
    def known(self) -> bool:
        """Whether there has been a sample: `now` may be asked."""
        return self._base_ms is not None

    @property
    def fresh(self) -> bool:
        """False while there is no sample, or none that is recent enough: commit a journal record to have one."""
        return self._base_ms is not None and self._monotonic() - self._sampled_ms < FRESH_MS

    def now(self) -> int:
        """Broker time in ms since the epoch, or a little earlier. There must have been a sample."""
        assert self._base_ms is not None, "no journal record has been acknowledged yet"
        self._latest_ms = max(self._latest_ms, self._base_ms + self._monotonic())
        return self._latest_ms
