"""The code of one drop-off: follow, met, drop, recover, arm, in this order, inside the population.

The steps and their order are those of language.md section 4.
State: dst_<name> 0 none, 1 pending, 2 open; dend_ the deadline while pending; dep_ episodes; dprev_ instant of its last
transition, which while it is open is its deadline; dnew_ the anchor has happened and no instance has used it yet;
darm_ (dates) when the instance was armed; dat_ when it dropped last, if an anchor reads it.
Names in the source: st, end, new, did as above; r, the signed `expect`; n, how often instances had which outcome.
"""

from __future__ import annotations

from streams.engine.expressions import Side, is_timed
from streams.engine.facts import Field, Lines, empty, guarded, indent
from streams.engine.plan import Condition, Dropoff, Plan
from streams.engine.rules import QUIET, VISIBLE, Context, row

OUTCOMES = ("armed", "met", "dropped", "cancelled", "followed")  # what becomes of instances, in the order of `n`
COPY = {"0": "{}", "[]": "{}[:]", "{}": "dict({})"}


def dropoff_fields(plan: Plan, r: Dropoff) -> list[Field]:
    """(name, type, default) of what the drop-off takes in the state."""
    names = ["dst", "dend", "dep", "dprev", *(["darm"] if r.after.is_date else [])]
    out: list[Field] = [(f"{name}_{r.name}", int, 0) for name in names]
    out.append((f"dnew_{r.name}", bool, False))
    if any(a.op == "dropped" and a.target == r.name for a in plan.anchors):
        out.append((f"dat_{r.name}", int, 0))
    if due_slot(r) == f"due_d_{r.name}":
        out.append((f"due_d_{r.name}", int, 0))
    return out


def due_slot(r: Dropoff) -> str:
    """A drop-off that waits for nothing but its deadline needs no second instant for that."""
    return f"due_d_{r.name}" if r.after.is_date or is_timed(r.expect_pending) else f"dend_{r.name}"


