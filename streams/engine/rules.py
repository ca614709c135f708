"""The code of population, milestones and groups: lines of Python source of one function each.

A rule function takes (s, t, out), moves the state, appends its rows and answers 0 (nothing changed), QUIET (its state
changed) or VISIBLE (so that others see it). When it wants to be asked again stands in its due slot; 0 means never. A
due slot is derived and never a reason to call a step a change.
Names in the source: s, t, out, did; r (a signed instant), u (earliest of those), now and win (members of a group).
Does not know: when a rule is asked, events.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from streams.engine.expressions import Expressions, Side, is_timed, rises
from streams.engine.facts import Field, Lines, empty, guarded, indent, kept_tallies
from streams.engine.plan import Anchor, Group, Milestone, Not, Plan, Segment

QUIET, VISIBLE = 1, 3


class RowKind(NamedTuple):
    """What rows of one code have in common. members: of the group, in the order of the bits of `also`."""

    rule: str
    rule_type: str
    kind: str
    members: tuple[str, ...] = ()


class Context(NamedTuple):
    """What the writers of rules share. codes: the kinds of rows so far; a row's code is its place plus `first_code`."""

    plan: Plan
    expressions: Expressions
    codes: list[RowKind]
    first_code: int

    def code(self, *kind: Any) -> int:
        """The code of rows of this kind (the fields of RowKind), a new one at first."""
        row = RowKind(*kind)
        if row not in self.codes:
            self.codes.append(row)
        return self.first_code + self.codes.index(row)

    @property
    def guard(self) -> bool:
        """Whether the journey has a population, so that rules ask `s.inside`."""
        return self.plan.population is not None

    def anchored(self, op: str, target: str) -> bool:
        """Whether any condition counts from this."""
        return any(a.op == op and a.target == target for a in self.plan.anchors)


def row(  # noqa: PLR0913  # one argument per item of a Row
    code: int, episode: str, *, other: str = "0", prev: str = "0", anchor: str = "0", also: str = "0"
) -> str:
    """The line that appends a Row (see program.Row) at t; every item but the code is source."""
    return f"out.append((t, {code}, {episode}, {other}, {prev}, {anchor}, {also}))"


# -- population --------------------------------------------------------------------------------------------------------
def population(context: Context, side: Side) -> Lines:
    """Unknown changes nothing, at first it counts as outside."""
    condition, e = context.plan.population, context.expressions
    assert condition is not None
    if side:
        ask = [f"lo = {e.signed(condition, 'lo')}", f"hi = {e.signed(condition, 'hi')}", "u = min(abs(lo), abs(hi))"]
        now = "lo > 0 or (s.inside and hi > 0)"
    else:
        ask, now = [f"r = {e.signed(condition)}", "u = abs(r)"], "r > 0"
    due = ["s.due_population = u if u < INF else 0"] if is_timed(condition) else []
    return [*ask, *due, f"now = {now}", f"did = {VISIBLE} if now != s.inside else 0", "s.inside = now"]


# -- milestone ---------------------------------------------------------------------------------------------------------
def milestone_fields(r: Milestone) -> list[Field]:
    """(name, type, default) of what the milestone takes in the state."""
    return [(f"m_{r.name}", int, 0), *([(f"due_m_{r.name}", int, 0)] if rises(r.when) else [])]


def milestone(context: Context, r: Milestone, side: Side) -> Lines:
    """Achieved once; `m_<name>` holds the instant."""
    e = context.expressions
    asking: Side = "lo" if side else ""
    own = [t for t in kept_tallies(context.plan) if t.users == {r.name} and t.style != "counter"]
    due = [f"s.due_m_{r.name} = 0"] if rises(r.when) else []
    hit = [
        f"s.m_{r.name} = t",
        row(context.code(r.name, "milestone", "achieved"), "1", anchor=began(context)),
        *(f"s.{t.slot} = {empty(t)}" for t in own),
        *due,
        f"did = {VISIBLE}",
    ]
    if not is_timed(r.when):
        ask = guarded(e.boolean(r.when, asking), hit)
    elif not due:
        ask = guarded(f"{e.signed(r.when, asking)} > 0", hit)
    else:
        wait = [f"s.due_m_{r.name} = -r if r > -INF else 0"]
        ask = [f"r = {e.signed(r.when, asking)}", *guarded("r > 0", hit), "else:", *indent(wait)]
    open_to = f"not s.m_{r.name}{' and s.inside' if context.guard else ''}"
    otherwise = ["else:", *indent(due)] if due else []
    return ["did = 0", *guarded(open_to, ask), *otherwise]


def began(context: Context) -> str:
    """The instant of the journey's first anchor, 0 if there is none; a date may lie ahead."""
    first = context.plan.first_anchor
    if first is None:
        return "0"
    return f"{context.expressions.slot(first)} or 0" if first.is_date else context.expressions.slot(first)


