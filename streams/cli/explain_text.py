"""An explanation as a tree that a person reads: the same content as its JSON, in sentences, within 100 columns.

Does not know: the engine; everything comes out of the Explanation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from streams.replay.explanation import (
    AnchorSaid,
    ChangeSaid,
    DropoffSaid,
    Explanation,
    GroupSaid,
    JourneySaid,
    MemberSaid,
    MilestoneSaid,
    Node,
    Occurrence,
    TurnSaid,
)
from streams.replay.wording import length

WIDTH = 100
VALUES = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "yellow")}
REFERENCES = ("milestone", "segment", "dropped")  # what would change them stands where they are explained themselves
LISTED = 8  # occurrences that are shown; JSON has all
TURNS = {
    "armed": "armed",
    "followed": "followed its anchor",
    "met": "met",
    "met_at_once": "met at once",
    "cancelled": "cancelled",
    "not_armed": "not armed",
    "dropped_off": "dropped off",
    "recovered": "recovered",
    "withdrawn": "withdrawn",
}


def show(explanation: Explanation, console: Console) -> None:
    """Print the whole explanation."""
    e = explanation
    account = f", account {e.account}" if e.account else ""
    console.print(Text(f"{e.entity}{account}, at clock {e.clock}", style="bold"))
    if e.events_known == "recent":
        console.print(Text("Only recent events are at hand: older ones are counted, but have no id here."))
    for r in e.refused:
        what = f"{r.type} ({r.id})" if r.type is not None else "a record that cannot be read"
        detail = f", {r.detail}" if r.detail else ""
        console.print(Text(f"Changed nothing: {what} at offset {r.offset}: {r.reason}{detail}"))
    for journey in e.journeys:
        console.print()
        console.print(journey_tree(journey))


def journey_tree(j: JourneySaid) -> Tree | Text:
    """One journey."""
    title = f"{j.journey} version {j.version} at {j.at}"
    if not j.started:
        return Text(f"{title}: no event that matters to it has come yet", style="bold")
    tree = Tree(Text(title, style="bold"), guide_style="dim")
    if not j.complete:
        tree.add(f"This entity may be older than the log, which begins at {j.history_from}: some of it is unknown.")
    now(tree.add(Text("now", style="bold")), j)
    if j.population is not None:
        place = "inside" if j.population.inside else "OUTSIDE"
        branch = tree.add(Text(f"population: {place}"))
        if j.population.condition is not None:
            add_node(branch, j.population.condition)
    for heading, parts in (
        ("milestones", [milestone_branch(m) for m in j.milestones]),
        ("segments", [group_branch(g) for g in j.groups]),
        ("drop-offs", [dropoff_branch(d) for d in j.dropoffs]),
    ):
        if parts:
            branch = tree.add(Text(heading, style="bold"))
            branch.children += parts
    future(tree.add(Text("what comes next, if no event comes", style="bold")), j.next)
    return tree


def now(branch: Tree, j: JourneySaid) -> None:
    """Where the entity is, in a line each."""
    members = [(g, m) for g in j.groups for m in g.members if m.inside]
    lines = [f"in {f'{g.group}: ' if g.group else ''}{m.name}, since {m.since}" for g, m in members]
    lines += [f"dropped off: {d.name}, since {d.since}" for d in j.dropoffs if d.state == "open"]
    lines += [f"pending: {d.name}, due at {d.deadline}" for d in j.dropoffs if d.state == "pending"]
    lines += [f"achieved: {m.name}, at {m.achieved_at}" for m in j.milestones if m.achieved_at is not None]
    for line in lines or ["in no segment, nothing achieved, nothing pending"]:
        branch.add(Text(line))


def future(branch: Tree, changes: Sequence[ChangeSaid]) -> None:
    """Transitions to come."""
    for c in changes:
        other = f" ({'then' if c.kind == 'exited' else 'from'} {c.other})" if c.other else ""
        branch.add(Text(f"{c.at} {c.kind} {c.rule}{other}, episode {c.episode}"))
    if not changes:
        branch.add(Text("nothing: only an event can change anything"))


def by(events: Sequence[str]) -> str:
    """The events of a step."""
    return f", by {' and '.join(events)}" if events else ""


def milestone_branch(m: MilestoneSaid) -> Tree:
    """One milestone."""
    if m.achieved_at is not None:
        tree = labelled("yes", "green", f"{m.name}: achieved at {m.achieved_at}{by(m.events)}")
    else:
        tree = labelled("no", "red", f"{m.name}: not achieved")
    if m.when is not None:
        add_node(tree, m.when)
    return tree


def group_branch(g: GroupSaid) -> Tree:
    """A group, or a segment that stands alone."""
    if g.group is None:
        return member_branch(g.members[0], alone=True)
    tree = Tree(Text(f"{g.group}: {'in ' + g.member if g.member else 'in none'}", style="bold"), guide_style="dim")
    tree.children += [member_branch(m, alone=False) for m in g.members]
    return tree


def member_branch(m: MemberSaid, *, alone: bool) -> Tree:
    """One segment with its conditions."""
    priority = "" if m.priority is None else f" (priority {m.priority})"
    if m.inside:
        told = f"in since {m.since}{by(m.events)}, episode {m.episode}"
    else:
        told = "not in" if alone and not m.claims else m.why
        told += f"; left at {m.left_at}{by(m.events)}" if m.left_at is not None else ""
    tree = labelled(*VALUES[m.inside], f"{m.name}{priority}: {told}")
    if m.until is None:
        add_node(tree, m.when)
    else:
        add_node(tree.add("enters when"), m.when)
        add_node(tree.add("and stays until"), m.until)
    return tree


def dropoff_branch(d: DropoffSaid) -> Tree:
    """One drop-off with its instance."""
    style = {"none": "green", "pending": "yellow", "open": "red"}[d.state]
    edge = f" ({d.edge[0]} to {d.edge[1]})" if d.edge is not None else ""
    told = {
        "none": d.why,
        "pending": f"the deadline is {d.deadline}, {length(d.within_ms)} after {d.anchor_at}",
        "open": f"since {d.since}, {length(d.within_ms)} after {d.anchor_at}, episode {d.episode}",
    }[d.state]
    tree = labelled(d.state, style, f"{d.name}{edge}: {told}")
    tree.add(Text(f"after {anchor_text(d.after)}, within {length(d.within_ms)}"))
    if d.expect is None:
        tree.add(Text(f"expects {d.expects}"))
    else:
        ends = "it recovers when" if d.state == "open" else "it is met when, before the deadline"
        add_node(tree.add(ends), d.expect)
    if d.only_if is not None:
        add_node(tree.add("armed only if"), d.only_if)
    if d.history:
        branch = tree.add("what happened")
        for turn in d.history:
            branch.add(Text(turn_text(turn)))
    return tree


def turn_text(t: TurnSaid) -> str:
    """What happened to an instance."""
    why = f": {t.why}" if t.why else ""
    return f"{t.at} {TURNS[t.what]}{by(t.events)} (deadline {t.deadline}){why}"


def labelled(label: str, style: str, text: str) -> Tree:
    """A branch that begins with a value."""
    return Tree(Text.assemble((f"{label:<8}", style), text), guide_style="dim")


def add_node(tree: Tree, n: Node) -> None:
    """A condition, what it was decided by, and what would change it; a denied leaf stands in one line with its not."""
    shown, says = n, n.says
    if n.op == "not" and not n.parts[0].parts:
        shown, says = n.parts[0], f"not: {n.parts[0].says}"
    label, style = VALUES[n.value]
    branch = tree.add(Text.assemble((f"{label:<8}", style), says))
    for line in details(shown):
        branch.add(Text(line, style="dim"))
    if shown.change is not None and shown.op not in REFERENCES:
        branch.add(Text(f"→ {shown.change}", style="italic"))
    for part in shown.parts:
        add_node(branch, part)


def details(n: Node) -> Iterator[str]:
    """What a leaf was decided by, line by line."""
    yield from facts(n)
    if n.anchor is not None:
        yield anchor_text(n.anchor)
    if n.until is not None and not n.parts and n.until not in (n.change or ""):
        yield f"{VALUES[n.value][0]} until {n.until} at least, if no event comes"


def facts(n: Node) -> Iterator[str]:
    """What is particular to its operator."""
    match n.op:
        case "count":
            unseen = " (older ones by their number only)" if n.number_only and len(n.counted) < (n.seen or 0) else ""
            yield f"counted {n.seen}{unseen}{occurrences(counting(n))}{window(n)}"
            for miss in n.missed:
                yield f"not counted: {miss.type} ({miss.id}) at {miss.at}: {miss.why}"
        case "open":
            old = f" long enough ({length(n.older_ms)})" if n.older_ms else ""
            yield f"open{old}: {n.seen}{occurrences(n.counted)}"
        case "elapsed" | "ahead" if n.begin is not None:
            yield f"true from {n.begin} on" + ("" if n.end is None else f" and before {n.end}")
        case "attribute":
            told = f"{n.attribute} is {value_text(n.actual)}" + (f", set by {n.event}" if n.event else "")
            if told != n.says:
                yield told
        case "milestone" | "segment" | "dropped" if n.since is not None:
            yield f"since {n.since}"


def counting(n: Node) -> list[Occurrence]:
    """Of what is kept, what counts now; instants of one form compare as texts."""
    begins = [text for text in (n.after, n.begin) if text is not None]
    return [x for x in n.counted if all(x.at > begin for begin in begins)]


def window(n: Node) -> str:
    """Since when events count."""
    return f"; only what came after {n.begin}" if n.begin is not None else ""


def occurrences(found: Sequence[Occurrence]) -> str:
    """What was counted, the newest ones."""
    shown: Iterable[str] = (
        f"{value_text(x.value) + ' ' if x.value is not None else ''}at {x.at}{f' ({x.id})' if x.id else ''}"
        for x in found[-LISTED:]
    )
    more = f", and {len(found) - LISTED} before" if len(found) > LISTED else ""
    return f": {', '.join(shown)}{more}" if found else ""


def value_text(value: object) -> str:
    """A value as a journey file writes it."""
    match value:
        case None:
            return "unset"
        case bool():
            return "true" if value else "false"
    return str(value)


def anchor_text(a: AnchorSaid) -> str:
    """An anchor and when it was."""
    by_event = f" ({a.event})" if a.event else ""
    if a.at is None:
        return f"{a.says}: {'none yet' if a.known else 'none seen in the log'}"
    unsure = "" if a.known else ", perhaps earlier: the log does not reach back far enough"
    return f"{a.says}: {a.at}{by_event}{unsure}"
