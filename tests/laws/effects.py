"""What a partition gives, gathered over several outcomes, and where two of them differ."""

from __future__ import annotations

from streams.partition.outcome import Outcome

Effects = dict[str, object]


class Gathered:
    """Effects of several outcomes as one; states: the newest of each entity."""

    def __init__(self) -> None:
        self.transitions: list[tuple[bytes, bytes]] = []
        self.states: dict[bytes, bytes] = {}
        self.rejected: list[object] = []
        self.late: list[object] = []
        self.journal: list[bytes] = []
        self.position: object = None

    def add(self, outcome: Outcome) -> Outcome:
        """Takes it in, and gives it back."""
        self.transitions += outcome.transitions
        self.states.update(outcome.states)
        self.rejected += outcome.rejected
        self.late += outcome.late
        self.journal += outcome.journal
        self.position = outcome.position
        return outcome

    def effects(self) -> Effects:
        """Everything that leaves a partition."""
        return {
            "transitions": self.transitions,
            "states": sorted(self.states.items()),
            "rejected": self.rejected,
            "late": self.late,
            "journal": self.journal,
            "position": self.position,
        }


def listed(outcome: Outcome) -> Outcome:
    """The same with lists in it, which can be compared and printed."""
    return outcome._replace(
        transitions=list(outcome.transitions),
        origins=list(outcome.origins),
        members=list(outcome.members),
        states=list(outcome.states),
    )


def same(what: str, one: object, other: object) -> str:
    """Nothing, or where two values that should be equal differ first."""
    if one == other:
        return ""
    if isinstance(one, dict) and isinstance(other, dict):
        found = (same(f"{what}, {key}", one.get(key), other.get(key)) for key in (*one, *other))
        return next(text for text in found if text)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip([*one, None], [*other, None], strict=False)
        at, (a, b) = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
        return f"{what}, item {at}: {a!r} or {b!r}"
    return f"{what}: {one!r} or {other!r}"
