"""Journal records, values <-> JSON bytes (time.md section 6). Replay reads with this what the worker has written.

A record that is none of the three kinds is a broken invariant: nobody else writes there, and a replay without it would
give other rows. So it is an error (BadJournal), never skipped.
Does not know: when something is journaled (partition.processor), topics.
"""

from __future__ import annotations

import msgspec
from pydantic import TypeAdapter, ValidationError

from schemas.journal import ClockRecord, DefinitionsRecord, JournalRecord, RejectionRecord

_journal: TypeAdapter[JournalRecord] = TypeAdapter(JournalRecord)


class BadJournal(ValueError):
    """A record of the journal topic is none. The message names its offset."""


def encode_clock(before: int, clock: int) -> bytes:
    """The clock (ms) that ticks have reached before the input offset `before`."""
    return msgspec.json.encode({"before": before, "clock": clock})


def encode_definitions(before: int, definitions: str, settings: str) -> bytes:
    """The hashes of what interprets the log from the input offset `before` on."""
    return msgspec.json.encode({"before": before, "definitions": definitions, "settings": settings})


def encode_rejection(offset: int, reason: str) -> bytes:
    """The rejection of the input record at `offset` for what the log does not show."""
    return msgspec.json.encode({"offset": offset, "rejected": reason})


def decode_journal(offset: int, value: bytes | None) -> ClockRecord | DefinitionsRecord | RejectionRecord:
    """The journal record at `offset` of the journal partition. Raises BadJournal."""
    try:
        return _journal.validate_json(value or b"")
    except ValidationError as error:
        raise BadJournal(
            f"the journal record at offset {offset} is no clock, no definitions and no rejection; the journal is not "
            f"this app's, or somebody else has written to it ({error.error_count()} problems)"
        ) from None
