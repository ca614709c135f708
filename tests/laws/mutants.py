"""Wrong engines: each a small change to one name, of the kind that a tired person makes.

A mutant is the source of a function with some text replaced. It is applied where the function lives, and wherever it
was imported by name.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """name: what is wrong. where: module:function or module:Class.method. old, new: text in its source."""

    name: str
    where: str
    old: str
    new: str


EXPRESSIONS, FACTS = "streams.engine.expressions:Expressions", "streams.engine.facts:Facts"
DROPOFF, TIMELINE = "streams.engine.dropoff:DropoffWriter", "streams.engine.timeline:Timeline"
PROCESSOR = "streams.partition.processor:Processor"

MUTANTS = (
    Mutant(
        "a window is closed at its old end", f"{EXPRESSIONS}._count_signed", "> t - {c.last_ms}", ">= t - {c.last_ms}"
    ),
    Mutant(
        "elapsed is closed at its end",
        f"{EXPRESSIONS}._elapsed_signed",
        "if t < {a} + {c.to_ms}",
        "if t <= {a} + {c.to_ms}",
    ),
    Mutant("a date is still ahead when it is here", f"{EXPRESSIONS}.signed", "or t >= {a} else", "or t > {a} else"),
    Mutant("slack is a millisecond short", f"{EXPRESSIONS}._floors", "c.slack_ms + 1", "c.slack_ms"),
    Mutant("unknown is taken for false", f"{EXPRESSIONS}._count_boolean", 'if side == "hi":', 'if side == "never":'),
    Mutant("an anchor of the past is taken for known", f"{EXPRESSIONS}.unseen", 'return "True"', 'return "False"'),
    Mutant("at most one more", f"{EXPRESSIONS}._seen", ">= {c.need}", "> {c.need}"),
    Mutant("an open value counts from its last opening", f"{FACTS}._open", "{value} not in {slot}", "True"),
    Mutant("the same value is a change", f"{FACTS}.setter", 'guarded("v != old", change)', "change"),
    Mutant(
        "an event that is counted comes after the anchor that it is",
        f"{FACTS}._happen",
        "lines = [f",
        "lines = [] if anchor.op == 'last' else [f",
    ),
    Mutant("a deadline is a millisecond early", f"{DROPOFF}.arm", '{r.within_ms}", self', '{r.within_ms} - 1", self'),
    Mutant("a deadline does not follow its anchor", f"{DROPOFF}.follow", "{a} + {r.within_ms}", "end"),
    Mutant("what happens at the deadline prevents", f"{DROPOFF}.lines", "if t < end:", "if t <= end:"),
    Mutant("nobody recovers at the deadline", f"{DROPOFF}.lines", '"st == 2"', 'f"st == 2 == s.dst_{r.name}"'),
    Mutant("an anchor outside the population arms later", f"{DROPOFF}.leave", "st, new = 0, False", "st = 0"),
    Mutant(
        "an open drop-off stays outside the population", f"{DROPOFF}.leave", 'guarded("st == 2"', 'guarded("st == 9"'
    ),
    Mutant("the lowest priority wins", "streams.language.compile:_Rules.group", "-(given[name]", "(given[name]"),
    Mutant(
        "a hysteresis has no memory", "streams.engine.rules:GroupWriter._signed", "INF if s.in_", "INF if 0 and s.in_"
    ),
    Mutant(
        "in one instant the first read is first", "streams.engine.state:order", "event[0], event[1]", "event[0], ''"
    ),
    Mutant("a duplicate is counted", f"{TIMELINE}.admit", "if event_id.encode() in e.log", "if False"),
    Mutant("an id is known for ever", f"{TIMELINE}.admit", "and seen[0] > horizon", ""),
    Mutant(
        "a rewind forgets a retraction", "streams.engine.revisions:difference", "if row[1:3] not in now", "if False"
    ),
    Mutant(
        "a retracted row begins again at revision 0",
        "streams.engine.revisions:difference",
        "rest.taken_back.extend(retracted)",
        "pass",
    ),
    Mutant("a late event is applied as if it were new", f"{TIMELINE}.receive", ".at:", ".at or True:"),
    Mutant("an event exactly at the horizon is in time", f"{PROCESSOR}._receive", "instant <= self", "instant < self"),
    Mutant("a record moves the clock to its arrival", f"{PROCESSOR}._read", "arrival - 1", "arrival"),
    Mutant("a record from the future is believed", f"{PROCESSOR}._times", "+ self.future_skew_ms", "+ 10**15"),
    Mutant("timers are lost in a restart", f"{PROCESSOR}.loaded", "< INF]", "< 0]"),
    Mutant("gauges of the past are lost in a restart", f"{PROCESSOR}.loaded", "position.gauges or", "() or"),
)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """The wrong engine, until the context ends. Raises AssertionError if the text is not in the source any more."""
    module_name, _, path = mutant.where.partition(":")
    module = importlib.import_module(module_name)
    owner: Any = module
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    right = owner.__dict__[name]
    source = textwrap.dedent(inspect.getsource(right))
    assert mutant.old in source, f"{mutant.name}: {mutant.where} has changed; write the mutant anew"
    space: dict[str, Any] = {}
    exec(compile(source.replace(mutant.old, mutant.new), f"<{mutant.name}>", "exec"), module.__dict__, space)  # noqa: S102  # that is what a mutant is
    setattr(owner, name, space[name])
    others = [m for m in _users(name, right) if m is not owner]
    for other in others:
        setattr(other, name, space[name])
    try:
        yield
    finally:
        for changed in (owner, *others):
            setattr(changed, name, right)


def _users(name: str, function: Any) -> list[Any]:
    """Modules that have imported the function by name."""
    return [m for m in list(sys.modules.values()) if vars(m).get(name) is function]
