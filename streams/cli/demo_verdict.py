"""Is what was published live what a replay of the same log and journal gives? Byte for byte, partition after partition.

Does not know: where the rows come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest


def first_difference(published: Sequence[Sequence[bytes]], replayed: Sequence[bytes]) -> str | None:
    """None if they are identical, else the first row that differs, in words.

    published: values by partition. replayed: values, partition after partition.
    """
    rows = chain.from_iterable(
        ((partition, number, value) for number, value in enumerate(values))
        for partition, values in enumerate(published)
    )
    for row, again in zip_longest(rows, replayed):
        if row is None:
            return f"the replay has a row more than the topic:\n  replayed   {show(again)}"
        partition, number, value = row
        if value != again:
            return f"partition {partition}, row {number}:\n  published  {show(value)}\n  replayed   {show(again)}"
    return None


def show(value: bytes | None) -> str:
    """A row as text."""
    return "(no row)" if value is None else value.decode(errors="backslashreplace")
