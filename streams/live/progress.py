"""Telling a person that long work goes on: due steps of which very many have come at once.

Does not know: what a due step does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_S = 2.0

log = logging.getLogger(__name__)


class Storm:
    """Of one partition. now: seconds, injected by tests."""

    def __init__(self, partition: int, now: Callable[[], float] = time.monotonic) -> None:
        self.partition, self._now = partition, now
        self._steps, self._told, self._telling = 0, now(), False

    def took(self, steps: int, *, left: bool) -> None:
        """Some due steps were taken, and there may be some left. Says so every two seconds, and when it is over."""
        if self._steps == 0:
            self._told = self._now()
        self._steps += steps
        if left and self._now() - self._told >= EVERY_S:
            self._told, self._telling = self._now(), True
            log.info("partition %d: %d due steps taken, more are due", self.partition, self._steps)
        if not left:
            if self._telling:
                log.info("partition %d: %d due steps taken, none is due any more", self.partition, self._steps)
            self._steps, self._telling = 0, False
