"""A plan -> Python functions made for that journey, and the State that they move.

Generated, because that is what makes a step cheap, and because source can be read, stepped through and kept as a
golden file. Per plan: `touch_<event>` (the facts), `on_<event>` (a whole step of one event, for entities that are
complete), `set_<attribute>`, one function per rule, `every` (all rules), `due` (those whose time has come), `next_due`,
`describe`. With `history_from`, `<name>_partial` are the same for entities that are not complete.
Decides nothing about lateness, order, revisions or bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

import msgspec

from streams.engine import summary
from streams.engine.dropoff import OUTCOMES, DropoffWriter, dropoff_fields, due_slot
from streams.engine.expressions import INF, Expressions, Side, is_timed, rises
from streams.engine.facts import Facts, Field, Lines, fact_fields, guarded, indent
from streams.engine.plan import Dropoff, Group, Milestone, Plan, Rule
from streams.engine.reader import Read, Reader, Setting
from streams.engine.rules import (
    Context,
    GroupWriter,
    RowKind,
    group_fields,
    group_timed,
    milestone,
    milestone_fields,
    population,
)
from streams.engine.summary import Gauge, Place, Standing
from streams.engine.values import satisfies

Row = tuple[int, int, int, int, int, int, int]  # instant, code, episode, other segment, previous, anchor, also matched
Put = Callable[[Any, int, Any], None]


@dataclass(frozen=True)
class Handler:
    """A relevant event of one journey. apply(state, t, x, rows) -> next due instant; its whole step if it is alone."""

    read: Read | None
    touch: Put
    apply: Callable[[Any, int, Any, list[Row]], int]
    sets: tuple[tuple[int, int, Put], ...]  # bit, place of the value, setter


@dataclass(frozen=True)
class Program:
    """handlers: by canonical event name. rows: the kinds of rows, from code `first_code` on."""

    plan: Plan
    state: type[msgspec.Struct]
    handlers: dict[str, Handler]
    every: Callable[[Any, int, list[Row]], int]  # all rules; next due instant
    due: Callable[[Any, int, list[Row]], tuple[int, int]]  # the rules that are due; (did anything change, next due)
    next_due: Callable[[Any], int]
    describe: Callable[[Any], Standing]
    census: Callable[[Any], int]  # a bit for each of `gauges`
    places: Callable[[Any], list[int]]  # for each of `place_names`, since when the entity is there, or 0
    instances: list[int]  # for each drop-off, for each of OUTCOMES: how often; the functions above count on
    gauges: tuple[Gauge, ...]
    place_names: tuple[Place, ...]
    first_code: int
    rows: tuple[RowKind, ...]
    segments: tuple[str, ...]
    source: str
    specs: tuple[Any, ...]  # what the generated code depends on beside its source


def key(rule: Rule) -> str:
    """The name of the rule's function, with the suffix of its side."""
    match rule:
        case Milestone():
            return f"m_{rule.name}"
        case Group():
            return rule.slot
        case Dropoff():
            return f"d_{rule.name}"
        case _:
            assert_never(rule)


def due_of_rule(rule: Rule) -> str | None:
    """The slot that says when to ask it again; None: only events and other rules move it."""
    match rule:
        case Milestone():
            return f"due_m_{rule.name}" if rises(rule.when) else None
        case Group():
            return f"due_{rule.slot}" if group_timed(rule) else None
        case Dropoff():
            return due_slot(rule)
        case _:
            assert_never(rule)


def state_type(plan: Plan) -> type[msgspec.Struct]:
    """at: the last step that had an event or changed anything. known: 1 complete, 2 begun before the log, 0 neither."""
    fields: list[Field] = [("at", int, 0), ("cohort", int, 0)]
    fields += [("known", int, 0)] if plan.history_ms is not None else []
    fields += fact_fields(plan)
    if plan.population is not None:
        fields.append(("inside", bool, False))
        fields += [("due_population", int, 0)] if is_timed(plan.population) else []
    for rule in plan.rules:
        match rule:
            case Milestone():
                fields += milestone_fields(rule)
            case Group():
                fields += group_fields(plan, rule)
            case Dropoff():
                fields += dropoff_fields(plan, rule)
            case _:
                assert_never(rule)
    return msgspec.defstruct("State", fields, array_like=True, gc=False)


