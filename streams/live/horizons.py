"""Which ticks may come: what time it was at the broker, and where the log ended just then (time.md section 2).

Does not know: who looks at the clock and at the log, what a tick does.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

KEPT = 4


class Horizon(NamedTuple):
    """Whoever has read all records before offset `end` has read all that arrived before `time` (broker time, ms)."""

    time: int
    end: int


class Horizons:
    """Of one partition, in the order in which they are reached. When there are too many, the newest is replaced."""

    def __init__(self) -> None:
        self._waiting: list[Horizon] = []
        self._offered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def offer(self, horizon: Horizon) -> None:
        """One more. Those that lie behind its end were of records that a change of the leader has lost."""
        while self._waiting and (len(self._waiting) >= KEPT or self._waiting[-1].end > horizon.end):
            self._waiting.pop()
        self._waiting.append(horizon)
        if not self._offered.done():
            self._offered.set_result(None)

    def reached(self, position: int) -> int | None:
        """Take out those that are reached by who has read everything before `position`; the time of the last."""
        time = None
        while self._waiting and self._waiting[0].end <= position:
            time = self._waiting.pop(0).time
        return time

    def next_offer(self) -> asyncio.Future[None]:
        """Done with the next one that is offered from now on."""
        if self._offered.done():
            self._offered = asyncio.get_running_loop().create_future()
        return self._offered
