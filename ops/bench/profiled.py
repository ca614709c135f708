"""A worker that notes every few milliseconds of its CPU time where it is, and leaves that as JSON when it ends.

Usage: profiled.py OUT, and then what follows `journeys` on a command line. The notes are [[place, ...], count], the
innermost place first; a place is "file:function". What C does counts for the Python that has called it.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import orjson

from streams.cli.main import app

PERIOD_S = 0.002
DEPTH = 60

Places = tuple[tuple[str, str], ...]


def main(out: str, *words: str) -> None:
    """Run the command to its end; the notes are left in any case."""
    notes: Counter[Places] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        places: list[tuple[str, str]] = []
        while frame is not None and len(places) < DEPTH:
            places.append((frame.f_code.co_filename, frame.f_code.co_name))
            frame = frame.f_back
        notes[tuple(places)] += 1

    signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, PERIOD_S, PERIOD_S)
    try:
        app(list(words))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        told = [([":".join(place) for place in places], count) for places, count in notes.items()]
        Path(out).write_bytes(orjson.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
