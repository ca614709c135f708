"""Reading properties cannot fail, and gives only values that a state can hold."""

import json
from sys import float_info

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.partition.records import Event, read_object, read_properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)


def test_values_are_read_as_they_are() -> None:
    """Each JSON type as its Python type."""
    text = b'{"s":"x","i":-3,"f":1.0,"b":true,"n":null,"l":[1,{"a":2}],"o":{"x":[]}}'
    event = Event("e", "t", "u", None, None, text)
    assert event.read_properties() == {
        "s": "x", "i": -3, "f": 1.0, "b": True, "n": None, "l": [1, {"a": 2}], "o": {"x": []},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 2.0**63),
        ("-9223372036854775809", -(2.0**63)),
        ("1" + "0" * 5000, float_info.max),
        ("-1e999", -float_info.max),
        ("1.8e308", float_info.max),
        ("1e-999", 0.0),
    ],
)
def test_a_number_that_nothing_can_hold_is_the_nearest_float(number: str, value: float) -> None:
    """Anywhere in the properties."""
    found = read_properties(f'{{"a":{number},"b":[{{"c" : {number}}}],"d":"x"}}'.encode())
    assert found == {"a": value, "b": [{"c": value}], "d": "x"}
    assert type(found["a"]) is type(value)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5))
def test_both_ways_of_reading_agree_with_another_parser(properties: dict[str, object]) -> None:
    """The careful way differs only where an integer has more than 64 bits."""
    text = json.dumps(properties).encode()
    assert read_object(text) == json.loads(text, parse_int=fitting)
    scalars = {name: value for name, value in read_properties(text).items() if not isinstance(value, list | dict)}
    assert scalars == {name: read_object(text)[name] for name in scalars}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(scalars)) == scalars


def fitting(digits: str) -> int | float:
    """As an integer if it fits 64 bits."""
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)
