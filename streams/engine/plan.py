"""What a journey keeps of an entity, and which rule looks at what: a journey as data, ready to be turned into code.

Facts are shared, rules are ordered. A fact is an anchor, an attribute, a tally (what a `count` keeps) or the open
values of an `open`; conditions name facts by their slot in the state. Everything here is frozen;
`streams.language.compile` makes it and has already refused whatever does not make sense.
Does not know: YAML, time, state, how a condition is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

OPEN_KEPT = 64  # values of one `open` that are remembered (language.md section 3)
Tests = tuple[tuple[str, Any], ...]  # (operator, constant), constants in the type of what they test
Where = tuple[tuple[str, Tests], ...]  # (property, tests), sorted by property
ValueType = Literal["string", "number", "boolean", "timestamp"]


# -- facts -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Anchor:
    """An instant that conditions count from. Its slot holds 0 (a date: None) while it has not happened.

    op: first last (events, where), achieved entered dropped (target: a rule), changed attribute (target: an attribute).
    to, source: of `changed`, `(given, value)`; `source` is the language's `from`.
    """

    op: Literal["first", "last", "achieved", "entered", "dropped", "changed", "attribute"]
    events: tuple[str, ...] = ()
    where: Where = ()
    target: str = ""
    to: tuple[bool, Any] = (False, None)
    source: tuple[bool, Any] = (False, None)

    @property
    def is_event(self) -> bool:
        """Whether events make it happen."""
        return self.op in ("first", "last")

    @property
    def is_date(self) -> bool:
        """Whether it is the value of an attribute: it may lie ahead, move and be unset."""
        return self.op == "attribute"


@dataclass(frozen=True)
class Tally:
    """What is kept of the events that a `count` counts.

    style: counter (a number up to `kept`), instants (the `kept` newest), values (the `kept` values of property
    `distinct` that were seen last, with their newest instants).
    restart: an event anchor; when it happens the tally is emptied, so what is left came after it in (instant, id).
    twofold: an instance of drop-off `scope` may have to know what came after its own anchor although the anchor has
    happened again; `slot` then counts after the instance's anchor and `<slot>_new` after the newest one.
    users: the rules that read it; a tally that only milestones read stops once they are achieved.
    """

    slot: str
    events: tuple[str, ...]
    where: Where
    distinct: str | None
    reset_by: tuple[str, ...]
    restart: Anchor | None
    style: Literal["counter", "instants", "values"]
    kept: int
    users: frozenset[str]
    scope: str | None = None
    twofold: bool = False


@dataclass(frozen=True)
class Opens:
    """Values of property `by` that are open, with the instant since when; oldest first, at most OPEN_KEPT."""

    slot: str
    events: tuple[str, ...]
    closed_by: tuple[str, ...]
    by: str


@dataclass(frozen=True)
class Attribute:
    """values: all that it may be; None: anything of its type. otherwise: what another becomes; None: it is ignored."""

    name: str
    type: ValueType
    default: Any
    values: tuple[Any, ...] | None
    otherwise: Any


# -- conditions --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Count:
    """need: at least so many or, with `at_most`, one more than allowed.

    phase: "" for an ordinary count. In the `expect` of drop-off `scope`, a count without since, last and reset_by
    stands in two forms: "pending" counts after the instance's anchor, "open" counts from the deadline on.
    """

    tally: str
    need: int
    at_most: bool
    since: Anchor | None = None
    slack_ms: int = 0
    last_ms: int = 0
    scope: str = ""
    phase: Literal["", "pending", "open"] = ""


@dataclass(frozen=True)
class Open:
    """So many values are open (`need` and `at_most` as in Count), each for `older_ms` at least."""

    opens: str
    need: int
    at_most: bool
    older_ms: int


@dataclass(frozen=True)
class Elapsed:
    """The instant lies in [anchor + from_ms, anchor + to_ms); to_ms None: for ever."""

    anchor: Anchor
    from_ms: int
    to_ms: int | None


@dataclass(frozen=True)
class Ahead:
    """The instant lies in [anchor - less_ms, anchor); the anchor is a date."""

    anchor: Anchor
    less_ms: int


@dataclass(frozen=True)
class Has:
    """The value of the attribute satisfies every test."""

    attribute: str
    tests: Tests


@dataclass(frozen=True)
class Ref:
    """The milestone is achieved, the entity is in the segment, or the drop-off is open."""

    kind: Literal["milestone", "segment", "dropped"]
    rule: str


@dataclass(frozen=True)
class AnyOf:
    """need of parts: 1 is `any`, all of them is `all`."""

    parts: tuple[Condition, ...]
    need: int


@dataclass(frozen=True)
class Not:
    """True while `part` is false, unknown while it is unknown."""

    part: Condition


Condition = Count | Open | Elapsed | Ahead | Has | Ref | AnyOf | Not


# -- rules -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Inputs:
    """What a rule looks at. It is looked at again when one of these moves, or when its own time has come.

    rules: (milestone | segment | dropoff, name).
    """

    events: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    rules: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Milestone:
    """Achieved once, at the first instant at which `when` is true."""

    name: str
    when: Condition
    inputs: Inputs


@dataclass(frozen=True)
class Segment:
    """A member of a group. until None: it lasts as long as `when`; else it lasts until `until` is true."""

    name: str
    when: Condition
    until: Condition | None


@dataclass(frozen=True)
class Group:
    """Segments of which an entity is in at most one, the highest priority first; a lone segment is a group of one.

    slot: what it is called in the state: `g_<group>` or, of a lone segment, `s_<segment>`.
    """

    slot: str
    members: tuple[Segment, ...]
    inputs: Inputs


@dataclass(frozen=True)
class Dropoff:
    """expect in both forms: while an instance is pending, and while it is open; equal if no count is scoped."""

    name: str
    after: Anchor
    within_ms: int
    expect_pending: Condition
    expect_open: Condition
    only_if: Condition | None
    inputs: Inputs
    edge: tuple[str, str] | None


Rule = Milestone | Group | Dropoff


@dataclass(frozen=True)
class Plan:
    """One journey. Mappings are never changed after it is made.

    events: catalogue, name -> property -> type.  aliases: alias -> name.  begins: names marked so.
    sets: event -> attribute -> ("const", value) or ("property", name).
    anchors: every anchor in use -> its slot.  tallies, opens: by slot.
    rules: in dependency order, ties in file order.  path: milestones of the funnel, in order.
    relevant: events that leave a trace in an entity.  first_anchor: of the file, if a rule reads it and it is an event
    or a date; how long milestones take is measured from it.  history_ms: the log is complete since then; None: always.
    """

    journey: str
    version: int
    entity_type: str
    lateness_ms: int
    history_ms: int | None
    events: Mapping[str, Mapping[str, ValueType]]
    aliases: Mapping[str, str]
    begins: frozenset[str]
    sets: Mapping[str, Mapping[str, tuple[Literal["const", "property"], Any]]]
    attributes: Mapping[str, Attribute]
    anchors: Mapping[Anchor, str]
    tallies: Mapping[str, Tally]
    opens: Mapping[str, Opens]
    population: Condition | None
    population_inputs: Inputs
    rules: tuple[Rule, ...]
    path: tuple[str, ...]
    relevant: frozenset[str]
    first_anchor: Anchor | None
    attributes_read: frozenset[str] = field(default_factory=frozenset)

    def mirror(self, tally: Tally) -> str | None:
        """The slot of the anchor that holds the very instant which this tally would keep, if there is one."""
        if tally.style != "instants" or tally.kept > 1 or tally.reset_by or tally.restart is not None:
            return None
        return self.anchors.get(Anchor("last", tally.events, tally.where))
