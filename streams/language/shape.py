"""Has a file the shape of a journey? Which keys stand where, what is required, of which type a value is.

Decides: how a mistake of shape is worded. What the shape is, `schemas.journey` says; pydantic finds all mistakes, and
this module leads each back to its line.
Does not know: names, meaning. A null is reported by `check`, once for the whole file, and not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import StringConstraints, Tag, ValidationError
from pydantic_core import ErrorDetails

from schemas.conditions import ANCHORS, CONDITIONS, DURATION, NAME, TIMESTAMP, Frozen
from schemas.journey import DATE, JOURNEY_NAME, Journey
from streams.language.problems import Problem, instead
from streams.language.yaml import Node

Step = str | int
Worded = tuple[str, str] | None  # (code, message); None: only a consequence of another mistake
PATTERNS = {
    NAME: ("bad_name", "is no name; write a small letter, then small letters, digits and _"),
    JOURNEY_NAME: ("bad_name", "is no name of a journey; write a small letter, then small letters, digits, _ and -"),
    DURATION: ("bad_duration", "is no duration; write a whole number and a unit: 500ms, 30s, 15m, 24h or 14d"),
    TIMESTAMP: ("bad_timestamp", "is no timestamp; write it with time and offset, as in 2026-01-31T00:00:00Z"),
    DATE: ("bad_date", "is no date; write it as 2026-01-31"),
}
KINDS = {
    "(text)": "text",
    "(number)": "a number",
    "(boolean)": "true or false",
    "(list)": "a list",
    "(mapping)": "a mapping",
}


def shape(root: Node, file: str) -> tuple[Journey | None, list[Problem]]:
    """The journey if its shape is right, else every problem of shape."""
    try:
        return Journey.model_validate(root.plain()), []
    except ValidationError as error:
        mistakes = (_mistake(root, details) for details in error.errors(include_url=False))
        return None, [problem for mistake in mistakes for problem in mistake.problems(file)]


@dataclass(frozen=True)
class _Mistake:
    """One of pydantic's errors, led back to the file. node: where it is; of a missing key, where the key should be."""

    kind: str
    loc: tuple[Step, ...]
    node: Node
    context: Mapping[str, Any]
    message: str

    @property
    def shown(self) -> str:
        return shown(self.node)

    def problems(self, file: str) -> Iterator[Problem]:
        if self.node.kind == "scalar" and self.node.value is None and self.node.path:
            return
        worded = WORDING.get(self.kind, _wrong_type)(self)
        if worded is not None:
            yield Problem(file, self.node.line, self.node.path, worded[1], worded[0])


def shown(node: Node) -> str:
    """A value as a message quotes it."""
    match node.kind, node.value:
        case "scalar", str() as text:
            return f"'{text}'"
        case "scalar", None:
            return "nothing"
        case "scalar", bool() as value:
            return str(value).lower()
        case "scalar", value:
            return str(value)
    return f"a {'list' if node.kind == 'sequence' else 'mapping'}"


def _mistake(root: Node, error: ErrorDetails) -> _Mistake:
    """Follows the location through the file; tags of unions are no places in it."""
    node = root
    for step in error["loc"]:
        if isinstance(step, int):
            node = node.items[step]
        elif step in node.fields:
            node = node.fields[step]
    return _Mistake(error["type"], error["loc"], node, error.get("ctx", {}), error["msg"])


# -- wording -----------------------------------------------------------------------------------------------------------
def _missing(mistake: _Mistake) -> Worded:
    return "missing_key", f"'{mistake.loc[-1]}' is missing"


def _unknown_key(mistake: _Mistake) -> Worded:
    key = str(mistake.loc[-1])
    return "unknown_key", f"'{key}' is no key that can stand here{instead(key, _keys_at(mistake.loc[:-1]))}"


def _pattern(mistake: _Mistake) -> Worded:
    code, message = PATTERNS[mistake.context["pattern"]]
    name = f"'{mistake.loc[-2]}'" if mistake.loc[-1] == "[key]" else mistake.shown
    return code, f"{name} {message}"


def _no_text(mistake: _Mistake) -> Worded:
    if DURATION in _patterns_at(mistake.loc):
        code, message = PATTERNS[DURATION]
        return code, f"{mistake.shown} {message}"
    return _wrong_type(mistake)


def _literal(mistake: _Mistake) -> Worded:
    if mistake.loc == ("entity",):
        return "unknown_entity", f"entities of kind {mistake.shown} are not known; write user"
    allowed = _quoted(mistake.context["expected"])
    return "bad_value", f"{mistake.shown} cannot stand here{instead(str(mistake.node.value), allowed)}"


