"""What a file declares, and whether a name that is used is one of them.

Decides: what counts as declared (whatever has a name, however broken the rest of it is, so that one mistake does not
make others), and what a problem with a name says.
Does not know: where names may be used, what a condition means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from streams.engine.plan import ValueType
from streams.language.problems import Problem, instead
from streams.language.yaml import Node

TYPES: Mapping[object, ValueType] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "timestamp": "timestamp",
}
Type = ValueType | None  # None: declared, but nobody can tell as what


@dataclass
class Findings:
    """Problems found so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, node: Node, code: str, message: str, *, under: Node | None = None) -> None:
        """A problem at the line of `node`, with its path or with that of the condition or anchor that it stands in."""
        self.problems.append(Problem(self.file, node.line, (under or node).path, message, code))


class Names:
    """The names of one file. events: name -> property -> type. anchors: name -> what it stands for."""

    def __init__(self, root: Node, findings: Findings) -> None:
        self.findings = findings
        self.events = {name: _types(event.get("properties")) for name, event in root.get("events").fields.items()}
        self.attributes = {name: _type(given.get("type")) for name, given in root.get("attributes").fields.items()}
        self.anchors = root.get("anchors").fields
        self.aliases: dict[str, str] = {}
        for name, event in root.get("events").fields.items():
            self.aliases |= {str(alias.value): name for alias in event.get("aliases").texts}
        self.declared: Mapping[str, Iterable[str]] = {
            "event": self.events,
            "attribute": self.attributes,
            "anchor": self.anchors,
            "milestone": root.get("milestones").fields,
            "segment": root.get("segments").fields,
            "drop-off": root.get("dropoffs").fields,
        }

    def known(self, kinds: str, node: Node, *, under: Node | None = None) -> bool:
        """Whether the text at this node is the name of such a thing; if not, that is reported.

        kinds: `event`, `attribute`, ... or several, as in `segment or drop-off`.
        """
        name = str(node.value)
        allowed = [x for kind in kinds.split(" or ") for x in self.declared[kind]]
        if name in allowed:
            return True
        if kinds == "event" and name in self.aliases:
            message = f"'{name}' is an alias; rules use the name of the catalogue: write '{self.aliases[name]}'"
            self.findings.add(node, "alias_used", message, under=under)
            return False
        other = next((kind for kind, names in self.declared.items() if name in names), None)
        what = f"is no {kinds}" if other is None else f"is {_article(other)} {other}, no {kinds}"
        self.findings.add(node, "unknown_name", f"'{name}' {what}{instead(name, allowed)}", under=under)
        return False

    def events_at(self, node: Node, *, under: Node | None = None) -> list[str]:
        """The catalogued events that are named here, one or a list; others are reported."""
        return [str(text.value) for text in node.texts if self.known("event", text, under=under)]

    def property_type(self, name: str, node: Node, events: Iterable[str]) -> set[ValueType]:
        """The types with which the events declare a property that is used at `node`; an event without it is reported.

        Empty if one of them cannot be told.
        """
        found: set[Type] = set()
        for event in dict.fromkeys(events):
            declared = self.events[event]
            if name not in declared:
                message = f"'{name}' is no property of event '{event}'{instead(name, declared)}"
                self.findings.add(node, "unknown_property", message)
            found.add(declared.get(name))
        return set() if None in found else {kind for kind in found if kind is not None}


def _types(properties: Node) -> dict[str, Type]:
    return {name: _type(kind) for name, kind in properties.fields.items()}


def _type(node: Node) -> Type:
    return TYPES.get(node.value)


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
