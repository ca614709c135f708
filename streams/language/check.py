"""Does a file make sense? Every refusal of language.md that needs more than one place of the file.

Decides: what each section may say, given the names of the others, and that references between rules run in no circle.
Does not know: shapes (shape.py reports them), what a single condition means (conditions.py asks that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from streams.engine.values import instant_ms
from streams.language.circles import Graph
from streams.language.conditions import Conditions
from streams.language.constants import check_among, check_constant
from streams.language.names import Findings, Names
from streams.language.problems import Problem
from streams.language.yaml import Node

CONDITIONS_OF = {"milestones": ("when",), "segments": ("when", "until"), "dropoffs": ("if", "expect")}
KIND_OF = {"milestones": "milestone", "segments": "segment", "dropoffs": "drop-off"}


def meaning(root: Node, file: str) -> list[Problem]:
    """Every problem of meaning, as far as the file can be understood; in no particular order."""
    findings = Findings(file)
    check = _Check(root, findings, Names(root, findings))
    check.nulls(root)
    check.head()
    check.events()
    check.attributes()
    check.anchors_and_population()
    check.rules()
    check.groups()
    check.uses()
    return findings.problems


class _Check:
    def __init__(self, root: Node, findings: Findings, names: Names) -> None:
        self.root, self.findings, self.names = root, findings, names
        self.conditions = Conditions(names, findings)

    def nulls(self, node: Node) -> None:
        """A null stands nowhere, except as a constant in `sets`, where it takes an attribute back."""
        if node.kind == "scalar" and node.value is None and node.path and not _is_set(node.path):
            last = node.path.rpartition(".")[2]
            if last in ("to", "from"):
                message = f"null is no value to change {last}; leave `{last}` out, or write a value"
            else:
                message = "nothing stands here; write a value ({} for an empty mapping), or leave the key out"
            self.findings.add(node, "null_value", message)
        for inner in (*node.fields.values(), *node.items):
            self.nulls(inner)

    def head(self) -> None:
        """The dates at the top are in the calendar."""
        since, review = self.root.get("time").get("history_from"), self.root.get("review_by")
        if isinstance(since.value, str) and instant_ms(since.value) is None:
            self.findings.add(since, "bad_timestamp", f"'{since.value}' is not in the calendar; write a day that is")
        if isinstance(review.value, str) and not _is_date(review.value):
            self.findings.add(review, "bad_date", f"'{review.value}' is not in the calendar; write a day that is")

    # -- the catalogue
    def events(self) -> None:
        """Names and aliases are not shared; `sets` fills attributes from what the event has."""
        owners = {name: name for name in self.names.events}
        for name, event in self.root.get("events").fields.items():
            for alias in event.get("aliases").texts:
                owner = owners.setdefault(str(alias.value), name)
                if alias.value in self.names.events or owner != name:
                    message = f"'{alias.value}' is already a name of event '{owner}'; one name means one event"
                    self.findings.add(alias, "shared_name", message)
            for attribute, given in _sets(event):
                self._set(name, attribute, given)

    def _set(self, event: str, attribute: Node, given: Node) -> None:
        name, value = str(attribute.value), given.value
        known = self.names.known("attribute", attribute)
        kind = self.names.attributes[name] if known else None
        if not isinstance(value, str) or not value.startswith("$"):
            check_constant(given, kind, name, self.findings)
            return
        source = value[1:]
        kinds = self.names.property_type(source, given, [event])
        if kind is not None and kinds and kind not in kinds:
            message = f"property '{source}' is a {kinds.pop()}, attribute '{name}' a {kind}; give both one type"
            self.findings.add(given, "wrong_type", message)

    def attributes(self) -> None:
        """Values, default and otherwise are of the attribute's type, and the latter two among the values."""
        for name, given in self.root.get("attributes").fields.items():
            values = given.get("values")
            for constant in (*values.items, given.get("default"), given.get("otherwise")):
                check_constant(constant, self.names.attributes[name], name, self.findings)
            if values.kind == "sequence":
                check_among(given.get("default"), values, self.findings)
                check_among(given.get("otherwise"), values, self.findings)
            elif given.get("otherwise").kind == "scalar":
                message = "`otherwise` replaces what is outside `values`; write `values` too"
                self.findings.add(given.get("otherwise"), "outside_values", message)

    def anchors_and_population(self) -> None:
        """Anchors make sense, used or not; the population looks at no rule."""
        for anchor in self.names.anchors.values():
            self.conditions.anchor_itself(anchor)
        self.conditions.condition(self.root.get("population"))
        for reference in self.conditions.take_references():
            message = f"the population looks at no rule, but this is {reference.kind} '{reference.name}'"
            self.findings.add(reference.node, "population_refers", f"{message}; look at events or attributes")

    # -- rules
    def rules(self) -> None:
        """Each condition of each rule, and what the rules look at."""
        graph = Graph()
        for section, kind, name, rule in self._all_rules():
            for key in CONDITIONS_OF[section]:
                self.conditions.condition(rule.get(key))
            if section == "dropoffs":
                self.conditions.anchor(rule.get("after"), rule.get("after"))
            group = rule.get("group").value if section == "segments" else None
            graph.add(kind, name, group if isinstance(group, str) else None, self.conditions.take_references())
        for circle, reference in graph.circles():
            message = f"rules look at each other in a circle: {circle}; let one of them look at events instead"
            self.findings.add(reference.node, "cycle", message)

    def _all_rules(self) -> Iterator[tuple[str, str, str, Node]]:
        for section, kind in KIND_OF.items():
            for name, rule in self.root.get(section).fields.items():
                yield section, kind, name, rule

    def groups(self) -> None:
        """Members of a group have different priorities; nobody else has one. A file has at least one rule."""
        taken: dict[tuple[str, int], str] = {}
        for name, segment in self.root.get("segments").fields.items():
            group, priority = segment.get("group"), segment.get("priority")
            if group.kind == "absent" and priority.kind != "absent":
                message = "`priority` decides within a group; write `group` too, or leave `priority` out"
                self.findings.add(priority, "priority_without_group", message)
            elif group.kind != "absent" and priority.kind == "absent":
                message = f"group '{group.value}' needs a `priority` here; write one that no other member has"
                self.findings.add(segment, "missing_priority", message)
            elif isinstance(group.value, str) and isinstance(priority.value, int):
                first = taken.setdefault((group.value, priority.value), name)
                if first != name:
                    message = f"segment '{first}' of the group has priority {priority.value} already; write another"
                    self.findings.add(priority, "equal_priority", message)
        if self.root.kind == "mapping" and not any(self._all_rules()):
            message = "there is no rule; write at least one milestone, segment or drop-off"
            self.findings.add(self.root, "no_rules", message)

    def uses(self) -> None:
        """Rules that other sections name: edge, path, plans."""
        for dropoff in self.root.get("dropoffs").fields.values():
            for milestone in dropoff.get("edge").texts:
                self.names.known("milestone", milestone)
        for milestone in self.root.get("path").texts:
            self.names.known("milestone", milestone)
        for name, plan in self.root.get("plans").fields.items():
            self.names.known("segment or drop-off", Node("scalar", plan.line, plan.path, name))
            for milestone in plan.get("next").texts:
                self.names.known("milestone", milestone)


def _sets(event: Node) -> Iterator[tuple[Node, Node]]:
    """(attribute, constant or $property) of both forms of `sets`."""
    sets = event.get("sets")
    for both in sets.texts if sets.kind == "sequence" else ():
        yield both, Node("scalar", both.line, both.path, f"${both.value}")
    for name, given in sets.fields.items():
        yield Node("scalar", given.line, given.path, name), given


def _is_set(path: str) -> bool:
    return re.fullmatch(r"events\.[^.]+\.sets\..+", path) is not None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
