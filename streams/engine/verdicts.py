"""What a condition is worth, and what was looked at to know it: the nouns of interpret.py.

Does not know: how either is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from streams.engine.plan import Anchor, Condition, Segment

Value = bool | None  # None is unknown
Phase = Literal["none", "pending", "open"]
PHASES: tuple[Phase, ...] = get_args(Phase)
OPEN = PHASES.index("open")


# -- what was looked at ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AnchorFact:
    """at: None while it has not happened (a date: while it is unset). known: it cannot have happened before the log."""

    anchor: Anchor
    at: int | None
    known: bool


@dataclass(frozen=True)
class CountFact:
    """number: how many count now, no more than `kept`. instants: those that are kept, oldest first.

    instants None: only the number is kept. values: of `distinct`, beside their instants. after: only later instants
    count. emptied_at: the anchor whose happening there emptied the tally. whole: nothing before the log can belong to
    it.
    """

    number: int
    kept: int
    instants: tuple[int, ...] | None
    values: tuple[Any, ...] | None
    after: int | None
    emptied_at: int | None
    anchor: AnchorFact | None
    whole: bool


@dataclass(frozen=True)
class OpenFact:
    """Open values, each with the instant since when, the oldest first. number: those that are old enough."""

    number: int
    values: tuple[tuple[Any, int], ...]


@dataclass(frozen=True)
class AttributeFact:
    """The value of an attribute; None: unset."""

    value: Any


@dataclass(frozen=True)
class RuleFact:
    """Since when the milestone is achieved, the entity is in the segment, the drop-off is open; None: it is not so."""

    since: int | None


Fact = AnchorFact | CountFact | OpenFact | AttributeFact | RuleFact


@dataclass(frozen=True)
class Verdict:
    """What a condition is worth. until: it stands before that instant if no event comes; INF: for ever."""

    condition: Condition
    value: Value
    until: int
    fact: Fact | None = None
    parts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Claim:
    """Whether a member of a group claims the entity: not until and (when or in); unknown changes nothing."""

    member: Segment
    when: Verdict
    until: Verdict | None
    inside: bool
    holds: bool
