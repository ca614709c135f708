"""Does a condition make sense? Every refusal of language.md section 3 that one condition or anchor can deserve.

Decides: what goes together inside a condition. It asks the file, not the model, so that it can still answer when other
parts of the file are broken; what is missing or of the wrong shape is passed over, `shape` reports it.
Does not know: rules. The references between them are collected for `check`.

A problem with what an operator itself names is placed at the condition: `dropoffs.stalled.expect`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from schemas.conditions import ANCHORS, CONDITIONS
from streams.engine.plan import OPEN_KEPT
from streams.language.constants import check_constant, check_tests
from streams.language.names import Findings, Names
from streams.language.yaml import ABSENT, Node

RULE_OF = {
    "milestone": "milestone",
    "segment": "segment",
    "dropped": "drop-off",
    "achieved": "milestone",
    "entered": "segment",
}


@dataclass(frozen=True)
class Reference:
    """A rule that a condition refers to, and where. kind: milestone, segment or drop-off."""

    kind: str
    name: str
    node: Node


def operator_of(node: Node, operators: Collection[str]) -> str | None:
    """The only operator that stands here, if it is the only one."""
    found = [key for key in operators if key in node.fields]
    return found[0] if len(found) == 1 else None


@dataclass
class Conditions:
    """Checks conditions and anchors, and collects the rules that they refer to."""

    names: Names
    findings: Findings
    references: list[Reference] = field(default_factory=list)

    def take_references(self) -> list[Reference]:
        """The references since they were last taken."""
        taken, self.references = self.references, []
        return taken

    def condition(self, node: Node) -> None:
        """One condition with all its parts."""
        match operator_of(node, CONDITIONS):
            case "count":
                self._count(node)
            case "open":
                self._open(node)
            case "elapsed":
                self.anchor(node.get("elapsed"), node)
            case "ahead":
                self._ahead(node)
            case "attribute":
                self._attribute(node)
            case "milestone" | "segment" | "dropped" as op:
                self._rule(op, node)
            case "all" | "any" as op:
                self._parts(op, node)
            case "not":
                self.condition(node.get("not"))

    # -- anchors
    def anchor(self, given: Node, under: Node) -> Node:
        """The anchor that is given by name or in place, checked; ABSENT if there is none of that name."""
        if not isinstance(given.value, str):
            self.anchor_itself(given)
            self._refer(given, given)
            return given
        if not self.names.known("anchor", given, under=under):
            return ABSENT
        anchor = self.names.anchors[given.value]
        self._refer(anchor, given)
        return anchor

    def anchor_itself(self, node: Node) -> None:
        """An anchor that is not given by name."""
        match operator_of(node, ANCHORS):
            case "first" | "last" as op:
                self._where(node, self.names.events_at(node.get(op), under=node))
            case "changed":
                for attribute in node.get("changed").texts:
                    self._changed(attribute, node)
            case "attribute":
                for attribute in node.get("attribute").texts:
                    self._date(attribute, node)
            case "achieved" | "entered" | "dropped" as op:
                for name in node.get(op).texts:
                    self.names.known(RULE_OF[op], name, under=node)

    def _changed(self, attribute: Node, node: Node) -> None:
        if self.names.known("attribute", attribute, under=node):
            name = str(attribute.value)
            for constant in (node.get("to"), node.get("from")):
                check_constant(constant, self.names.attributes[name], name, self.findings)

    def _date(self, attribute: Node, node: Node) -> None:
        if self.names.known("attribute", attribute, under=node):
            kind = self.names.attributes[str(attribute.value)]
            if kind not in (None, "timestamp"):
                message = f"a date needs an attribute of type timestamp; '{attribute.value}' is a {kind}"
                self.findings.add(attribute, "no_date", message, under=node)

    def _refer(self, anchor: Node, given: Node) -> None:
        """Notes the rule that an anchor points at, if there is one."""
        op = operator_of(anchor, ANCHORS)
        if op in RULE_OF:
            self.references += (Reference(RULE_OF[op], str(name.value), given) for name in anchor.get(op).texts)

    # -- operators
    def _rule(self, op: str, node: Node) -> None:
        for name in node.get(op).texts:
            if self.names.known(RULE_OF[op], name, under=node):
                self.references.append(Reference(RULE_OF[op], str(name.value), node))

    def _attribute(self, node: Node) -> None:
        for name in node.get("attribute").texts:
            if self.names.known("attribute", name, under=node):
                check_tests(node, self.names.attributes[str(name.value)], str(name.value), self.findings)

    def _ahead(self, node: Node) -> None:
        anchor = self.anchor(node.get("ahead"), node)
        if operator_of(anchor, ANCHORS) not in (None, "attribute"):
            message = "`ahead` needs a date, which is {attribute: ...}; what has happened does not lie ahead"
            self.findings.add(node.get("ahead"), "no_date", message, under=node)

    def _parts(self, op: str, node: Node) -> None:
        parts = node.get(op).items
        for part in parts:
            self.condition(part)
        bound = node.get("at_least")
        if op == "any" and parts and isinstance(bound.value, int) and not 1 <= bound.value <= len(parts):
            message = f"{bound.value} of {len(parts)} parts; write a number from 1 to {len(parts)}"
            self.findings.add(bound, "any_bound", message)

    def _open(self, node: Node) -> None:
        events = self.names.events_at(node.get("open"), under=node)
        closed_by = self.names.events_at(node.get("closed_by"))
        for event in sorted(set(events) & set(closed_by)):
            message = f"'{event}' cannot open and close; name it in one of `open` and `closed_by`"
            self.findings.add(node.get("closed_by"), "common_event", message)
        for by in node.get("by").texts:
            self.names.property_type(str(by.value), by, events + closed_by)
        self._one_bound(node)
        for bound in (node.get("at_least"), node.get("at_most")):
            if isinstance(bound.value, int) and bound.value > OPEN_KEPT:
                message = f"at most {OPEN_KEPT} values are kept open; write {OPEN_KEPT} or less"
                self.findings.add(bound, "open_bound", message)

    def _count(self, node: Node) -> None:
        events = self.names.events_at(node.get("count"), under=node)
        self._where(node, events)
        for distinct in node.get("distinct").texts:
            self.names.property_type(str(distinct.value), distinct, events)
        self.names.events_at(node.get("reset_by"))
        self._one_bound(node)
        since, slack = node.get("since"), node.get("slack")
        anchor = self.anchor(since, since)
        op = operator_of(anchor, ANCHORS)
        if op == "attribute":
            message = "a date is no place to count from; dates stand in `elapsed`, `ahead` and `after` only"
            self.findings.add(since, "date_anchor", message)
        elif slack is not ABSENT:
            self._slack(slack, since, anchor, events)

    def _slack(self, slack: Node, since: Node, anchor: Node, events: list[str]) -> None:
        op = operator_of(anchor, ANCHORS)
        if since is ABSENT:
            message = "`slack` widens `since`; write `since` too, or leave `slack` out"
            self.findings.add(slack, "slack_without_since", message)
        elif op in ("first", "last"):
            own = {str(text.value) for text in anchor.get(op).texts}
            for event in sorted(own.intersection(events)):
                message = f"'{event}' is the anchor's own event; count another one, or leave `slack` out"
                self.findings.add(slack, "slack_own_event", message)
        elif op is not None:
            message = "`slack` needs an anchor that is an event, {first: ...} or {last: ...}"
            self.findings.add(slack, "slack_without_event", message)

    def _where(self, node: Node, events: list[str]) -> None:
        for name, given in node.get("where").fields.items():
            kinds = self.names.property_type(name, given, events)
            if len(kinds) > 1 and set(given.fields) != {"known"}:
                message = f"'{name}' is a {' here and a '.join(sorted(kinds))} there; test `known` only, or count apart"
                self.findings.add(given, "mixed_types", message)
            check_tests(given, kinds.pop() if len(kinds) == 1 else None, name, self.findings)

    def _one_bound(self, node: Node) -> None:
        if node.get("at_least") is not ABSENT and node.get("at_most") is not ABSENT:
            message = "`at_least` and `at_most` exclude each other; keep one, or write two conditions under `all`"
            self.findings.add(node.get("at_most"), "two_bounds", message)