def _too_small(mistake: _Mistake) -> Worded:
    return "out_of_bounds", f"{mistake.shown} is too small; write {mistake.context['ge']} or more"


def _empty_text(_: _Mistake) -> Worded:
    return "empty", "the text is empty; write something, or leave the key out"


def _too_short(mistake: _Mistake) -> Worded:
    """Items that are wrong themselves do not count for pydantic; they have been reported."""
    if len(mistake.node.items) >= mistake.context["min_length"]:
        return None
    if mistake.context["min_length"] == 1:
        return "empty", "the list is empty; write at least one"
    return _too_long(mistake)


def _too_long(mistake: _Mistake) -> Worded:
    return "wrong_length", f"this holds {len(mistake.node.items)}; write the two milestones it lies between"


def _operator(mistake: _Mistake) -> Worded:
    """A condition or an anchor that is none: no mapping, or not exactly one operator."""
    operators = CONDITIONS if mistake.kind == "condition" else ANCHORS
    example = "{count: an_event}" if mistake.kind == "condition" else "{first: an_event}"
    keys = list(mistake.node.fields)
    found = [key for key in operators if key in keys]
    if mistake.node.kind != "mapping":
        return "wrong_type", f"must be {mistake.message}, such as {example}, not {mistake.shown}"
    if found:
        hint = "keep one" if mistake.kind == "anchor" else "keep one, or put them under all or any"
        return "two_operators", f"{' and '.join(found)} are {len(found)} operators; {hint}"
    hint = instead(keys[0], operators) if keys else f"; write one of: {', '.join(operators)}"
    return "no_operator", f"no operator stands here{hint}"


def _wrong_kind(mistake: _Mistake) -> Worded:
    kinds = _quoted(mistake.context["expected_tags"])
    hint = "; to test for several values write {in: [...]}" if mistake.node.items and kinds[-1] == "(mapping)" else ""
    *others, last = (KINDS[kind] for kind in kinds)
    return "wrong_type", f"must be {', '.join(others)} or {last}, not {mistake.shown}{hint}"


def _wrong_type(mistake: _Mistake) -> Worded:
    expected = {
        "string_type": "text",
        "bool_type": "true or false",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "tuple_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
    }[mistake.kind]
    hint = "; write it in quotes" if expected == "text" and mistake.node.kind == "scalar" else ""
    return "wrong_type", f"must be {expected}, not {mistake.shown}{hint}"


WORDING: Mapping[str, Callable[[_Mistake], Worded]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "string_pattern_mismatch": _pattern,
    "string_type": _no_text,
    "literal_error": _literal,
    "greater_than_equal": _too_small,
    "string_too_short": _empty_text,
    "too_short": _too_short,
    "too_long": _too_long,
    "condition": _operator,
    "anchor": _operator,
    "union_tag_invalid": _wrong_kind,
}


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


# -- what the models allow at a place ----------------------------------------------------------------------------------
def _keys_at(loc: tuple[Step, ...]) -> list[str]:
    """The keys of the model at a location."""
    model = next(kind for kind, _ in _kinds_at(loc) if isinstance(kind, type) and issubclass(kind, Frozen))
    return [field.alias or name for name, field in model.model_fields.items()]


def _patterns_at(loc: tuple[Step, ...]) -> list[str | re.Pattern[str] | None]:
    """The patterns that a text at a location may have."""
    marks = (mark for _, found in _kinds_at(loc) for mark in found)
    return [mark.pattern for mark in marks if isinstance(mark, StringConstraints)]


def _kinds_at(loc: tuple[Step, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
    """The members of the union at a location (a plain type is one of one), each with the marks of its annotation."""
    kinds: list[tuple[Any, tuple[Any, ...]]] = [(Journey, ())]
    for step in loc:
        tagged = [member for member in kinds if Tag(str(step)) in member[1]]
        kinds = tagged or [inner for kind, _ in kinds for inner in _inside(kind, step)]
    return kinds


def _inside(kind: Any, step: Step) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    if isinstance(kind, type) and issubclass(kind, Frozen):
        for name, field in kind.model_fields.items():
            if (field.alias or name) == step:
                yield from _members(field.annotation, tuple(field.metadata))
    elif get_origin(kind) is tuple or (isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping)):
        yield from _members([x for x in get_args(kind) if x is not ...][-1])


def _members(annotation: Any, marks: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from _members(inner, (*marks, *more))
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member, marks)
    else:
        yield annotation, marks