# -- group -------------------------------------------------------------------------------------------------------------
def segment_timed(m: Segment) -> bool:
    """Whether time alone can let an entity in or out."""
    return is_timed(m.when) or (m.until is not None and is_timed(m.until))


def group_timed(r: Group) -> bool:
    """Whether time alone can change which member claims an entity."""
    return any(map(segment_timed, r.members))


def group_fields(plan: Plan, r: Group) -> list[Field]:
    """Who is in and since when, episodes and entries of each member, and the due instant if there is one."""
    out: list[Field] = [(f"in_{r.slot}", int, 0), (f"prev_{r.slot}", int, 0)]
    for m in r.members:
        out.append((f"sep_{m.name}", int, 0))
        if Anchor("entered", target=m.name) in plan.anchors:
            out.append((f"entered_{m.name}", int, 0))
    return [*out, *([(f"due_{r.slot}", int, 0)] if group_timed(r) else [])]


class GroupWriter:
    """One function: which member claims the entity now, and the rows of a change."""

    def __init__(self, context: Context, r: Group, segments: list[str]) -> None:
        self.context, self.r, self.e = context, r, context.expressions
        self.names = tuple(m.name for m in r.members)
        self.places = (0, *(segments.index(n) + 1 for n in self.names))  # member -> segment of the plan

    def lines(self, side: Side) -> Lines:
        """The body of the rule function, for one side; `did` is its answer."""
        r = self.r
        due = [f"s.due_{r.slot} = u if u < INF else 0"] if group_timed(r) else []
        winner = self._winner_partial() if side else self._winner()
        also = self._also() if len(r.members) > 1 and not side else []
        change = [*also, *self._rows(), f"s.in_{r.slot} = win", f"s.prev_{r.slot} = t", f"did = {VISIBLE}"]
        head = [f"now = s.in_{r.slot}", "win, also, did, u = 0, 0, 0, INF"]
        return [*head, *winner, *due, *guarded("win != now", change)]

    def _signed(self, i: int, side: Side) -> str:
        """Whether the member claims the entity, as a signed instant: not until and (when or in)."""
        m = self.r.members[i]
        if m.until is None:
            return self.e.signed(m.when, side)
        leave = self.e.signed(Not(m.until), side)
        return f"min({leave}, INF if s.in_{self.r.slot} == {i + 1} else {self.e.signed(m.when, side)})"

    def _holds(self, i: int) -> str:
        return f"{self._signed(i, '')} > 0" if segment_timed(self.r.members[i]) else self._boolean(i)

    def _boolean(self, i: int) -> str:
        m = self.r.members[i]
        if m.until is None:
            return self.e.boolean(m.when)
        inside = f"s.in_{self.r.slot} == {i + 1}"
        return f"{self.e.boolean(Not(m.until))} and ({inside} or ({self.e.boolean(m.when)}))"

    def _winner(self) -> Lines:
        """The first member, from the highest priority down, that claims the entity."""
        body: Lines = []
        for i, m in enumerate(self.r.members):
            if segment_timed(m):
                win = [f"win, u = {i + 1}, min(u, r)", "break"]
                body += [f"r = {self._signed(i, '')}", *guarded("r > 0", win), "u = min(u, -r)"]
            else:
                body += guarded(self._boolean(i), [f"win = {i + 1}", "break"])
        return [f"while {'s.inside' if self.context.guard else 'True'}:", *indent([*body, "break"])]

    def _winner_partial(self) -> Lines:
        """A member begins on true and ends on false; unknown changes nothing."""
        body: Lines = []
        for i in range(len(self.r.members)):
            claims = f"lo > 0 or (hi > 0 and now == {i + 1})"
            hit = ["if win:", f"    also |= {1 << i}", "else:", f"    win = {i + 1}"]
            body += [f"lo = {self._signed(i, 'lo')}", f"hi = {self._signed(i, 'hi')}", "u = min(u, abs(lo), abs(hi))"]
            body += guarded(claims, hit)
        return guarded("s.inside", body) if self.context.guard else body

    def _also(self) -> Lines:
        """Members that hold too and lost to the winner."""
        out: Lines = []
        for i in range(1, len(self.r.members)):
            out += guarded(f"0 < win < {i + 1} and ({self._holds(i)})", [f"also |= {1 << i}"])
        return out

    def _rows(self) -> Lines:
        out: Lines = []
        for verb, mine, other in (("exited", "now", "win"), ("entered", "win", "now")):
            for i, name in enumerate(self.names):
                entered = Anchor("entered", target=name) in self.context.plan.anchors
                begin = [f"s.sep_{name} += 1", *([f"s.entered_{name} = t"] if entered else [])]
                to = f"{self.places!r}[{other}]" if len(self.names) > 1 else "0"
                code = self.context.code(name, "segment", verb, self.names)
                publish = row(code, f"s.sep_{name}", other=to, prev=f"s.prev_{self.r.slot}", also="also")
                lines = [*(begin if verb == "entered" else []), publish]
                out += [f"{'el' if i else ''}if {mine} == {i + 1}:", *indent(lines)]
        return out
