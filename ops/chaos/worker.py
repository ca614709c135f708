"""A worker with something wrong about it, in place of `journeys`: its clock, or its code.

    CLOCK_OFF_MS    its wall clock is so far off, and steps by up to half of that now and then
    WRONG_WORKER    the name of one of wrong.py

The arguments are those of `journeys`. Does not know: what is to be found out by this.
"""

from __future__ import annotations

import contextlib
import os
import random
import time

STEP_EVERY_S = 3.0


class Clock:
    """The wall clock of a machine that nobody looks after."""

    def __init__(self, off_ms: int) -> None:
        self.right, self.off_ms = time.time_ns, off_ms
        self.now_off_ms, self.stepped = off_ms, time.monotonic()

    def time_ns(self) -> int:
        """What it shows."""
        if time.monotonic() - self.stepped > STEP_EVERY_S:
            self.stepped = time.monotonic()
            self.now_off_ms = self.off_ms + random.randrange(-abs(self.off_ms) // 2, abs(self.off_ms) // 2 + 1)  # noqa: S311
        return self.right() + self.now_off_ms * 1_000_000

    def time(self) -> float:
        """The same, in seconds."""
        return self.time_ns() / 1e9


def main() -> None:
    """Make it wrong, and run it."""
    if "CLOCK_OFF_MS" in os.environ:
        clock = Clock(int(os.environ.pop("CLOCK_OFF_MS")))
        time.time_ns, time.time = clock.time_ns, clock.time
    from wrong import WRONG, applied  # noqa: PLC0415

    from streams.cli.main import app  # noqa: PLC0415  # with the clock as it is now

    wrong = WRONG.get(os.environ.pop("WRONG_WORKER", ""))
    with applied(wrong) if wrong is not None else contextlib.nullcontext():
        app()


if __name__ == "__main__":
    main()
