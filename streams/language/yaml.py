"""Text -> nodes that know their line and their path. YAML 1.2, core schema.

Decides: what a plain scalar is worth (null, bool, int, float or text; a timestamp stays text), that keys are texts and
stand once, that a file holds one document. An alias stands for what its anchor holds. Refused, because a reviewed file
needs none of it: an alias inside its own anchor, tags beyond the core schema, numbers that do not fit 64 bits, and what
unfolds to more than MAX_NODES values or deeper than MAX_DEPTH.
Does not know: journeys. Merge keys are not in YAML 1.2: `<<` is a key like any other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ruamel.yaml
from ruamel.yaml import events as seen
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from streams.language.problems import Problem, ProblemsFound

MAX_DEPTH = 64
MAX_NODES = 100_000
CORE = "tag:yaml.org,2002:"
WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
MAX_DIGITS = 64  # no text longer than this is read as an integer; in octal, 64 bits take 22 digits
Scalar = str | bool | int | float | None


@dataclass(frozen=True, eq=False)
class Node:
    """A value in the file. kind: scalar (`value`), mapping (`fields`), sequence (`items`), or absent (nothing there).

    line: where it stands; of a mapping or sequence under a key, where the key stands.
    """

    kind: str
    line: int = 0
    path: str = ""
    value: Scalar = None
    fields: Mapping[str, Node] = field(default_factory=dict)
    items: tuple[Node, ...] = ()

    def get(self, key: str) -> Node:
        """What stands under the key; ABSENT if nothing does, or if this is no mapping."""
        return self.fields.get(key, ABSENT)

    @property
    def texts(self) -> tuple[Node, ...]:
        """The texts that stand here: this one, or those of the sequence."""
        return tuple(node for node in (self, *self.items) if isinstance(node.value, str))

    def plain(self) -> Any:
        """The value without lines and paths."""
        match self.kind:
            case "mapping":
                return {key: node.plain() for key, node in self.fields.items()}
            case "sequence":
                return [node.plain() for node in self.items]
        return self.value


ABSENT = Node("absent")


def read_yaml(text: str, name: str) -> Node:
    """The root of the document `text`, which is called `name` in problems.

    Raises ProblemsFound: with the first error of syntax, else with all that is refused here.
    """
    reader = _Reader(name)
    root = reader.compose(text)
    reader.stop_if_refused()
    node = reader.place(root, "", root.line)
    reader.stop_if_refused()
    return node


@dataclass(eq=False)
class _Raw:
    """What the parser saw. An alias is the very object that its anchor named. children: of a mapping key, value, ..."""

    kind: str
    line: int
    tag: str | None = None
    text: str = ""
    plain: bool = False
    anchor: str | None = None
    children: list[_Raw] = field(default_factory=list)
    size: int = 1
    depth: int = 1

    def add(self, child: _Raw) -> None:
        self.children.append(child)
        self.size += child.size
        self.depth = max(self.depth, child.depth + 1)


class _Reader:
    """Two passes: `compose` builds what the parser sees, `place` unfolds it into nodes and says what it is worth."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def refuse(self, line: int, message: str, code: str, path: str = "") -> None:
        self.problems.append(Problem(self.name, line, path, message, code))

    def stop_if_refused(self) -> None:
        if self.problems:
            raise ProblemsFound(self.problems)

    # -- first pass: without recursion, so that no file can exhaust the stack
    def compose(self, text: str) -> _Raw:
        """The one document of the file, its sizes known and within bounds."""
        file = _Raw("file", 1)
        try:
            self._take(ruamel.yaml.YAML(typ="safe", pure=True).parse(text), file)
        except MarkedYAMLError as error:
            self.refuse(error.problem_mark.line + 1, f"this is no YAML: {error.problem}", "bad_yaml")
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.refuse(line, f"U+{error.character:04X} may not stand in a YAML file", "bad_yaml")
        self.stop_if_refused()
        if not file.children:
            self.refuse(1, "the file is empty; begin with journey, version, entity and events", "empty_file")
            return file
        if len(file.children) > 1:
            self.refuse(file.children[1].line, "a second document; write one journey in a file", "several_documents")
        if file.depth - 1 > MAX_DEPTH:
            self.refuse(1, f"nested deeper than {MAX_DEPTH} levels", "too_deep")
        if file.size - 1 > MAX_NODES:
            self.refuse(1, f"unfolds to more than {MAX_NODES} values", "too_large")
        return file.children[0]

    def _take(self, events: Iterable[Any], file: _Raw) -> None:
        stack, anchored = [file], dict[str, _Raw]()
        for event in events:
            line = event.start_mark.line + 1
            if len(stack) > MAX_DEPTH + 1:  # before the parser, which is slow in deep brackets, goes on
                self.refuse(line, f"nested deeper than {MAX_DEPTH} levels", "too_deep")
                return
            match event:
                case seen.MappingStartEvent():
                    stack.append(_Raw("mapping", line, event.tag, anchor=event.anchor))
                case seen.SequenceStartEvent():
                    stack.append(_Raw("sequence", line, event.tag, anchor=event.anchor))
                case seen.ScalarEvent():
                    plain = event.style is None
                    self._close(_Raw("scalar", line, event.tag, event.value, plain, event.anchor), stack, anchored)
                case seen.CollectionEndEvent():
                    self._close(stack.pop(), stack, anchored)
                case seen.AliasEvent() if event.anchor in anchored:
                    stack[-1].add(anchored[event.anchor])
                case seen.AliasEvent():
                    message = f"*{event.anchor} stands for nothing that has ended before it"
                    self.refuse(line, f"{message}; write the value itself", "bad_alias")
                    stack[-1].add(_Raw("scalar", line))

    def _close(self, raw: _Raw, stack: list[_Raw], anchored: dict[str, _Raw]) -> None:
        stack[-1].add(raw)
        if raw.anchor is not None:
            anchored[raw.anchor] = raw

    # -- second pass
    def place(self, raw: _Raw, path: str, line: int) -> Node:
        """The node at this path. line: of its key, if it has one."""
        match raw.kind:
            case "mapping":
                self._check_tag(raw, path)
                return Node("mapping", line, path, fields=self._fields(raw, path))
            case "sequence":
                self._check_tag(raw, path)
                items = (self.place(x, f"{path}[{i}]", x.line) for i, x in enumerate(raw.children))
                return Node("sequence", line, path, items=tuple(items))
        return Node("scalar", raw.line, path, self._worth(raw, path))

    def _fields(self, raw: _Raw, path: str) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key, value in zip(raw.children[::2], raw.children[1::2], strict=True):
            name = self._worth(key, path) if key.kind == "scalar" else None
            inside = f"{path}.{name}" if path else str(name)
            if not isinstance(name, str):
                shown = f"'{key.text}'" if key.kind == "scalar" else f"a {key.kind}"
                self.refuse(key.line, f"a key must be text, not {shown}; write it in quotes", "bad_key", path)
            elif name in fields:
                message = f"'{name}' stands here twice, first in line {lines[name]}; keep one"
                self.refuse(key.line, message, "duplicate_key", inside)
            else:
                fields[name], lines[name] = self.place(value, inside, key.line), key.line
        return fields

    def _check_tag(self, raw: _Raw, path: str) -> None:
        if raw.tag not in (None, "!", CORE + {"mapping": "map", "sequence": "seq"}.get(raw.kind, "str")):
            self.refuse(raw.line, f"the tag {raw.tag} is not known here; leave it out", "unknown_tag", path)

    def _worth(self, raw: _Raw, path: str) -> Scalar:
        """The value of a scalar: text, unless it is plain and the core schema says otherwise."""
        self._check_tag(raw, path)
        if not raw.plain or raw.tag is not None:
            return raw.text
        if raw.text in WORDS:
            return WORDS[raw.text]
        if INTEGER.fullmatch(raw.text):
            number = int(raw.text, 0 if raw.text[:2] in ("0o", "0x") else 10) if len(raw.text) <= MAX_DIGITS else 2**64
            if -(2**63) <= number < 2**63:
                return number
        elif FLOAT.fullmatch(raw.text):
            value = float(raw.text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            if math.isfinite(value):
                return value
        else:
            return raw.text
        self.refuse(raw.line, f"{raw.text[:MAX_DIGITS]} is no number that fits 64 bits", "bad_number", path)
        return None
