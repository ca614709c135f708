"""Instants are exact to the millisecond, and pieces that are remembered give what reading would."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.codec import instants
from streams.codec.instants import EARLIEST_MS, LATEST_MS, iso, occurred_ms
from streams.engine.values import instant_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = st.text("0123456789", max_size=9)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1971-01-01T00:00:00Z", EARLIEST_MS),
        ("1971-01-01T01:00:00.000+01:00", EARLIEST_MS),
        ("9999-12-31T23:59:59.999Z", LATEST_MS),
        ("9999-12-31T23:59:59.9999999Z", LATEST_MS),
        ("2026-03-04t10:00:00.1z", 1_772_618_400_100),
        ("2026-03-04 10:00:00.1239999-00:00", 1_772_618_400_123),
        ("2024-02-29T00:00:00.000Z", 1_709_164_800_000),
    ],
)
def test_an_instant_is_read(text: str, ms: int) -> None:
    """At both ends of the range, with every form of offset; what is finer than a millisecond is cut off."""
    assert occurred_ms(text) == ms
    assert occurred_ms(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-03-04", "2026-03-04T10:00:00.000", "2026-03-04T10:00Z", "2026-03-04T10:00:00.Z", "1772618400000"),
        *("2026-02-29T00:00:00.000Z", "2026-03-04T24:00:00.000Z", "2026-03-04T10:00:60.000Z", "2026-03-04T10:00:00,5Z"),
        *("1970-12-31T23:59:59.999Z", "1971-01-01T00:00:00.000+00:01", "9999-12-31T23:59:59.999-00:01"),
        *("0000-01-01T00:00:00.000Z", "10000-01-01T00:00:00.000Z", " 2026-03-04T10:00:00.000Z", "20260304T100000.000Z"),
    ],
)
def test_what_is_no_instant_is_none(text: str) -> None:
    """No date without time, no time without offset, no leap second, nothing outside the range."""
    assert occurred_ms("2026-03-04T10:00:00.000Z") is not None  # so that there is something to be remembered
    assert occurred_ms(text) is None


@given(st.datetimes(datetime(1969, 1, 1), datetime(9999, 12, 31)), DIGITS, st.integers(-1439, 1439))  # noqa: DTZ001
def test_remembered_pieces_give_what_reading_gives(local: datetime, fraction: str, offset_minutes: int) -> None:
    """Law: the first reading, the second and the engine's agree with the calendar."""
    zone = timezone(timedelta(minutes=offset_minutes))
    second = local.replace(microsecond=0, tzinfo=zone)
    sign, (hours, minutes) = "-" if offset_minutes < 0 else "+", divmod(abs(offset_minutes), 60)
    text = f"{local:%Y-%m-%dT%H:%M:%S}{'.' + fraction if fraction else ''}{sign}{hours:02d}:{minutes:02d}"
    ms = (second - EPOCH) // timedelta(milliseconds=1) + int(f"{fraction}000"[:3])
    expected = ms if EARLIEST_MS <= ms <= LATEST_MS else None
    assert (occurred_ms(text), occurred_ms(text)) == (expected, expected)
    assert instant_ms(text) == ms


def test_what_is_remembered_is_bounded() -> None:
    """Reading goes on when the memory is full; it is emptied."""
    start = datetime(1972, 1, 1, tzinfo=UTC)
    for day in range(instants.REMEMBERED + 1_000):
        text = f"{start + timedelta(days=day):%Y-%m-%d}T00:00:00.000Z"
        assert occurred_ms(text) == 63_072_000_000 + day * 86_400_000
    assert len(instants._days) <= instants.REMEMBERED  # noqa: SLF001  # the bound is what this is about


@given(st.integers(EARLIEST_MS, LATEST_MS))
def test_an_instant_is_written_as_the_calendar_has_it(instant: int) -> None:
    """From 1971 to 9999, to the millisecond, and read back as the same."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)

    assert iso(instant) == at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert occurred_ms(iso(instant)) == instant
