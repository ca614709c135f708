"""Records for the tests of the envelope: written out by hand, and drawn at random around what is nearly in order."""

import json
from dataclasses import astuple
from typing import Any, NamedTuple

from hypothesis import strategies as st

from streams.codec.careful import Fields

ARRIVAL_MS = 1_772_618_400_000  # 2026-03-04T10:00:00Z
PLAIN: dict[str, Any] = {
    "id": "e1",
    "type": "feature_used",
    "user_id": "u1",
    "account_id": "a1",
    "occurred_at": "2026-03-04T10:00:00.123Z",
    "properties": {"feature": "alerts", "seats": 3, "amount": 4.65},
}


class Written(NamedTuple):
    """A record as Kafka would give it."""

    value: bytes | None
    key: bytes | None = b"u1"
    offset: int = 7
    timestamp: int = ARRIVAL_MS
    headers: tuple[tuple[str, bytes], ...] = ()


def written(key: bytes | None = b"u1", **changes: Any) -> Written:
    """The plain event with some members changed; `...` takes one out."""
    members = {name: value for name, value in {**PLAIN, **changes}.items() if value is not ...}
    return Written(json.dumps(members).encode(), key)


def escaped(text: str) -> str:
    """A JSON string with every character as an escape."""
    return '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"'


# Not 0, nor any other number that hypothesis is fond of.
ONE_IN_SIXTEEN = st.integers(0, 15).map(lambda number: number == 11)
ONE_IN_EIGHT = st.integers(0, 7).map(lambda number: number == 5)


@st.composite
def mostly(draw: st.DrawFn, good: st.SearchStrategy[str], odd: st.SearchStrategy[str]) -> str:
    """An odd one now and then: several in one record would hide each other."""
    return draw(odd if draw(ONE_IN_SIXTEEN) else good)


def objects(values: st.SearchStrategy[str], names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects as text, with names that collide."""
    pairs = st.lists(st.builds("{}:{}".format, names, values), max_size=4)
    return pairs.map(lambda members: "{" + ",".join(members) + "}")


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Arrays as text."""
    return st.lists(values, max_size=4).map(lambda items: "[" + ",".join(items) + "]")


def pool(texts: str) -> st.SearchStrategy[str]:
    """One of some JSON texts."""
    return st.sampled_from(texts.split(" | "))


LONG = st.sampled_from(["x" * 64, "x" * 65, "x" * 256, "x" * 257, "é" * 64, "é" * 65, "é" * 129]).map('"{}"'.format)
LONG_DIGITS = st.sampled_from(["9" * 400, "9" * 5000])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
IDS = mostly(
    pool('"u1" | "e-1" | "None" | "x" | 1 | 12 | "é" | "日本" | "a b"'),
    st.one_of(
        pool('null | true | [] | {} | "" | "a\x7f" | "\x85" | "a\u00a0b" | -0 | 1.0 | 1e3 | 01 | NaN'),
        pool("9223372036854775807 | 9223372036854775808 | -9223372036854775808 | -9223372036854775809"),
        pool(r'"\u00e9" | "u\u0031" | "\n" | "\u0000" | "\/" | "\"" | "\ud83d\ude00" | "\ud800" | "\udc00x"'),
        LONG,
        LONG_DIGITS,
    ),
)
TYPES = mostly(
    pool('"feature_used" | "x" | "é"'), pool('"" | null | 1 | [] | "\x80"') | pool(r'"\u0041" | "\ud800" | "\n"')
)
TIMES = mostly(
    pool('"2026-03-04T10:00:00.123Z" | "2026-03-04T10:00:00Z" | "2026-03-04T10:00:00.123456+01:00"'),
    pool('"2026-03-04T10:00:00" | "1969-01-01T00:00:00.000Z" | "9999-12-31T23:59:59.999-01:00"')
    | pool(r'null | 1 | "" | "2026-03-04\u005410:00:00Z" | "2026-02-30T10:00:00.000Z"'),
)
NAMES = mostly(pool('"a" | "b" | "" | "é" | "properties"'), pool(r'"id" | "type" | "user_id" | "\u0069d" | "\u00e9"'))
VALUES = mostly(
    pool('0 | 1 | -1.5 | 1e5 | null | true | "" | "web"'),
    st.one_of(
        pool('false | {} | [] | "é" | "\x7f" | "{[:" | -0 | 1e999 | -1e999 | 1e-999 | 18446744073709551616'),
        pool('01 | 1. | - | NaN | -Infinity | 1e | +1 | tru | "\x01"') | pool(r'"\"id\"" | "\ud800" | "\x" | "\u00e9"'),
        TEXT.map(json.dumps),
        TEXT.map(lambda text: json.dumps(text, ensure_ascii=False)),
        LONG_DIGITS,
    ),
)
PROPERTIES = mostly(
    objects(VALUES, NAMES),
    st.one_of(
        st.recursive(VALUES, lambda inner: objects(inner, NAMES) | arrays(inner), max_leaves=8),
        st.integers(28, 34).map(lambda depth: '{"a":' + "[" * depth + "]" * depth + "}"),
        st.integers(190, 203).map(lambda keys: "{" + ",".join('"":0' for _ in range(keys)) + "}"),
        VALUES,
    ),
)
SPACES = mostly(st.just(""), st.sampled_from([" ", "\n", "\t ", "\x0b", "\ufeff"]))


@st.composite
def records(draw: st.DrawFn, fields: Fields) -> Written:
    """Mostly six members, some missing, doubled, unknown or escaped; then perhaps a few bytes changed."""
    members = []
    for name, values in zip(astuple(fields), (IDS, TYPES, IDS, IDS, TIMES, PROPERTIES), strict=True):
        for _ in range(draw(st.sampled_from([1] * 28 + [0] * 2 + [2]))):
            spelling = draw(mostly(st.just(f'"{name}"'), st.just(escaped(name))))
            members.append((spelling, draw(values)))
    if draw(ONE_IN_EIGHT):
        members.append((draw(NAMES), draw(PROPERTIES)))
    if draw(ONE_IN_EIGHT):
        members = draw(st.permutations(members))
    comma, colon = draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": "), (" ,", " :\n")]))
    text = "{" + comma.join(name + colon + value for name, value in members) + "}"
    value = (draw(SPACES) + text + draw(SPACES)).encode()
    if draw(ONE_IN_EIGHT):
        value = draw(changed(value))
    key = st.sampled_from([b"u1", b"1", b"", None]) if draw(ONE_IN_SIXTEEN) else st.just(key_of(value, fields))
    return Written(value, draw(key))


@st.composite
def changed(draw: st.DrawFn, value: bytes) -> bytes:
    """Some bytes replaced, put in or taken out."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(value)))
        width = draw(st.integers(0, 3))
        middle = draw(st.binary(max_size=2) | st.sampled_from([b'"', b"{", b"}", b"\\", b",", b'"id":', b"\xff"]))
        value = value[:at] + middle + value[at + width :]
    return value


def key_of(value: bytes, fields: Fields) -> bytes | None:
    """The key that belongs to the value, if there is one."""
    try:
        found = json.loads(value)[fields.entity_id]
        return (found if isinstance(found, str) else json.dumps(found)).encode()
    except (ValueError, KeyError, TypeError):
        return None
