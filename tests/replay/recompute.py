"""Every decision of an explanation made again, from the JSON alone: what a person can do with paper and pencil.

Decides: the value of each condition from its numbers and texts, and from those what each rule must have decided.
Does not know: `streams`, nor the values and decisions that the explanation itself states for what is asked here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

Json = Any
PENDING, OPEN = ("armed", "followed"), ("dropped_off",)


def ms(text: str) -> int:
    """An instant in ms."""
    if text.endswith(" ms after 1970"):  # beyond the year 9999, where calendars end
        return int(text.split(maxsplit=1)[0])
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def decisions(journey: Json) -> dict[str, object]:
    """By rule: is the milestone achieved, which member has the entity, what instance there is of the drop-off."""
    now = Paper(ms(journey["at"]), complete=journey.get("complete", True))
    said = journey["population"]
    value = now.value(said["condition"]) if "condition" in said else True
    inside = said["inside"] if value is None else value  # unknown changes nothing
    out: dict[str, object] = {"population": inside}
    for m in journey.get("milestones", []):
        out[m["name"]] = milestone(m, now, inside=inside)
    for g in journey.get("groups", []):
        held = [m["name"] for m in g["members"] if inside and now.claims(m)]
        out[g["group"] or g["members"][0]["name"]] = held[0] if held else None
    for d in journey.get("dropoffs", []):
        out[d["name"]] = now.instance(d, inside=inside)
    return out


def milestone(m: Json, now: Paper, *, inside: bool) -> bool:
    """Achieved: its condition was true at that moment. Else: it is not, or the entity is outside."""
    if m["achieved_at"] is not None:
        return "when" not in m or Paper(ms(m["achieved_at"]), complete=now.complete).value(m["when"]) is True
    return bool(inside and now.value(m["when"]))


class Paper:
    """Conditions at one instant."""

    def __init__(self, at: int, *, complete: bool) -> None:
        self.at, self.complete = at, complete

    def value(self, n: Json) -> bool | None:  # noqa: PLR0911  # one return per operator
        """True, false, or unknown."""
        match n["op"]:
            case "all" | "any":
                return self.some([self.value(part) for part in n["parts"]], n.get("at_least"))
            case "not":
                part = self.value(n["parts"][0])
                return None if part is None else not part
            case "count":
                return self.count(n)
            case "open":
                old = [x for x in n.get("counted", []) if ms(x["at"]) + n.get("older_ms", 0) <= self.at]
                return self.bounded(n, len(old), whole=False)
            case "elapsed" | "ahead":
                if not n["anchor"]["known"]:
                    return None
                end = ms(n["end"]) if "end" in n else self.at + 1
                return n["anchor"]["at"] is not None and ms(n["begin"]) <= self.at < end
            case "attribute":
                return all(passes(n.get("actual"), op, x) for op, x in n["tests"])
            case "milestone":
                return True if "since" in n else False if self.complete else None
        return "since" in n  # segments and drop-offs are what was published

    def some(self, parts: list[bool | None], need: int | None) -> bool | None:
        """Kleene: need of them, all where nothing is said."""
        wanted = len(parts) if need is None else need
        if parts.count(True) >= wanted:
            return True
        return False if len(parts) - parts.count(False) < wanted else None

    def count(self, n: Json) -> bool | None:
        """By the numbers."""
        if "anchor" in n and not n["anchor"]["known"]:
            return None
        if "anchor" in n and n["anchor"]["at"] is None:
            return False
        begins = [ms(n["after"])] if "after" in n else []
        begins += [self.at - n["last_ms"]] if "last_ms" in n else []
        kept = [x for x in n.get("counted", []) if all(ms(x["at"]) > begin for begin in begins)]
        return self.bounded(n, n["seen"] if n.get("number_only") else len(kept), whole=n.get("whole", False))

    def bounded(self, n: Json, number: int, *, whole: bool) -> bool | None:
        """What there is before the log can only be more."""
        most = n.get("at_most")
        enough = number > most if most is not None else number >= n["at_least"]
        if enough or whole or self.complete:
            return enough if most is None else not enough
        return None

    def claims(self, m: Json) -> bool:
        """Not until and (when or inside); while that is unknown, as before."""
        when = True if "until" in m and m["inside"] else self.value(m["when"])
        until = self.value(m["until"]) if "until" in m else False
        value = self.some([when, None if until is None else not until], None)
        return bool(m["inside"] if value is None else value)

    def instance(self, d: Json, *, inside: bool) -> str:
        """What the last turn has left behind, if the deadline, the anchor and `expect` say the same."""
        last = d["history"][-1] if "history" in d else {"what": "armed", **d}  # what began is older than the log
        if last["what"] not in PENDING + OPEN or "anchor_at" not in last:
            return "none"
        deadline = ms(last["anchor_at"]) + d["within_ms"]
        assert deadline == ms(last["deadline"]) == ms(d["deadline"])
        begun = ms(d["anchor_at"]) <= self.at  # a date may lie ahead
        if not inside or (begun and self.value(d["expect"])):
            return "none"
        return "pending" if self.at < deadline else "open"


def passes(actual: Json, op: str, constant: Json) -> bool:  # noqa: PLR0911  # one return per operator
    """One test of an attribute; texts of instants compare like instants."""
    if op == "known":
        return bool((actual is not None) == constant)
    if actual is None:
        return False
    match op:
        case "is" | "in":
            options = constant if op == "in" else [constant]
            return any(actual == x and isinstance(actual, bool) == isinstance(x, bool) for x in options)
        case "starts_with":
            return bool(actual.startswith(tuple(constant)))
        case "ends_with":
            return bool(actual.endswith(tuple(constant)))
        case "at_least":
            return bool(actual >= constant)
    return bool(actual < constant)
