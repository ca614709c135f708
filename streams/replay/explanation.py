"""What `journeys explain` answers, as data: stable keys, numbers and texts only, enough to decide again by hand.

Rules
  - instants are RFC 3339 texts in UTC with milliseconds, durations are numbers of milliseconds (`*_ms`);
  - a value is true, false or null (unknown: it may have become so before the log begins);
  - a key whose value would say nothing is absent;
  - what is hidden because it is personal reads "(pii)".
Does not know: where any of it comes from, how it is shown.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Op = Literal["count", "open", "elapsed", "ahead", "attribute", "milestone", "segment", "dropped", "all", "any", "not"]


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of an explanation."""


class Occurrence(Said, frozen=True, kw_only=True):
    """An event that is kept, by `id` where its event is at hand; of `distinct` and `open` with its value."""

    at: str
    id: str | None = None
    value: Any = None


class Missed(Said, frozen=True, kw_only=True):
    """An event of the right type that does not count, and why."""

    at: str
    id: str
    type: str
    why: str


class AnchorSaid(Said, frozen=True, kw_only=True):
    """An anchor. at: null while it has not happened. known: whether it cannot have happened before the log begins.

    event: the id of the event that it was, or that set it.
    """

    says: str
    at: str | None
    known: bool
    event: str | None = None


class Node(Said, frozen=True, kw_only=True):
    """A condition. says: in the words of the journey. until: if no event comes, it stands at least until then.

    change: what would have to happen for the value that the rule waits for.
    all, any, not: `parts`; of `any` `at_least` of them are needed.
    count: true if so many count (`at_least`, `at_most`). What is kept stands in `counted`; of it count those later than
    `after` and later than at - `last_ms`. With `number_only` just their number is kept, `seen`. It is false while
    `anchor` has not happened, unknown while that is unknown. Unless it is `whole`, there may be more before the log.
    open: `counted` are the open values and since when; those count that are `older_ms` old. Never whole.
    elapsed, ahead: true from `begin` on until `end`; false while the anchor has not happened, unknown if that is.
    attribute: `actual` passes all `tests`.  milestone, segment, dropped: whether `since` is there.
    """

    op: Op
    says: str
    value: bool | None
    until: str | None = None
    change: str | None = None
    at_least: int | None = None
    at_most: int | None = None
    parts: list[Node] = []
    anchor: AnchorSaid | None = None
    begin: str | None = None
    end: str | None = None
    seen: int | None = None
    number_only: bool = False
    counted: list[Occurrence] = []
    after: str | None = None
    last_ms: int = 0
    older_ms: int = 0
    whole: bool = False
    missed: list[Missed] = []
    attribute: str | None = None
    actual: Any = None
    tests: list[tuple[str, Any]] = []
    rule: str | None = None
    since: str | None = None
    event: str | None = None


class PopulationSaid(Said, frozen=True, kw_only=True):
    """inside: true if the condition is; while that is unknown, as before (at first outside)."""

    inside: bool
    condition: Node | None = None


class MilestoneSaid(Said, frozen=True, kw_only=True):
    """Achieved, by which events, and `when` as it was at that moment; or what it waits for: `when` as it is now.

    It is achieved when that is true inside the population. Without `when` the moment is older than the events at hand.
    """

    name: str
    achieved_at: str | None
    events: list[str] = []
    when: Node | None = None


class MemberSaid(Said, frozen=True, kw_only=True):
    """A segment. claims: not until and (when or inside); while that is unknown, as before.

    since: of one that the entity is in; left_at: when it left last. events: of that step.
    """

    name: str
    inside: bool
    claims: bool
    why: str
    when: Node
    until: Node | None = None
    priority: int | None = None
    episode: int = 0
    since: str | None = None
    left_at: str | None = None
    events: list[str] = []


class GroupSaid(Said, frozen=True, kw_only=True):
    """Segments, the highest priority first; the entity is in the first that claims it, inside the population.

    group: null for a segment that stands alone.
    """

    group: str | None
    member: str | None
    members: list[MemberSaid]


class TurnSaid(Said, frozen=True, kw_only=True):
    """What happened to an instance, or to an anchor that armed none."""

    at: str
    what: str
    anchor_at: str
    deadline: str
    why: str | None = None
    events: list[str] = []


class DropoffSaid(Said, frozen=True, kw_only=True, rename={"only_if": "if"}):
    """A drop-off. state: none, pending (until `deadline` = `anchor_at` + `within_ms`), or open `since` the deadline.

    expect: asked as the instance asks it; true would have ended it. history: the newest turns, oldest first; where it
    ends with armed or followed, there is a pending instance, with dropped_off an open one, else none.
    """

    name: str
    state: Literal["none", "pending", "open"]
    why: str
    after: AnchorSaid
    within_ms: int
    expects: str
    anchor_at: str | None = None
    deadline: str | None = None
    since: str | None = None
    episode: int = 0
    expect: Node | None = None
    only_if: Node | None = None
    edge: tuple[str, str] | None = None
    history: list[TurnSaid] = []


class ChangeSaid(Said, frozen=True, kw_only=True):
    """A transition to come. other: the segment that follows, or that was there before."""

    at: str
    kind: str
    rule: str
    episode: int
    other: str | None = None


class JourneySaid(Said, frozen=True, kw_only=True):
    """One journey, as it stands at `at`. started: whether any event that matters to it has been heard of.

    complete: whether nothing of the entity lies before `history_from`; else what cannot be known is null.
    next: the transitions to come if no event comes, the first ones.
    """

    journey: str
    version: int
    at: str
    started: bool
    complete: bool = True
    history_from: str | None = None
    population: PopulationSaid | None = None
    milestones: list[MilestoneSaid] = []
    groups: list[GroupSaid] = []
    dropoffs: list[DropoffSaid] = []
    next: list[ChangeSaid] = []


class RefusedSaid(Said, frozen=True, kw_only=True):
    """A record of the entity that changed nothing."""

    offset: int
    reason: str
    detail: str = ""
    type: str | None = None
    id: str | None = None


class Explanation(Said, frozen=True, kw_only=True):
    """The whole answer. clock: of the partition; everything that was due by then has happened.

    events_known: `all` of the entity, or the `recent` ones only, so that older ones have no id.
    """

    entity: str
    clock: str
    account: str | None = None
    events_known: Literal["all", "recent"] = "all"
    refused: list[RefusedSaid] = []
    journeys: list[JourneySaid] = []
