"""Telling a person about due steps: that very many have come at once and go on, and that one has failed.

Does not know: what a due step does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from streams.codec.instants import iso
from streams.live.errors import where
from streams.partition.outcome import Frozen

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


def tell_frozen(partition: int, some: Iterable[Frozen]) -> None:
    """Say of each entity that its due step has raised, where, and not what: that may hold what an event said."""
    for frozen in some:
        at = (partition, frozen.key.decode(), iso(frozen.at), where(frozen.error))
        log.error("partition %d: %s is frozen: its due step at %s raised %s; please report it", *at)