def sees(rule: Rule, other: Rule) -> bool:
    """Whether `rule` refers to `other`."""
    match other:
        case Milestone():
            return ("milestone", other.name) in rule.inputs.rules
        case Group():
            return any(("segment", m.name) in rule.inputs.rules for m in other.members)
        case Dropoff():
            return ("dropoff", other.name) in rule.inputs.rules
        case _:
            assert_never(other)


class Compiler:
    """Writes the source of one plan, `lines`, and makes the functions of it. `compile` once."""

    def __init__(self, plan: Plan, first_code: int) -> None:
        self.plan = plan
        self.context = Context(plan, Expressions(plan), [], first_code)
        self.facts = Facts(plan, self.context.expressions)
        self.sides: tuple[Side, ...] = ("", "lo") if plan.history_ms is not None else ("",)
        self.segments = [m.name for r in plan.rules if isinstance(r, Group) for m in r.members]
        self.lines: Lines = []

    def compile(self) -> Program:
        """Write every function, run the source, and hand out what it defined."""
        p, names = self.plan, sorted(self.plan.relevant)
        readers = {name: Reader(p, name) for name in names}
        settings = {name: self.event(name, readers[name]) for name in names}
        for attribute in sorted(p.attributes_read):
            self.define(f"set_{attribute}", "s, t, v", self.facts.setter(attribute))
        for side in self.sides:
            self.side(side)
        self.define("next_due", "s", self.next_due())
        gauges, census = summary.census(p)
        places, lines = summary.places(p)
        self.define("describe", "s", summary.describe(p))
        self.define("census", "s", census)
        self.define("places", "s", lines)
        source = "\n".join(self.lines)
        space: dict[str, Any] = {"INF": INF, "satisfies": satisfies, "Standing": summary.Standing}
        space["n"] = [0] * (len(OUTCOMES) * sum(isinstance(r, Dropoff) for r in p.rules))
        space |= self.context.expressions.tests
        exec(compile(source, f"<journey {p.journey}>", "exec"), space)  # noqa: S102  (source made above, from names that were checked)
        handlers = {n: self.handler(n, readers[n], settings[n], space) for n in names}
        specs = (self.context.expressions.tests, {n: r.spec() for n, r in readers.items()})
        functions = {n: space[n] for n in ("every", "due", "next_due", "describe", "census", "places")}
        return Program(
            p,
            state_type(p),
            handlers,
            **functions,
            instances=space["n"],
            gauges=tuple(gauges),
            place_names=tuple(places),
            first_code=self.context.first_code,
            rows=tuple(self.context.codes),
            segments=tuple(self.segments),
            source=source,
            specs=specs,
        )

    def handler(self, name: str, reader: Reader, settings: list[Setting], space: dict[str, Any]) -> Handler:
        """The handler of one event, from the functions in `space`."""
        sets = tuple((s.bit, s.at, space[f"set_{s.attribute}"]) for s in settings)
        return Handler(reader.finish(), space[f"touch_{name}"], space[f"on_{name}"], sets)

    def define(self, name: str, args: str, lines: Lines) -> None:
        """Add one function to the source."""
        self.lines += [f"def {name}({args}):", *indent(lines or ["pass"]), "", ""]

    # -- events
    def event(self, name: str, reader: Reader) -> list[Setting]:
        """Write `touch_` and `on_` of one event; returns which attributes it may set."""
        facts = self.facts.event(name, reader)
        settings = reader.settings()
        mask = [f"mask = {'x' if reader.bare else 'x[0]'}"] if reader.masked else []
        self.define(f"touch_{name}", "s, t, x", [*mask, *facts])
        body = [*mask, *facts]
        for s in settings:
            body += guarded(f"mask & {s.bit}", [f"set_{s.attribute}(s, t, x[{s.at}])"])
        self.define(f"on_{name}", "s, t, x, out", [*body, *self.step_of(name, {s.attribute for s in settings})])
        return settings

    def step_of(self, name: str, attributes: set[str]) -> Lines:
        """The rules that look at this event or these attributes, and those that look at them in turn."""

        def moved(rule: Rule) -> str | None:
            return "" if name in rule.inputs.events or attributes & rule.inputs.attributes else None

        p, out = self.plan, []
        if name in p.population_inputs.events or attributes & p.population_inputs.attributes:
            out += guarded("population(s, t, out)", ["return every(s, t, out)"])
        return [*out, *self.look("", moved), "s.at = t", *self.next_due()]

    def look(self, suffix: str, when: Callable[[Rule], str | None]) -> Lines:
        """Ask rules in order: those for which `when` gives a test ("": always), and whoever sees one that changed."""
        out: Lines = []
        asked: list[Rule] = []
        for rule in self.plan.rules:
            own, seen = when(rule), [f"c_{key(o)} & 2" for o in asked if sees(rule, o)]
            if own is None and not seen:
                continue
            call = [f"c_{key(rule)} = {key(rule)}{suffix}(s, t, out)"]
            test = " or ".join(filter(None, [own, *seen]))
            out += call if own == "" else [f"c_{key(rule)} = 0", *guarded(test, call)]
            asked.append(rule)
        return out

    # -- rules and time
    def side(self, side: Side) -> None:
        """Write population, rules, `every` and `due` of one side; those of side "" send others to theirs."""
        p, suffix = self.plan, "_partial" if side else ""
        for rule in p.rules:
            self.define(f"{key(rule)}{suffix}", "s, t, out", [*self.rule(rule, side), "return did"])
        guard: Lines = []
        if p.population is not None:
            self.define(f"population{suffix}", "s, t, out", [*population(self.context, side), "return did"])
            guard = [f"population{suffix}(s, t, out)"]
        other = len(self.sides) > 1 and not side
        choose = guarded("s.known != 1", ["return every_partial(s, t, out)"]) if other else []
        calls = [f"{key(r)}{suffix}(s, t, out)" for r in p.rules]
        self.define(f"every{suffix}", "s, t, out", [*choose, *guard, *calls, "s.at = t", *self.next_due()])
        choose = guarded("s.known != 1", ["return due_partial(s, t, out)"]) if other else []
        self.define(f"due{suffix}", "s, t, out", [*choose, *self.due(suffix)])

    def rule(self, rule: Rule, side: Side) -> Lines:
        """The body of one rule's function, which leaves its answer in `did`."""
        match rule:
            case Milestone():
                return milestone(self.context, rule, side)
            case Group():
                return GroupWriter(self.context, rule, self.segments).lines(side)
            case Dropoff():
                return DropoffWriter(self.context, rule, side).lines()
            case _:
                assert_never(rule)

    def due(self, suffix: str) -> Lines:
        """The body of `due`: the rules whose instant has come, and those that see them change."""

        def ready(rule: Rule) -> str | None:
            slot = due_of_rule(rule)
            return None if slot is None else f"0 < s.{slot} <= t"

        p, out = self.plan, []
        if p.population is not None and is_timed(p.population):
            moved = f"0 < s.due_population <= t and population{suffix}(s, t, out)"
            out += guarded(moved, [f"return 1, every{suffix}(s, t, out)"])
        look = self.look(suffix, ready)
        asked = [line.split(" = ")[0] for line in look if line.startswith("c_")]
        changed = ["changed = " + (" | ".join(asked) or "0"), *guarded("changed", ["s.at = t"])]
        return [*out, *look, *changed, *self.next_due(answer="changed, due")]

    def next_due(self, answer: str = "due") -> Lines:
        """Lines that find the earliest due slot, INF if none is set, and return `answer`."""
        slots = [f"s.{slot}" for r in self.plan.rules if (slot := due_of_rule(r)) is not None]
        if self.plan.population is not None and is_timed(self.plan.population):
            slots.append("s.due_population")
        if not slots:
            return ["due = INF", f"return {answer}"]
        out = [f"due = {slots[0]} or INF"]
        for slot in slots[1:]:
            out += guarded(f"0 < {slot} < due", [f"due = {slot}"])
        return [*out, f"return {answer}"]


def make_program(plan: Plan, first_code: int = 0) -> Program:
    """All functions of one journey; the codes of its rows begin at `first_code`."""
    return Compiler(plan, first_code).compile()
