"""What is journaled can be replayed, and what is no journal record is never skipped."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.journal import ClockRecord, DefinitionsRecord, RejectionRecord
from schemas.rejection import Reason
from streams.codec.journal import BadJournal, decode_journal, encode_clock, encode_definitions, encode_rejection

NUMBERS = st.integers(0, 2**62)


def test_records_are_the_json_of_the_specification() -> None:
    """No whitespace, keys in this order."""
    assert encode_clock(5, 1_772_618_400_000) == b'{"before":5,"clock":1772618400000}'
    assert encode_definitions(0, "d", "s") == b'{"before":0,"definitions":"d","settings":"s"}'
    assert encode_rejection(7, "engine_error") == b'{"offset":7,"rejected":"engine_error"}'


@given(NUMBERS, NUMBERS, st.text(max_size=9), st.text(max_size=9), st.sampled_from(get_args(Reason)))
def test_what_is_written_can_be_read(offset: int, clock: int, definitions: str, settings: str, reason: Reason) -> None:
    """All three kinds, each as its own type."""
    assert decode_journal(0, encode_clock(offset, clock)) == ClockRecord(before=offset, clock=clock)
    assert decode_journal(0, encode_definitions(offset, definitions, settings)) == DefinitionsRecord(
        before=offset, definitions=definitions, settings=settings
    )
    assert decode_journal(0, encode_rejection(offset, reason)) == RejectionRecord(offset=offset, rejected=reason)


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            b"",
            b"null",
            b"[]",
            b"{}",
            b"\xff",
            b'{"before":1}',
            b'{"before":1,"clock":"2"}',
            b'{"before":-1,"clock":2}',
        ),
        *(b'{"before":1,"clock":2,"more":3}', b'{"before":1.0,"clock":2}', b'{"offset":1,"rejected":"because"}'),
    ],
)
def test_anything_else_is_an_error_that_names_its_offset(value: bytes | None) -> None:
    """A replay without it would give other rows."""
    with pytest.raises(BadJournal, match="offset 4711"):
        decode_journal(4711, value)
