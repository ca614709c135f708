"""What a rewind changes of what was published: retractions, revisions, new rows (time.md section 4).

A row is known by code (rule and kind) and episode. Its instant, its other segment and its existence count as a change,
nothing else. A row that was retracted and comes true again goes on with the next revision, however long it took.
Does not know: states, how rows come about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.engine.dropoff import OUTCOMES
from streams.engine.program import Row
from streams.engine.state import LogRow, Rest
from streams.engine.summary import Standing


class Step(NamedTuple):
    """Rows of one step, the ids of its own events, and what stood at its end."""

    rows: list[Row]
    event_ids: tuple[str, ...]
    standing: Standing | None = None


class Changes(NamedTuple):
    """retracted: with the revision of the retraction. made: rows that are new or differ. standing: all that hold."""

    retracted: list[LogRow]
    made: list[tuple[Row, int, Step]]
    standing: list[LogRow]


def difference(before: Sequence[LogRow], steps: Sequence[Step], rest: Rest) -> Changes:
    """Compare the rows that were published with those of the new steps; `rest` remembers what was taken back."""
    known = {row[1:3]: row for row in before}
    now = {row[1:3] for step in steps for row in step.rows}
    retracted = [(*row[:4], row[4] + 1) for row in before if row[1:3] not in now]
    rest.taken_back.extend(retracted)
    made, standing = [], []
    for step in steps:
        for row in step.rows:
            old = known.get(row[1:3])
            if old is not None and old[:4] == row[:4]:
                standing.append(old)
                continue
            revision = old[4] + 1 if old is not None else rest.revision(row[1], row[2])
            standing.append((*row[:4], revision))
            made.append((row, revision, step))
    return Changes(retracted, made, standing)


def recount(was: Sequence[int], now: Sequence[int]) -> list[int]:
    """What a rewind adds to the counts of instances, by drop-off and OUTCOMES, so that they only go up and balance.

    At any time armed = met + dropped + cancelled + pending. An outcome that the rewind has unmade stays counted, and
    the instance counts as armed once more; one that was pending and is no more, without an outcome, as cancelled.
    """
    out: list[int] = []
    for first in range(0, len(now), len(OUTCOMES)):
        change = [now[i] - was[i] for i in range(first, first + len(OUTCOMES))]
        met, dropped, cancelled, followed = (max(0, n) for n in change[1:])
        armed = met + dropped + cancelled + change[0] - sum(change[1:4])
        out += [max(0, armed), met, dropped, cancelled + max(0, -armed), followed]
    return out