class DropoffWriter:
    """Source of the rule function of one drop-off, for one side; a method for each part of it."""

    def __init__(self, context: Context, r: Dropoff, side: Side) -> None:
        self.context, self.r, self.e, self.side = context, r, context.expressions, side
        self.asking: Side = "lo" if side else ""
        self.anchor = self.e.slot(r.after)
        self.timed = is_timed(r.expect_pending)
        dropoffs = [rule.name for rule in context.plan.rules if isinstance(rule, Dropoff)]
        self.first = len(OUTCOMES) * dropoffs.index(r.name)
        self.twofold = [t for t in context.plan.tallies.values() if t.scope == r.name and t.twofold]

    def lines(self) -> Lines:
        """The body of the rule function: what is read, the step itself, what is kept; `did` is its answer."""
        r = self.r
        happening = f"s.set_{r.after.target}" if r.after.is_date else self.anchor
        head = [f"st, end, did = s.dst_{r.name}, s.dend_{r.name}, 0", *(["r = -INF"] if self.timed else [])]
        head.append(f"new = {happening} == t or s.dnew_{r.name}")
        pending = ["if t < end:", *indent([*self.follow(), *self.met()]), "else:", *indent(self.drop())]
        body = [*guarded("st == 1", pending), *guarded("st == 2", self.recover()), *self.arm()]
        if self.context.guard:
            body = [*guarded("s.inside", body), "else:", *indent(self.leave())]
        return [*head, *body, *self.close()]

    def count(self, outcome: str) -> str:
        """One more instance with this outcome."""
        return f"n[{self.first + OUTCOMES.index(outcome)}] += 1"

    def publish(self, kind: str) -> Lines:
        """A row, and the instant of this transition; an open instance's anchor lies `within` before its deadline."""
        r, anchored = self.r, "t" if kind == "dropped_off" else f"s.dprev_{self.r.name}"
        code = self.context.code(r.name, "dropoff", kind)
        prev, anchor = f"s.dprev_{r.name}", f"{anchored} - {r.within_ms}"
        return [row(code, f"s.dep_{r.name}", prev=prev, anchor=anchor), f"{prev} = t"]

    def if_true(self, c: Condition, lines: Lines) -> Lines:
        """The lines, under the test that `expect` in this form is true; a timed one leaves its signed instant in r."""
        if self.timed:
            return [f"r = {self.e.signed(c, self.asking)}", *guarded("r > 0", lines)]
        return guarded(self.e.boolean(c, self.asking), lines)

    def begin(self) -> Lines:
        """What came after the newest anchor came after the instance's anchor."""
        return [f"s.{t.slot} = {COPY[empty(t)].format(f's.{t.slot}_new')}" for t in self.twofold]

    def follow(self) -> Lines:
        """Pending: the deadline moves with the anchor. A date that is unset, or moved too near, cancels."""
        r, a = self.r, self.anchor
        if r.after.op in ("first", "achieved"):
            return []
        move = ["new = False", f"end = {a} + {r.within_ms}", f"did = {QUIET}", self.count("followed"), *self.begin()]
        if not r.after.is_date:
            return guarded("new", move)
        cancel = ["st = 0", self.count("cancelled")]
        return [*guarded(f"{a} is None", cancel), "elif new:", *indent([*move, *guarded("end <= t", cancel)])]

    def met(self) -> Lines:
        """Pending: `expect` ends the instance; for a date only from the date itself on."""
        lines = self.if_true(self.r.expect_pending, ["st = 0", self.count("met")])
        return guarded(f"st and end - {self.r.within_ms} <= t", lines) if self.r.after.is_date else lines

    def drop(self) -> Lines:
        """At the deadline: open, with a new episode; cancelled instead if `expect` is unknown."""
        n, e, c = self.r.name, self.e, self.r.expect_pending
        at = [f"s.dat_{n} = t"] if self.context.anchored("dropped", n) else []
        opened = ["st = 2", f"s.dep_{n} += 1", self.count("dropped")]
        lines = [*opened, *self.publish("dropped_off"), *at, f"did = {VISIBLE}"]
        if not self.side:
            return lines
        unknown = f"{e.signed(c, 'lo')} < 0 < {e.signed(c, 'hi')}"
        return [*guarded(unknown, ["st = 0", self.count("cancelled")]), "else:", *indent(lines)]

    def recover(self) -> Lines:
        """Open: `expect` ends it, and a row says so."""
        return self.if_true(self.r.expect_open, [*self.publish("recovered"), "st = 0", f"did = {VISIBLE}"])

    def arm(self) -> Lines:
        """No instance, and a happening to use up: it arms one if nothing forbids it, which may be met at once."""
        r, a, history = self.r, self.anchor, self.context.plan.history_ms
        tests = [f"{a} + {r.within_ms} > t"]
        tests += [f"{a} >= {history}"] if history is not None else []
        tests += [f"not ({self.e.unseen(r.after)})"] if self.side and not r.after.is_date else []
        tests += [f"{self.e.signed(r.only_if, self.asking)} > 0"] if r.only_if is not None else []
        armed = [f"s.darm_{r.name} = t"] if r.after.is_date else []
        start = ["st = 1", f"end = {a} + {r.within_ms}", self.count("armed"), *armed, *self.begin(), *self.met()]
        used = ["new = False", f"did = did or {QUIET}", *guarded(" and ".join(tests), start)]
        return guarded(f"st == 0 and new{f' and {a} is not None' if r.after.is_date else ''}", used)

    def leave(self) -> Lines:
        """Outside the population: open is withdrawn, pending is cancelled, and what happens is used up."""
        cancelled = guarded("st == 1", [self.count("cancelled")])
        withdrawn = guarded("st == 2", [*self.publish("withdrawn"), f"did = {VISIBLE}"])
        return [*cancelled, *withdrawn, "st, new = 0, False"]

    def close(self) -> Lines:
        """What the next step needs. The due slot comes last: a new due instant alone is no change."""
        n = self.r.name
        changed = [f"s.dst_{n}, s.dnew_{n} = st, new", f"did = did or {QUIET}"]
        out = guarded(f"st != s.dst_{n} or new != s.dnew_{n}", changed)
        out.append(f"s.dend_{n} = end if st == 1 else 0")
        if due_slot(self.r) == f"due_d_{n}":
            pending, anchor = "min(end, -r)" if self.timed else "end", f"end - {self.r.within_ms}"
            if self.r.after.is_date:
                pending = f"{anchor} if {anchor} > t else {pending}"
            out.append(f"u = 0 if not st else ({pending}) if st == 1 else {'-r' if self.timed else '0'}")
            out.append(f"s.due_d_{n} = u if u < INF else 0")
        return out
