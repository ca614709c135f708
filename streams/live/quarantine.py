"""Finding the record that cannot be applied (runtime.md step 11).

A batch that fails is tried again as it was. From its third failure on it is halved until it is one record, or one due
step. If that one fails because of its content, it is set aside as `engine_error` and the rest goes on; if it fails even
so, or too many do one after the other, a person must look. Failures that are nobody's fault (a broker is down) halve
the batch too, which does no harm, but put nobody into quarantine.
Does not know: how a batch is applied, what an offset points to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.live.errors import Stopped

REASON = "engine_error"
PATIENCE = 3  # failures of a batch as it is
MOST_IN_A_ROW = 10  # culprits without one good record between: then it is not the records


class Hopeless(Stopped):
    """Taking the last record out of the batch did not help."""


@dataclass(frozen=True)
class Failure:
    """A batch that could not be committed.

    offset: of the input, the first that is not committed. culprit: offset of the first record in the batch, None if
    there are only due steps. size: records and due steps. poisoned: it is the content that failed.
    """

    offset: int
    culprit: int | None
    size: int
    why: str
    poisoned: bool


class Quarantine:
    """Of one input partition, over all its rebuilds. most: records and due steps of an ordinary batch."""

    def __init__(self, where: str, most: int) -> None:
        self.where, self.most, self.limit = where, most, most
        self._failures, self._failed_at = 0, -1
        self._set_aside: dict[int, str] = {}
        self._in_a_row = 0

    @property
    def decisions(self) -> Mapping[int, str]:
        """Offset -> reason, of records that are to be rejected."""
        return self._set_aside

    @property
    def narrowing(self) -> bool:
        """Whether batches are smaller than usual: then there must be no other one under way beside a batch."""
        return self.limit < self.most

    def failed(self, failure: Failure) -> None:
        """A batch could not be committed. Raises `Hopeless` if there is nothing left to try."""
        offset = failure.offset
        self._failures = self._failures + 1 if offset == self._failed_at else 1
        self._failed_at = offset
        if self.limit > 1:
            if self._failures >= PATIENCE or self.narrowing:
                self.limit = max(1, min(self.limit, failure.size) // 2)
        elif failure.poisoned and self._failures > 1:
            self._take_out(failure)

    def committed(self, next_offset: int) -> None:
        """Everything before `next_offset` is safe."""
        if next_offset > self._failed_at:
            self.limit = min(self.most, self.limit * 2)
            if not any(offset < next_offset for offset in self._set_aside):
                self._in_a_row = 0
        self._set_aside = {offset: why for offset, why in self._set_aside.items() if offset >= next_offset}

    def _take_out(self, failure: Failure) -> None:
        offset, why = failure.culprit, failure.why
        if offset is None:
            raise Hopeless(
                f"{self.where}: a due step after offset {failure.offset - 1} cannot be taken, and there is no record "
                f"to be set aside: {why}. Nothing after it has been applied; please report it"
            )
        if offset in self._set_aside:
            raise Hopeless(
                f"{self.where}: record {offset} cannot even be rejected: {why}. Look at the record and at the "
                "limits of the topics (max.message.bytes); nothing after it has been applied"
            )
        self._in_a_row += 1
        if self._in_a_row > MOST_IN_A_ROW:
            raise Hopeless(
                f"{self.where}: {MOST_IN_A_ROW} records in a row could not be applied, the last at {offset}: {why}. "
                "That is not the records' fault; nothing after it has been applied"
            )
        self._set_aside[offset] = REASON
