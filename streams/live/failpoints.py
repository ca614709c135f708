"""Places where a worker ends or stands still if it is told to: those at which a crash is hardest to survive.

FAIL_POINT="after state, 40, SIGKILL" in the environment has the process send itself that signal when it is at that
place for the 40th time. It is no setting of the product, and without the variable nothing happens here; `ops/chaos`
uses it. The names are those of the steps of runtime.md section 2.
Does not know: what happens at the places.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Literal, get_args

VARIABLE = "FAIL_POINT"

Point = Literal[
    "before fencing",
    "between fencing and reading",
    "during restore",
    "after restore",
    "during a storm",
    "after begin",
    "after transitions",
    "after members",
    "after state",
    "after rejected",
    "after late",
    "after journal",
    "after offsets",
    "before commit",
    "after commit",
]


class Trap:
    """Springs once. text: point, which time, signal. Raises ValueError or KeyError if it is none of that."""

    def __init__(self, text: str) -> None:
        self.point, times, number = (part.strip() for part in text.split(","))
        self.left, self.signal = int(times), signal.Signals[number]
        if self.point not in get_args(Point):
            raise ValueError(f"{VARIABLE}: there is no {self.point!r}; there are {', '.join(get_args(Point))}")

    def __call__(self, point: Point) -> None:
        """Here is that point."""
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.signal)


def pass_by(point: Point) -> None:
    """What every place does in a worker of which nobody wants anything."""


fail_point: Callable[[Point], None] = Trap(os.environ[VARIABLE]) if VARIABLE in os.environ else pass_by
